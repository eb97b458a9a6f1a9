#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kill, break and cut the power of `lunar.service -backup` and `-restore`.

A folder gets a snapshot and a journal behind it. Then both commands run with each of
their calls for files in turn held, to be killed there, or failing, and are recorded
for power cuts. Whatever happens, there is no backup or a whole one, and a folder that
is restored is empty, refused or whole; a command that has ended with 0 stays done; and
the same command succeeds afterwards.

The cuts are also made without the commands' syncs: then some must be bad, or they
could find nothing.

usage: tests/durability/commands.py BUILD [--cuts=N] [--seed=N]
  BUILD     folder of the programs
  --cuts=N  of the power, for each command; default 400
  --seed=N  of messages and cuts; default 1

Exit status: 0 all as it must be; 1 something was not; 2 invalid command line.

Example: tests/durability/commands.py build/debug --cuts=2000
"""

import sys

sys.dont_write_bytecode = True

import argparse
import errno
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Callable, Iterator, Optional

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "lib"))

import disk
from client import PATIENCE, Failure
from disk import Control, Disk, read_trace, wait_for
from recovery import Found, Recovery
from service import Service, die_with_parent
from traffic import Crowd, Sender, difference

MESSAGES = 4000
PLANTED_CUTS = 100


class Command:
    """One of the commands, which writes into a folder that is empty before."""

    name = ""

    def __init__(self, build: Path, work: Path, state: Found):
        self.build, self.work, self.state = build, work, state
        self.folder = work / self.name
        self.control = Control(work / f"{self.name}.control")
        self.recovery = Recovery(build)

    def arguments(self) -> list[str]:
        raise NotImplementedError

    def fault_of(self, folder: Path, done: bool) -> Optional[str]:
        """What is wrong with what the command has left in `folder`. `done`: it
        must be complete."""
        raise NotImplementedError

    def clear(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o700)

    def start(self, trace: Optional[Path] = None) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [str(self.build / "lunar.service"), *self.arguments()], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=die_with_parent,
            env=disk.environment(self.build / "tests/durability/liblunar_disk.so", self.folder,
                                 trace, self.control))

    def finish(self) -> None:
        """Run it to its end, which must be good."""
        self.control.clear()
        with self.start() as process:
            said = process.communicate(timeout=PATIENCE)[1]
        if process.returncode != 0:
            raise Failure(f"{self.name} ended with {process.returncode}: {said}")
        self.check(True)

    def check(self, done: bool = False) -> None:
        if fault := self.fault_of(self.folder, done):
            raise Failure(f"{self.name}: {fault}")

    def compare(self, found: Found) -> Optional[str]:
        if found.error:
            return found.error
        if found.position != self.state.position:
            return f"position {found.position}, not {self.state.position}"
        return difference(self.state.rockets, found.rockets)


class Backup(Command):
    name = "backup"

    def arguments(self) -> list[str]:
        return [f"-data={self.work / 'data'}", f"-backup={self.folder / 'state.backup'}"]

    def fault_of(self, folder: Path, done: bool) -> Optional[str]:
        file = folder / "state.backup"
        if not file.exists():
            return "it is not there" if done else None
        return self.compare(self.recovery.recover(file))


    def finish(self) -> None:
        """Beside what was left, but for a whole backup, which is not replaced."""
        (self.folder / "state.backup").unlink(missing_ok=True)
        super().finish()


class Restore(Command):
    name = "restore"

    def arguments(self) -> list[str]:
        return [f"-data={self.folder}", f"-restore={self.work / 'kept.backup'}"]

    def fault_of(self, folder: Path, done: bool) -> Optional[str]:
        before = {path.name for path in folder.iterdir()}
        with tempfile.TemporaryDirectory(dir=self.work) as copy:
            found = self.recovery.recover(shutil.copytree(folder, Path(copy) / "copy"))
        if not done and (found.error or not any(name.endswith(".db") for name in before)):
            return None  # a start is refused, or nothing was restored yet
        return self.compare(found)

    def finish(self) -> None:
        """A folder with a part of a state is refused, so it gets an empty one."""
        self.clear()
        super().finish()


def calls(command: Command, **rule: bool | int) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Run it again and again, with each of its calls hit by the rule."""
    for call in disk.CALLS:
        for number in range(1000):
            command.clear()
            command.control.clear()
            command.control.set(call, skip=number, times=1, **rule)
            with command.start() as process:
                wait_for("a call, or the end",
                         lambda: command.control.hits(call) > 0 or process.poll() is not None)
                if not command.control.hits(call):
                    process.communicate(timeout=PATIENCE)
                    break
                yield call, process


def kill(command: Command) -> str:
    """Kill it in each of its calls."""
    kills = 0
    for _, process in calls(command, hold=True):
        process.kill()
        process.communicate(timeout=PATIENCE)
        command.control.clear()
        command.check()
        command.finish()
        kills += 1
    if kills < 10:
        raise Failure(f"{command.name} has only {kills} calls")
    return f"killed in each of {kills} calls"


def fail(command: Command) -> str:
    """Let each of its calls fail."""
    tries = failed = 0
    for error in (errno.EIO, errno.ENOSPC):
        for call, process in calls(command, error=error):
            said = process.communicate(timeout=PATIENCE)[1]
            tries += 1
            command.control.clear()
            command.check(process.returncode == 0)
            if process.returncode == 0:
                continue
            failed += 1
            if process.returncode != 1 or said.count("lunar.service: ") != 1:
                raise Failure(f"{command.name}, {call}: status {process.returncode}: {said!r}")
            left = [path.name for path in command.folder.iterdir()
                    if path.name not in ("lock", "probe", "probe.new")]
            if left and call != "unlink":
                raise Failure(f"{command.name}, {call}: it leaves {left}: {said}")
            command.finish()
    if failed < 10:
        raise Failure(f"{command.name}: only {failed} of {tries} calls made it fail")
    return f"each of {tries} calls failed, so it failed {failed} times"


def record(command: Command) -> list[disk.Record]:
    command.clear()
    command.control.clear()
    trace = command.work / f"{command.name}.trace"
    with command.start(trace) as process:
        process.communicate(timeout=PATIENCE)
    command.check(True)
    return list(read_trace(trace))


def cut(command: Command, records: list[disk.Record], cuts: int, random: Random) -> list[str]:
    """Cut the power between its calls, and after its end. Returns what was bad."""
    empty = command.work / "empty"
    empty.mkdir(exist_ok=True)
    disks = [Disk(empty, ext4) for ext4 in (True, False)]
    places = {random.randrange(len(records)) for _ in range(cuts // 4)}
    places |= {index for index, each in enumerate(records) if each.kind in "rusS"}
    bad = []
    for index, each in enumerate(records):
        for state in disks:
            state.feed(each)
        last = index == len(records) - 1
        if index not in places and not last:
            continue
        for how in ("none", "all", "last", "torn"):
            with tempfile.TemporaryDirectory(dir=command.work) as name:
                disks[random.randrange(2)].write(Path(name), how, random)
                if fault := command.fault_of(Path(name), last):
                    bad.append(f"{how}: {fault}")
    return bad


def cut_power(command: Command, cuts: int, seed: int) -> str:
    records = record(command)
    if bad := cut(command, records, cuts, Random(seed)):
        raise Failure(f"{command.name}: {len(bad)} bad cuts: {bad[0]}")
    text = f"{len(records)} operations, no cut was bad"
    for what, kinds in (("files", "s"), ("the folder", "S")):
        weak = [each for each in records if each.kind not in kinds]
        if not (bad := cut(command, weak, PLANTED_CUTS, Random(seed))):
            raise Failure(f"{command.name}: no bad cut was found without syncs of {what}, "
                          "so this test finds nothing")
        text += f"; without syncs of {what} {len(bad)} were"
    return text


def make_folder(build: Path, work: Path, seed: int) -> Found:
    """A folder with a snapshot and a journal behind it; what is in it."""
    folder = work / "data"
    senders = [Sender(f"{index}", seed, singles=0.6) for index in range(4)]
    with Service(build / "small.service", work / "log", f"-data={folder}") as service:
        with Crowd(senders, service.port, lambda: True) as crowd:
            crowd.await_acknowledged(MESSAGES)
            wait_for("a snapshot", (folder / "snapshot.db").exists)
            crowd.await_acknowledged(1)
        for sender in senders:
            sender.run(service.port, lambda: sender.waiting is not None)
        service.kill()
    with tempfile.TemporaryDirectory(dir=work) as copy:
        found = Recovery(build).recover(shutil.copytree(folder, Path(copy) / "copy"))
    if found.error or found.position != sum(sender.acknowledged.count for sender in senders):
        raise Failure(f"position {found.position} {found.error}")
    return found


def test_commands(flags: argparse.Namespace, work: Path) -> None:
    state = make_folder(flags.build, work, flags.seed)
    backup, restore = Backup(flags.build, work, state), Restore(flags.build, work, state)
    backup.clear()
    backup.finish()
    shutil.copy(backup.folder / "state.backup", work / "kept.backup")
    tests: list[Callable[[Command], str]] = [
        kill, fail, lambda command: cut_power(command, flags.cuts, flags.seed)]
    for command in (backup, restore):
        for test in tests:
            print(f"{command.name}: {test(command)}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/durability/commands.py")
    parser.add_argument("build", type=Path)
    parser.add_argument("--cuts", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    flags = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lunar-commands-") as work:
        test_commands(flags, Path(work))
    print(f"seed {flags.seed}, {time.monotonic() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(failure)
        sys.exit(1)
