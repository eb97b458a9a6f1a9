# SPDX-License-Identifier: Apache-2.0
"""A server process: start it, look at it from outside, stop it."""

import ctypes
import os
import re
import resource
import select
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping

from client import Failure

START_SECONDS = STOP_SECONDS = 300.0  # only a bound
PAGE = os.sysconf("SC_PAGE_SIZE")
PR_SET_PDEATHSIG = 1
CPUCLOCK_SCHED = 2  # from the kernel's posix-timers.h

# Lines on stderr that are not complaints: level info or debug, and warnings of
# refused requests, which are the mistakes of a client.
QUIET_LINE = re.compile(
    r"\d{4}-\d\d-\d\dT[0-9:.]+Z (info |debug |warn  "
    r"(127\.0\.0\.1:\d+ \S+ .* (202|4\d\d|50[13]|no response|\d+: libmicrohttpd)\b"
    r"|(further )?refused requests\b))")

_libc = ctypes.CDLL(None)


def die_with_parent() -> None:
    """Call it in a child process: the kernel kills it when its parent ends."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def allow_files() -> int:
    """Raise the limit of open files to the hard limit, which is returned."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


@dataclass(frozen=True)
class Look:
    """What the kernel says about a process."""

    resident: int  # bytes
    descriptors: int
    threads: int
    cpu: float  # seconds so far, of all threads, including ended ones


class Service:
    """A running server. The end of its `with` kills it, if it still runs."""

    def __init__(self, program: Path | str, log: Path, *flags: str,
                 port: int = 0, environment: Mapping[str, str] = {}):
        """Start `program` with `flags` and wait until it listens on 127.0.0.1.
        With port 0 it gets the flag -port=0 and prints the port that it chose,
        as lunar.service and bare_mhd do. Any other program has to be told its
        `port` in its own way. `log` gets its stderr. `environment` is
        added to ours."""
        self.log = log
        command = [str(program), *([] if port else ["-port=0"]), *flags]
        with open(log, "wb") as errors:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors,
                                            env={**_environment(), **environment},
                                            preexec_fn=die_with_parent)
        self.port = self._open_port(port) if port else self._printed_port()
        if self.port == 0:
            self.kill()
            raise Failure(f"the server did not start: {self._said()}")

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def look(self) -> Look:
        """Its resources now."""
        proc = Path(f"/proc/{self.process.pid}")
        try:
            pages = int((proc / "statm").read_text().split()[1])
            descriptors = len(os.listdir(proc / "fd"))
            threads = len(os.listdir(proc / "task"))
            # The clock id that clock_getcpuclockid(3) returns.
            cpu = time.clock_gettime((~self.process.pid << 3) | CPUCLOCK_SCHED)
        except OSError as error:
            self.check_alive()
            raise Failure(f"cannot read {proc}: {error}") from error
        return Look(pages * PAGE, descriptors, threads, cpu)

    def check_alive(self) -> None:
        """Raise Failure if it has ended."""
        if (status := self.process.poll()) is not None:
            raise Failure(f"the server ended with status {status}: {self._said()}")

    def stop(self) -> list[str]:
        """Send SIGTERM and wait. Returns what was wrong with the end."""
        self.process.terminate()
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            return [f"the server still ran {STOP_SECONDS:.0f} s after SIGTERM"]
        return [f"status {status} after SIGTERM: {self._said()}"] if status else []

    def kill(self) -> None:
        """End it at once, if it still runs."""
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def complaints(self) -> list[str]:
        """Lines on stderr of level warn or error, without those of refused
        requests, and what a sanitizer says."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [line for line in lines if not QUIET_LINE.match(line)]

    def _printed_port(self) -> int:
        """The port that the program prints; -1 with -port=none; 0 if it prints none."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        line = self.process.stdout.readline().decode() if ready else ""
        found = re.search(r"listening on https?://127\.0\.0\.1:(\d+)", line)
        if found is None:
            return -1 if "(no TCP port; " in line else 0
        return int(found[1])

    def _open_port(self, port: int) -> int:
        """`port`, when it takes connections; 0 if it does not in time."""
        ends = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < ends:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return port
            except OSError:
                time.sleep(0.02)
        return 0

    def _said(self) -> str:
        """The first complaints; the report of a sanitizer is long."""
        return " / ".join(self.complaints()[:5]) or "nothing on stderr"


def _environment() -> dict[str, str]:
    """Our own, without flags of the service. AddressSanitizer keeps freed
    memory, 256 MiB by default: a smaller quarantine is soon full, so that
    memory is flat from then on."""
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("LUNAR_")}
    environment.setdefault("ASAN_OPTIONS", "quarantine_size_mb=16")
    return environment
