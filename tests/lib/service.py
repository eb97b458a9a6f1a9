# SPDX-License-Identifier: Apache-2.0
"""The service under test: started, looked at from outside, stopped."""

import ctypes
import os
import re
import resource
import select
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from client import Failure

START_SECONDS = 30.0  # to listen, at most; a sanitizer takes some of it
STOP_SECONDS = 30.0
PAGE = os.sysconf("SC_PAGE_SIZE")
PR_SET_PDEATHSIG = 1
CPUCLOCK_SCHED = 2  # of the kernel's headers

# What it may say while all is well: lines of the level info.
QUIET_LINE = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z (info|debug) ")

_libc = ctypes.CDLL(None)


def die_with_parent() -> None:
    """In the child: it does not outlive us, however we end."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def allow_files() -> int:
    """As many open files as the machine allows, for us and all children."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


@dataclass(frozen=True)
class Look:
    """What the kernel says of a process."""

    resident: int  # bytes
    proportional: int  # bytes, shared pages counted by share
    descriptors: int
    threads: int
    cpu: float  # seconds so far


class Service:
    """A running lunar.service; leaving its `with` ends it, if need be."""

    def __init__(self, program: Path, log: Path, *flags: str):
        """Start `program` on a free port, with more `flags`; wait until it is
        ready. `log` gets its stderr."""
        self.log = log
        with open(self.log, "wb") as errors:
            self.process = subprocess.Popen(
                [str(program), "-port=0", *flags],
                stdout=subprocess.PIPE, stderr=errors,
                env=_environment(), preexec_fn=die_with_parent)
        self.port = self._wait_for_port()

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def look(self) -> Look:
        """How it stands now."""
        proc = Path(f"/proc/{self.process.pid}")
        try:
            statm = (proc / "statm").read_text().split()
            status = (proc / "status").read_text()
            rollup = (proc / "smaps_rollup").read_text()
            descriptors = len(os.listdir(proc / "fd"))
            # The clock of a process, as clock_getcpuclockid(3) makes it.
            cpu = time.clock_gettime((~self.process.pid << 3) | CPUCLOCK_SCHED)
        except (OSError, ValueError) as error:
            self.check_alive()
            raise Failure(f"the service cannot be looked at: {error}") from error
        return Look(int(statm[1]) * PAGE, _number(rollup, "Pss") * 1024,
                    descriptors, _number(status, "Threads"), cpu)

    def check_alive(self) -> None:
        """Ended by itself is a failure."""
        if self.process.poll() is not None:
            raise Failure(f"the service ended with status "
                          f"{self.process.returncode}: {self._said()}")

    def stop(self) -> list[str]:
        """Ask it to end; what is wrong with how it did."""
        self.process.terminate()
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            return [f"the service still ran {STOP_SECONDS:.0f} s after SIGTERM"]
        if status != 0:
            return [f"the service ended with status {status} after SIGTERM: "
                    f"{self._said()}"]
        return []

    def complaints(self) -> list[str]:
        """Lines on stderr that are not of a service that is well."""
        return [line for line in
                self.log.read_text(errors="replace").splitlines()
                if not QUIET_LINE.match(line)]

    def _wait_for_port(self) -> int:
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        line = self.process.stdout.readline().decode() if ready else ""
        found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", line)
        if not found:
            self.process.kill()
            self.process.wait()
            raise Failure(f"the service did not start: {self._said()}")
        return int(found[1])

    def _said(self) -> str:
        """The first of its complaints; a sanitizer's go on and on."""
        return " / ".join(self.complaints()[:5]) or "nothing on stderr"


def _environment() -> dict[str, str]:
    """Ours, without flags of the service. What was freed is kept back by
    AddressSanitizer, 256 MiB unless told: less is soon full, so flat."""
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("LUNAR_")}
    environment.setdefault("ASAN_OPTIONS", "quarantine_size_mb=16")
    return environment


def _number(text: str, name: str) -> int:
    found = re.search(rf"^{name}:\s*(\d+)", text, re.MULTILINE)
    return int(found[1]) if found else 0
