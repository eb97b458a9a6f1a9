# SPDX-License-Identifier: Apache-2.0
"""The section of the store: -data=DIR, to the service that keeps all in memory."""

import json
import shutil
import subprocess
import time
from pathlib import Path

from client import Failure
from common import Bench, Cost, Server, Servers, count, say
from folders import NO_SNAPSHOTS, Folders, fill, size_of
from load import Fleet, batch, launch, make_batch, post, rockets_launch
from report import Section, ratios
from service import die_with_parent
from snapshots import run_snapshot_folder, run_snapshots

NAMES = ["-data=DIR", "in memory"]
SYNCS = "fdatasync(2), one after the other"

# close, connections, and the budgets: requests/s and CPU a request, to memory
WAYS = [(False, 64, 0.60, 1.7), (False, 256, 0.75, None), (False, 3, None, None),
        (True, 3, None, None)]
SYNC_BUDGET = 0.8  # requests/s of three connections, to syncs/s
FRAME = 4120  # bytes: what a small commit appends to the log of SQLite
LAUNCH_BUDGET = 2.0  # seconds of `rockets launch`, to memory
BATCH_BUDGET = 400_000  # messages/s
REPLAY_BUDGET = 1e6  # messages/s


def run_store(bench: Bench) -> None:
    """-data=DIR, to the service in memory and to the disk"""
    folders = Folders(bench)
    run_posts(bench, folders)
    run_launches(bench, folders)
    run_batches(bench, folders)
    run_replay(bench, folders)


def run_posts(bench: Bench, folders: Folders) -> None:
    section = bench.report.section("The store: `POST /messages`, 20 rockets", NAMES[1])
    section.notes.append(
        "A new server and folder in each round. With three connections a program that "
        f"writes {FRAME} bytes to a file in the same file system and calls "
        "fdatasync(2), again and again, takes turns with both.")
    for close, connections, least, most in WAYS:
        what = f"{'new connections' if close else 'keep-alive'}, {connections}"
        syncs: list[float] = []

        def measure(index: int, cost: Cost) -> str:
            if index == 2:
                syncs.append(syncs_a_second(bench))
                return f"{count(syncs[-1])}/s"
            with bench.servers() as servers:
                server = folders.start(servers, index == 0)
                launched, _ = launch(bench, server, 20)
                return post(bench, server, connections, cost, round=launched, last=20,
                            number=2, close=int(close))

        names = [*NAMES, SYNCS] if connections == 3 else NAMES
        kept, memory, *_ = bench.compare(f"store: {what}", names, measure)
        show(section, what, kept, memory, "request")
        if least:
            bench.report.at_least(f"store: `POST`, {what}: requests/s to memory", least,
                                  ratios(kept.rate, memory.rate), "×")
        if most:
            bench.report.at_most(f"store: `POST`, {what}: CPU a request to memory", most,
                                 ratios(kept.cpu, memory.cpu), "×", 1)
        if syncs:
            section.add(what, SYNCS, "requests/s", syncs, 0, memory.rate)
        if syncs and not close:
            bench.report.at_least(f"store: `POST`, {what}: requests/s to serial fdatasync",
                                  SYNC_BUDGET, ratios(kept.rate, syncs), "×")


def show(section: Section, what: str, kept: Cost, memory: Cost, unit: str) -> None:
    for name, cost in zip(NAMES, (kept, memory)):
        base = memory if cost is kept else None
        section.add(what, name, f"{unit}s/s", cost.rate, 0, base and base.rate)
        section.add(what, name, f"CPU a {unit}, µs", cost.cpu, 2, base and base.cpu)


def syncs_a_second(bench: Bench) -> float:
    done = subprocess.run(
        [str(bench.programs / "bench_sync"), f"-bytes={FRAME}",
         f"-milliseconds={bench.options.seconds * 1000}"], cwd=bench.work,
        stdout=subprocess.PIPE, check=False, preexec_fn=die_with_parent)
    if done.returncode != 0:
        raise Failure(f"bench_sync ended with status {done.returncode}")
    found = json.loads(done.stdout)
    return float(found["syncs"] / found["seconds"])


def run_launches(bench: Bench, folders: Folders) -> None:
    section = bench.report.section("The store: `rockets launch` with its defaults", NAMES[1])
    messages = 10_000 if bench.options.quick else 100_000
    times: list[list[float]] = [[], []]
    for which, index in bench.interleaved([0, 1]):
        with bench.servers() as servers:
            server = folders.start(servers, index == 0)
            times[index].append(rockets_launch(bench, server, f"--max-messages={messages}"))
        say(f"store: rockets: {which}: {NAMES[index]}: {times[index][-1]:.2f} s")
    title = f"s for {count(messages)} messages"
    section.add("defaults", NAMES[0], title, times[0], 2, times[1])
    section.add("defaults", NAMES[1], title, times[1], 2)
    bench.report.at_most("store: `rockets launch` to memory", LAUNCH_BUDGET,
                         ratios(times[0], times[1]), "×", 1)


def run_batches(bench: Bench, folders: Folders) -> None:
    section = bench.report.section("The store: batches, one connection", NAMES[1])
    messages = 50_000 if bench.options.quick else 500_000
    for what, rockets in ((f"{count(20)} rockets", 20),
                          (f"{count(bench.options.many)} rockets", bench.options.many)):

        def measure(index: int, cost: Cost) -> str:
            with bench.servers() as servers:
                server = folders.start(servers, index == 0)
                launched, _ = launch(bench, server, rockets)
                requests = [make_batch(bench, Fleet(launched, 1, rockets, 1, 2, 1), messages)]
                used = server.look().cpu
                taken = batch(server, [requests], messages)
                return cost.add(messages, taken, server.look().cpu - used)

        kept, memory = bench.compare(f"store: batch: {what}", NAMES, measure)
        show(section, what, kept, memory, "message")
        bench.report.at_least(f"store: one batch, {what}", BATCH_BUDGET, kept.rate,
                              " messages/s", 0)


def run_replay(bench: Bench, folders: Folders) -> None:
    """Fill a folder once, and start with it again and again; then take snapshots
    of it."""
    million = bench.options.million
    section = bench.report.section("The store: start with a journal", "")
    folder = bench.work / "journal"
    launched = fill(bench, folder)
    stored = size_of(folder)
    seconds, rates = [], []
    for which in bench.rounds():
        with bench.servers() as servers:
            begun = time.perf_counter()
            server = servers.service(f"-data={folder}", NO_SNAPSHOTS)
            seconds.append(time.perf_counter() - begun)
            if server.applied() != 2 * million:
                raise Failure(f"{server.applied()} messages are there, {2 * million} were sent")
            rates.append(2 * million / seconds[-1])
        say(f"store: replay: {which}: {seconds[-1]:.2f} s, {count(rates[-1])} messages/s")
    what = f"{count(million)} rockets, {count(2 * million)} messages"
    section.add(what, NAMES[0], "s until it is ready", seconds, 2)
    section.add(what, NAMES[0], "messages/s", rates, 0)
    section.add(what, NAMES[0], "bytes a message on the disk", [stored / 2 / million], 1)
    bench.report.at_least("store: replay", REPLAY_BUDGET, rates, " messages/s", 0)
    run_snapshots(bench, folders, folder)
    run_snapshot_folder(bench, folders, folder, launched)
    shutil.rmtree(folder)
