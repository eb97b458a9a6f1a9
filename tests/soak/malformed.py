# SPDX-License-Identifier: Apache-2.0
"""Loads of clients that misbehave: malformed requests, connections that end
at any moment, and floods of them."""

import errno
import socket

from client import JSON, LINGER_NONE, NDJSON, Connection, Failure, Gone, head_of
from load import Load
from messages import Rocket, post_batch

NOBODY = "never-to-be-seen"
GOOD = ('{"metadata":{"channel":"' + NOBODY + '","messageNumber":1,"messageTime":'
        '"2025-01-01T00:00:00Z","messageType":"RocketExploded"},'
        '"message":{"reason":"x"}}')
# Not messages: each must get 400 and make no rocket.
BODIES = ["", "null", "[" * 5000, GOOD + "}", *(GOOD.replace(old, new) for old, new in [
    (NOBODY, "x" * 129), (NOBODY, ".."), (":1,", ":1e400,"), (":1,", ":1e-400,"),
    ("01-01T", "02-30T"), ("Exploded", "Sank"), ("reason", "Reason"),
    ('"x"', '"x","reason":"x"'), ('"x"', f'"{"x" * 257}"')])]

POST = "POST /messages HTTP/1.1\r\nHost: 127.0.0.1\r\n"
NEXT = f"GET /{NOBODY} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
# Requests after which the connection is closed: ambiguous, or too long.
CLOSING = [
    (f"{POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n{NEXT}", 400),
    (f"{POST}Content-Length: 5\r\nContent-Length: 6\r\n\r\n{NEXT}", 400),
    (f"{POST}Content-Length : 5\r\n\r\n{NEXT}", 400),
    (f"{POST}Transfer-Encoding: xchunked\r\n\r\n{NEXT}", 501),
    (f"GET /health HTTP/1.1\r\n\r\n{NEXT}", 400),
    (f"{POST}X: {'x' * 40000}\r\n\r\n{NEXT}", 431),
    (f"{POST}Content-Length: 3000000\r\n\r\n{'x' * 3000000}{NEXT}", 413)]
# Requests that are refused without an end of the connection.
REFUSED = [
    ("DELETE", "/messages", "", 405), ("GET", f"/rockets/{NOBODY}", "", 404),
    ("GET", "/rockets/%zz", "", 400), ("GET", "/rockets?sort=size", "", 400),
    ("GET", "/rockets?cursor=x", "", 400), ("GET", f"/{'x' * 9000}", "", 414),
    ("POST", "/messages", "Sec-Fetch-Site: cross-site\r\n", 403)]

# What the connections of a flood send.
BEGINNINGS = [b"", f"{POST}X-Un".encode(), f"{POST}Content-Length: 9\r\n\r\n{{".encode(),
              f"{POST}Content-Type: {NDJSON}\r\nContent-Length: 9\r\n\r\n{{".encode()]


def malformed(load: Load) -> None:
    """malformed bodies and heads, refused requests, and bodies that are too
    long, with valid messages between them"""
    random, rocket = load.random, Rocket(load, 0)
    while load.running() or rocket.last == 0:
        cut = GOOD[:random.randrange(1, len(GOOD))]
        for body in (random.choice(BODIES), cut, cut + "\1" + GOOD[len(cut):],
                     cut + "\udcff" + GOOD[len(cut):], "x" * 100000):
            load.ask("POST", "/messages", 413 if len(body) > 65536 else 400, kind=JSON,
                     body=body.encode("utf-8", "surrogateescape"))
        method, target, fields, status = random.choice(REFUSED)
        load.ask(method, target, status, fields=fields)
        _closing_request(load, *random.choice(CLOSING))
        rocket.post(load, rocket.last + 1, "applied")
        rocket.check(load)


def _closing_request(load: Load, text: str, status: int) -> None:
    """The request must be refused, and what follows it not be answered."""
    connection = _send(load, text.encode())
    try:
        load.check(connection.answer(), text[:200], status)
        # The library answers some of them by itself, and one of them twice.
        if b" 404 " in (rest := connection.rest()):
            raise Failure(f"{text[:200]!r}: the next request got {rest[:500]!r}")
    except Gone:
        pass  # unread data makes the end a reset, which overtakes the response
    connection.close()


def vanishing(load: Load) -> None:
    """connections that end in the middle of a head, a message, a batch or a
    response; what is incomplete is not applied, and all may be sent again"""
    rocket = Rocket(load, 0)
    while load.running() or rocket.last == 0:
        get = head_of("GET", "/rockets?sort=speed", fields="X-Some: x\r\n")
        _vanish(load, get, cut=1)
        _vanish(load, get, read=True)
        for cut, allowed in ((True, ("applied",)), (False, ("applied", "duplicate"))):
            body = rocket.message(rocket.last + 1)
            head = head_of("POST", "/messages", body, JSON)
            _vanish(load, head + body, cut=len(head) if cut else 0)
            rocket.post(load, rocket.last + 1, *allowed)
        lines = [rocket.message(rocket.last + i) for i in range(1, 201)]
        body = b"\n".join(lines)
        _vanish(load, head_of("POST", "/messages", body, NDJSON) + body, cut=1)
        post_batch(load, lines)
        rocket.record(rocket.last + 200, 200)
        rocket.check(load)


def _vanish(load: Load, data: bytes, cut: int = 0, read: bool = False) -> None:
    """Send `data`, or a part of it that has at least `cut` bytes; read a part
    of the response if asked; then end the connection."""
    random = load.random
    connection = _send(load, data[:random.randrange(cut, len(data))] if cut else data)
    if read:
        connection.socket.recv(random.randrange(1, 100000))
    random.choice([connection.close, connection.reset])()


def _send(load: Load, data: bytes) -> Connection:
    load.count("connections")
    connection = Connection(load.port)
    connection.send(data)
    return connection


def floods(load: Load) -> None:
    """more connections than the service allows, idle or with half a request;
    others are served all the same"""
    random = load.random
    most = int(load.flags.max_connections * 1.25)
    largest = list(BEGINNINGS)
    while load.running():
        # The largest come first, so that they belong to the warm-up.
        patience = 0.5 if largest else 4.0
        size = most if largest else random.choice([50, most // 8, most // 2, most])
        beginning = largest.pop() if largest else random.choice(BEGINNINGS)
        flood = _open_flood(load, size, beginning)
        load.ask("GET", "/health", 200, new=True)
        load.pause(random.random() * patience)
        load.ask("GET", "/health", 200, new=True)
        reset = random.random() < 0.7
        for one in flood:
            if reset:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
            one.close()
        load.ask("GET", "/health", 200, new=True)
        load.pause((0.2 + random.random()) * patience)


def _open_flood(load: Load, size: int, beginning: bytes) -> list[socket.socket]:
    """Open so many connections without waiting for any."""
    flood = []
    for _ in range(size):
        one = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        one.setblocking(False)
        status = one.connect_ex(("127.0.0.1", load.port))
        if status not in (0, errno.EINPROGRESS):
            raise Failure(f"no connection to the service: {errno.errorcode[status]}")
        flood.append(one)
    for one in flood:
        try:
            one.send(beginning)
        except OSError:
            pass  # not connected yet, or closed to make room
    load.count("connections", size)
    return flood
