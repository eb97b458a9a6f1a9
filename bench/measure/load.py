# SPDX-License-Identifier: Apache-2.0
"""The load generators: wrk, bench_pace, bench_batch and rockets."""

import json
import os
import re
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Mapping, Optional, Sequence

from .common import BENCH, Failure
from .servers import Server, die_with_parent

PATIENCE = 180.0  # seconds after which a generator counts as stuck


class Job:
    """A load generator in the background. The end of its `with` stops it."""

    def __init__(self, server: Server, command: Sequence[str],
                 environment: Mapping[str, str]):
        self.server = server
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, **environment}, preexec_fn=die_with_parent)

    def __enter__(self) -> "Job":
        return self

    def __exit__(self, kind: Optional[type[BaseException]],
                 error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def stop(self) -> None:
        """Stop it early. It still prints its figures."""
        self.process.send_signal(signal.SIGINT)

    def output(self) -> str:
        """Wait for its end. Returns its stdout. A nonzero status is a failure."""
        name = Path(str(self.process.args[0])).name  # type: ignore[index]
        try:
            out, errors = self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.server.name}: {name} did not end within "
                          f"{PATIENCE:.0f} s") from None
        self.server.check_alive()
        text = out.decode(errors="replace")
        if self.process.returncode != 0:
            reason = errors.decode(errors="replace").strip()
            raise Failure(f"{self.server.name}: {name} failed: {reason}\n{text}")
        return text


# wrk


@dataclass(frozen=True)
class WrkResult:
    """The counts of wrk in one round."""

    requests: int
    seconds: float
    bytes: int
    positions: str  # where the messages stopped; see messages.lua

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


@dataclass(frozen=True)
class Fleet:
    """The rockets of messages that wrk sends; see messages.lua."""

    round: int  # another round, other rockets
    rockets: int = 20
    offset: int = 0
    first: int = 1
    positions: str = ""

    def environment(self) -> dict[str, str]:
        return {"ROUND": str(self.round), "ROCKETS": str(self.rockets),
                "OFFSET": str(self.offset), "FIRST": str(self.first),
                "POSITIONS": self.positions}


class Wrk(Job):
    """A run of wrk, which accepts only whole seconds."""

    def __init__(self, server: Server, script: str, path: str, connections: int,
                 seconds: int, environment: Mapping[str, str]):
        # Two threads can load two cores. Three connections have a thread each,
        # like the three workers of `rockets`.
        threads = 3 if connections == 3 else min(2, connections)
        super().__init__(
            server, ["wrk", "-t", str(threads), "-c", str(connections), "-d",
                     f"{seconds}s", "-s", str(BENCH / script), server.url + path],
            {"THREADS": str(threads), **environment})

    def __enter__(self) -> "Wrk":
        return self

    def result(self) -> WrkResult:
        """Wait for its end. Any error that wrk counted is a failure."""
        return _read_wrk(self.server, self.output())


def _read_wrk(server: Server, output: str) -> WrkResult:
    found = re.search(r"^counted: (.*)$", output, re.MULTILINE)
    if not found:
        raise Failure(f"{server.name}: wrk printed no counts:\n{output}")
    fields = dict(field.split("=") for field in found[1].split())
    errors = {name: fields[name] for name in
              ("status", "connect", "read", "write", "timeout")
              if fields[name] != "0"}
    if errors:
        raise Failure(f"{server.name}: wrk counted errors: {errors}")
    if fields["requests"] == "0":
        raise Failure(f"{server.name}: no request had a response")
    return WrkResult(int(fields["requests"]), int(fields["microseconds"]) / 1e6,
                     int(fields["bytes"]), fields.get("positions", ""))


def post(server: Server, fleet: Fleet, connections: int, seconds: int,
         close: bool = False) -> Wrk:
    """POST /messages as fast as possible; with `close`, a connection for each."""
    environment = {**fleet.environment(), "CLOSE": "1" if close else "0"}
    return Wrk(server, "messages.lua", "/messages", connections, seconds,
               environment)


def get(server: Server, targets: Sequence[str], connections: int,
        seconds: int) -> Wrk:
    """GET the targets in turn, as fast as possible."""
    return Wrk(server, "get.lua", targets[0], connections, seconds,
               {"TARGETS": " ".join(targets)})


# Our own generators. A flag is given as a keyword, with _ in place of -.


class Generator(Job):
    """A run of bench_pace or bench_batch, which check each response."""

    def __init__(self, program: Path, server: Server, flags: Mapping[str, object]):
        command = [str(program), f"-port={server.port}"]
        command += [f"-{name.replace('_', '-')}={value}"
                    for name, value in flags.items()]
        super().__init__(server, command, {})

    def __enter__(self) -> "Generator":
        return self

    def result(self) -> dict[str, float]:
        """Wait for its end. Returns its figures."""
        result: dict[str, float] = json.loads(self.output())
        return result


def start_pace(programs: Path, server: Server, **flags: object) -> Generator:
    """Start bench_pace, which measures latencies at a fixed rate."""
    return Generator(programs / "bench_pace", server, flags)


def pace(programs: Path, server: Server, **flags: object) -> dict[str, float]:
    """Run bench_pace to its end. Returns its figures."""
    with start_pace(programs, server, **flags) as job:
        return job.result()


def batch(programs: Path, server: Server, **flags: object) -> dict[str, float]:
    """Run bench_batch, which sends batches, to its end. Returns its figures."""
    with Generator(programs / "bench_batch", server, flags) as job:
        return job.result()


def rockets(programs: Path, server: Server, *flags: str) -> float:
    """Run `rockets launch`. Returns the seconds until all were delivered."""
    command = [str(programs / "rockets"), "launch", server.url + "/messages"]
    with Job(server, [*command, *flags], {}) as job:
        output = job.output()
    found = re.search(r"^delivered .* in ([0-9.]+) s", output, re.MULTILINE)
    if not found:
        raise Failure(f"{server.name}: rockets printed no figures:\n{output}")
    return float(found[1])
