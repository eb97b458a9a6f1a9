#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Three brokers, three instances, and senders that post to any of them, while
brokers and instances are killed (SIGKILL), stopped (SIGTERM) and made to hang
(SIGSTOP): the leader, a follower, the controller, two and all brokers; an
instance in the middle of posts and of a snapshot; all instances.

After each all must be as agreement.py says: nothing that was acknowledged is lost,
and all instances show the same, which is the fold of the topic. At the end
`rockets launch --verify` runs across kills.

usage: tests/replica/kill.py BUILD [--kills=N] [--seed=N] [--keep]
  BUILD      folder of the programs
  --kills=N  default 12: one of each kind
  --seed=N   of messages, kinds and moments; default 1. What a kill hits depends
             on the machine, too
  --keep     keep the folder of logs if something is wrong

Exit status: 0 nothing was lost or wrong; 1 something was; 2 invalid command line;
77 Kafka could not be fetched.

Example: tests/replica/kill.py build/release --kills=200
"""

import sys

sys.dont_write_bytecode = True

import argparse
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "tests" / "lib"), str(ROOT / "tests" / "durability")]

from agreement import Agreement
from brokers import Brokers, Topic
from client import PATIENCE, Failure
from disk import SNAPSHOT_CALLS, Control, environment, wait_for
from instances import Instance, Load, Poster, finish, kill_all, start_all, stop_all
from service import die_with_parent

POSTERS = 6
GENERATION = 12  # kills after which other posters begin, with other rockets
FLEET = 10000  # messages of `rockets`
HOLDER = "tests/durability/liblunar_disk.so"
# Of brokers: which, and how. Of instances: how.
FIRST_KINDS = [
    "leader KILL", "follower KILL", "controller KILL", "two KILL", "all KILL", "leader TERM",
    "leader STOP", "instance KILL", "instance TERM", "instance STOP", "snapshot KILL",
    "instances KILL"]
MORE_KINDS = ["follower TERM", "controller STOP", "two STOP", "all STOP", "follower STOP",
              "two TERM", "instances TERM", "both KILL"]


class Drill:
    """A cluster, its instances, and the kills."""

    def __init__(self, build: Path, work: Path, brokers: Brokers, seed: int):
        self.build, self.work, self.brokers, self.seed = build, work, brokers, seed
        self.random = Random(f"{seed}/kills")
        self.topic = Topic(brokers, "kill").create(min_insync_replicas=2)
        self.controls: dict[str, Control] = {}
        self.instances = [self._make_instance(f"instance-{number}") for number in range(1, 4)]
        self.fold = Instance(build, work, "fold", None).start()
        self.agreement = Agreement(self.topic, self.instances, self.fold, work)
        self.ended: dict[str, Any] = {}
        self.done = 0
        self.posters: list[Poster] = []
        self._begin_generation()

    def _make_instance(self, name: str) -> Instance:
        instance = Instance(self.build, self.work, name, self.topic, "-log-level=debug")
        if (self.build / HOLDER).exists():  # not with sanitizers
            self.controls[name] = Control(self.work / f"{name}.control")
            instance.folder.mkdir(mode=0o700)
            instance.environment = environment((self.build / HOLDER).resolve(), instance.folder,
                                               None, self.controls[name])
        return instance

    def close(self) -> None:
        for instance in [*self.instances, self.fold]:
            instance.kill()

    def _begin_generation(self) -> None:
        for poster in self.posters:
            self.ended |= poster.acknowledged.rockets()
        self.posters = [Poster(f"{self.done}-{index}", self.seed, self.instances, singles=0.8)
                        for index in range(POSTERS)]

    def kinds(self, kills: int) -> list[str]:
        """Each kind of the first ones before any comes again."""
        chosen: list[str] = []
        while len(chosen) < kills:
            kinds = FIRST_KINDS + (MORE_KINDS if chosen else [])
            chosen += self.random.sample(kinds, len(kinds))
        return chosen[:kills]

    def run(self, kills: int) -> None:
        start_all(self.instances)  # on a topic without a record
        for kind in self.kinds(kills):
            try:
                self.kill_once(kind)
            except Failure as failure:
                raise Failure(f"kill {self.done + 1}, {kind}: {failure}\n"
                              f"{self.why_not_ready()}") from failure
            if self.done % GENERATION == 0:
                self._begin_generation()

    def kill_once(self, kind: str) -> None:
        begun = time.monotonic()
        for poster in self.posters:
            poster.longest_silence = 0
        with Load(self.posters) as load:
            load.await_more(self.random.randint(20, 300))
            what = self.break_something(kind)
            back = load.await_more(30)
        self.heal()
        finish(self.posters)
        self.agreement.check(self.posters, self.ended)
        self.done += 1
        silence = max(poster.longest_silence for poster in self.posters)
        print(f"{self.done:3} {kind:16} {what:22} silence {silence:5.1f} s, acknowledged again "
              f"{back:4.1f} s after it was healed; {self.agreement.messages:,} messages agree, "
              f"{time.monotonic() - begun:.0f} s", flush=True)

    def why_not_ready(self) -> str:
        """What the instances say, one a line."""
        lines = []
        for instance in self.instances:
            try:
                lines.append(f"{instance.name}: {instance.ask('/health').body.decode()}")
            except Failure as failure:
                lines.append(f"{instance.name}: {failure}")
        return "\n".join(lines)

    def break_something(self, kind: str) -> str:
        """Break it and mend it, under load. Returns what it was."""
        which, how = kind.split()
        if which in ("instance", "instances", "snapshot"):
            return self.break_instances(which, how)
        if which == "both":
            return self.break_brokers("leader", how) + ", " + self.break_instances("instance", how)
        return self.break_brokers(which, how)

    def pick_brokers(self, which: str) -> list[int]:
        leader = self.topic.leader()
        others = [number for number in self.brokers.numbers if number != leader]
        if which == "leader":
            return [leader]
        if which == "controller":
            return [self.brokers.controller()]
        if which == "follower":
            return [self.random.choice(others)]
        return [leader, self.random.choice(others)] if which == "two" else self.brokers.numbers

    def break_brokers(self, which: str, how: str) -> str:
        picked = self.pick_brokers(which)
        if how == "STOP":
            self.brokers.signal(signal.SIGSTOP, *picked)
            time.sleep(self.random.uniform(1, 9))
            self.brokers.signal(signal.SIGCONT, *picked)
        else:
            self.brokers.signal(signal.SIGKILL if how == "KILL" else signal.SIGTERM, *picked)
            time.sleep(self.random.uniform(0, 5))
            self.brokers.start(*picked)
        return "broker " + ", ".join(map(str, picked))

    def break_instances(self, which: str, how: str) -> str:
        if which == "instances":
            if how == "TERM":
                stop_all(self.instances)
            else:
                kill_all(self.instances)
            time.sleep(self.random.uniform(0, 1))
            start_all(self.instances)
            return "all instances"
        instance = self.random.choice(self.instances)
        if which == "snapshot":
            return self.kill_in_snapshot(instance)
        if how == "STOP":
            instance.signal(signal.SIGSTOP)
            time.sleep(self.random.uniform(1, 7))
            instance.signal(signal.SIGCONT)
            return instance.name
        if how == "TERM":
            instance.stop()
        else:
            instance.kill()
        time.sleep(self.random.uniform(0, 2))
        instance.start()
        return instance.name

    def kill_in_snapshot(self, instance: Instance) -> str:
        """In one of the calls that write it, which is held until then."""
        calls = [(call, number) for call, name, count in SNAPSHOT_CALLS
                 if name == "snapshot.db.new" for number in range(count)]
        call, number = self.random.choice(calls)
        control = self.controls.get(instance.name)
        if control is not None:
            control.set(call, "snapshot.db.new", skip=number, times=1, hold=True)
        asker = threading.Thread(target=ask_for_snapshot, args=(instance,), daemon=True)
        asker.start()
        if control is not None:
            wait_for(f"{call} {number} of a snapshot", lambda: control.hits(call) > 0 or
                     not asker.is_alive())
            held = control.hits(call) > 0
        else:
            held = False
        time.sleep(self.random.random() * 0.02)
        instance.kill()
        if control is not None:
            control.clear()
        asker.join(PATIENCE)
        instance.start()
        return f"{instance.name[9:]} in {call} {number}" if held else f"{instance.name}, any call"

    def heal(self) -> None:
        """Wait until all is as before."""
        self.topic.await_in_sync()
        for instance in self.instances:
            instance.await_ready()

    def fly_across_kills(self) -> None:
        """`rockets launch --verify`, while the leader and another instance die."""
        rocket = self.instances[0]
        with subprocess.Popen(
                [str(self.build / "rockets"), "launch", f"{rocket.url}/messages", "--verify",
                 f"--max-messages={FLEET}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True, preexec_fn=die_with_parent) as rockets:
            end = self.topic.end()
            wait_for("some messages", lambda: self.topic.end() > end + FLEET // 5 or
                     rockets.poll() is not None)
            self.brokers.signal(signal.SIGKILL, leader := self.topic.leader())
            self.instances[1].kill()
            rocket.kill()
            rocket.start()
            self.brokers.start(leader)
            self.instances[1].start()
            output, _ = rockets.communicate(timeout=PATIENCE)
        found = re.search(r"^verified +(.*)$", output, re.MULTILINE)
        print(f"rockets launch --verify across kills: {found[1] if found else output}")
        if found is None or not found[1].endswith("no difference"):
            raise Failure("there is a difference")
        self.heal()
        self.agreement.check([], None)


def ask_for_snapshot(instance: Instance) -> None:
    try:
        instance.ask("/snapshot", f"Lunar-After: {instance.replica()['position']}\r\n")
    except Exception:  # it is killed meanwhile
        pass


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/replica/kill.py")
    parser.add_argument("build", type=Path)
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true")
    flags = parser.parse_args()
    begun = time.monotonic()
    work = Path(tempfile.mkdtemp(prefix="lunar-replica-"))
    keep = flags.keep
    print(f"seed {flags.seed}", flush=True)
    try:
        with Brokers(flags.build, work) as brokers:
            drill = Drill(flags.build, work, brokers, flags.seed)
            try:
                drill.run(flags.kills)
                drill.fly_across_kills()
            finally:
                drill.close()
        found = drill.agreement
        print(f"{drill.done} kills, {found.acknowledged:,} requests acknowledged, "
              f"{found.messages:,} messages and {found.copies:,} copies in the topic: nothing "
              f"lost, all agree; seed {flags.seed}, {time.monotonic() - begun:.0f} s")
        keep = False
    finally:
        if keep:
            print(f"logs: {work}")
        else:
            shutil.rmtree(work)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(failure)
        sys.exit(1)
