# SPDX-License-Identifier: Apache-2.0
"""Sections about sending messages: post, latency, idle, batch, rockets; start."""

import select
import socket
import statistics
import subprocess
import time
from typing import Optional

from client import Failure
from common import NAMES, PAIR, Bench, Cost, Server, count, say, show_costs
from load import Fleet, batch, launch, make_batch, pace_posts, post, rockets_launch
from report import Section, ratios

WAYS = [(False, 64), (False, 3), (True, 64), (True, 3)]  # (close, connections)
FEW_BUDGETS = (0.95, 1.12)  # requests/s and CPU a request, to bare MHD
MANY_BUDGETS = (0.92, 1.2)

LATENCY_CONNECTIONS = 64

IDLE = 10_000
IDLE_RATE = 2_000  # requests/s
IDLE_CONNECTIONS = 16
IDLE_SECONDS = 8  # at most: the service closes idle connections after 10 s
IDLE_BUDGET = 2.0  # ms, of p99
SETTLE = 0.5  # s, in which the server accepts or closes the idle connections

BATCH_REQUESTS = 6  # per round, of all connections together
FEW_BATCH_BUDGET = 1.5e6  # messages/s
MANY_BATCH_BUDGET = 1.2e6

STARTS = 20
START_BUDGET = 10.0  # ms


# post


def run_post(bench: Bench) -> None:
    """POST /messages as fast as possible, to bare MHD and nginx"""
    section = bench.report.section("`POST /messages`", "bare MHD")
    section.notes.append(
        "A new server in each round, with rockets that were launched before it. It "
        "was checked that all messages were applied. nginx has one process.")
    for rockets, budgets in ((20, FEW_BUDGETS), (bench.options.many, MANY_BUDGETS)):
        for close, connections in WAYS:
            kind = "new connections" if close else "keep-alive"
            what = f"{count(rockets)} rockets, {kind}, {connections}"
            costs = post_costs(bench, what, rockets, close, connections)
            show_costs(section, what, costs, "request")
            bench.report.at_least(f"`POST`, {what}: requests/s to bare MHD",
                                  budgets[0], ratios(costs[0].rate, costs[1].rate), "×")
            bench.report.at_most(f"`POST`, {what}: CPU a request to bare MHD",
                                 budgets[1], ratios(costs[0].cpu, costs[1].cpu), "×")
            bench.post_rate = bench.post_rate or statistics.median(costs[0].rate)


def post_costs(bench: Bench, what: str, rockets: int, close: bool,
               connections: int) -> list[Cost]:
    def measure(index: int, cost: Cost) -> str:
        with bench.servers() as servers:
            server = [servers.service, servers.bare, servers.nginx][index]()
            launched = 0
            if server.is_service:
                launched, _ = launch(bench, server, rockets)
            return post(bench, server, connections, cost, round=launched,
                        last=rockets, number=2, close=int(close))

    return bench.compare(f"post: {what}", NAMES if rockets == 20 else PAIR, measure)


# latency


def run_latency(bench: Bench) -> None:
    """latency of POST /messages at half of the maximum rate"""
    section = bench.report.section(
        "Latency of `POST /messages` at half of the maximum rate", "bare MHD")
    with bench.servers() as servers:
        service, bare, nginx = servers.service(), servers.bare(), servers.nginx()
        if not bench.post_rate:
            cost = Cost()
            post(bench, service, LATENCY_CONNECTIONS, cost, round=bench.new_round())
            bench.post_rate = cost.rate[0]
        rate = int(bench.post_rate / 2)
        section.notes.append(
            f"{count(rate)} requests/s over {LATENCY_CONNECTIONS} connections, open "
            "loop: the latency of a request counts from its due time, even if it "
            "was sent later. The last column is the delay from due to sent; the "
            "load generator shares the cores with the servers.")
        results: dict[str, list[dict[str, float]]] = {}
        for server in (service, bare, nginx):
            # Warm up: allocate memory, load code into the caches.
            pace_posts(bench, server, LATENCY_CONNECTIONS, rate, 300)
            results[server.name] = []
        for which, server in bench.interleaved([service, bare, nginx]):
            result = pace_posts(bench, server, LATENCY_CONNECTIONS, rate,
                                bench.options.seconds * 1000)
            results[server.name].append(result)
            say(f"latency: {which}: {server.name}: p50 {result['p50']:.2f}, "
                f"p99 {result['p99']:.2f} ms")
    for name, found in results.items():
        add_percentiles(section, f"{count(rate)} requests/s", name, found,
                        None if name == bare.name else results[bare.name])


def add_percentiles(section: Section, what: str, name: str,
                    found: list[dict[str, float]],
                    base: Optional[list[dict[str, float]]]) -> None:
    """Add the figures of runs of bench_pace, compared with `base` if given."""
    for key in ("p50", "p99", "p99.9"):
        section.add(what, name, f"{key}, ms", [result[key] for result in found], 3,
                    [result[key] for result in base] if base else None)
    section.add(what, name, "sent late, p99, ms",
                [result["late p99"] for result in found], 3)


# idle


def run_idle(bench: Bench) -> None:
    """latency of POST /messages beside 10,000 idle connections"""
    beside, alone = f"{count(IDLE)} idle connections", "no idle connections"
    section = bench.report.section(f"`POST /messages` beside {beside}", alone)
    section.notes.append(
        f"{count(IDLE_RATE)} requests/s over {IDLE_CONNECTIONS} connections, open "
        "loop. While more than 512 connections are open, the service closes each "
        "connection after its response, and so does bare MHD here. So beside the "
        "idle connections each request opens a new one, and its latency includes "
        "that.")
    with bench.servers() as servers:
        service = servers.service("-max-connections=12000")
        bare = servers.bare("-max-connections=12000", "-keep-alive=512")
        cases: dict[tuple[Server, int], list[dict[str, float]]] = {
            (service, IDLE): [], (service, 0): [], (bare, IDLE): []}
        for which, case in bench.interleaved(list(cases)):
            cases[case].append(idle_round(bench, *case))
            say(f"idle: {which}: {case[0].name}, {count(case[1])} idle: "
                f"p99 {cases[case][-1]['p99']:.2f} ms")
    for (server, idle), found in cases.items():
        add_percentiles(section, beside if idle else alone, server.name, found,
                        cases[service, 0] if server is service and idle else None)
    bench.report.at_most(f"p99 of `POST` beside {beside}", IDLE_BUDGET,
                         [result["p99"] for result in cases[service, IDLE]], " ms")


def idle_round(bench: Bench, server: Server, idle: int) -> dict[str, float]:
    sockets = [socket.create_connection(("127.0.0.1", server.port))
               for _ in range(idle)]
    time.sleep(SETTLE)
    seconds = min(bench.options.seconds, IDLE_SECONDS)
    result = pace_posts(bench, server, IDLE_CONNECTIONS, IDLE_RATE, seconds * 1000)
    poll = select.poll()
    for connection in sockets:
        poll.register(connection, select.POLLIN)
    if closed := poll.poll(0):
        raise Failure(f"{server.name} closed {len(closed)} idle connections")
    for connection in sockets:
        connection.close()
    time.sleep(SETTLE)
    return result


# batch


def run_batch(bench: Bench) -> None:
    """batches: POST /messages with application/x-ndjson"""
    section = bench.report.section(
        "Batch ingest: `POST /messages`, `application/x-ndjson`", "bare MHD")
    messages = 20_000 if bench.options.quick else 200_000  # per request
    section.notes.append(
        f"{count(messages)} messages per request, {BATCH_REQUESTS} requests per "
        "round, which are made before the round. All messages were applied. Bare "
        "MHD reads and drops the same requests. The CPU time is the server's, not "
        "the sender's.")
    for rockets, budget in ((20, FEW_BATCH_BUDGET),
                             (bench.options.many, MANY_BATCH_BUDGET)):
        for connections in (1, 2):
            what = f"{count(rockets)} rockets, {connections} " + \
                ("connections" if connections > 1 else "connection")
            costs = batch_costs(bench, what, rockets, connections, messages)
            show_costs(section, what, costs, "message", 3)
            bench.report.at_least(f"batch ingest, {what}", budget,
                                  costs[0].rate, " messages/s", 0)


def batch_costs(bench: Bench, what: str, rockets: int, connections: int,
                messages: int) -> list[Cost]:
    """Both servers get the same messages."""
    with bench.servers() as servers:
        running = [servers.service(), servers.bare()]
        launched, _ = launch(bench, running[0], rockets)
        fleets = [[Fleet(launched, share, rockets, connections, 2, share)
                   for share in range(1, connections + 1)] for _ in running]

        def measure(index: int, cost: Cost) -> str:
            shares = [[make_batch(bench, fleet, messages)
                       for _ in range(BATCH_REQUESTS // connections)]
                      for fleet in fleets[index]]
            used = running[index].look().cpu
            taken = batch(running[index], shares, messages)
            used = running[index].look().cpu - used
            return cost.add(BATCH_REQUESTS * messages, taken, used)

        return bench.compare(f"batch: {what}", PAIR, measure)


# rockets


def run_rockets(bench: Bench) -> None:
    """`rockets launch` with its defaults, to bare MHD"""
    section = bench.report.section("`rockets launch` with its defaults", "bare MHD")
    messages = 10_000 if bench.options.quick else 100_000
    flags = [f"--max-messages={messages}"] if bench.options.quick else []
    section.notes.append(
        "Three workers open a new connection for each message and leave it open. "
        "Bare MHD closes connections while more than 512 are open, as "
        "lunar.service does. The sender and the kernel use nearly all of the "
        "time. After the rounds, one more run with `--verify`, with a new "
        "service, found no difference.")
    times: list[list[float]] = [[], []]
    for which, index in bench.interleaved([0, 1]):
        # Each run has the same rockets; to one service they would be duplicates.
        with bench.servers() as servers:
            server = servers.bare("-keep-alive=512") if index else servers.service()
            times[index].append(rockets_launch(bench, server, *flags))
        say(f"rockets: {which}: {server.name}: {times[index][-1]:.2f} s")
    with bench.servers() as servers:
        taken = rockets_launch(bench, servers.service(), "--verify", *flags)
    say(f"rockets: --verify: no difference, {taken:.2f} s")
    title = f"s for {count(messages)} messages"
    section.add("defaults", "lunar.service", title, times[0], 2, times[1])
    section.add("defaults", "bare_mhd", title, times[1], 2)


# start


def run_start(bench: Bench) -> None:
    """the time from exec to the line that the service listens"""
    section = bench.report.section(
        "Start without rockets: until the line on stdout", "bare MHD")
    section.notes.append(f"{STARTS} starts of each, in turn.")
    times: dict[str, list[float]] = {"lunar.service": [], "bare_mhd": []}
    for _, name in bench.interleaved(list(times), STARTS):
        times[name].append(start(bench, name))
    section.add("start", "lunar.service", "ms", times["lunar.service"], 2,
                times["bare_mhd"])
    section.add("start", "bare_mhd", "ms", times["bare_mhd"], 2)
    bench.report.at_most("start, empty", START_BUDGET, times["lunar.service"],
                         " ms", 1)


def start(bench: Bench, name: str) -> float:
    """Start a program once. Returns the milliseconds that it took."""
    begun = time.perf_counter()
    with subprocess.Popen([str(bench.programs / name), "-port=0"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        taken = time.perf_counter() - begun
        # It has no state to lose, and a graceful stop takes time.
        process.kill()
    if b"listening on" not in line:
        raise Failure(f"{name} did not start: {line!r}")
    return taken * 1e3
