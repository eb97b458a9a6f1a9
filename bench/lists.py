# SPDX-License-Identifier: Apache-2.0
"""Sections about reading: get, and lists of a million rockets."""

import json
import re
import time
from pathlib import Path

from client import Failure
from common import NAMES, PAIR, Bench, Server, applied_in, count, say, show_costs
from load import launch, measure_wrk, pace, pace_posts, wrk, wrk_result

GET_CONNECTIONS = 64
GET_ROCKETS = 20

BY_SPEED = "/rockets?sort=speed&order=desc"
PAGE = 50
TOP = f"{BY_SPEED}&limit={PAGE}"
INGEST_CONNECTIONS = 64
PACE_CONNECTIONS = 16  # of POST beside the whole list
PACE_RATE = 5_000  # requests/s

# Regular expressions, as for common.MESSAGES.
ID_AND_SPEED = re.compile(rb'\{"id":"([^"]+)","type":[^,]*,"speed":(-?\d+),')
PEAK = re.compile(r"VmHWM:\s*(\d+) kB")  # of proc(5), status


# get


def run_get(bench: Bench) -> None:
    """GET of a rocket and a short list, to responses as long"""
    section = bench.report.section(
        f"`GET /rockets/{{id}}` and `GET /rockets`, {GET_ROCKETS} rockets, "
        f"{GET_CONNECTIONS} connections", "bare MHD")
    section.notes.append(
        "The response of bare MHD is fixed. Its body is as long as the service's; "
        "it has fewer header fields (no `ETag`).")
    with bench.servers() as servers:
        service = servers.service()
        launch(bench, service, GET_ROCKETS)
        listed = service.get("/rockets").body
        targets = [f"/rockets/{rocket['id']}" for rocket in json.loads(listed)]
        if len(targets) != GET_ROCKETS:
            raise Failure(f"expected {GET_ROCKETS} rockets, got {len(targets)}")
        one = len(service.get(targets[0]).body)
        for name, chosen, size in (("`GET /rockets/{id}`", targets, one),
                                   ("`GET /rockets`", ["/rockets"], len(listed))):
            what = f"{name}, {count(size)} bytes"
            running = [service, servers.bare(f"-reply-bytes={size}")]
            costs = bench.compare(
                f"get: {what}", PAIR, lambda index, cost: measure_wrk(
                    bench, running[index], GET_CONNECTIONS, cost,
                    targets=" ".join(chosen))[1])
            show_costs(section, what, costs, "request")


# lists


def run_lists(bench: Bench) -> None:
    """lists of a million rockets, idle and under full ingest"""
    found: dict[str, list[float]] = {}
    for which in bench.rounds():
        with bench.servers() as servers:
            for name, value in lists_round(bench, servers.service()).items():
                found.setdefault(name, []).append(value)
        say(f"lists: {which}: " + ", ".join(
            f"{name} {values[-1]:,.2f}" for name, values in found.items()))
    rockets = f"{count(bench.options.million)} rockets"
    section = bench.report.section(f"Lists of {rockets}, by speed", "alone")
    section.notes.append(
        "A new service in each round; the rockets are launched in one batch. The "
        f"first {PAGE} are requested for a second, one at a time. Full ingest is "
        f"wrk's `POST` over {INGEST_CONNECTIONS} connections, of the same rockets. "
        "The whole list is streamed; it was in order and complete. Extra memory is "
        "the peak of resident memory during the list. A paced `POST` is "
        f"{count(PACE_RATE)} requests/s over {PACE_CONNECTIONS} connections, open "
        "loop, of other rockets.")
    for what, name, digits, base in (
            ("launching them", "messages/s", 0, ""),
            (f"first {PAGE}", "median, ms", 2, ""),
            (f"first {PAGE} under full ingest", "median, ms", 2, f"first {PAGE}"),
            ("full ingest", "messages/s", 0, ""),
            ("the whole list", "s", 2, ""),
            ("the whole list", "extra MB", 1, ""),
            ("the whole list beside paced `POST`", "s", 2, "the whole list"),
            ("paced `POST`", "p99, ms", 2, ""),
            ("paced `POST` beside the whole list", "p99, ms", 2, "paced `POST`")):
        section.add(what, NAMES[0], name, found[f"{what}, {name}"], digits,
                    found.get(f"{base}, {name}"))
    bench.report.at_least(f"launching {rockets}", 1e6,
                          found["launching them, messages/s"], " messages/s", 0)
    for what, limit, digits in (
            (f"first {PAGE}, median, ms", 1.5, 1),
            (f"first {PAGE} under full ingest, median, ms", 5, 1),
            ("the whole list, s", 1, 2),
            ("the whole list, extra MB", 32, 1),
            ("paced `POST` beside the whole list, p99, ms", 5, 1)):
        bench.report.at_most(f"{rockets}: {what}", limit, found[what], "", digits)


def lists_round(bench: Bench, server: Server) -> dict[str, float]:
    """All figures, by row and column of the table."""
    rockets = bench.options.million
    found: dict[str, float] = {}
    # Warm up: memory of connections and their threads is not the lists'.
    warm = pace_posts(bench, server, INGEST_CONNECTIONS, PACE_RATE, 200)
    launched, taken = launch(bench, server, rockets)
    found["launching them, messages/s"] = rockets / taken
    check_order(server.get(TOP).body, PAGE)
    found[f"first {PAGE}, median, ms"] = top_median(bench, server)
    with wrk(bench, server, INGEST_CONNECTIONS, 60, round=launched, last=rockets,
             number=2) as ingest:
        time.sleep(0.5)
        found[f"first {PAGE} under full ingest, median, ms"] = top_median(bench, server)
        ingest.stop()
        result = wrk_result(ingest)
    found["full ingest, messages/s"] = result.requests / result.seconds

    wait_until_quiet(server)
    proc = Path(f"/proc/{server.process.pid}")
    before = server.look().resident
    (proc / "clear_refs").write_text("5")  # the peak is now what is resident
    found["the whole list, s"], body = whole_list(server)
    peak = int(PEAK.findall((proc / "status").read_text())[0]) * 1024
    found["the whole list, extra MB"] = (peak - before) / 1e6
    check_order(body, rockets + 20)
    least = int(warm["requests"]) + rockets + result.requests
    # Those that were in progress when wrk stopped may have been applied.
    if not 0 <= (more := applied_in(body) - least) <= INGEST_CONNECTIONS:
        raise Failure(f"{more:+,} messages were applied beside {least:,} responses")

    alone = pace_posts(bench, server, PACE_CONNECTIONS, PACE_RATE, 1000)
    found["paced `POST`, p99, ms"] = alone["p99"]
    with pace(bench, server, PACE_CONNECTIONS, PACE_RATE, 60_000) as job:
        time.sleep(0.1)
        found["the whole list beside paced `POST`, s"], body = whole_list(server)
        job.stop()
        found["paced `POST` beside the whole list, p99, ms"] = \
            json.loads(job.output())["p99"]
    if (listed := body.count(b'{"id":')) != rockets + 60:
        raise Failure(f"expected a list of {rockets + 60} rockets, got {listed}")
    return found


def wait_until_quiet(server: Server) -> None:
    """Wait until no message is applied any more: the order of a list is that of
    its beginning."""
    before, now = "", server.get(TOP).fields["etag"]
    while now != before:
        time.sleep(0.2)
        before, now = now, server.get(TOP).fields["etag"]


def check_order(body: bytes, rockets: int) -> None:
    """Check that the list has `rockets` rockets, by descending speed, then id."""
    keys = [(-int(speed), name) for name, speed in ID_AND_SPEED.findall(body)]
    if len(keys) != rockets:
        raise Failure(f"expected a list of {rockets} rockets, got {len(keys)}")
    for before, after in zip(keys, keys[1:]):
        if before >= after:
            raise Failure(f"rocket {after[1].decode()} is out of order or twice")


def top_median(bench: Bench, server: Server) -> float:
    """GET the first page repeatedly, one request at a time. Returns ms."""
    with wrk(bench, server, 1, 1, targets=TOP) as job:
        return wrk_result(job).p50


def whole_list(server: Server) -> tuple[float, bytes]:
    """The seconds from the request to the last byte, and the body."""
    begun = time.perf_counter()
    answer = server.get(BY_SPEED)
    return time.perf_counter() - begun, answer.body
