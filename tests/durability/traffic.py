# SPDX-License-Identifier: Apache-2.0
"""Messages, the state that they make, and senders that keep a record of what
they have sent and of what was acknowledged.

The content of a message is a function of its channel and number, so a set of
numbers says all. The state is made by a plain fold: the messages of a rocket are
sorted by number and applied one by one, as README.md defines it.
"""

import gzip
import json
import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from random import Random
from typing import Any, Callable, Iterable, Optional
from zlib import crc32

from disk import wait_for
from client import JSON, NDJSON, PATIENCE, Answer, Connection, Failure, Gone, head_of

Json = dict[str, Any]
Message = tuple[str, int]  # channel and number

TYPES = ["Falcon-9", "Saturn-V", "Löwe 3 \"Ü\"", "N1" * 100]
MISSIONS = ["ARTEMIS", "SHUTTLE_MIR", "GEMINI\\7", "月" * 80]
MANY_HELD = 20  # messages that a sender leaves out: more are sent soon
REASONS = ["PRESSURE_VESSEL_FAILURE", "WIND"]


@lru_cache(1 << 16)
def content(message: Message) -> tuple[str, str, Json]:
    """The type, time and payload of a message."""
    channel, number = message
    chance = crc32(f"{channel}/{number}".encode())
    pick = chance % 100
    sent = f"2026-11-27T{chance % 24:02}:{number % 60:02}:07.{chance % 10**9:09}+01:00"
    if number == 1 or pick < 4:
        return "RocketLaunched", sent, {
            "type": TYPES[chance % 4], "launchSpeed": chance % 1000, "mission": MISSIONS[chance // 7 % 4]}
    if pick < 6:
        return "RocketExploded", sent, {"reason": REASONS[chance % 2]}
    if pick < 15:
        return "RocketMissionChanged", sent, {"newMission": MISSIONS[chance // 11 % 4]}
    return ("RocketSpeedIncreased" if pick < 60 else "RocketSpeedDecreased"), sent, {
        "by": chance % 10**9}


@lru_cache(1 << 16)
def encode(message: Message) -> bytes:
    kind, sent, payload = content(message)
    return json.dumps({"metadata": {
        "channel": message[0], "messageNumber": message[1], "messageTime": sent,
        "messageType": kind}, "message": payload}, ensure_ascii=False).encode()


def apply(rocket: Json, message: Message) -> None:
    """Apply a message whose number is higher than all before."""
    kind, sent, payload = content(message)
    rocket["updatedAt"] = sent
    rocket["missingMessages"] += message[1] - rocket["lastMessageNumber"] - 1
    rocket["lastMessageNumber"] = message[1]
    if kind == "RocketLaunched":
        rocket.update(type=payload["type"], speed=payload["launchSpeed"], mission=payload["mission"],
                      status="active", reason=None, createdAt=sent)
    elif rocket["status"] == "exploded":
        return
    elif kind == "RocketExploded":
        rocket.update(status="exploded", reason=payload["reason"])
    elif kind == "RocketMissionChanged":
        rocket["mission"] = payload["newMission"]
    else:
        rocket["speed"] += payload["by"] * (1 if kind == "RocketSpeedIncreased" else -1)


class Books:
    """The rockets that messages make, in whatever order these come. A rocket is
    folded as far as no number is missing; later ones are kept as numbers."""

    def __init__(self) -> None:
        self.count = 0  # of distinct messages
        self._whole: dict[str, Json] = {}
        self._late: dict[str, set[int]] = {}

    def add(self, messages: Iterable[Message]) -> None:
        for channel, number in messages:
            rocket = self._whole.get(channel) or self._whole.setdefault(channel, new_rocket(channel))
            late = self._late.setdefault(channel, set())
            if number <= rocket["lastMessageNumber"] or number in late:
                continue
            self.count += 1
            late.add(number)
            while rocket["lastMessageNumber"] + 1 in late:
                late.remove(rocket["lastMessageNumber"] + 1)
                apply(rocket, (channel, rocket["lastMessageNumber"] + 1))

    def rockets(self, more: Iterable[Message] = ()) -> dict[str, Json]:
        """The rockets by id, with `more` messages that are not added."""
        beside: dict[str, set[int]] = {}
        for channel, number in more:
            beside.setdefault(channel, set()).add(number)
        return {channel: self._folded(channel, beside.get(channel, set()))
                for channel in self._whole.keys() | beside.keys()}

    def _folded(self, channel: str, more: set[int]) -> Json:
        rocket = dict(self._whole.get(channel) or new_rocket(channel))
        for number in sorted(self._late.get(channel, set()) | more):
            if number > rocket["lastMessageNumber"]:
                apply(rocket, (channel, number))
        return rocket


def new_rocket(channel: str) -> Json:
    return {"id": channel, "type": None, "speed": 0, "mission": None, "status": "active",
            "reason": None, "createdAt": None, "updatedAt": None, "lastMessageNumber": 0,
            "missingMessages": 0}


def difference(expected: dict[str, Json], shown: dict[str, Json]) -> Optional[str]:
    """The first one, or None. Rockets made of messages alone have no revision."""
    for name in sorted(expected.keys() | shown.keys()):
        known, got = expected.get(name), shown.get(name)
        if known and got and "revision" not in known:
            got = {member: value for member, value in got.items() if member != "revision"}
        if known != got:
            return f"rocket {name}: expected {known}, got {got}"
    return None


def count_there(acknowledged: Books, in_flight: list[Message], shown: dict[str, Json]) -> int:
    """Check that the rockets of a sender are what was acknowledged, and of what it
    sent last and what was not acknowledged a first part. Returns its length."""
    there = sum(rocket["lastMessageNumber"] - rocket["missingMessages"]
                for rocket in shown.values()) - acknowledged.count
    if not 0 <= there <= len(in_flight):
        raise Failure(f"{there:+} messages beside {acknowledged.count} acknowledged ones; "
                      f"{len(in_flight)} were in flight")
    if fault := difference(acknowledged.rockets(in_flight[:there]), shown):
        raise Failure(fault)
    return there


@dataclass
class Request:
    """Messages that are sent together, in this order."""

    messages: list[Message]
    single: bool
    data: bytes


def make_request(random: Random, messages: list[Message], single: bool) -> Request:
    """A single message, or a batch: with its length, in chunks, or compressed."""
    if single:
        body = encode(messages[0])
        return Request(messages, True, head_of("POST", "/messages", body, JSON) + body)
    body = b"\n".join(encode(message) for message in messages)
    way = random.randrange(3)
    if way == 0:
        return Request(messages, False, head_of("POST", "/messages", body, NDJSON) + body)
    if way == 1:
        body = gzip.compress(body, 1)
        return Request(messages, False, head_of(
            "POST", "/messages", body, NDJSON, "Content-Encoding: gzip\r\n") + body)
    parts = [b"POST /messages HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
             b"application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"]
    while body:
        size = random.randint(1, 8000)
        parts.append(b"%x\r\n%s\r\n" % (len(body[:size]), body[:size]))
        body = body[size:]
    return Request(messages, False, b"".join(parts) + b"0\r\n\r\n")


class Sender:
    """Sends over one connection at a time, to rockets of its own, and sends what
    was not acknowledged again, as every sender must."""

    def __init__(self, name: str, seed: int, channels: int = 4, batch: int = 100,
                 singles: float = 0.7, ports: Optional[set[int]] = None):
        """Batches have up to `batch` messages; `singles` is their share. `ports`
        are those of all senders whose logs are kept and read together: none is
        used again, so that a port names a connection."""
        self.name = name
        self.acknowledged = Books()
        self.waiting: Optional[Request] = None  # sent, or to be sent, and not acknowledged
        self.duplicates: Optional[int] = None  # that the next response must count
        self.log: dict[int, list[Request]] = {}  # by the port of the connection, in order
        self.refused = 0  # responses with 503
        self.last_refusal = b""
        self._random = Random(f"{seed}/{name}")
        self._channels = [f"{name}/{index}" for index in range(channels)]
        self._next = dict.fromkeys(self._channels, 1)
        self._unused = list(self._channels)
        self._held: list[Message] = []
        self._batch, self._singles = batch, singles
        self._ports = ports

    @property
    def in_flight(self) -> list[Message]:
        return self.waiting.messages if self.waiting else []

    def requests(self) -> list[Request]:
        """What it has logged, each once, in the order in which it was sent first."""
        found: list[Request] = []
        for request in chain.from_iterable(self.log.values()):
            if not found or request is not found[-1]:
                found.append(request)
        return found

    def check(self, rockets: dict[str, Json]) -> int:
        """Compare those of all rockets that are this sender's: see count_there()."""
        return count_there(self.acknowledged, self.in_flight, {
            name: rocket for name, rocket in rockets.items()
            if name.startswith(self.name + "/")})

    def run(self, port: int, goes_on: Callable[[], bool]) -> None:
        """Send until `goes_on` is false, or nobody takes connections any more."""
        while goes_on():
            try:
                connection = Connection(port)
            except Failure:
                return
            try:
                if self._ports is not None:
                    own = connection.socket.getsockname()[1]
                    if own in self._ports:
                        continue
                    self._ports.add(own)
                self._use(connection, goes_on)
            except Gone:
                pass
            except Failure as failure:
                if "is cut off" not in str(failure):
                    raise
            finally:
                connection.close()

    def _use(self, connection: Connection, goes_on: Callable[[], bool]) -> None:
        """Send for as long as the service keeps the connection."""
        log: list[Request] = []
        if self._ports is not None:
            self.log[connection.socket.getsockname()[1]] = log
        keep = True
        while keep and goes_on():
            again = self.waiting is not None
            self.waiting = self.waiting or self._make()
            if self._ports is not None:
                log.append(self.waiting)
            connection.send(self.waiting.data)
            answer = connection.answer()
            keep = answer.keep_alive
            if not self._take(answer, again):
                time.sleep(0.02)

    def _make(self) -> Request:
        single = self._random.random() < self._singles
        late: list[Message] = []
        if self._held and self._random.random() < (0.1 if len(self._held) < MANY_HELD else 0.9):
            late = [self._held.pop(0)]
        if single:
            messages = late or [self._message()]
        else:
            messages = [self._message() for _ in range(self._random.randint(1, self._batch))] + late
        if not single and self._random.random() < 0.5:
            self._random.shuffle(messages)
        return make_request(self._random, messages, single)

    def _message(self) -> Message:
        """The next one of a rocket; now and then one is left out, to be late. All
        rockets begin before any goes on, so that their number is soon constant."""
        channel = self._unused.pop() if self._unused else self._random.choice(self._channels)
        number = self._next[channel]
        self._next[channel] += 1
        if number > 1 and self._random.random() < 0.01:
            self._held.append((channel, number))
            return self._message()
        return channel, number

    def _take(self, answer: Answer, again: bool) -> bool:
        """Whether the response acknowledges what is waiting, which is sent
        `again` if an earlier response was lost or a refusal."""
        assert self.waiting is not None
        if answer.status == 503:
            self.refused += 1
            self.last_refusal = answer.body
            if "retry-after" not in answer.fields:
                raise Failure(f"503 without Retry-After: {answer}")
            return False
        if answer.status != 202:
            raise Failure(f"expected 202 or 503, got {answer.status} {answer.body[:300]!r}")
        receipt = answer.json()
        count = len(self.waiting.messages)
        duplicates = int(receipt["result"] == "duplicate") if self.waiting.single else \
            receipt["duplicate"]
        applied = int(receipt["result"] == "applied") if self.waiting.single else receipt["applied"]
        if applied + duplicates != count or duplicates and not again:
            raise Failure(f"expected {count} messages applied, got {receipt}")
        if self.duplicates is not None and duplicates != self.duplicates:
            raise Failure(f"{self.duplicates} of these {count} messages were there before, but "
                          f"the response is {receipt}")
        self.duplicates = None
        self.acknowledged.add(self.waiting.messages)
        self.waiting = None
        return True


class Crowd:
    """Senders in threads of their own. The end of its `with` waits for them, and
    raises what one of them has raised."""

    def __init__(self, senders: list[Sender], port: int, goes_on: Callable[[], bool]):
        self.senders = senders
        self._stop = threading.Event()
        self._faults: list[BaseException] = []

        def run(sender: Sender) -> None:
            try:
                sender.run(port, lambda: goes_on() and not self._stop.is_set())
            except BaseException as fault:  # shown by the main thread
                self._faults.append(fault)

        self._threads = [threading.Thread(target=run, args=(sender,), daemon=True)
                         for sender in senders]

    def __enter__(self) -> "Crowd":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self.join()

    @property
    def acknowledged(self) -> int:
        return sum(sender.acknowledged.count for sender in self.senders)

    def await_acknowledged(self, count: int,
                           or_else: Callable[[], bool] = lambda: False) -> None:
        """Wait until so many messages more are acknowledged, or something else."""
        count += self.acknowledged
        wait_for(f"{count} messages acknowledged", lambda: self.acknowledged >= count
                 or bool(self._faults) or or_else())

    def join(self) -> None:
        """Wait until all senders have ended by themselves."""
        for thread in self._threads:
            thread.join(PATIENCE)
            if thread.is_alive():
                raise Failure("a request is not answered")
        if self._faults:
            raise self._faults[0]
