#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run a service with -data=DIR for long, and kill it again and again (kill -9): what
it needs must not grow, and nothing may be lost.

Several connections send single messages and batches, with gaps, to a fixed number of
rockets, as fast as they can. After some seconds the service is killed: under load,
while it writes a snapshot, when that has just got its name, when a segment has just
begun, in a stop, and in the start that follows. After each start the rockets must be
the plain fold of what was acknowledged and a first part of what was sent last. A row
of the table is a run of the service: how it ended, its length, the seconds until it
was ready, its resident memory at the end, the most that the folder took on the disk
(with the room that is kept for a snapshot), its snapshots, the time and size of the
last of them, the position at the end, and the messages that were acknowledged.

At the end each message must have been journalled once, the folder must be sound for
`lunar.service -check`, memory, disk and start times must be flat, and the folder must
never have taken more than three snapshots and 128 MiB.

usage: tests/durability/endurance.py BUILD [--minutes=N] [--rockets=N]
                                     [--snapshot=SIZE] [--seed=N]
  BUILD            folder of the programs
  --minutes=N      default 2; may be a fraction
  --rockets=N      default 50000
  --snapshot=SIZE  of the service; default 8M, so that there are many
  --seed=N         of messages and moments; default 1

Exit status: 0 nothing was lost or wrong, and nothing grew; 1 something did; 2 invalid
command line.

Example: tests/durability/endurance.py build/release --minutes=30
"""

import sys

sys.dont_write_bytecode = True

import argparse
import os
import re
import subprocess
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import linear_regression, median
from typing import Callable

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "lib"))

from client import Client, Failure
from service import Service, die_with_parent
from traffic import Crowd, Sender

SENDERS = 6
BATCH = 300  # messages, at most
SINGLES = 0.8  # share of requests
LEAST_SECONDS, MOST_SECONDS = 3.0, 12.0  # of a run, until its kill is prepared
MOMENT_SECONDS = 20.0  # to wait for the moment of a kill
SAMPLE_SECONDS = 0.02
MIB = 1024 * 1024
DISK_SNAPSHOTS, DISK_BYTES = 3, 128 * MIB  # of the folder, at most
WARM = 0.2  # share of the runs that may still grow
LEAST_RUNS = 8  # for a verdict on growth

# The moments of kills, some more often.
MOMENTS = ["load", "load", "snapshot", "snapshot", "name", "segment", "stop"]


@dataclass
class Run:
    """A row of the table."""

    end: str = ""
    seconds: float = 0.0
    start: float = 0.0  # seconds
    resident: float = 0.0  # MiB
    disk: float = 0.0  # MiB, at most
    snapshots: int = 0
    snapshot_seconds: float = 0.0
    snapshot: float = 0.0  # MiB
    position: int = 0
    messages: int = 0
    at: float = 0.0  # seconds since the begin of all


HEADINGS = (" run  ended in  seconds  start, s  memory, MiB  disk, MiB  snapshots"
            "  last, s  last, MiB     position   messages")


def row(number: int, run: Run) -> str:
    return (f"{number:4}  {run.end:8}  {run.seconds:7.1f}  {run.start:8.3f}  {run.resident:11.1f}"
            f"  {run.disk:9.1f}  {run.snapshots:9}  {run.snapshot_seconds:7.3f}"
            f"  {run.snapshot:9.1f}  {run.position:11,}  {run.messages:9,}")


class Disk:
    """Looks at the folder again and again, in a thread of its own."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.most = 0  # bytes, since it was set to 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Disk":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def bytes(self) -> int:
        """Of all blocks, also those behind the end of a file."""
        total = 0
        for name in self.names():
            try:
                total += os.stat(self.folder / name).st_blocks * 512
            except FileNotFoundError:
                pass
        return total

    def names(self) -> list[str]:
        return os.listdir(self.folder) if self.folder.exists() else []

    def size(self, name: str) -> int:
        try:
            return os.stat(self.folder / name).st_size
        except FileNotFoundError:
            return 0

    def inode(self, name: str) -> int:
        try:
            return os.stat(self.folder / name).st_ino
        except FileNotFoundError:
            return 0

    def segments(self) -> int:
        return sum(name.startswith("journal-") and name.endswith(".db") for name in self.names())

    def _run(self) -> None:
        while not self._ended.wait(SAMPLE_SECONDS):
            self.most = max(self.most, self.bytes())


class Soak:
    """A folder, its senders, and all runs of the service on it."""

    def __init__(self, flags: argparse.Namespace, work: Path):
        self.flags = flags
        self.folder, self.log = work / "data", work / "log"
        self.random = Random(flags.seed)
        self.disk = Disk(self.folder)
        self.senders = [
            Sender(f"{index}", flags.seed, channels=max(1, flags.rockets // SENDERS), batch=BATCH,
                   singles=SINGLES) for index in range(SENDERS)]
        self.runs: list[Run] = []
        self.kills: Counter[str] = Counter()
        self.largest = 0.0  # snapshot, MiB
        self.begun = time.monotonic()

    @property
    def acknowledged(self) -> int:
        return sum(sender.acknowledged.count for sender in self.senders)

    def go(self) -> list[str]:
        """Returns what was wrong at the end; what is lost raises Failure."""
        ends = self.begun + self.flags.minutes * 60
        print(HEADINGS)
        with self.disk:
            while time.monotonic() < ends:
                self._run()
                while self.random.random() < 0.25:
                    self._kill_while_starting()
            faults = self._finish()
        return faults + self._judge()

    def _start(self, run: Run) -> Service:
        begun = time.monotonic()
        service = Service(self.flags.build / "lunar.service", self.log, *self._arguments())
        run.start = time.monotonic() - begun
        return service

    def _arguments(self) -> list[str]:
        return [f"-data={self.folder}", f"-snapshot={self.flags.snapshot}", "-threads=2"]

    def _run(self) -> None:
        """One run of the service, until it is killed."""
        run = Run(end=self.random.choice(MOMENTS))
        before = self.acknowledged
        self.disk.most = 0
        with self._start(run) as service:
            self._check(service)
            begun = time.monotonic()
            with Crowd(self.senders, service.port, lambda: True) as crowd:
                crowd.await_acknowledged(1)
                time.sleep(self.random.uniform(LEAST_SECONDS, MOST_SECONDS))
                self._measure(service, run)
                self._await_moment(run.end)
                if run.end == "stop":
                    service.process.terminate()
                time.sleep(self.random.random() * 0.02)
                service.kill()
            run.seconds = time.monotonic() - begun
        self._check_log()
        self.kills[run.end] += 1
        run.disk = self.disk.most / MIB
        run.messages = self.acknowledged - before
        self.runs.append(run)
        print(row(len(self.runs), run), flush=True)

    def _check(self, service: Service) -> None:
        client = Client(service.port)
        rockets = {rocket["id"]: rocket for rocket in client.ask("GET", "/rockets").json()}
        client.close()
        total = 0
        for sender in self.senders:
            there = sender.check(rockets)
            sender.duplicates = there if sender.waiting else None
            total += len(sender.acknowledged.rockets(sender.in_flight[:there]))
        if total != len(rockets):
            raise Failure(f"{len(rockets)} rockets are there, expected {total}")

    def _measure(self, service: Service, run: Run) -> None:
        client = Client(service.port)
        metrics = dict(re.findall(r"^(lunar_\S+) ([0-9.e+-]+)$", client.ask(
            "GET", "/metrics").body.decode(), re.M))
        client.close()
        run.at = time.monotonic() - self.begun
        run.resident = service.look().resident / MIB
        run.position = int(float(metrics["lunar_journal_position"]))
        run.snapshots = int(float(metrics['lunar_snapshots_total{result="written"}']))
        # Those are there once this process, or an earlier one, has taken one.
        run.snapshot_seconds = float(metrics.get("lunar_snapshot_seconds", 0))
        run.snapshot = float(metrics.get("lunar_snapshot_bytes", 0)) / MIB
        self.largest = max(self.largest, run.snapshot)
        if failed := float(metrics['lunar_snapshots_total{result="failed"}']):
            raise Failure(f"{failed:.0f} snapshots have failed")

    def _await_moment(self, moment: str) -> None:
        inode = self.disk.inode("snapshot.db")
        came: dict[str, Callable[[], bool]] = {
            "snapshot": lambda: self.disk.size("snapshot.db.new") > 0,
            "name": lambda: self.disk.inode("snapshot.db") != inode,
            "segment": lambda: self.disk.segments() > 1,
        }
        ends = time.monotonic() + MOMENT_SECONDS
        while moment in came and not came[moment]() and time.monotonic() < ends:
            time.sleep(0.0005)

    def _kill_while_starting(self) -> None:
        """Anywhere from exec to its ready line."""
        with open(self.log, "wb") as log, subprocess.Popen(
                [str(self.flags.build / "lunar.service"), "-port=0", *self._arguments()],
                stdout=subprocess.DEVNULL, stderr=log, preexec_fn=die_with_parent) as process:
            time.sleep(self.random.random() * self.runs[-1].start)
            process.kill()
        self._check_log()
        self.kills["start"] += 1

    def _check_log(self) -> None:
        if errors := re.findall(r"^.*Z error .*$", self.log.read_text(errors="replace"), re.M):
            raise Failure(f"in the log: {errors[0]}")

    def _finish(self) -> list[str]:
        """Have all acknowledged, and compare at last."""
        run = Run(end="finish")
        with self._start(run) as service:
            self._check(service)
            for sender in self.senders:
                sender.run(service.port, lambda: sender.waiting is not None)
            self._check(service)
            self._measure(service, run)
            faults = service.stop()
        self._check_log()
        print(row(len(self.runs) + 1, run))
        if run.position != self.acknowledged:
            faults.append(f"{run.position:,} records were journalled of "
                          f"{self.acknowledged:,} messages")
        checked = subprocess.run(
            [str(self.flags.build / "lunar.service"), f"-data={self.folder}", "-check"],
            capture_output=True, text=True, check=False)
        print(checked.stdout, end="")
        if checked.returncode != 0:
            faults.append(f"-check ended with {checked.returncode}: {checked.stderr.strip()}")
        return faults

    def _judge(self) -> list[str]:
        """What has grown."""
        print(f"{self.acknowledged:,} messages, {sum(self.kills.values())} kills: " +
              ", ".join(f"{count} in {moment}" for moment, count in sorted(self.kills.items())))
        found = [self._limit("disk at most, MiB", max(run.disk for run in self.runs),
                             DISK_SNAPSHOTS * self.largest + DISK_BYTES / MIB)]
        warm = self.runs[int(len(self.runs) * WARM):]
        if len(warm) < LEAST_RUNS:
            print(f"{len(warm)} runs are too few to tell what grows")
        else:
            found += self._judge_growth("memory, MiB", warm, lambda run: run.resident, 0.05, 4)
            found += self._judge_growth("disk, MiB", warm, lambda run: run.disk, 0.10, 8)
            found += self._judge_growth("start, s", warm, lambda run: run.start, 0.20, 0.25)
        return [fault for fault in found if fault]

    def _judge_growth(self, what: str, runs: list[Run], value: Callable[[Run], float],
                      share: float, more: float) -> list[str]:
        """Two tests, as each alone can be fooled: the medians of the first and the
        last quarter, and a line through all."""
        values = [value(run) for run in runs]
        quarter = max(2, len(values) // 4)
        first, last = median(values[:quarter]), median(values[-quarter:])
        slope, _ = linear_regression([run.at for run in runs], values)
        allowed = share * first + more
        return [self._limit(f"growth of {what}, from {first:.3g}", last - first, allowed),
                self._limit(f"rise of a line through {what}", slope * (runs[-1].at - runs[0].at),
                            allowed)]

    @staticmethod
    def _limit(what: str, got: float, allowed: float) -> str:
        text = f"{what}: {got:.4g}, {allowed:.4g} allowed"
        print(text)
        return text if got > allowed else ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/durability/endurance.py")
    parser.add_argument("build", type=Path)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--rockets", type=int, default=50000)
    parser.add_argument("--snapshot", default="8M")
    parser.add_argument("--seed", type=int, default=1)
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lunar-endurance-") as work:
        faults = Soak(flags, Path(work)).go()
    for fault in faults:
        print(f"FAILED: {fault}")
    if not faults:
        print("PASSED: all that was acknowledged is there; memory, disk and start times are flat")
    print(f"seed {flags.seed}")
    return int(bool(faults))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(f"FAILED: {failure}")
        sys.exit(1)
