#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kill a service that runs with -data=DIR again and again (kill -9), at random
moments: under load, while it starts and recovers, and while it stops.

Several connections send single messages and batches, some of them compressed.
After each restart the rockets must be the plain fold of what was acknowledged, and
of a first part of what was sent last and not acknowledged. That is sent again:
its first part must be duplicates. At the end each message must be in the journal
exactly once. Every second service has small segments and snapshots, so that
checkpoints, new segments and snapshots are hit as well. Both kinds of threads take
turns.

Then it is killed in each of the calls that a snapshot makes, and in each call of a
start after that, which a preloaded library holds until then.

Last `rockets launch --verify` runs across kills: it finds no difference with a
folder, and differences without one.

usage: tests/durability/kill.py BUILD [--kills=N] [--seed=N]
  BUILD      folder of the programs
  --kills=N  default 50
  --seed=N   of messages and moments; default 1. When a kill hits depends on the
             machine, too

Exit status: 0 nothing was lost or wrong; 1 something was; 2 invalid command line.

Example: tests/durability/kill.py build/release --kills=1000
"""

import sys

sys.dont_write_bytecode = True

import argparse
import os
import re
import select
import shutil
import socket
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any, Iterable

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "lib"))

from client import PATIENCE, Client, Failure
from disk import CALLS, SNAPSHOT_CALLS, Control, environment, wait_for
from recovery import Recovery
from service import Service, die_with_parent
from traffic import Crowd, Sender, difference

SENDERS = 5
GENERATION = 12  # kills after which other senders begin, with other rockets
FLEET = 20000  # messages of `rockets`, whose program is killed three times
HOLDER = "tests/durability/liblunar_disk.so"
THREADS = ["-threads=2", "-threads=per-connection"]


class History:
    """A folder, and what is known of it."""

    def __init__(self, build: Path, work: Path, threads: str, seed: int):
        self.build, self.folder, self.log = build, work / "data", work / "log"
        self.threads, self.random = threads, Random(f"{seed}/{threads}")
        self.seed = seed
        self.kills: Counter[str] = Counter()  # by the moment
        self.senders: list[Sender] = []
        self.messages = 0  # of senders that have ended
        self.rockets: dict[str, Any] = {}  # of those
        self.starting = 0.05  # seconds from exec to the ready line
        self.environment: dict[str, str] = {}
        self._begin_generation()

    def _begin_generation(self) -> None:
        for sender in self.senders:
            self.messages += sender.acknowledged.count
            self.rockets |= sender.acknowledged.rockets()
        self.senders = [Sender(f"{self.messages}-{index}", self.seed, singles=0.6)
                        for index in range(SENDERS)]

    def program(self) -> Path:
        turn = sum(self.kills.values()) % 2
        return self.build / ("small.service" if turn else "lunar.service")

    def start(self) -> Service:
        begun = time.monotonic()
        service = Service(self.program(), self.log, f"-data={self.folder}", self.threads,
                          environment=self.environment)
        self.starting = time.monotonic() - begun
        return service

    def run(self, kills: int) -> None:
        while (done := sum(self.kills.values())) < kills:
            with self.start() as service:
                self.check(service)
                if done % GENERATION == GENERATION - 1:
                    self.finish(service)
                    self._begin_generation()
                self.kill_under_load(service)
            while self.random.random() < 0.3:
                self.kill_while_starting()
        self.end()

    def end(self) -> None:
        """Have all acknowledged, and compare at last."""
        with self.start() as service:
            self.check(service)
            self.finish(service)
            self.check(service)
            if faults := service.stop():
                raise Failure("; ".join(faults))
        self.check_folder()

    def kill_under_load(self, service: Service) -> None:
        """Kill it while it answers, or in the middle of its stop."""
        with Crowd(self.senders, service.port, lambda: True) as crowd:
            crowd.await_acknowledged(self.random.randint(1, 1500))
            moment = self.random.choice(["load", "load", "load", "stop"])
            if moment == "stop":
                service.process.terminate()
            time.sleep(self.random.random() * 0.02)
            service.kill()
            self.kills[moment] += 1

    def kill_while_starting(self) -> None:
        """Kill it anywhere from exec to its ready line, so in a recovery, too."""
        with open(self.log, "wb") as log, subprocess.Popen(
                [str(self.program()), "-port=0", f"-data={self.folder}"], stdout=subprocess.DEVNULL,
                stderr=log, preexec_fn=die_with_parent) as process:
            time.sleep(self.random.random() * self.starting)
            process.kill()
        self.kills["start"] += 1

    def check(self, service: Service) -> None:
        """Compare the rockets with what was acknowledged. For each sender the
        number of its messages says how much there is of what it sent last."""
        shown = rockets_of(service)
        for sender in self.senders:
            there = sender.check(shown)
            sender.duplicates = there if sender.waiting else None
        ours = tuple(sender.name + "/" for sender in self.senders)
        if fault := difference(self.rockets, {name: rocket for name, rocket in shown.items()
                                              if not name.startswith(ours)}):
            raise Failure(fault)

    def finish(self, service: Service) -> None:
        """Have everything acknowledged."""
        for sender in self.senders:
            sender.run(service.port, lambda: sender.waiting is not None)

    def check_folder(self) -> None:
        """All is acknowledged: each message must have been journalled once."""
        found = Recovery(self.build).recover(self.folder)
        if found.error:
            raise Failure(found.error)
        for sender in self.senders:
            self.messages += sender.acknowledged.count
            self.rockets |= sender.acknowledged.rockets()
        if fault := difference(self.rockets, found.rockets):
            raise Failure(fault)
        if found.position != self.messages:
            raise Failure(f"{found.position} records were journalled, but {self.messages} "
                          "messages were sent")


class Held(History):
    """The same with calls for files that can be held, to be killed there."""

    def __init__(self, build: Path, work: Path, threads: str, seed: int):
        super().__init__(build, work, threads, seed)
        self.folder.mkdir(mode=0o700)
        self.kept = work / "kept"
        self.control = Control(work / "control")
        self.environment = environment(build / HOLDER, self.folder, None, self.control)

    def program(self) -> Path:
        return self.build / "small.service"

    def kill_in_snapshots(self) -> None:
        for call, name, count in SNAPSHOT_CALLS:
            for number in range(count):
                self.kill_in(call, name, number)
        self.kill_in("rename", "snapshot.db.new", 0, then="sync_folder")

    def kill_in(self, call: str, name: str, number: int, then: str = "") -> None:
        """Kill it in the call with this number, or in the next one of kind `then`."""
        with self.start() as service:
            self.check(service)
            with Crowd(self.senders, service.port, lambda: True) as crowd:
                crowd.await_acknowledged(1)
                self.control.set(call, name, skip=number, times=1, hold=True)
                self.control.await_hits(call)
                if then:
                    self.control.set(then, times=1, hold=True)
                    self.control.clear(call)
                    self.control.await_hits(then)
                time.sleep(self.random.random() * 0.02)  # the other threads go on
                service.kill()
        self.control.clear()
        self.kills["snapshot"] += 1

    def kill_in_starts(self) -> None:
        """With a folder that has segments to be removed."""
        self.kill_in("unlink", "journal-", 0)
        shutil.copytree(self.folder, self.kept)
        for call in CALLS:
            number = 0
            while self.kill_in_start(call, number):
                number += 1
        if self.kills["start"] < 15:
            raise Failure(f"only {self.kills['start']} calls of a start")

    def kill_in_start(self, call: str, number: int) -> bool:
        """Whether there is a call with this number."""
        shutil.rmtree(self.folder)
        shutil.copytree(self.kept, self.folder)
        self.control.set(call, skip=number, times=1, hold=True)
        with open(self.log, "wb") as log, subprocess.Popen(
                [str(self.program()), "-port=0", f"-data={self.folder}"], stdout=subprocess.PIPE,
                stderr=log, env={**os.environ, **self.environment},
                preexec_fn=die_with_parent) as process:
            wait_for("a call, or the ready line", lambda: self.control.hits(call) > 0 or
                     bool(select.select([process.stdout], [], [], 0)[0]))
            hit = self.control.hits(call) > 0
            process.kill()
        self.control.clear()
        self.kills["start"] += hit
        with self.start() as service:
            self.check(service)
        return hit


def rockets_of(service: Service) -> dict[str, Any]:
    """By id; none while the service recovers."""
    client = Client(service.port)
    answer = client.ask("GET", "/rockets")
    client.close()
    return {rocket["id"]: rocket for rocket in answer.json()} if answer.status == 200 else {}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fly_across_kills(build: Path, work: Path, flags: Iterable[str], kills: int) -> str:
    """Run `rockets launch --verify` while the service is killed and started
    again. Returns what it says it has verified."""
    port = free_port()

    def start() -> Service:
        return Service(build / "lunar.service", work / "rockets.log", f"-port={port}", *flags, port=port)

    def messages(service: Service) -> int:
        return sum(rocket["lastMessageNumber"] for rocket in rockets_of(service).values())

    service = start()
    with subprocess.Popen(
            [str(build / "rockets"), "launch", f"http://127.0.0.1:{port}/messages", "--verify",
             f"--max-messages={FLEET}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, preexec_fn=die_with_parent) as rockets:
        for number in range(1, kills + 1):
            least = FLEET * number // (kills + 2)
            wait_for(f"{least} messages", lambda: rockets.poll() is not None or
                     messages(service) >= (least if flags else FLEET // 4))
            if rockets.poll() is not None:
                raise Failure("`rockets` has ended before the kill")
            service.kill()
            service = start()
        output, _ = rockets.communicate(timeout=PATIENCE)
    service.kill()
    found = re.search(r"^verified +(.*)$", output, re.MULTILINE)
    if found is None:
        raise Failure(f"`rockets` has verified nothing:\n{output}")
    return found[1]


def test_rockets(build: Path, work: Path) -> None:
    kept = fly_across_kills(build, work, [f"-data={work / 'rockets'}"], 3)
    print(f"rockets launch --verify across 3 kills: {kept}")
    if not kept.endswith("rockets: no difference"):
        raise Failure("with -data=DIR there is a difference")
    lost = fly_across_kills(build, work, [], 1)
    print(f"the same in memory, 1 kill: {lost}")
    if "no difference" in lost:
        raise Failure("without -data=DIR there is no difference: the kill was not one")


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/durability/kill.py")
    parser.add_argument("build", type=Path)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    flags = parser.parse_args()
    begun = time.monotonic()
    for number, threads in enumerate(THREADS):
        with tempfile.TemporaryDirectory(prefix="lunar-kill-") as work:
            history = History(flags.build, Path(work), threads, flags.seed)
            history.run((flags.kills + number) // len(THREADS))
            moments = ", ".join(f"{count} {what}" for what, count in sorted(history.kills.items()))
            print(f"{threads}: {sum(history.kills.values()):,} kills ({moments}), "
                  f"{history.messages:,} "
                  "messages: all there, once", flush=True)
    if (flags.build / HOLDER).exists():  # not with sanitizers
        with tempfile.TemporaryDirectory(prefix="lunar-kill-") as work:
            held = Held(flags.build, Path(work), THREADS[0], flags.seed)
            held.kill_in_snapshots()
            held.kill_in_starts()
            held.end()
            print(f"killed in each of {held.kills['snapshot']} calls of snapshots, and of "
                  f"{held.kills['start']} of a start", flush=True)
    with tempfile.TemporaryDirectory(prefix="lunar-kill-") as work:
        test_rockets(flags.build, Path(work))
    print(f"seed {flags.seed}, {time.monotonic() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(failure)
        sys.exit(1)
