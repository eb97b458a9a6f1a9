# SPDX-License-Identifier: Apache-2.0
"""The section of what is live: streams of events beside POST, what they cost, and
reads of changes and of the fleet."""

import json
import re
import statistics
import time
from typing import Callable, Optional

from client import Connection, Failure, head_of
from common import Bench, Cost, Server, count, say
from folders import Folders
from load import Fleet, Readers, batch, launch, make_batch, post
from report import Section, ratios

# Sends messages of rockets that were launched: bench, server, round, rockets, cost.
Sender = Callable[[Bench, Server, int, int, Cost], str]

NAMES = ["with readers", "without"]
LONG_MS = 120_000  # readers that are stopped early

ALL_READERS = 100
ALL_INTERVAL = 200  # ms
CONNECTIONS = 64
BATCH_MESSAGES, BATCH_REQUESTS = 200_000, 10
FEW_BUDGET, MANY_BUDGET = 0.8, 0.6  # of the messages/s without readers

MOST = 1000  # readers that the service takes with its defaults
CHANGES_PER_SECOND = 10  # of each rocket that a reader follows
SINGLE_BUDGET = 0.5  # of a core

DELAY_RATE = 200  # POSTs per second, each of another rocket than those before it
DELAY_ROCKETS = 1000
DELAY_SECONDS = 2  # times the length of a round
DELAY_BUDGET = 150.0  # ms, p99

MEMORY_BUDGET = 24.0  # KB a reader
STORE_BUDGET = 0.8  # of the requests/s without streams

CACHED_BUDGET = 1.0  # ms
CACHED_SECONDS = 1.0  # that a count is used
CHANGED = 1000  # rockets, for since=


def run_live(bench: Bench) -> None:
    """streams of events, changes since, and the fleet"""
    run_ingest(bench)
    run_single(bench)
    run_delay(bench)
    run_memory(bench)
    run_store(bench)
    run_reads(bench)


def settled(bench: Bench, server: Server) -> None:
    """Warm up: memory of connections and their threads is not the readers'."""
    post(bench, server, CONNECTIONS, Cost(), round=bench.new_round())


# Ingest beside readers of all changes


def run_ingest(bench: Bench) -> None:
    section = bench.report.section(
        f"Live: ingest beside {ALL_READERS} readers of all changes, "
        f"interval={ALL_INTERVAL}", NAMES[1])
    section.notes.append(
        "A new service in each round; the rockets are launched before it. The readers are "
        "one program with one thread, on the same cores: what it takes from ingest counts as "
        "well. Readers who fall behind get a reset. The CPU time is the server's, with "
        "what it sends to readers.")
    for rockets, budget in ((20, FEW_BUDGET), (bench.options.many, MANY_BUDGET)):
        for what, send in ((f"`POST`, {CONNECTIONS} connections", send_posts),
                           ("batches, one connection", send_batches)):
            ingest_case(bench, section, f"{what}, {count(rockets)} rockets", rockets, send,
                        budget)


def ingest_case(bench: Bench, section: Section, case: str, rockets: int, send: Sender,
                budget: float) -> None:
    found: list[dict[str, float]] = []

    def measure(index: int, cost: Cost) -> str:
        with bench.servers() as servers:
            server = servers.service()
            launched, _ = launch(bench, server, rockets)
            if index == 1:
                return send(bench, server, launched, rockets, cost)
            with Readers(bench, server, ALL_READERS, interval=ALL_INTERVAL, all_events=1,
                         milliseconds=LONG_MS) as readers:
                text = send(bench, server, launched, rockets, cost)
                found.append(readers.result(early=True))
            return f"{text}, {traffic(found[-1])}"

    costs = bench.compare(f"live: {case}", NAMES, measure)
    for name, cost in zip(NAMES, costs):
        base = costs[1] if cost is costs[0] else None
        section.add(case, name, "messages/s", cost.rate, 0, base and base.rate)
        section.add(case, name, "CPU a message, µs", cost.cpu, 2)
    for name, key, unit in (("events of rockets/s a reader", "rockets", ALL_READERS),
                            ("resets/s a reader", "reset", ALL_READERS),
                            ("MB/s to all readers", "bytes", 1e6)):
        section.add(case, NAMES[0], name,
                    [result[key] / result["seconds"] / unit for result in found], 1)
    bench.report.at_least(f"live: {case}: messages/s to without readers", budget,
                          ratios(costs[0].rate, costs[1].rate), "×")


def traffic(result: dict[str, float]) -> str:
    return (f"{count(result['rockets'])} events, {count(result['reset'])} resets, "
            f"{result['bytes'] / result['seconds'] / 1e6:.0f} MB/s")


def send_posts(bench: Bench, server: Server, launched: int, rockets: int,
               cost: Cost) -> str:
    return post(bench, server, CONNECTIONS, cost, round=launched, last=rockets, number=2)


def send_batches(bench: Bench, server: Server, launched: int, rockets: int,
                 cost: Cost) -> str:
    messages = BATCH_MESSAGES // (10 if bench.options.quick else 1)
    fleet = Fleet(launched, 1, rockets, 1, 2, 1)
    requests = [make_batch(bench, fleet, messages) for _ in range(BATCH_REQUESTS)]
    used = server.look().cpu
    taken = batch(server, [requests], messages)
    return cost.add(BATCH_REQUESTS * messages, taken, server.look().cpu - used)


# Readers of single rockets


def run_single(bench: Bench) -> None:
    what = f"{count(MOST)} readers of a rocket each"
    section = bench.report.section(f"Live: {what}, interval=100", "")
    section.notes.append(
        f"Each rocket changes {CHANGES_PER_SECOND} times a second, by a batch of all of them. "
        "The CPU time is that of the service, with the batches.")
    cores, alone, events = [], [], []
    for which, beside in bench.interleaved([True, False]):
        with bench.servers() as servers:
            server = servers.service()
            launched, _ = launch(bench, server, MOST)
            if not beside:
                alone.append(paced_batches(bench, server, launched))
                continue
            with Readers(bench, server, MOST, follow=MOST, round=launched, interval=100,
                         milliseconds=LONG_MS) as readers:
                cores.append(paced_batches(bench, server, launched))
                result = readers.result(early=True)
            events.append(result["rockets"] / result["seconds"])
        say(f"live: {what}: {which}: {cores[-1]:.3f} cores, {count(events[-1])} events/s")
    section.add("with readers", "lunar.service", "cores", cores, 3)
    section.add("with readers", "lunar.service", "events/s", events, 0)
    section.add("only the batches", "lunar.service", "cores", alone, 3)
    bench.report.at_most(f"live: {what}, {CHANGES_PER_SECOND} changes/s: cores", SINGLE_BUDGET,
                         cores, "", 2)


def paced_batches(bench: Bench, server: Server, launched: int) -> float:
    """Change each rocket at a fixed rate. Returns the cores that the service takes."""
    fleet = Fleet(launched, 1, MOST, 1, 2, 1)
    requests = [make_batch(bench, fleet, MOST)
                for _ in range(bench.options.seconds * CHANGES_PER_SECOND)]
    connection = server.connect()
    begun, used = time.perf_counter(), server.look().cpu
    for number, request in enumerate(requests):
        time.sleep(max(0.0, begun + number / CHANGES_PER_SECOND - time.perf_counter()))
        connection.send(request)
        if connection.answer().status != 202:
            raise Failure(f"{server.name}: a batch was refused")
    time.sleep(1 / CHANGES_PER_SECOND)
    taken = time.perf_counter() - begun
    connection.close()
    return (server.look().cpu - used) / taken


# From POST to event


def run_delay(bench: Bench) -> None:
    section = bench.report.section("Live: from `POST` to event, interval=100", "")
    section.notes.append(
        f"{DELAY_RATE} `POST`s a second, each of another rocket. One program posts and has a "
        "reader of all rockets, so both times are of one clock: from before the `POST` is sent "
        "until its event has arrived. An event waits for the next tick, up to 100 ms.")
    others: list[tuple[str, Optional[dict[str, int]]]] = [
        ("alone", None),
        (f"beside {count(MOST - 1)} readers of a rocket each", {"follow": DELAY_ROCKETS}),
        (f"beside {count(MOST - 1)} readers of all rockets", {})]
    found: dict[str, list[dict[str, float]]] = {what: [] for what, _ in others}
    for which, (what, flags) in bench.interleaved(others):
        with bench.servers() as servers:
            server = servers.service()
            launched, _ = launch(bench, server, DELAY_ROCKETS)
            if flags is None:
                result = delays(bench, server, launched)
            else:
                with Readers(bench, server, MOST - 1, round=launched, interval=100,
                             milliseconds=LONG_MS, **flags) as readers:
                    result = delays(bench, server, launched)
                    readers.result(early=True)
        found[what].append(result)
        say(f"live: from POST to event: {which}: {what}: p50 {result['p50']:.1f}, "
            f"p99 {result['p99']:.1f} ms of {count(result['delays'])}")
    for what, results in found.items():
        for key in ("p50", "p99", "p99.9"):
            section.add(what, "lunar.service", f"{key}, ms",
                        [result[key] for result in results], 1)
        bench.report.at_most(f"live: from `POST` to event, {what}: p99", DELAY_BUDGET,
                             [result["p99"] for result in results], " ms", 1)


def delays(bench: Bench, server: Server, launched: int) -> dict[str, float]:
    with Readers(bench, server, 1, round=launched, rockets=DELAY_ROCKETS, number=2,
                 rate=DELAY_RATE, interval=100,
                 milliseconds=bench.options.seconds * DELAY_SECONDS * 1000) as reader:
        result = reader.result()
    # The last ones may not have arrived, nor have been at the begin of an event.
    if result["delays"] < 0.1 * result["posts"]:
        raise Failure(f"{result['posts']} POSTs, but {result['delays']} of them in events")
    return result


# Memory


def run_memory(bench: Bench) -> None:
    section = bench.report.section(f"Live: memory of {count(MOST)} readers", "")
    section.notes.append(
        "The growth of the resident memory, by reader, after `POST` over "
        f"{CONNECTIONS} connections: when all streams are open; and after an event of "
        "20 rockets to each.")
    ways: list[tuple[str, dict[str, int]]] = [
        ("of all rockets", {}), ("of a rocket each", {"follow": MOST})]
    found: dict[tuple[str, str], list[float]] = {}
    for which, (what, flags) in bench.interleaved(ways):
        with bench.servers() as servers:
            server = servers.service()
            settled(bench, server)
            before = server.look().resident
            with Readers(bench, server, MOST, round=bench.new_round(), interval=100,
                         milliseconds=LONG_MS, **flags) as readers:
                add_memory(found, server, what, "idle, KB", before)
                for _ in range(3):
                    launch(bench, server, 20)
                    time.sleep(0.3)
                add_memory(found, server, what, "after events, KB", before)
                readers.result(early=True)
        say(f"live: memory {what}: {which}: {found[what, 'idle, KB'][-1]:.1f} KB a reader")
    for (what, name), values in found.items():
        section.add(what, "lunar.service", name, values, 1)
        if name.startswith("idle"):
            bench.report.at_most(f"live: memory of an idle reader {what}", MEMORY_BUDGET,
                                 values, " KB", 1)


def add_memory(found: dict[tuple[str, str], list[float]], server: Server, what: str,
               name: str, before: int) -> None:
    grown = (server.look().resident - before) / MOST / 1000
    found.setdefault((what, name), []).append(grown)


# Durable POST beside idle streams


def run_store(bench: Bench) -> None:
    section = bench.report.section(
        f"Live: `POST` with -data=DIR beside {count(MOST)} idle streams", "without")
    folders = Folders(bench)

    def measure(index: int, cost: Cost) -> str:
        with bench.servers() as servers:
            server = folders.start(servers, True)
            launched, _ = launch(bench, server, 20)
            if index == 1:
                return send_posts(bench, server, launched, 20, cost)
            # They follow rockets that do not exist.
            with Readers(bench, server, MOST, round=bench.new_round(), follow=MOST,
                         milliseconds=LONG_MS) as readers:
                text = send_posts(bench, server, launched, 20, cost)
                readers.result(early=True)
            return text

    costs = bench.compare("live: durable POST", NAMES, measure)
    for name, cost in zip(("with streams", "without"), costs):
        base = costs[1] if cost is costs[0] else None
        section.add(f"{CONNECTIONS} connections", name, "requests/s", cost.rate, 0,
                    base and base.rate)
        section.add(f"{CONNECTIONS} connections", name, "CPU a request, µs", cost.cpu, 2,
                    base and base.cpu)
    bench.report.at_least(
        f"live: `POST` with -data, {CONNECTIONS} connections, beside {count(MOST)} idle "
        "streams: requests/s to without", STORE_BUDGET, ratios(costs[0].rate, costs[1].rate),
        "×")


# GET /fleet, and changes since a revision


def run_reads(bench: Bench) -> None:
    rockets = f"{count(bench.options.million)} rockets"
    section = bench.report.section(f"Live: `GET /fleet` and `since`, {rockets}", "")
    section.notes.append(
        "One request at a time. A count is used for a second; a fresh one is asked for after "
        f"that. {count(CHANGED)} rockets of all parts of the table have changed for `since`.")
    found: dict[tuple[str, str], list[float]] = {}
    with bench.servers() as servers:
        server = servers.service()
        launched, _ = launch(bench, server, bench.options.million)
        for which in bench.rounds():
            for key, value in reads_round(bench, server, launched).items():
                found.setdefault(key, []).append(value)
            say(f"live: reads: {which}: " + ", ".join(
                f"{what} {name} {values[-1]:.2f}" for (what, name), values in found.items()))
    for (what, name), values in found.items():
        section.add(what, "lunar.service", name, values, 2)
    for name in ("median, ms", "p99, ms"):
        bench.report.at_most(f"live: `GET /fleet`, cached, {name[:-4]}", CACHED_BUDGET,
                             found["`GET /fleet`, cached", name], " ms", 1)


def reads_round(bench: Bench, server: Server, launched: int) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    connection = server.connect()
    time.sleep(1.5 * CACHED_SECONDS)
    found["`GET /fleet`, fresh", "median, ms"] = timed_get(connection, "/fleet")[0]
    cached = sorted(timed_get(connection, "/fleet")[0] for _ in range(1000))
    found["`GET /fleet`, cached", "median, ms"] = statistics.median(cached)
    found["`GET /fleet`, cached", "p99, ms"] = cached[len(cached) * 99 // 100 - 1]
    since = revision_of(server.get("/rockets?limit=1").fields["etag"])
    step = bench.options.million // CHANGED
    number = 2 + bench.new_round()
    batch(server, [[make_batch(bench, Fleet(launched, 1, bench.options.million, step, number, 1),
                               CHANGED)]], CHANGED)
    times = []
    for _ in range(20):
        taken, body = timed_get(connection, f"/rockets?since={since}&limit=10000")
        times.append(taken)
        if (listed := len(json.loads(body))) != CHANGED:
            raise Failure(f"{listed} rockets have changed, expected {CHANGED}")
    found[f"`since`, {count(CHANGED)} changed", "median, ms"] = statistics.median(times)
    connection.close()
    return found


def revision_of(etag: str) -> str:
    matched = re.fullmatch(r'W/"([0-9a-f]+-\d+)(?:-.*)?"', etag)
    if not matched:
        raise Failure(f"expected an ETag with a revision, got {etag}")
    return matched[1]


def timed_get(connection: Connection, target: str) -> tuple[float, bytes]:
    """The milliseconds until the whole response is there, and its body."""
    begun = time.perf_counter()
    connection.send(head_of("GET", target))
    answer = connection.answer()
    taken = (time.perf_counter() - begun) * 1000
    if answer.status != 200:
        raise Failure(f"GET {target}: status {answer.status}")
    return taken, answer.body
