#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Cut the power of a service that runs with -data=DIR, thousands of times.

The service runs under load, with the calls for its folder recorded: writes, syncs
and names, and what it sends to clients. It is stopped, killed and started again
meanwhile; checkpoints, new segments and snapshots come often. Then for each cut the
folder is made as the disk may hold it at that moment: nothing of what is not synced,
all of it, or some sectors. It is recovered. The rockets must be the plain fold of
what was acknowledged before the cut and a first part of what was sent last; each
message must have been journalled once; and nothing may be reported as damaged.

The same is done with faults planted: with syncs left out, as SQLite leaves them out
with synchronous=NORMAL or OFF, or as a program does that forgets one; in a wrong
order; and with a service whose snapshots claim more than they hold. Then cuts must
be bad, or they could find nothing.

usage: tests/durability/power.py BUILD [--cuts=N] [--seed=N] [--keep]
  BUILD      folder of the programs
  --cuts=N   default 2400
  --seed=N   of messages and cuts; default 1
  --keep     keep the folder of the first bad cut, and name it

Exit status: 0 no cut was bad; 1 one was; 2 invalid command line.

Example: tests/durability/power.py build/debug --cuts=10000 --seed=7
"""

import sys

sys.dont_write_bytecode = True

import argparse
import dataclasses
import multiprocessing
import os
import re
import shutil
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Callable, Iterable, Iterator, Mapping, Optional

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "lib"))

import disk
from client import PATIENCE, Client, Failure
from disk import Disk, Record, read_trace
from recovery import Found, Recovery
from service import Service
from traffic import Books, Crowd, Request, Sender, count_there, difference

SENDERS = 4
ENOUGH = 2500  # messages of one part of the recorded run
SNAPSHOTS = 3  # of one part, at least
SERVED = 40  # one in so many cuts is recovered by the service itself
AFTER_FAILURE = 80  # operations after a sync that failed: the next start
PROCESSES = 2
PLANTED_CUTS = 240  # for each planted fault


@dataclass
class Run:
    """What was recorded."""

    start: Path  # a copy of the folder as it was at first
    before: Found  # what it held then
    records: list[Record] = field(default_factory=list)
    senders: list[Sender] = field(default_factory=list)


class Clients:
    """What the senders know, from what is sent to them."""

    def __init__(self, run: Run):
        self._before = run.before
        self._senders = {port: sender.name for sender in run.senders for port in sender.log}
        self._answered = {port: iter(requests) for sender in run.senders
                          for port, requests in sender.log.items()}
        self._sent: dict[int, bytes] = {}
        self._acknowledged = {sender.name: Books() for sender in run.senders}
        self._last: dict[str, Request] = {}  # of each sender, acknowledged
        # Of each sender those that are not, the next one at the end.
        self._requests = {sender.name: sender.requests()[::-1] for sender in run.senders}

    def feed(self, record: Record) -> None:
        port = record.file
        if port not in self._senders:
            return  # of the test itself
        sent = self._sent.get(port, b"") + record.data
        while (end := sent.find(b"\r\n\r\n")) >= 0:
            head = sent[:end].decode().lower()
            length = re.search(r"content-length: (\d+)", head)
            if length is None:
                raise Failure(f"a response without a length: {head}")
            end += 4 + int(length[1])
            if len(sent) < end:
                break
            self._take(port, sent.startswith(b"HTTP/1.1 202 "))
            sent = sent[end:]
        self._sent[port] = sent

    def _take(self, port: int, acknowledged: bool) -> None:
        request = next(self._answered[port], None)
        if request is None:
            raise Failure(f"more responses than requests on the connection from port {port}")
        name = self._senders[port]
        # If a response is lost, the request is sent and acknowledged again.
        if acknowledged and request is not self._last.get(name):
            if self._requests[name].pop() is not request:
                raise Failure(f"a request of {name} is acknowledged out of turn")
            self._last[name] = request
            self._acknowledged[name].add(request.messages)

    def fault_of(self, found: Found) -> Optional[str]:
        """What is wrong with a recovered folder. All that was acknowledged must be
        there, in it each message once, and beside it only a first part of what
        each sender may have sent last."""
        if found.error:
            return f"not recovered: {found.error}"
        total = self._before.position
        try:
            for name, books in self._acknowledged.items():
                last = self._requests[name][-1:]
                total += books.count + count_there(
                    books, last[0].messages if last else [],
                    {channel: found.rockets.pop(channel) for channel in list(found.rockets)
                     if channel.startswith(name + "/")})
        except Failure as failure:
            return str(failure)
        if fault := difference(self._before.rockets, found.rockets):
            return fault
        if found.position != total:
            return f"{found.position} records were journalled of {total} messages"
        return None


class Incomplete(Failure):
    """The kill came between a change of a file and its record."""


def await_snapshots(folder: Path) -> None:
    """Wait for some, without a connection: its port would be in the record."""
    seen: set[int] = set()

    def look() -> bool:
        try:
            seen.add((folder / "snapshot.db").stat().st_mtime_ns)
        except FileNotFoundError:
            pass
        return len(seen) >= SNAPSHOTS

    disk.wait_for("snapshots", look)


class Recorder:
    """Runs the service and records it."""

    def __init__(self, build: Path, work: Path, seed: int):
        self.build, self.work, self.seed = build, work, seed
        self._runs = 0

    def record(self, ends: Iterable[str], start: Optional[Path] = None,
               environment: Mapping[str, str] = {}) -> Run:
        """Run the service once for each of `ends`, which is how it ends: by a
        "stop", a "kill", or "sync": a failed sync. It begins with an empty
        folder, or with a copy of `start`."""
        for _ in range(5):
            try:
                return self._record(ends, start, environment)
            except Incomplete:
                continue
        raise Failure("each of five kills left the record incomplete")

    def _record(self, ends: Iterable[str], start: Optional[Path],
                environment: Mapping[str, str]) -> Run:
        self._runs += 1
        at = self.work / f"run-{self._runs}"
        folder, trace = at / "data", at / "trace"
        at.mkdir()
        if start is None:
            folder.mkdir(mode=0o700)
        else:
            shutil.copytree(start, folder)
        control = disk.Control(at / "control")
        environment = {**environment, **disk.environment(
            self.build / "tests/durability/liblunar_disk.so", folder, trace, control)}
        ports: set[int] = set()
        run = Run(at / "start", self._recovered(folder), senders=[
            Sender(f"{self._runs}-{number}", self.seed, batch=40, singles=0.9, ports=ports)
            for number in range(SENDERS)])
        shutil.copytree(folder, run.start)
        model = Disk(folder, ext4=True)
        for end in ends:
            control.clear()
            with Service(self.build / "small.service", at / "log", f"-data={folder}",
                         "-threads=2", environment=environment) as service:
                self._load(service, run, folder, control, end)
            self._compare(trace, model, folder, len(run.records), run)
        return run

    def _recovered(self, folder: Path) -> Found:
        with tempfile.TemporaryDirectory(dir=self.work) as name:
            found = Recovery(self.build).recover(shutil.copytree(folder, Path(name) / "copy"))
        if found.error:
            raise Failure(found.error)
        return found

    def _load(self, service: Service, run: Run, folder: Path, control: disk.Control,
              end: str) -> None:
        with Crowd(run.senders, service.port, lambda: True) as crowd:
            crowd.await_acknowledged(ENOUGH)
            # On a busy machine they take long, and it is they that are cut.
            await_snapshots(folder)
            if end == "kill":
                service.kill()
            elif end == "stop" and (faults := service.stop()):
                raise Failure("; ".join(faults))
            elif end == "sync":
                control.set("sync", "-wal", error=disk.IO_ERROR)
                if service.process.wait(PATIENCE) != 1:
                    raise Failure("a failed sync does not end the service with 1")

    def _compare(self, trace: Path, model: Disk, folder: Path, before: int, run: Run) -> None:
        """The record must be complete: all of it makes the folder as it is."""
        run.records = list(read_trace(trace))
        for record in run.records[before:]:
            model.feed(record)
        copy = self.work / "copy"
        copy.mkdir()
        model.write(copy, "seen", Random(0))
        made, there = ({path.name: path.read_bytes() for path in where.iterdir()}
                       for where in (copy, folder))
        shutil.rmtree(copy)
        if made != there:
            raise Incomplete(f"the record makes {sorted(made)}, there is {sorted(there)}")


@dataclass
class Result:
    """Of cuts."""

    cuts: int = 0
    served: int = 0  # of them recovered by the service itself
    bad: Counter[str] = field(default_factory=Counter)


class Cutter:
    """Cuts the power of a recorded run."""

    def __init__(self, build: Path, work: Path, seed: int, keep: bool = False):
        self.build, self.work, self.seed, self.keep = build, work, seed, keep

    def cut(self, run: Run, cuts: int, share: int = 0, shares: int = 1,
            served: bool = False) -> Result:
        """Make one share of `cuts` cuts, at syncs and between. `served`: have
        some of them recovered by the service, too."""
        random = Random(self.seed)
        chosen = Counter(self._places(run.records, cuts // 4, random))
        random = Random(f"{self.seed}/{share}")
        clients = Clients(run)
        disks = [Disk(run.start, ext4) for ext4 in (True, False)]
        recovery = Recovery(self.build)
        result, number = Result(), 0
        for index, record in enumerate(run.records):
            if record.kind == "a":
                clients.feed(record)
            else:
                for each in disks:
                    each.feed(record)
            for _ in range(chosen[index]):
                number += 1
                if number % shares != share:
                    continue
                for how in ("none", "all", "last", "torn"):
                    now = served and result.cuts % SERVED == 0
                    # What only "last" may leave, ext4 does not.
                    state = disks[1] if how == "last" else random.choice(disks)
                    fault = self._check(state, how, random, recovery, clients, now)
                    result.cuts += 1
                    result.served += now
                    if fault:
                        result.bad[f"{how}: {fault}"] += 1
        return result

    @staticmethod
    def _places(records: list[Record], count: int, random: Random) -> list[int]:
        """Each name of a segment or a snapshot that comes or goes; of the others a
        quarter right behind syncs, a quarter at what is written to snapshots, the
        rest anywhere; if a sync has failed, half in the start after it."""
        near = [index for index, record in enumerate(records)
                if removes_segment(record) or record.kind == "r" and record.data.endswith(b".db")]
        syncs = [index for index, record in enumerate(records) if record.kind in "sSb"]
        written = [index for index, (_, name) in enumerate(named(records))
                   if name.startswith("snapshot")]
        failed = [index for index, record in enumerate(records) if record.kind == "x"]
        count = max(0, count - len(near))
        if failed:
            near += random.choices(range(failed[0], failed[0] + AFTER_FAILURE), k=count // 2)
            count -= count // 2
        for indexes in (syncs, written or syncs):
            near += random.choices(indexes, k=count // 4)
        return near + random.choices(range(len(records)), k=count - count // 4 * 2)

    def _check(self, state: Disk, how: str, random: Random, recovery: Recovery,
               clients: Clients, served: bool) -> Optional[str]:
        with tempfile.TemporaryDirectory(dir=self.work) as name:
            folder, copy = Path(name) / "cut", Path(name) / "copy"
            folder.mkdir(mode=0o700)
            state.write(folder, how, random)
            if served or self.keep:
                shutil.copytree(folder, copy)
            found = recovery.recover(folder)
            rockets = dict(found.rockets)
            fault = clients.fault_of(found)
            if served and not fault:
                fault = difference(rockets, self._serve(copy, Path(name) / "log"))
            if fault and self.keep:
                self.keep = False
                print(f"{how}: {fault}: {shutil.move(copy, tempfile.mkdtemp())}", flush=True)
            return fault

    def _serve(self, folder: Path, log: Path) -> dict[str, Any]:
        """The rockets that the service shows of this folder."""
        with Service(self.build / "lunar.service", log, f"-data={folder}") as service:
            rockets = Client(service.port).ask("GET", "/rockets").json()
        return {rocket["id"]: rocket for rocket in rockets}


def cut_in_processes(cutter: Cutter, run: Run, cuts: int, served: bool = False) -> Result:
    """Cutter.cut(), by several processes."""
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("fork")) as pool:
        parts = list(pool.map(cutter.cut, *zip(*[
            (run, cuts, share, PROCESSES, served) for share in range(PROCESSES)])))
    result = Result()
    for part in parts:
        result.cuts += part.cuts
        result.served += part.served
        result.bad += part.bad
    return result


# Planted faults


def named(records: list[Record]) -> Iterator[tuple[Record, str]]:
    """Each record, with the name of its file when it was opened first."""
    names: dict[int, str] = {}
    for record in records:
        if record.kind in "oc":
            names[record.file] = record.data.decode()
        yield record, names.get(record.file, "")


def without_wal_syncs(records: list[Record]) -> list[Record]:
    """As with synchronous=NORMAL: SQLite syncs its log only before it copies it
    into the database."""
    kept: list[Record] = []
    copied = False
    for record, name in reversed(list(named(records))):
        if record.kind == "w" and "journal-" in name:
            copied = not name.endswith("-wal")
        if record.kind != "s" or not name.endswith("-wal") or copied:
            kept.append(record)
    return kept[::-1]


def without(kinds: str) -> Callable[[list[Record]], list[Record]]:
    return lambda records: [record for record in records if record.kind not in kinds]


def publishes(record: Record) -> bool:
    return record.kind == "r" and record.data.endswith(b"\0snapshot.db")


def removes_segment(record: Record) -> bool:
    return record.kind == "u" and re.fullmatch(rb"journal-\d+\.db", record.data) is not None


def without_sync_of_new_name(records: list[Record]) -> list[Record]:
    """The folder is not synced from when a snapshot gets its name until a segment
    is removed."""
    kept, published = [], False
    for record in records:
        published = (published or publishes(record)) and not removes_segment(record)
        if not published or record.kind != "S":
            kept.append(record)
    return kept


def without_sync_of_snapshots(records: list[Record]) -> list[Record]:
    """A snapshot gets its name before its bytes are on the disk."""
    return [record for record, name in named(records)
            if record.kind != "s" or not name.startswith("snapshot")]


def segments_removed_first(records: list[Record]) -> list[Record]:
    """Segments are removed when the snapshot is synced, but has not got its name."""
    kept: list[Record] = []
    synced = published = 0
    for record, name in named(records):
        if record.kind == "b" and name.startswith("snapshot"):
            synced = len(kept)
        if publishes(record):
            published = synced
        if record.kind == "u" and record.data.startswith(b"journal-") and published:
            kept.insert(published, record)
        else:
            kept.append(record)
    return kept


LEFT_OUT: dict[str, Callable[[list[Record]], list[Record]]] = {
    "synchronous=NORMAL": without_wal_syncs,
    "synchronous=OFF": without("sS"),
    "without syncs of the folder": without("S"),
    "without syncs of the folder from a snapshot's name to segments' ends": without_sync_of_new_name,
    "without syncs of snapshots": without_sync_of_snapshots,
    "segments removed before the snapshot has its name": segments_removed_first,
}

# The variable of small.service for a position that is read after the walk.
LATE_POSITION = {"SMALL_LATE_POSITION": "1"}


# The test


def describe(run: Run) -> str:
    """What is in a run. It must have what is to be tested."""
    syncs = sum(record.kind in "sS" for record in run.records)
    segments = sum(record.kind == "r" and b"\0journal-" in record.data for record in run.records)
    snapshots = sum(map(publishes, run.records))
    copied = {record.file for record, name in named(run.records)
              if record.kind == "w" and name.endswith(".db")}
    if segments < 3 or not copied or snapshots < 3:
        raise Failure(f"only {segments} segments, {len(copied)} with a checkpoint, "
                      f"{snapshots} snapshots")
    messages = sum(sender.acknowledged.count for sender in run.senders)
    return (f"{messages:,} messages, {len(run.records):,} operations, {syncs:,} syncs, "
            f"{segments} segments, {snapshots} snapshots")


def show(what: str, result: Result) -> None:
    print(f"{what}: {result.cuts:,} cuts, {result.served} of them served, "
          f"{sum(result.bad.values()):,} bad", flush=True)


def test_cuts(flags: argparse.Namespace, work: Path) -> bool:
    """Whether no cut was bad."""
    recorder = Recorder(flags.build, work, flags.seed)
    cutter = Cutter(flags.build, work, flags.seed, flags.keep)
    bad: Counter[str] = Counter()

    def cut(what: str, run: Run, cuts: int, served: bool) -> None:
        result = cut_in_processes(cutter, run, cuts, served)
        show(what, result)
        bad.update(result.bad)

    run = recorder.record(["stop", "kill", "stop"])
    print(describe(run))
    cut("stopped and killed", run, flags.cuts * 5 // 8, True)
    failed = recorder.record(["sync", "stop"])
    cut("a sync that failed", failed, flags.cuts // 4, True)
    again = recorder.record(["kill"], start=torn_folder(run, work, flags.seed))
    cut("after a power cut", again, flags.cuts // 8, True)
    for fault, count in bad.most_common(10):
        print(f"  {count} bad: {fault}")
    return not bad and find_planted(recorder, flags, run)


def find_planted(recorder: Recorder, flags: argparse.Namespace, run: Run) -> bool:
    """Whether each planted fault makes cuts bad."""
    weak = {what: dataclasses.replace(run, records=leave_out(run.records))
            for what, leave_out in LEFT_OUT.items()}
    weak["snapshots with a position that is read after the walk"] = recorder.record(
        ["stop"], environment=LATE_POSITION)
    useless = []
    for what, planted in weak.items():
        result = cut_in_processes(Cutter(flags.build, recorder.work, flags.seed), planted,
                                  PLANTED_CUTS)
        show(what, result)
        if not result.bad:
            useless.append(what)
    for what in useless:
        print(f"{what}: no bad cut was found, so this test finds nothing")
    return not useless


def torn_folder(run: Run, work: Path, seed: int) -> Path:
    """As a cut in the middle of the run may leave it."""
    state = Disk(run.start, ext4=True)
    for record in run.records[:len(run.records) // 2]:
        if record.kind != "a":
            state.feed(record)
    folder = work / "torn"
    folder.mkdir(mode=0o700)
    state.write(folder, "torn", Random(seed))
    return folder


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/durability/power.py")
    parser.add_argument("build", type=Path)
    parser.add_argument("--cuts", type=int, default=2400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true")
    flags = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lunar-power-", dir=fast_folder()) as work:
        good = test_cuts(flags, Path(work))
    print(f"seed {flags.seed}, {time.monotonic() - begun:.0f} s")
    return 0 if good else 1


def fast_folder() -> Optional[str]:
    """In memory, if there is such a place: no power is cut for real."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(failure)
        sys.exit(1)
