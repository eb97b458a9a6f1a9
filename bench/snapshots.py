# SPDX-License-Identifier: Apache-2.0
"""The part of the section of the store that has snapshots: writing them, starting
with them, backups, and what a folder takes."""

import json
import math
import re
import shutil
import subprocess
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Sequence

from client import Failure
from common import Bench, Server, count, say
from folders import NO_SNAPSHOTS, Folders, allocated, fill
from load import PATIENCE, Fleet, batch, launch, make_batch, pace
from report import Section, ratios
from service import die_with_parent

NAME = "-data=DIR"

SNAPSHOT_BUDGET = 0.5  # seconds, of a million rockets
P99_BUDGET = 1.5  # of POST while a snapshot is written, to without
START_BUDGET = 1.5  # seconds, with a million rockets and a million messages
FOLDER_SNAPSHOTS, FOLDER_BYTES = 3, 128 * 1024 * 1024  # at most

# Connections, and the rate at which bench_pace sends beside a snapshot.
PACES = [(64, 8000), (3, 2000)]
PACE_MS = 4000
GRAIN = 0.01  # seconds: how exact the time of a file is, and more
APART = 0.1  # seconds, between what is beside a snapshot and what is not
WARM = 0.5  # seconds until a service that has just started is measured
# Bytes by which the journal grows until the snapshot: a second at these rates.
AHEAD = 12 * 1024 * 1024
SOON = "-snapshot=1M"  # at the start, if the journal is longer
WRITTEN = re.compile(rb'^lunar_snapshots_total\{result="written"\} (\d+)', re.M)
LOGGED = re.compile(r"^(\S+)Z info +snapshot of ", re.M)


def await_snapshot(server: Server) -> None:
    ends = time.monotonic() + PATIENCE
    while not (found := WRITTEN.search(server.get("/metrics").body)) or found[1] == b"0":
        if time.monotonic() > ends:
            raise Failure(f"no snapshot within {PATIENCE:.0f} s")
        time.sleep(0.02)


def snapshot_of(server: Server, folder: Path) -> tuple[float, float, float]:
    """When the first snapshot was complete, and when what it made superfluous was
    removed and it was logged, by the monotonic clock; and how many seconds it took
    to write."""
    ends = time.monotonic() + PATIENCE
    while not (found := LOGGED.search(server.log.read_text())):
        if time.monotonic() > ends:
            raise Failure("there is no line of the snapshot")
        time.sleep(0.01)
    took = re.search(rb"^lunar_snapshot_seconds (\S+)", server.get("/metrics").body, re.M)
    if not took:
        raise Failure("there is no metric of the snapshot")
    clocks = time.monotonic() - time.time()
    logged = datetime.fromisoformat(found[1] + "+00:00").timestamp()
    return (folder / "snapshot.db").stat().st_mtime + clocks, logged + clocks, float(took[1])


def percentile_99(values: Sequence[float]) -> float:
    return sorted(values)[max(0, math.ceil(len(values) * 0.99) - 1)]


def run_snapshots(bench: Bench, folders: Folders, journal: Path) -> None:
    """A snapshot is due when the service starts with a long journal."""
    rockets = f"{count(bench.options.million)} rockets"
    section = bench.report.section(f"The store: snapshots of {rockets}", "without")
    section.notes.append(
        "A service is started with a journal that is nearly long enough for a snapshot. "
        "`POST` is sent at a fixed rate, open loop, before the snapshot is written, meanwhile "
        "and after it, in the same run: the requests are told apart by when they were due.")
    found: dict[str, list[float]] = {}
    for which in bench.rounds():
        with bench.servers() as servers:
            folder = folders.copy(journal)
            server = servers.service(f"-data={folder}", SOON)
            await_snapshot(server)
            _, _, took = snapshot_of(server, folder)
            found.setdefault("alone, s", []).append(took)
            found.setdefault("bytes", []).append((folder / "snapshot.db").stat().st_size)
        for connections, rate in PACES:
            with bench.servers() as servers:
                folder = folders.copy(journal)
                limit = sum(file.stat().st_size for file in folder.glob("journal-*")) + AHEAD
                server = servers.service(f"-data={folder}", f"-snapshot={limit}")
                beside, without, took = pace_beside(
                    bench, server, folder, connections, rate)
                for name, value in ((f"beside {connections}, s", took),
                                    (f"{connections}, beside", beside),
                                    (f"{connections}, without", without)):
                    found.setdefault(name, []).append(value)
        say(f"store: snapshots: {which}: " + ", ".join(
            f"{name} {values[-1]:,.2f}" for name, values in found.items()))
    million = bench.options.million
    section.add("alone", NAME, "s", found["alone, s"], 2)
    section.add("alone", NAME, "MB", [size / 1e6 for size in found["bytes"]], 1)
    section.add("alone", NAME, "bytes a rocket", [size / million for size in found["bytes"]], 1)
    for connections, rate in PACES:
        what = f"`POST` at {count(rate)}/s, {connections} connections"
        beside, without = found[f"{connections}, beside"], found[f"{connections}, without"]
        section.add(what, "without", "p99, ms", without, 2)
        section.add(what, "while one is written", "p99, ms", beside, 2, without)
        section.add(what, "while one is written", "s of the snapshot",
                    found[f"beside {connections}, s"], 2)
        bench.report.at_most(f"store: {what}: p99 during a snapshot to without", P99_BUDGET,
                             ratios(beside, without), "×", 2)
    bench.report.at_most(f"store: snapshot of {rockets}", SNAPSHOT_BUDGET, found["alone, s"],
                         " s", 2)


def pace_beside(bench: Bench, server: Server, folder: Path, connections: int,
                rate: int) -> tuple[float, float, float]:
    """The p99 in ms of POST from the begin of a snapshot to its line, and before and
    after that, and the seconds that it took."""
    with pace(bench, server, connections, rate, PACE_MS, samples=1) as job:
        result = json.loads(job.output())
    await_snapshot(server)
    complete, ends, took = snapshot_of(server, folder)
    due = [result["begun"] + number / rate for number in range(len(result["latencies"]))]
    begins = complete - took - GRAIN
    timed = list(zip(due, result["latencies"]))
    beside = [latency for time, latency in timed if begins < time < ends]
    without = [latency for time, latency in timed
               if result["begun"] + WARM < time < begins - APART or time > ends + APART]
    if len(beside) < 100 or len(without) < 100:
        raise Failure(f"only {len(beside)} requests were due beside the snapshot, and "
                      f"{len(without)} not")
    return percentile_99(beside), percentile_99(without), took


def run_snapshot_folder(bench: Bench, folders: Folders, journal: Path, launched: int) -> None:
    """Starts, and commands, with a snapshot and a journal behind it."""
    million = bench.options.million
    what = f"{count(million)} rockets and {count(million)} messages after them"
    section = bench.report.section(f"The store: a folder with {what}", "")
    folder = bench.work / "snapshot"
    shutil.copytree(journal, folder)
    with bench.servers() as servers:
        await_snapshot(servers.service(f"-data={folder}", SOON))
    fill(bench, folder, launched)
    found: dict[str, list[float]] = {}
    backup = bench.work / "state.backup"
    for which in bench.rounds():
        with bench.servers() as servers:
            begun = time.perf_counter()
            server = servers.service(f"-data={folder}", NO_SNAPSHOTS)
            found.setdefault("start", []).append(time.perf_counter() - begun)
            if server.applied() != 3 * million:
                raise Failure(f"{server.applied()} messages are there, {3 * million} were sent")
        backup.unlink(missing_ok=True)
        restored = folders.new()
        for name, arguments in (("-check", [f"-data={folder}", "-check"]),
                                ("-backup", [f"-data={folder}", f"-backup={backup}"]),
                                ("-restore", [f"-data={restored}", f"-restore={backup}"])):
            found.setdefault(name, []).append(command(bench, arguments))
        say(f"store: folder: {which}: " + ", ".join(
            f"{name} {values[-1]:.2f} s" for name, values in found.items()))
    for name, values in found.items():
        section.add(name, NAME, "s", values, 2)
    section.add("-backup", NAME, "MB", [backup.stat().st_size / 1e6], 1)
    bench.report.at_most(f"store: start with {what}", START_BUDGET, found["start"], " s", 2)
    shutil.rmtree(folder)
    backup.unlink()
    run_folder_size(bench, folders, section)


def command(bench: Bench, arguments: Sequence[str]) -> float:
    """Run lunar.service to its end. Returns the seconds."""
    begun = time.perf_counter()
    done = subprocess.run([str(bench.programs / "lunar.service"), *arguments], check=False,
                          capture_output=True, text=True, preexec_fn=die_with_parent)
    if done.returncode != 0:
        raise Failure(f"{arguments} ended with {done.returncode}: {done.stderr}")
    return time.perf_counter() - begun


def run_folder_size(bench: Bench, folders: Folders, section: Section) -> None:
    """The most that a folder takes while messages come, with all defaults."""
    million = bench.options.million
    folder = folders.new()
    most = 0
    ended = threading.Event()

    def look() -> None:
        nonlocal most
        while not ended.wait(0.01):
            most = max(most, allocated(folder))

    with bench.servers() as servers:
        # A quick run does not fill the journal that a snapshot needs by default.
        server = servers.service(f"-data={folder}", *([SOON] if bench.options.quick else []))
        watcher = threading.Thread(target=look, daemon=True)
        watcher.start()
        launched, _ = launch(bench, server, million)
        fleet = Fleet(launched, 1, million, 1, 2, 1)
        for _ in range(6):
            batch(server, [[make_batch(bench, fleet, million // 2)]], million // 2)
        await_snapshot(server)
        ended.set()
        watcher.join()
        snapshot = (folder / "snapshot.db").stat().st_size
    what = f"{count(million)} rockets, {count(4 * million)} messages, defaults"
    section.add(what, NAME, "MB of the folder, at most", [most / 1e6], 1)
    section.add(what, NAME, "MB of the snapshot", [snapshot / 1e6], 1)
    bench.report.at_most("store: the folder, less 128 MiB, to its snapshot", FOLDER_SNAPSHOTS,
                         [max(0.0, (most - FOLDER_BYTES) / snapshot)], "×", 2)
