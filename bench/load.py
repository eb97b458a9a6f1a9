# SPDX-License-Identifier: Apache-2.0
"""The load generators: wrk, bench_pace, bench_readers, rockets, and batches from
here."""

import ctypes
import json
import os
import re
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Sequence

from client import NDJSON, Failure, head_of
from common import BENCH, Bench, Cost, Server, count
from service import die_with_parent

PATIENCE = 180.0  # seconds after which a generator counts as stuck
MAX_MESSAGE = 384  # FLEET_MAX_MESSAGE of fleet.h
HEAD_ROOM = 256  # bytes, for the head of a batch


class Job:
    """A load generator in the background. The end of its `with` kills it."""

    def __init__(self, server: Server, command: Sequence[str],
                 environment: Mapping[str, str] = {}, takes_input: bool = False):
        self.server = server
        token = {"TOKEN": server.token, "ROCKETS_TOKEN": server.token}
        self.name = Path(command[0]).name
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE if takes_input else None,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, **token, **environment}, preexec_fn=die_with_parent)

    def __enter__(self) -> "Job":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def stop(self) -> None:
        """Stop it early. It still prints its figures."""
        self.process.send_signal(signal.SIGINT)

    def output(self) -> str:
        """Wait for its end. Returns its stdout. A nonzero status is a failure."""
        try:
            out, errors = self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.server.name}: {self.name} did not end within "
                          f"{PATIENCE:.0f} s") from None
        self.server.check_alive()
        if self.process.returncode != 0:
            raise Failure(f"{self.server.name}: {self.name} failed: "
                          f"{errors.decode(errors='replace').strip()}")
        return out.decode(errors="replace")


# wrk


@dataclass(frozen=True)
class WrkResult:
    """The counts of wrk in one round."""

    requests: int
    seconds: float
    p50: float  # ms
    p99: float


def wrk(bench: Bench, server: Server, connections: int, seconds: int,
        **environment: object) -> Job:
    """Start wrk with wrk.lua, whose environment is given in lower case."""
    # Two threads can load two cores. Three connections have a thread each,
    # like the three workers of `rockets`.
    threads = 3 if connections == 3 else min(2, connections)
    variables = {"FLEET": str(bench.programs / "libbench_fleet.so"),
                 "THREADS": str(threads),
                 **{name.upper(): str(value) for name, value in environment.items()}}
    return Job(server, ["wrk", "-t", str(threads), "-c", str(connections), "-d",
                        f"{seconds}s", "-s", str(BENCH / "wrk.lua"),
                        server.url + "/messages"], variables)


def wrk_result(job: Job) -> WrkResult:
    """Wait for the end of wrk. Any error that it counted is a failure."""
    output = job.output()
    found = re.search(r"^counted: (.*)$", output, re.MULTILINE)
    if not found:
        raise Failure(f"{job.server.name}: wrk printed no counts:\n{output}")
    fields = {name: int(value) for name, value in
              (field.split("=") for field in found[1].split())}
    errors = {name: fields[name] for name in
              ("status", "connect", "read", "write", "timeout") if fields[name]}
    if errors or not fields["requests"]:
        raise Failure(f"{job.server.name}: wrk counted {fields['requests']} requests "
                      f"and errors: {errors}")
    return WrkResult(fields["requests"], fields["microseconds"] / 1e6,
                     fields["p50"] / 1e3, fields["p99"] / 1e3)


def measure_wrk(bench: Bench, server: Server, connections: int, cost: Cost,
                **environment: object) -> tuple[WrkResult, str]:
    """Run wrk for a round, and add it to `cost`. Returns a text as well."""
    used = server.look().cpu
    with wrk(bench, server, connections, bench.options.seconds,
             **environment) as job:
        result = wrk_result(job)
    used = server.look().cpu - used
    return result, cost.add(result.requests, result.seconds, used)


def post(bench: Bench, server: Server, connections: int, cost: Cost,
         **environment: object) -> str:
    """Run a round of POST, and check that all was applied. Returns a text."""
    before = server.applied() if server.is_service else 0
    result, text = measure_wrk(bench, server, connections, cost, **environment)
    if server.is_service:
        # Those that were in progress when wrk stopped may have been applied.
        more = server.applied() - before - result.requests
        if not 0 <= more <= connections:
            raise Failure(f"{server.name}: {count(result.requests)} requests had a "
                          f"response, but {more:+,} messages were applied")
    return text


# bench_pace


def pace(bench: Bench, server: Server, connections: int, rate: int,
         milliseconds: int, samples: int = 0) -> Job:
    """Start bench_pace with new rockets: POST at a fixed rate, or as fast as each has
    a response if that is 0. With `samples` 1 it also prints the latency of each
    request."""
    return Job(server, [
        str(bench.programs / "bench_pace"), f"-port={server.port}", *server.reach(),
        f"-connections={connections}", f"-rate={rate}",
        f"-milliseconds={milliseconds}", f"-round={bench.new_round()}",
        f"-samples={samples}"])


def pace_posts(bench: Bench, server: Server, connections: int, rate: int,
               milliseconds: int) -> dict[str, float]:
    """Run bench_pace, which checks each response, and count what was applied."""
    before = server.applied() if server.is_service else 0
    with pace(bench, server, connections, rate, milliseconds) as job:
        result: dict[str, float] = json.loads(job.output())
    if server.is_service and server.applied() - before != result["requests"]:
        raise Failure(f"{server.name}: {count(result['requests'])} requests had a "
                      f"response but {count(server.applied() - before)} messages "
                      "were applied")
    return result


# bench_readers


class Readers(Job):
    """bench_readers: streams of events, all of which are open."""

    def __init__(self, bench: Bench, server: Server, readers: int, **flags: int):
        named = [f"-{name.replace('_', '-')}={value}" for name, value in flags.items()]
        super().__init__(server, [str(bench.programs / "bench_readers"),
                                  f"-port={server.port}", *server.reach(),
                                  f"-readers={readers}", *named])
        assert self.process.stdout is not None
        if self.process.stdout.readline() != b"open\n":
            self.output()
            raise Failure(f"{server.name}: {readers} streams were not opened")

    def result(self, early: bool = False) -> dict[str, float]:
        """Its figures, at its end or now. No stream may have been closed."""
        if early:
            self.stop()
        found: dict[str, float] = json.loads(self.output())
        if found["closed"]:
            raise Failure(f"{self.server.name} closed {found['closed']} streams")
        return found


# rockets


def rockets_launch(bench: Bench, server: Server, *flags: str) -> float:
    """Run `rockets launch`. Returns the seconds until all were delivered."""
    command = [str(bench.programs / "rockets"), "launch", server.url + "/messages"]
    with Job(server, [*command, *server.reach("--"), *flags]) as job:
        output = job.output()
    found = re.search(r"^delivered .* in ([0-9.]+) (m?)s,", output, re.MULTILINE)
    if not found:
        raise Failure(f"{server.name}: rockets printed no figures:\n{output}")
    return float(found[1]) / (1000 if found[2] else 1)


# Batches


class Fleet(ctypes.Structure):
    """struct fleet of fleet.h."""

    _fields_ = [(name, ctypes.c_uint64) for name in
                ("round", "first", "last", "step", "number", "rocket")]


def make_batch(bench: Bench, fleet: Fleet, messages: int, fields: str = "") -> bytes:
    """A request, head and body, with the next messages of the fleet. `fields` are
    more lines of its head."""
    library = ctypes.CDLL(str(bench.programs / "libbench_fleet.so"))
    library.fleet_lines.restype = ctypes.c_size_t
    request = bytearray(HEAD_ROOM + messages * MAX_MESSAGE)
    body = (ctypes.c_char * 0).from_buffer(request, HEAD_ROOM)
    length: int = library.fleet_lines(ctypes.byref(fleet),
                                      ctypes.c_uint64(messages), body)
    # The head has the length of the body, so it is put before it at last.
    head = head_of("POST", "/messages", kind=NDJSON, fields=fields).replace(
        b"Content-Length: 0", b"Content-Length: %d" % length)
    start = HEAD_ROOM - len(head)
    view = memoryview(request)
    view[start:HEAD_ROOM] = head
    return bytes(view[start:HEAD_ROOM + length])


def send_batches(server: Server, requests: Sequence[bytes], messages: int) -> None:
    """Send requests over one connection; check that all was applied."""
    connection = server.connect()
    for request in requests:
        connection.send(request)
        answer = connection.answer()
        if answer.status != 202:
            raise Failure(f"{server.name}: a batch: status {answer.status}: "
                          f"{answer.body[:200]!r}")
        if server.is_service and json.loads(answer.body)["applied"] != messages:
            raise Failure(f"{server.name}: a batch of {messages}: {answer.body!r}")
    connection.close()


def batch(server: Server, shares: Sequence[Sequence[bytes]], messages: int) -> float:
    """Send the requests of each share, all shares at once. Returns seconds."""
    with ThreadPoolExecutor(len(shares)) as threads:
        begun = time.perf_counter()
        for _ in threads.map(lambda share: send_batches(server, share, messages),
                             shares):
            pass
        taken = time.perf_counter() - begun
    server.check_alive()
    return taken


def launch(bench: Bench, server: Server, rockets: int) -> tuple[int, float]:
    """Launch new rockets in one batch. Returns their round, and the seconds."""
    number = bench.new_round()
    fleet = Fleet(number, 1, rockets, 1, 1, 1)
    taken = batch(server, [[make_batch(bench, fleet, rockets, server.fields)]], rockets)
    return number, taken
