# SPDX-License-Identifier: Apache-2.0
"""What no polite client sends: bodies that are no messages, heads that
smuggle, requests and answers cut in the middle, readers that do not read."""

import json
import time
from random import Random
from typing import Callable

import broken
from client import (JSON, NDJSON, Answer, Client, Connection, Gone, head_of)
from common import Failure
from deliver import check, post, post_batch
from flight import Flight, make_channel
from load_orders import count_retries, mixed
from message import write
from tasks import Outcome, Task

NAME = "malformed"

ROCKETS = 20
MUTE = 6  # readers that do not read, at a time: fewer than lists may be streamed
MUTE_SECONDS = 20.0
SMALL_BUFFER = 4096
CROWDED_SECONDS = 1.0  # that a request may take where there are many connections

_POST = "POST /messages HTTP/1.1\r\n"
_HOST = "Host: 127.0.0.1\r\n"

# Heads that must be refused, and the connection closed: RFC 9112, sections
# 2.2, 3.2, 5.1, 6.1, 6.3 and 7.1.
SMUGGLING: list[tuple[str, set[int]]] = [
    (f"{_POST}{_HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     {400}),
    (f"{_POST}{_HOST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", {400}),
    (f"{_POST}{_HOST}Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde", {400}),
    (f"{_POST}{_HOST}Content-Length: +5\r\n\r\nabcde", {400}),
    (f"{_POST}{_HOST}Content-Length: 99999999999999999999999\r\n\r\n", {400, 413}),
    (f"{_POST}{_HOST}Content-Length : 5\r\n\r\nabcde", {400}),
    (f"{_POST}{_HOST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", {400}),
    (f"{_POST}{_HOST}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", {400}),
    (f"{_POST}{_HOST}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", {400}),
    (f"{_POST}{_HOST}{_HOST}Content-Length: 0\r\n\r\n", {400}),
    (f"{_POST}Content-Length: 0\r\n\r\n", {400}),
    (f"GET /rock ets HTTP/1.1\r\n{_HOST}\r\n", {400}),
    (f"GET /health HTTP/1.1\r\n{_HOST}X: {'x' * 40000}\r\n\r\n", {400, 431}),
    (f"GET /{'x' * 20000} HTTP/1.1\r\n{_HOST}\r\n", {400, 414, 431}),
]

# Requests that are refused as they should be; the connection goes on.
REFUSED: list[tuple[str, str, str, int]] = [
    ("DELETE", "/messages", "", 405), ("POST", "/rockets", "", 405),
    ("GET", "/messages", "", 405), ("GET", "/rockets/", "", 404),
    ("GET", "/no/such/path", "", 404), ("GET", "/rockets/%zz", "", 400),
    ("GET", "/rockets?sort=size", "", 400), ("GET", "/rockets?limit=0", "", 400),
    ("GET", "/rockets?limit=5&limit=5", "", 400),
    ("GET", "/rockets?cursor=bm9uZQ", "", 400),
    ("GET", f"/rockets/{broken.CHANNEL}", "", 404),
    ("GET", f"/{'x' * 9000}", "", 414),
    ("POST", "/messages", "Sec-Fetch-Site: cross-site\r\n", 403),
    ("OPTIONS", "/messages", "", 204), ("BREW", "/messages", "", 405),
]


class Trouble:
    """One client of that kind, with a few rockets to see that all is well."""

    def __init__(self, task: Task):
        self.task = task
        self.random: Random = task.random
        self.client = Client(task.port)
        self.fleet = [Flight(task.random, make_channel(task.random, NAME, index))
                      for index in range(ROCKETS)]
        self.mute: list[tuple[float, Connection]] = []

    def bad_body(self) -> None:
        """Refused, and the next request on the connection is read as such."""
        body = broken.body(self.random)
        answer = self.client.ask("POST", "/messages", body, JSON)
        self.expect(answer, {400}, body)
        self.post_well()

    def refused(self) -> None:
        method, target, fields, status = self.random.choice(REFUSED)
        body = b"{}" if method == "POST" else b""
        answer = self.client.ask(method, target, body, fields=fields)
        self.expect(answer, {status}, f"{method} {target[:80]}")
        self.post_well()

    def too_long(self) -> None:
        """Past 64 KiB: 413; past 1 MiB the connection may end before. So it
        may in a flood where the request takes over a second to arrive."""
        begun = time.monotonic()
        size = self.random.choice([65537, 200000, 1048576, 3000000])
        body = b'{"x":"' + b"x" * size
        connection = self.connect()
        connection.send(head_of("POST", "/messages", body, JSON) + body)
        try:
            self.expect(connection.answer(), {413}, f"a body of {size}")
        except Gone:
            if size < 1048576 and time.monotonic() - begun < CROWDED_SECONDS:
                raise Failure(f"a body of {size} was not answered") from None
        connection.close()

    def smuggle(self) -> None:
        """Refused; what stands behind it is never taken for a request."""
        text, statuses = self.random.choice(SMUGGLING)
        hidden = f"GET /{broken.CHANNEL} HTTP/1.1\r\n{_HOST}\r\n"
        connection = self.connect()
        connection.send((text + hidden).encode())
        try:
            self.expect(connection.answer(), statuses, text[:200])
            # The library answers some of them by itself, and one twice.
            rest = connection.rest()
            if b" 404 " in rest:
                raise Failure(f"went on after {text[:200]!r}: {rest[:500]!r}")
        except Gone:
            pass  # what was not read makes the end a reset, which overtakes
        connection.close()

    def cut_body(self) -> None:
        """A message of which a part is missing is none, however it ends."""
        flight = self.random.choice(self.fleet)
        for message in flight.more(1):
            body = write(flight.channel, message).encode()
            part = body[:int(self.random.random() * len(body))]
            connection = self.connect()
            connection.send(head_of("POST", "/messages", body, JSON) + part)
            self.leave(connection)
            post(self.task, self.client, flight.rocket, message)

    def unheard_answer(self) -> None:
        """Whether it was taken is not known: so it is sent again."""
        flight = self.random.choice(self.fleet)
        for message in flight.more(1):
            body = write(flight.channel, message).encode()
            connection = self.connect()
            connection.send(head_of("POST", "/messages", body, JSON) + body)
            connection.reset()
            flight.rocket.apply(message)
            answer = self.client.ask("POST", "/messages", body, JSON)
            self.expect(answer, {202}, body)
            self.task.count(json.loads(answer.body)["result"])

    def cut_batch(self) -> None:
        """Lines that came whole may be applied: all are sent again, first
        the ones that may have been, as no answer tells."""
        deliveries = mixed(self.task, self.fleet, 200)
        body = "\n".join(write(rocket.channel, message)
                         for rocket, message in deliveries).encode()
        connection = self.connect()
        connection.send(head_of("POST", "/messages", body, NDJSON)
                        + body[:int(self.random.random() * len(body))])
        self.leave(connection)
        answer = self.client.ask("POST", "/messages", body, NDJSON)
        self.expect(answer, {202}, "a batch sent again")
        value = json.loads(answer.body)
        if value["applied"] + value["duplicate"] != len(deliveries):
            raise Failure(f"a batch of {len(deliveries)} sent again: {value}")
        for rocket, message in deliveries:
            rocket.apply(message)
        for name in ("applied", "duplicate"):
            self.task.count(name, value[name])

    def cut_head(self) -> None:
        data = head_of("GET", "/rockets", fields="X-Some: thing\r\n")
        connection = self.connect()
        connection.send(data[:int(self.random.random() * len(data))])
        self.leave(connection)

    def cut_answer(self) -> None:
        """A long answer, of which a part is read."""
        connection = self.connect()
        connection.send(head_of("GET", "/rockets?sort=speed"))
        try:
            connection.socket.recv(1 + int(self.random.random() * 100000))
        except OSError:
            pass
        self.leave(connection)

    def do_not_read(self) -> None:
        """One more that asks for a list and takes none of it: all, which is
        more than the kernel holds for us, or a page, which is not, so that
        the service is done with it and may take the connection for idle."""
        if len(self.mute) < MUTE:
            target = self.random.choice(["/rockets", "/rockets?limit=1000"])
            connection = Connection(self.task.port, SMALL_BUFFER)
            connection.send(head_of("GET", target))
            self.mute.append((time.monotonic(), connection))
            self.task.count("hostile")

    def end_mutes(self) -> None:
        """Those that did so for a while end; half of them read it after all,
        unless the service may have lost patience by now."""
        for begun, connection in list(self.mute):
            silent = time.monotonic() - begun
            if silent < MUTE_SECONDS * self.random.random():
                continue
            self.mute.remove((begun, connection))
            if silent < MUTE_SECONDS and self.random.random() < 0.5:
                self.read_late(connection)
            connection.reset()

    def read_late(self, connection: Connection) -> None:
        try:
            answer = connection.answer()
            if answer.status == 200:
                json.loads(answer.body)
        except (Gone, ValueError) as error:
            raise Failure(f"a list read late: {error!r}") from error
        self.expect(answer, {200, 503}, "a list read late")

    def good_batch(self) -> None:
        """Between all of it, one that is as it should be."""
        post_batch(self.task, self.client, mixed(self.task, self.fleet, 100))
        check(self.task, self.client, self.random.choice(self.fleet).rocket)

    def post_well(self) -> None:
        flight = self.random.choice(self.fleet)
        for message in flight.more(1):
            post(self.task, self.client, flight.rocket, message)

    def connect(self) -> Connection:
        self.task.count("hostile")
        return Connection(self.task.port)

    def leave(self, connection: Connection) -> None:
        if self.random.random() < 0.5:
            connection.reset()
        else:
            connection.close()

    def expect(self, answer: Answer, statuses: set[int], what: object) -> None:
        self.task.count("requests")
        if answer.status not in statuses:
            raise Failure(f"{what!r} was answered {answer.status} "
                          f"{answer.body[:300]!r}, not {statuses}")


def run(task: Task) -> Outcome:
    trouble = Trouble(task)
    ways: list[Callable[[], None]] = [
        trouble.bad_body, trouble.bad_body, trouble.refused, trouble.too_long,
        trouble.smuggle, trouble.smuggle, trouble.cut_body, trouble.unheard_answer,
        trouble.cut_batch, trouble.cut_head, trouble.cut_answer,
        trouble.do_not_read, trouble.good_batch]
    while task.running():
        way = task.random.choice(ways)
        try:
            way()
            trouble.end_mutes()
        except Failure as failure:
            raise Failure(f"{way.__name__}: {failure}") from failure
        count_retries(task, trouble.client)
    for _, connection in trouble.mute:
        connection.reset()
    trouble.client.close()
    return Outcome([flight.rocket for flight in trouble.fleet
                    if flight.rocket.lasts])
