# SPDX-License-Identifier: Apache-2.0
"""HTTP by hand: one request at a time, and what went wrong told exactly.

A connection that was kept alive may be closed by the service before the next
request (it is idle for too long, or there are many). `Gone` says that no byte
of an answer came; all else that is not a whole, well-formed answer is a fault.
"""

import socket
import struct
import time
from dataclasses import dataclass
from typing import Optional

PATIENCE = 60.0  # seconds without a byte until the service is stuck
TRIES = 100  # of a request that got no answer
LINGER_NONE = struct.pack("ii", 1, 0)
NDJSON = "application/x-ndjson"
JSON = "application/json"


class Failure(Exception):
    """The service did not do what it must; the text says what it did."""


class Gone(Exception):
    """The connection ended before the first byte of an answer."""


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    fields: dict[str, str]  # names in lower case
    body: bytes

    @property
    def keeps(self) -> bool:
        """Whether the connection may be used again."""
        return self.fields.get("connection", "").lower() != "close"


def head_of(method: str, target: str, body: bytes = b"", kind: str = "",
            fields: str = "") -> bytes:
    """A request's head. `fields` are whole lines, each with its end."""
    text = f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{fields}"
    if kind:
        text += f"Content-Type: {kind}\r\n"
    if body or method == "POST":
        text += f"Content-Length: {len(body)}\r\n"
    return (text + "\r\n").encode()


class Connection:
    """One connection."""

    def __init__(self, port: int, receive_buffer: int = 0):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                   receive_buffer)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(PATIENCE)
        self._buffer = b""
        self._end = "closed"  # or how else the connection ended
        try:
            self.socket.connect(("127.0.0.1", port))
        except OSError as error:
            self.socket.close()
            raise Failure(f"no connection to the service: {error}") from error

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        """End it with RST: at once, and whatever is in flight is lost."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
        self.socket.close()

    def send(self, data: bytes) -> None:
        """All of it. Where the service has closed, reading will tell."""
        try:
            self.socket.sendall(data)
        except socket.timeout:
            raise Failure(f"took no byte of a request in {PATIENCE:.0f} s") from None
        except OSError:
            pass

    def rest(self) -> bytes:
        """Whatever else comes, up to the end of the connection."""
        while self._more():
            pass
        rest, self._buffer = self._buffer, b""
        return rest

    def answer(self, head_only: bool = False) -> Answer:
        """The next answer; those before the last (100) are skipped."""
        while True:
            status, fields = self._head()
            if status >= 200:
                break
        if head_only or status in (204, 304):
            body = b""
        elif fields.get("transfer-encoding", "").lower() == "chunked":
            body = self._chunks()
        elif "content-length" in fields:
            body = self._exactly(int(fields["content-length"]))
        else:
            body = self.rest()
        return Answer(status, fields, body)

    def _more(self) -> bool:
        """Read on; false at the end, however it came."""
        try:
            data = self.socket.recv(262144)
        except socket.timeout:
            raise Failure(f"no answer in {PATIENCE:.0f} s") from None
        except OSError as error:
            self._end = str(error)
            return False
        self._buffer += data
        return bool(data)

    def _head(self) -> tuple[int, dict[str, str]]:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if not self._more():
                if self._buffer:
                    raise Failure(f"an answer cut in its head: {self._buffer!r}")
                raise Gone
        lines = self._buffer[:end].decode("latin-1").split("\r\n")
        self._buffer = self._buffer[end + 4:]
        words = lines[0].split(" ", 2)
        if len(words) < 2 or words[0] != "HTTP/1.1" or not words[1].isdecimal():
            raise Failure(f"no status line: {lines[0]!r}")
        fields = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon:
                raise Failure(f"no header field: {line!r}")
            fields[name.lower()] = value.strip()
        return int(words[1]), fields

    def _need(self, size: int = 0, length: int = 0) -> None:
        if not self._more():
            raise Failure(f"an answer was cut in its body, at {size} of {length} "
                          f"bytes: {self._end}")

    def _exactly(self, length: int) -> bytes:
        parts, size = [self._buffer], len(self._buffer)
        self._buffer = b""
        while size < length:
            self._need(size, length)
            parts.append(self._buffer)
            size += len(self._buffer)
            self._buffer = b""
        whole = b"".join(parts)
        self._buffer = whole[length:]
        return whole[:length]

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\r\n")) < 0:
            self._need()
        line, self._buffer = self._buffer[:end], self._buffer[end + 2:]
        return line

    def _chunks(self) -> bytes:
        """RFC 9112, section 7.1."""
        parts = []
        while size := int(self._line().partition(b";")[0], 16):
            parts.append(self._exactly(size + 2)[:-2])
        while self._line():
            pass
        return b"".join(parts)


class Client:
    """Asks over a connection that is kept as long as the service keeps it,
    and asks again where no answer came."""

    def __init__(self, port: int):
        self.port = port
        self.retries = 0
        self._connection: Optional[Connection] = None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def ask(self, method: str, target: str, body: bytes = b"", kind: str = "",
            fields: str = "", new: bool = False) -> tuple[Answer, bool]:
        """The answer, and whether the request may have been taken twice.
        `new`: over a connection of its own."""
        data = head_of(method, target, body, kind, fields) + body
        return self.exchange(data, f"{method} {target}", method == "HEAD", new)

    def exchange(self, data: bytes, label: str, head_only: bool = False,
                 new: bool = False) -> tuple[Answer, bool]:
        """The same for a whole request as bytes."""
        if new:
            self.close()
        for tried in range(TRIES):
            try:
                return self._once(data, head_only, new), tried > 0
            except Gone:
                self.close()
                self.retries += 1
                time.sleep(0.01 * min(tried, 20))  # do not press a crowd
        raise Failure(f"{label}: no answer in {TRIES} tries")

    def _once(self, data: bytes, head_only: bool, new: bool) -> Answer:
        if self._connection is None:
            self._connection = Connection(self.port)
        self._connection.send(data)
        answer = self._connection.answer(head_only)
        if new or not answer.keeps:
            self.close()
        return answer
