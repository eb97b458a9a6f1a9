# SPDX-License-Identifier: Apache-2.0
"""Starts and stops the measured servers, and reads their CPU time and memory."""

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
from types import TracebackType
from typing import Optional

from .common import BENCH, Failure

START_SECONDS = 10.0  # most time until a server listens
STOP_SECONDS = 20.0  # most time until a stopped server has ended
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
PR_SET_PDEATHSIG = 1
CPUCLOCK_SCHED = 2  # from the kernel's posix-timers.h

_libc = ctypes.CDLL(None)


def die_with_parent() -> None:
    """Call it in a child process: the kernel kills it when its parent ends."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def allow_files() -> None:
    """Raise the limit of open files to the hard limit; children inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@dataclass(frozen=True)
class Cpu:
    """CPU time of a process: of all its threads, including ended ones."""

    total: float  # seconds, exact
    user: float  # seconds, in steps of a clock tick, 10 ms
    system: float  # likewise

    def __sub__(self, other: "Cpu") -> "Cpu":
        """The time since `other`, with user and system scaled to the total."""
        total = self.total - other.total
        user, system = self.user - other.user, self.system - other.system
        share = user / (user + system) if user + system > 0 else 0.0
        return Cpu(total, total * share, total * (1 - share))


class Server:
    """A process that listens on a port of 127.0.0.1."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], port: int):
        self.name = name
        self.process = process
        self.port = port

    @property
    def is_service(self) -> bool:
        """Whether the server is lunar.service, which applies messages."""
        return self.name.startswith("lunar.service")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu(self) -> Cpu:
        """The CPU time so far."""
        # The clock id that clock_getcpuclockid(3) returns.
        total = time.clock_gettime((~self.process.pid << 3) | CPUCLOCK_SCHED)
        stat = Path(f"/proc/{self.process.pid}/stat").read_text()
        # Fields 14 and 15 of proc(5), counted from the end of the name,
        # because the name may have spaces.
        fields = stat.rpartition(")")[2].split()
        return Cpu(total, int(fields[11]) / TICKS, int(fields[12]) / TICKS)

    def resident(self) -> int:
        """The resident memory in bytes."""
        statm = Path(f"/proc/{self.process.pid}/statm").read_text()
        return int(statm.split()[1]) * PAGE

    def check_alive(self) -> None:
        if self.process.poll() is not None:
            raise Failure(f"{self.name} ended with status {self.process.returncode}")


class Servers:
    """The servers of one section. The end of its `with` stops them."""

    def __init__(self, programs: Path, work: Path):
        self.programs = programs
        self.work = work
        self.running: list[Server] = []

    def __enter__(self) -> "Servers":
        return self

    def __exit__(self, kind: Optional[type[BaseException]],
                 error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        problems = self.stop()
        # An exception of the section is the cause; these would hide it.
        if problems and kind is None:
            raise Failure("; ".join(problems))

    def service(self, *flags: str) -> Server:
        """Start lunar.service with these flags, on a free port."""
        return self._start("lunar.service", *flags)

    def bare(self, *flags: str) -> Server:
        """Start bare_mhd with these flags, on a free port."""
        return self._start("bare_mhd", *flags)

    def nginx(self) -> Server:
        """Start nginx with one process and a fixed response."""
        folder = self.work / "nginx"
        folder.mkdir(exist_ok=True)
        port = _free_port()
        text = (BENCH / "nginx.conf.in").read_text().replace("@PORT@", str(port))
        (folder / "nginx.conf").write_text(text)
        process = self._spawn("nginx", ["nginx", "-p", str(folder), "-c",
                                        "nginx.conf", "-e", "error.log"])
        server = Server("nginx", process, port)
        self.running.append(server)
        _wait_for_port(server)
        return server

    def stop(self) -> list[str]:
        """Stop all servers. Returns a text for each that did not end cleanly."""
        running, self.running = self.running, []
        for server in running:
            server.process.terminate()
        return [text for text in map(_wait_for_end, running) if text]

    def _start(self, program: str, *flags: str) -> Server:
        """Start one of our programs, which prints its URL when it listens."""
        name = " ".join([program, *flags])
        process = self._spawn(program, [str(self.programs / program), "-port=0",
                                        *flags])
        server = Server(name, process, 0)
        self.running.append(server)
        line = _first_line(process)
        found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", line)
        if not found:
            raise Failure(f"{name} did not start: {line}\n{self._log(program)}")
        server.port = int(found[1])
        return server

    def _spawn(self, name: str, command: list[str]) -> "subprocess.Popen[bytes]":
        with open(self.work / f"{name}.log", "ab") as log:
            return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log,
                                    preexec_fn=die_with_parent)

    def _log(self, name: str) -> str:
        return (self.work / f"{name}.log").read_text(errors="replace")[-2000:]


def _first_line(process: "subprocess.Popen[bytes]") -> str:
    """The first line that the program prints; empty if it is too late."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    return process.stdout.readline().decode(errors="replace").strip() if ready else ""


def _free_port() -> int:
    """A free port, for nginx, which can't choose one itself."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for_port(server: Server) -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends:
        server.check_alive()
        try:
            socket.create_connection(("127.0.0.1", server.port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise Failure(f"{server.name} did not listen within {START_SECONDS:.0f} s")


def _wait_for_end(server: Server) -> str:
    """Wait until the server ends. Returns the problem, if there is one."""
    process = server.process
    try:
        status = process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return f"{server.name} did not stop within {STOP_SECONDS:.0f} s"
    finally:
        if process.stdout is not None:
            process.stdout.close()
    return f"{server.name} ended with status {status}" if status != 0 else ""
