# SPDX-License-Identifier: Apache-2.0
"""An HTTP/1.1 client that shows the bytes: one request at a time on a socket
that the caller may also use directly, to send half a request or not to read.

The service may close a kept-alive connection before the next request. `Gone`
says that no byte of a response came; anything else that is not a complete,
well-formed response is a `Failure`.
"""

import gzip
import json
import re
import socket
import ssl
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

PATIENCE = 300.0  # seconds without a byte until the service counts as stuck
TRIES = 100  # of a request that gets no response
LINGER_NONE = struct.pack("ii", 1, 0)
NDJSON = "application/x-ndjson"
JSON = "application/json"


class Failure(Exception):
    """The service did not do what it must; the text says what it did."""


class Gone(Exception):
    """The connection ended before the first byte of a response."""


@dataclass(frozen=True)
class Answer:
    """A complete response."""

    status: int
    fields: dict[str, str]  # names in lower case
    body: bytes  # decompressed

    @property
    def keep_alive(self) -> bool:
        """Whether the connection may be used again."""
        return self.fields.get("connection", "").lower() != "close"

    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


def head_of(method: str, target: str, body: bytes = b"", kind: str = "",
            fields: str = "") -> bytes:
    """A request's head. `kind` is the media type of the body, `fields` are
    more lines, each with its line end."""
    text = f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{fields}"
    text += f"Content-Type: {kind}\r\n" if kind else ""
    if body or method == "POST":
        text += f"Content-Length: {len(body)}\r\n"
    return (text + "\r\n").encode()


class Connection:
    """One connection to a port of 127.0.0.1."""

    def __init__(self, port: int, receive_buffer: int = 0,
                 authority: Optional[Path] = None):
        """`receive_buffer`: bytes, if the kernel's default is too large.
        `authority`: speak TLS, and trust the certificates in this file."""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(PATIENCE)
        self._buffer = bytearray()
        try:
            self.socket.connect(("127.0.0.1", port))
            if authority is not None:
                self.socket = ssl.create_default_context(cafile=authority).wrap_socket(
                    self.socket, server_hostname="localhost")
        except OSError as error:
            self.socket.close()
            raise Failure(f"no connection to port {port}: {error}") from error

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        """End it with RST: at once, and what is in flight is lost."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Send all of it. If that fails, reading will tell."""
        try:
            self.socket.sendall(data)
        except OSError:
            pass

    def rest(self) -> bytes:
        """All that comes until the end of the connection."""
        while self._read():
            pass
        return self._take(len(self._buffer))

    def answer(self, head_only: bool = False) -> Answer:
        """The next response; any 100 before it is skipped. `head_only`: to
        HEAD, which gets no body."""
        status = 100
        while status < 200:
            status, fields = self._head()
        if head_only or status in (204, 304):
            body = b""
        elif fields.get("transfer-encoding", "").lower() == "chunked":
            body = self._chunks()
        elif "content-length" in fields:
            body = self._take(int(fields["content-length"]))
        else:
            body = self.rest()
        if body and fields.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        return Answer(status, fields, body)

    def _read(self) -> bool:
        """Read more; false at the end of the connection, however it came."""
        try:
            data = self.socket.recv(262144)
        except socket.timeout:
            raise Failure(f"no response in {PATIENCE:.0f} s") from None
        except OSError:
            return False
        self._buffer += data
        return bool(data)

    def _need(self) -> None:
        if not self._read():
            raise Failure(f"a response is cut off in {bytes(self._buffer[:300])!r}")

    def _take(self, length: int) -> bytes:
        """The next `length` bytes."""
        while len(self._buffer) < length:
            self._need()
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken

    def _until(self, mark: bytes) -> bytes:
        """Take what stands before `mark`, and drop the mark."""
        while (end := self._buffer.find(mark)) < 0:
            self._need()
        return self._take(end + len(mark))[:end]

    def _head(self) -> tuple[int, dict[str, str]]:
        if not self._buffer and not self._read():
            raise Gone
        first, *lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        if not re.match(r"HTTP/1\.1 \d{3} ", first):
            raise Failure(f"not a status line: {first!r}")
        fields = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon:
                raise Failure(f"not a header field: {line!r}")
            fields[name.lower()] = value.strip()
        return int(first[9:12]), fields

    def _chunks(self) -> bytes:
        """RFC 9112, section 7.1."""
        parts = []
        while size := int(self._until(b"\r\n").partition(b";")[0], 16):
            parts.append(self._take(size + 2)[:-2])
        while self._until(b"\r\n"):
            pass
        return b"".join(parts)


class Client:
    """Sends requests over one connection for as long as the service keeps it,
    and sends a request again if it got no response."""

    def __init__(self, port: int):
        self.port = port
        self.retries = 0  # requests sent again: they may be taken twice
        self._connection: Optional[Connection] = None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def ask(self, method: str, target: str, body: bytes = b"", kind: str = "",
            fields: str = "", new: bool = False) -> Answer:
        """The response to a request, as head_of() writes it. `new`: over a
        connection of its own."""
        if new:
            self.close()
        data = head_of(method, target, body, kind, fields) + body
        answer = self.exchange(data, method == "HEAD")
        if new:
            self.close()
        return answer

    def exchange(self, data: bytes, head_only: bool = False) -> Answer:
        """The response to a request that is given as bytes."""
        for tried in range(TRIES):
            self._connection = self._connection or Connection(self.port)
            self._connection.send(data)
            try:
                answer = self._connection.answer(head_only)
            except Gone:
                self.close()
                self.retries += 1
                time.sleep(0.01 * min(tried, 20))
                continue
            if not answer.keep_alive:
                self.close()
            return answer
        raise Failure(f"no response in {TRIES} tries to {data[:100]!r}")
