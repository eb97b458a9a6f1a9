# SPDX-License-Identifier: Apache-2.0
"""Instances of the service on one topic, and senders that post to any of them."""

import json
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Callable, Mapping, Optional

from brokers import Topic
from client import PATIENCE, Answer, Client, Connection, Failure, Gone
from disk import wait_for
from service import Service
from traffic import Message, Sender

SANITIZER = ("Sanitizer", "runtime error:", "Assertion")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Instance:
    """One instance: its folder, its port, which it keeps, and its process, if it
    runs. The end of its `with` kills that."""

    def __init__(self, build: Path, work: Path, name: str, topic: Optional[Topic], *flags: str,
                 environment: Mapping[str, str] = {}):
        """Without `topic`: by itself, in memory."""
        self.build, self.work, self.name, self.topic = build, work, name, topic
        self.folder = work / name
        self.flags = list(flags)
        self.environment = dict(environment)
        self.port = free_port()
        self.starts = 0
        self.service: Optional[Service] = None

    def __enter__(self) -> "Instance":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What it says since its last start."""
        return self.work / f"{self.name}.{self.starts}.log"

    def start(self, *flags: str, ready: bool = True) -> "Instance":
        """Start it, with these flags as well, and wait until it is ready."""
        self.starts += 1
        self.service = Service(self.build / "lunar.service", self.log, *self._flags(), *flags,
                               port=self.port, environment=self.environment)
        if ready:
            self.await_ready()
        return self

    def run(self, *flags: str) -> tuple[int, str]:
        """Start it and wait for its end. Returns its status and what it says."""
        done = subprocess.run([str(self.build / "lunar.service"), *self._flags(), *flags],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE,
                              text=True)
        return done.returncode, done.stdout

    def _flags(self) -> list[str]:
        topic = [] if self.topic is None else [
            f"-kafka={self.topic.brokers.addresses}", f"-topic={self.topic.name}",
            f"-data={self.folder}"]
        return [f"-port={self.port}", *topic, *self.flags]

    def signal(self, which: int) -> None:
        assert self.service is not None
        self.service.process.send_signal(which)

    def stop(self) -> None:
        """End it as a user does."""
        assert self.service is not None
        if faults := self.service.stop():
            raise Failure(f"{self.name}: {'; '.join(faults)}")
        self._release()

    def kill(self) -> None:
        if self.service is not None:
            self.service.kill()
            self._release()

    def _release(self) -> None:
        self.service = None
        text = self.log.read_text(errors="replace")
        if any(word in text for word in SANITIZER):
            raise Failure(f"{self.name}: {text[-3000:]}")

    def ask(self, target: str, fields: str = "", method: str = "GET", body: bytes = b"",
            kind: str = "") -> Answer:
        """Its response, from a connection of its own."""
        client = Client(self.port)
        try:
            return client.ask(method, target, body, kind, fields)
        finally:
            client.close()

    def ask_at(self, target: str, position: int) -> Answer:
        """Its response to a read when it has applied `position`."""
        found: list[Answer] = []

        def is_there() -> bool:
            found[:] = [self.ask(target, f"Lunar-After: {position}\r\n")]
            if found[0].status not in (200, 503):
                raise Failure(f"{self.name}: {target} is {found[0].status} {found[0].body[:300]!r}")
            return found[0].status == 200
        wait_for(f"{self.name} has applied {position}", is_there)
        return found[0]

    def is_ready(self) -> bool:
        assert self.service is not None
        self.service.check_alive()
        try:
            return self.ask("/health/ready").status == 200
        except Failure:
            return False

    def await_ready(self) -> None:
        def is_ready() -> bool:
            time.sleep(0.02)
            return self.is_ready()
        wait_for(f"{self.name} is ready", is_ready)

    def replica(self) -> dict[str, Any]:
        """What /health says of the topic."""
        health = self.ask("/health").json()
        if "replica" not in health:
            raise Failure(f"{self.name}: no member replica in {health}")
        found: dict[str, Any] = health["replica"]
        return found

    def await_halt(self) -> str:
        """Wait until it applies no more. Returns the reason."""
        wait_for(f"{self.name} halts", lambda: bool(self.replica().get("halted")))
        return str(self.replica()["halted"])

    def export(self, position: int, work: Path) -> bytes:
        """What -export prints of its snapshot that holds `position`."""
        answer = self.ask_at("/snapshot", position)
        if int(answer.fields.get("lunar-position", -1)) < position:
            raise Failure(f"{self.name}: asked for a snapshot with {position}, got {answer.fields}")
        folder = work / f"export-{self.name}"
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / "snapshot.db").write_bytes(answer.body)
        done = subprocess.run([str(self.build / "lunar.service"), "-export", f"-data={folder}"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE)
        if done.returncode:
            raise Failure(f"{self.name}: -export of its snapshot: {done.stderr.decode()}")
        return done.stdout


@dataclass(frozen=True)
class Acknowledgement:
    """A 202."""

    messages: tuple[Message, ...]
    applied: int  # how many of them it says were applied
    position: int


class Poster(Sender):
    """A sender that posts to any of some instances, and to another one when one
    refuses or is gone. It keeps each acknowledgement."""

    def __init__(self, name: str, seed: int, instances: list[Instance], **options: Any):
        super().__init__(name, seed, **options)
        self.acknowledgements: list[Acknowledgement] = []
        self.longest_silence = 0.0  # seconds between acknowledgements of one run
        self._instances, self._choice = instances, Random(f"{seed}/{name}/instance")

    def run(self, port: int, goes_on: Callable[[], bool]) -> None:
        """Send until `goes_on` is false. `port` is not used."""
        self._last = time.monotonic()
        while goes_on():
            port = self._choice.choice(self._instances).port
            try:
                connection = Connection(port)
            except Failure:
                time.sleep(0.02)
                continue
            try:
                self._use(connection, goes_on)
            except Gone:
                pass
            except Failure as failure:
                if "is cut off" not in str(failure):
                    raise
            finally:
                connection.close()

    def _use(self, connection: Connection, goes_on: Callable[[], bool]) -> None:
        keep, sent = True, 0
        while keep and goes_on() and sent < 50:
            again = self.waiting is not None
            self.waiting = self.waiting or self._make()
            connection.send(self.waiting.data)
            answer = connection.answer()
            keep = answer.keep_alive
            sent += 1
            if not self._take(answer, again):
                time.sleep(0.02)
                return

    def _take(self, answer: Answer, again: bool) -> bool:
        assert self.waiting is not None
        messages = tuple(self.waiting.messages)
        # A record that a broker has when it dies may be produced again.
        if not super()._take(answer, True):
            return False
        if "lunar-position" not in answer.fields:
            raise Failure(f"202 without Lunar-Position: {answer}")
        receipt = answer.json()
        applied = receipt["applied"] if "applied" in receipt else int(receipt["result"] == "applied")
        self.acknowledgements.append(Acknowledgement(
            messages, applied, int(answer.fields["lunar-position"])))
        now = time.monotonic()
        self.longest_silence = max(self.longest_silence, now - self._last)
        self._last = now
        return True


class Load:
    """Posters in threads. The end of its `with` stops them, without waiting for
    what is not acknowledged, and raises what one of them has raised."""

    def __init__(self, posters: list[Poster]):
        self.posters = posters
        self._stop = threading.Event()
        self._faults: list[BaseException] = []
        self._threads = [threading.Thread(target=self._run, args=(poster,), daemon=True)
                         for poster in posters]

    def _run(self, poster: Poster) -> None:
        try:
            poster.run(0, lambda: not self._stop.is_set())
        except BaseException as fault:  # shown by the main thread
            self._faults.append(fault)

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE)
            if thread.is_alive() and kind is None:
                raise Failure("a request is not answered")
        if self._faults and kind is None:
            raise self._faults[0]

    @property
    def count(self) -> int:
        return sum(len(poster.acknowledgements) for poster in self.posters)

    def await_more(self, count: int) -> float:
        """Wait until so many more requests are acknowledged. Returns the seconds."""
        begun, count = time.monotonic(), count + self.count
        wait_for(f"{count} requests acknowledged", lambda: self.count >= count or
                 bool(self._faults))
        return time.monotonic() - begun


def finish(posters: list[Poster]) -> None:
    """Have everything acknowledged that they have sent."""
    faults: list[BaseException] = []

    def run(poster: Poster) -> None:
        try:
            poster.run(0, lambda: poster.waiting is not None)
        except BaseException as fault:
            faults.append(fault)
    threads = [threading.Thread(target=run, args=(poster,), daemon=True) for poster in posters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        if thread.is_alive():
            raise Failure("messages are not acknowledged, with all brokers and instances up")
    if faults:
        raise faults[0]


def kill_all(instances: list[Instance]) -> None:
    """At once."""
    for instance in instances:
        instance.signal(signal.SIGKILL)
    for instance in instances:
        instance.kill()


def stop_all(instances: list[Instance]) -> None:
    """At once; each gets one signal, as the second one would kill it."""
    with ThreadPoolExecutor(len(instances)) as pool:
        for _ in pool.map(Instance.stop, instances):
            pass


def start_all(instances: list[Instance]) -> None:
    """At once, and wait until all are ready."""
    for instance in instances:
        instance.start(ready=False)
    for instance in instances:
        instance.await_ready()


def rockets_of(answer: Answer) -> dict[str, Any]:
    return {rocket["id"]: rocket for rocket in json.loads(answer.body)}
