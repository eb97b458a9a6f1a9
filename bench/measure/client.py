# SPDX-License-Identifier: Apache-2.0
"""An HTTP client: for checks, and for lists that the C client can't read."""

import http.client
import re
import socket
import time
from dataclasses import dataclass
from typing import Optional

from .common import Failure
from .servers import Server

TIMEOUT = 120.0  # seconds
ROCKET_BYTES = 400  # more than one rocket has in a list

# Regular expressions, as parsing lists of a million rockets takes long. They
# depend on the order of the members, which openapi.yaml has as well.
MESSAGES = re.compile(rb'"lastMessageNumber":(\d+),"missingMessages":(\d+)')
ID_AND_SPEED = re.compile(rb'\{"id":"([^"]+)","type":[^,]*,"speed":(-?\d+),')


@dataclass(frozen=True)
class Response:
    """A complete response with status 200."""

    body: bytes
    link: str  # the target of the next page; empty if there is none
    total: int  # X-Total-Count; 0 if there is none


def get(server: Server, target: str) -> Response:
    """GET the target. Any status but 200 is a failure."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port,
                                            timeout=TIMEOUT)
    try:
        connection.request("GET", target)
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise Failure(f"{server.name}: GET {target}: {error}") from error
    finally:
        connection.close()
    if response.status != 200:
        raise Failure(f"{server.name}: GET {target}: status {response.status}")
    link = re.match(r"<([^>]*)>", response.getheader("Link") or "")
    total = response.getheader("X-Total-Count") or "0"
    return Response(body, link[1] if link else "", int(total))


def post_one(server: Server) -> tuple[int, str]:
    """POST one message of a separate rocket. Returns status and Content-Type."""
    body = (b'{"metadata":{"channel":"check","messageNumber":1,"messageType":'
            b'"RocketLaunched","messageTime":"2025-04-02T09:21:50.458989221+02:00"},'
            b'"message":{"type":"Atlas-H","launchSpeed":500,"mission":"APOLLO"}}')
    connection = http.client.HTTPConnection("127.0.0.1", server.port,
                                            timeout=TIMEOUT)
    connection.request("POST", "/messages", body,
                       {"Content-Type": "application/json"})
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status, response.getheader("Content-Type") or ""


def applied_in(body: bytes) -> int:
    """The number of applied messages, from the body of a list of rockets."""
    return sum(int(last) - int(missing)
               for last, missing in MESSAGES.findall(body))


def applied(server: Server) -> int:
    """The number of messages that the server has applied, of all rockets."""
    return applied_in(get(server, "/rockets").body)


@dataclass(frozen=True)
class Stream:
    """The response with a long list, not parsed yet."""

    seconds: float  # from the request to the last byte
    raw: bytearray  # head and body

    def body(self) -> bytes:
        """The body, with the chunks joined (RFC 9112, section 7.1)."""
        end = self.raw.index(b"\r\n\r\n") + 4
        head = bytes(self.raw[:end]).lower()
        if not head.startswith(b"http/1.1 200 "):
            raise Failure(f"a list: expected status 200, got {head[:60]!r}")
        if b"\r\ntransfer-encoding: chunked" not in head:
            return bytes(self.raw[end:])
        return b"".join(self._chunks(end))

    def _chunks(self, start: int) -> list[memoryview]:
        view = memoryview(self.raw)
        chunks: list[memoryview] = []
        while True:
            end = self.raw.index(b"\r\n", start)
            size = int(self.raw[start:end], 16)
            if size == 0:
                return chunks
            chunks.append(view[end + 2:end + 2 + size])
            start = end + 2 + size + 2


def stream(server: Server, target: str, rockets: int) -> Stream:
    """GET a list of about `rockets` rockets, as fast as possible."""
    buffer = bytearray(rockets * ROCKET_BYTES + 4096)
    view, length = memoryview(buffer), 0
    request = (f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
               "Connection: close\r\n\r\n").encode()
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), TIMEOUT) as connection:
        connection.sendall(request)
        while size := connection.recv_into(view[length:]):
            length += size
    seconds = time.monotonic() - begun
    view.release()
    del buffer[length:]
    return Stream(seconds, buffer)


def check_order(body: bytes, rockets: int) -> None:
    """Check that the list has `rockets` rockets, by descending speed, then id."""
    last: Optional[tuple[int, bytes]] = None
    number = 0
    for found in ID_AND_SPEED.finditer(body):
        key = (-int(found[2]), found[1])
        if last is not None and key <= last:
            raise Failure(f"rocket {key[1].decode()} is out of order or twice")
        last = key
        number += 1
    if number != rockets:
        raise Failure(f"expected a list of {rockets} rockets, got {number}")
