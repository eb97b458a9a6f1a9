# SPDX-License-Identifier: Apache-2.0
"""Floods of connections, more than the service allows: left idle, half a
request sent, or closed at once. Whoever comes meanwhile is still served."""

import errno
import select
import socket
import struct
import time

from client import Client
from common import Failure
from tasks import Outcome, Task

NAME = "floods"

BEGUN = {
    "idle": b"",
    "half a head": b"POST /messages HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Un",
    "half a body": b"POST /messages HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                   b"Content-Length: 500\r\n\r\n{\"metadata\":{",
    "a batch begun": b"POST /messages HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
                     b"application/x-ndjson\r\nContent-Length: 500\r\n\r\n{\"meta",
}
LINGER_NONE = struct.pack("ii", 1, 0)
IDLE_SECONDS = 10.0  # until the service closes an idle connection
LIMIT_SECONDS = 60.0


def run(task: Task) -> Outcome:
    random, client = task.random, Client(task.port)
    most = int(task.settings.max_connections * 1.25)
    worst = [(most, begun) for begun in BEGUN.values()]
    while task.running():
        # The largest of each kind come first, and fast: the warm-up's.
        patience = 0.5 if worst else 4.0
        size, begun = worst.pop() if worst else (
            random.choice([50, most // 8, most // 2, most]),
            random.choice(list(BEGUN.values())))
        crowd = open_all(task, size, begun)
        ask(task, client)
        if random.random() < 0.1 and not begun:
            wait_for_end(task, crowd)
        else:
            task.pause(random.random() * patience)
        ask(task, client)
        close_all(crowd, reset=random.random() < 0.7)
        ask(task, client)
        task.pause((0.2 + random.random()) * patience)
    client.close()
    return Outcome([])


def open_all(task: Task, size: int, begun: bytes) -> list[socket.socket]:
    """As many, none waited for, each with the begin of a request sent."""
    crowd = []
    for _ in range(size):
        one = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        one.setblocking(False)
        status = one.connect_ex(("127.0.0.1", task.port))
        if status not in (0, errno.EINPROGRESS):
            raise Failure(f"no connection to the service: {errno.errorcode[status]}")
        crowd.append(one)
    for one in crowd:
        try:
            if begun:
                one.send(begun)
        except OSError:
            pass  # not connected yet, or closed to make room
    task.count("opened", size)
    return crowd


def close_all(crowd: list[socket.socket], reset: bool) -> None:
    for one in crowd:
        if reset:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
        one.close()


def wait_for_end(task: Task, crowd: list[socket.socket]) -> None:
    """All are idle, so the service closes each by itself."""
    waiting = select.poll()
    for one in crowd:
        waiting.register(one, select.POLLIN)
    left, ends = len(crowd), time.monotonic() + IDLE_SECONDS + LIMIT_SECONDS
    while left > 0 and task.running():
        for descriptor, _ in waiting.poll(500):
            waiting.unregister(descriptor)
            left -= 1
        if time.monotonic() > ends:
            raise Failure(f"{left} of {len(crowd)} idle connections are still "
                          f"open after {IDLE_SECONDS + LIMIT_SECONDS:.0f} s")


def ask(task: Task, client: Client) -> None:
    """A newcomer gets in."""
    begun = time.monotonic()
    answer = client.ask("GET", "/health", new=True)
    task.count("requests")
    took = time.monotonic() - begun
    if answer.status != 200 or took > LIMIT_SECONDS:
        raise Failure(f"GET /health in a flood: {answer.status} after {took:.1f} s")
