# SPDX-License-Identifier: Apache-2.0
"""Brokers of Kafka, which scripts/kafka.sh sets up, and a topic on them."""

import json
import os
import re
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Iterable, Iterator, Optional

from client import PATIENCE, Failure
from disk import wait_for
from service import die_with_parent

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "kafka.sh"
FIRST_PORTS = (20000, 29000)  # below those that the kernel gives away


@dataclass(frozen=True)
class Record:
    """A record of the topic."""

    offset: int
    key: Optional[bytes]
    value: Optional[bytes]

    @property
    def is_message(self) -> bool:
        """As far as its key tells: it may still be garbage."""
        return self.key is not None and self.value is not None


class Brokers:
    """A cluster. The end of its `with` kills it."""

    def __init__(self, build: Path, work: Path, count: int = 3):
        self.tool = build / "topic"
        self.folder = work / "brokers"
        self.numbers = list(range(1, count + 1))
        base = _free_base(count)
        self.ports = {number: base + 10 * number for number in self.numbers}
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        _run([str(SCRIPT), "make", str(count), f"--folder={self.folder}", f"--base={base}"])
        self.start(*self.numbers)

    def __enter__(self) -> "Brokers":
        return self

    def __exit__(self, *_: object) -> None:
        self.signal(signal.SIGKILL, *self.running())

    @property
    def addresses(self) -> str:
        return ",".join(f"127.0.0.1:{port}" for port in self.ports.values())

    def running(self) -> list[int]:
        return [number for number, process in self._processes.items() if process.poll() is None]

    def start(self, *numbers: int) -> None:
        """Start these, and wait until they take connections."""
        for number in numbers:
            self._processes[number] = subprocess.Popen(
                [str(SCRIPT), "run", str(number), f"--folder={self.folder}"],
                stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
        for number in numbers:
            wait_for(f"broker {number} takes connections", lambda: self._is_up(number))

    def signal(self, which: int, *numbers: int) -> None:
        """Send a signal to these; if it ends them, wait for that."""
        for number in numbers:
            self._processes[number].send_signal(which)
        if which in (signal.SIGKILL, signal.SIGTERM):
            for number in numbers:
                self._processes[number].wait(PATIENCE)

    def controller(self) -> int:
        """The number of the broker that leads the others."""
        leaders = []
        for path in self.folder.glob("*/data/__cluster_metadata-0/quorum-state"):
            state = json.loads(path.read_text())
            leaders.append((state["leaderEpoch"], state["leaderId"]))
        return int(max(leaders)[1])

    def run_tool(self, command: str, topic: str, *arguments: object, records: bytes = b"") -> bytes:
        return _run([str(self.tool), self.addresses, command, topic, *map(str, arguments)], records)

    def _is_up(self, number: int) -> bool:
        if (status := self._processes[number].poll()) is not None:
            raise Failure(f"broker {number} ended with {status}: see "
                          f"{self.folder}/{number}/server.log")
        try:
            socket.create_connection(("127.0.0.1", self.ports[number]), 1).close()
            return True
        except OSError:
            time.sleep(0.05)
            return False


class Topic:
    """A topic, which need not exist."""

    def __init__(self, brokers: Brokers, name: str):
        self.brokers, self.name = brokers, name

    def create(self, partitions: int = 1, **settings: object) -> "Topic":
        """Make it, without its first record."""
        self.run("create", partitions, *(f"{name.replace('_', '.')}={value}"
                                         for name, value in settings.items()))
        wait_for(f"topic {self.name} has a leader", lambda: self.leader() > 0)
        return self

    def delete(self) -> None:
        self.run("delete")

    def run(self, command: str, *arguments: object, records: bytes = b"") -> bytes:
        return self.brokers.run_tool(command, self.name, *arguments, records=records)

    def where(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("where"))
        return found

    def leader(self) -> int:
        """Its number; -1 if there is none."""
        try:
            return int(self.where()["leader"])
        except Failure:
            return -1

    def end(self) -> int:
        """The offset behind the last record."""
        return int(self.where()["end"])

    def await_in_sync(self) -> None:
        """Wait until all replicas have all records."""
        def is_whole() -> bool:
            time.sleep(0.1)
            try:
                where = self.where()
            except Failure:
                return False
            return where["leader"] > 0 and len(where["inSync"]) == len(where["replicas"])
        wait_for(f"all replicas of {self.name} are in sync", is_whole)

    def records(self, begin: int = 0, end: Optional[int] = None) -> Iterator[Record]:
        """Those from `begin` to before `end`, or the end of the topic."""
        for line in self.run("dump", begin, *([] if end is None else [end])).splitlines():
            offset, key, value = line.split(b"\t")
            yield Record(int(offset), _decode(key), _decode(value))

    def produce(self, records: Iterable[tuple[Optional[bytes], Optional[bytes]]],
                partition: int = 0) -> list[int]:
        """Write records of keys and values. Returns their offsets."""
        return [int(line)
                for line in self.run("produce", partition, records=_lines(records)).split()]

    def transact(self, how: str, records: Iterable[tuple[Optional[bytes], Optional[bytes]]]) -> None:
        """Write records in a transaction that is left "open", or ends by "abort"."""
        self.run("transact", how, records=_lines(records))


def _lines(records: Iterable[tuple[Optional[bytes], Optional[bytes]]]) -> bytes:
    return b"".join(_encode(key) + b"\t" + _encode(value) + b"\n" for key, value in records)


def _decode(field: bytes) -> Optional[bytes]:
    if field == rb"\N":
        return None
    return re.sub(rb"\\x(..)", lambda found: bytes([int(found[1], 16)]), field)


def _encode(field: Optional[bytes]) -> bytes:
    if field is None:
        return rb"\N"
    return re.sub(rb"[^ !-\[\]-~]", lambda found: b"\\x%02x" % found[0][0], field)


def _run(command: list[str], data: bytes = b"") -> bytes:
    done = subprocess.run(command, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          preexec_fn=die_with_parent)
    if done.returncode == 77:
        raise SystemExit(77)
    if done.returncode:
        raise Failure(f"{' '.join(command[:4])} ...: {done.stderr.decode(errors='replace')[-500:]}")
    return done.stdout


def _free_base(count: int) -> int:
    """A base for kafka.sh whose ports are free now."""
    random = Random(os.getpid() ^ time.time_ns())
    while True:
        base = random.randrange(*FIRST_PORTS, 100)
        try:
            for number in range(1, count + 1):
                for more in range(2):
                    with socket.socket() as probe:
                        probe.bind(("127.0.0.1", base + 10 * number + more))
            return base
        except OSError:
            continue
