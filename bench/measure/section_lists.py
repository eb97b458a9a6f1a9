# SPDX-License-Identifier: Apache-2.0
"""Lists of a million rockets, idle and under full ingest."""

import threading
import time
from dataclasses import dataclass
from typing import Callable

from .bench import Bench, show_round
from .client import Stream, applied_in, check_order, get, stream
from .common import Failure, Options, count
from .figures import Baseline, Figure, Section, at_most
from .load import Fleet, batch, pace, post, start_pace
from .servers import Server, Servers

NAME = "lists"
TITLE = "Lists of a million rockets"
BY_SPEED = "/rockets?sort=speed&order=desc"
PAGE = 50
LONGEST_PAGE = 10_000
REQUESTS = 200  # most requests of each page, per round
LONGEST = 3000  # ms, most time for the requests of a page, per round
CONNECTIONS = 64  # of full ingest
POST_CONNECTIONS = 16  # of POST beside the whole list
POST_RATE = 5_000  # requests/s of POST beside the whole list
MEMORY_EVERY = 0.002  # s between readings of resident memory
MEGA = 1e6

BUDGET_BYTES = 200  # bytes per rocket
BUDGET_TOP = 5  # ms
BUDGET_WHOLE = 1  # s
BUDGET_MEMORY = 32  # MB


def seconds(options: Options) -> float:
    scale = options.million / MEGA
    loading, pages, whole = 5 * scale, 5, 14 * scale
    return 5 + options.rounds * (loading + pages + whole)


@dataclass
class Million:
    """A service with a million rockets, and the bounds of what it applied."""

    bench: Bench
    server: Server
    round: int  # the round number of the rockets
    rockets: int  # in the list: the million, and those of other loads
    resident: int  # bytes, after loading
    least: int  # messages that were applied for certain
    most: int  # and with those that were in progress when wrk stopped

    def applied(self, least: float, more: float = 0) -> None:
        """Count `least` more applied messages, and up to `more` uncertain ones."""
        self.least += int(least)
        self.most += int(least + more)

    def check(self, body: bytes) -> None:
        """Check that the list has all rockets, with all their messages."""
        check_order(body, self.rockets)
        total = applied_in(body)
        if not self.least <= total <= self.most:
            raise Failure(f"expected {self.least} to {self.most} messages to be "
                          f"applied, got {total}")


def run(bench: Bench) -> None:
    rockets = count(bench.options.million)
    with bench.servers() as servers:
        million = load(bench, bench.report.section(
            f"{NAME}: loading", f"Loading {rockets} rockets"), servers)
        measure_pages(bench.report.section(
            f"{NAME}: pages", f"A page of {PAGE} of {rockets} rockets, by speed"),
            million)
        measure_whole(bench.report.section(
            f"{NAME}: whole", f"The whole list of {rockets} rockets, by speed"),
            million)


# Loading, and memory


def load(bench: Bench, section: Section, servers: Servers) -> Million:
    """Load a new service in each round. Returns the last one."""
    rates: list[float] = []
    sizes: list[float] = []
    for number in range(bench.options.rounds):
        problems = servers.stop()
        if problems:
            raise Failure("; ".join(problems))
        million = load_once(bench, servers.service("-threads=2"), rates, sizes)
        show_round(NAME, "loading", million.server, number, bench.options.rounds,
                   f"{count(rates[-1])} messages/s, {sizes[-1]:.1f} bytes a rocket")
    rockets = count(bench.options.million)
    name = million.server.name
    section.notes.append("In one batch; a new service in each round. Memory is "
                         "the growth of the process's resident memory.")
    section.add(Figure("launching all", name, "messages/s", rates))
    section.add(Figure("launching all", name, "bytes a rocket", sizes, 1))
    bench.report.budgets.append(at_most(f"memory a rocket, at {rockets}",
                                        BUDGET_BYTES, sizes, " bytes", 1))
    return million


def load_once(bench: Bench, server: Server, rates: list[float],
              sizes: list[float]) -> Million:
    """Load one service. Adds messages/s, and resident bytes per rocket."""
    # Warm up: memory of connections and their threads is not the rockets'.
    first = pace(bench.programs, server, round=bench.new_round(), rate=0,
                 connections=CONNECTIONS, requests=1000)
    before = server.resident()
    name, rockets = bench.new_round(), bench.options.million
    result = batch(bench.programs, server, rockets=rockets, messages=rockets,
                   requests=1, round=name)
    resident = server.resident()
    rates.append(result["messages"] / result["seconds"])
    sizes.append((resident - before) / rockets)
    applied = int(first["requests"]) + rockets
    return Million(bench, server, name, rockets + 20, resident, applied, applied)


# Pages


@dataclass
class Latencies:
    """Latencies of one page in ms, by round."""

    median: list[float]
    p99: list[float]


def measure_pages(section: Section, million: Million) -> None:
    """The first page and one in the middle, idle and under full ingest."""
    bench, server = million.bench, million.server
    pages = {"first page": f"{BY_SPEED}&limit={PAGE}",
             "page in the middle": middle_page(million)}
    found = {(what, busy): Latencies([], []) for what in pages
             for busy in (False, True)}
    rates: list[float] = []
    for number in range(bench.options.rounds):
        check_page(million, pages["first page"])
        for what, target in pages.items():
            measure_page(million, target, found[what, False])
        with post(server, slice_of(million, number), CONNECTIONS, 60) as wrk:
            time.sleep(0.5)
            for what, target in pages.items():
                measure_page(million, target, found[what, True])
            wrk.stop()
            result = wrk.result()
        million.applied(result.requests, CONNECTIONS)
        rates.append(result.rate)
        show_round(NAME, "pages", server, number, bench.options.rounds, ", ".join(
            f"{times.median[-1]:.2f}" for times in found.values()) + " ms")
    for (what, busy), times in found.items():
        add_page(section, server.name, what, busy, times, found[what, False])
    section.notes.append(
        f"{REQUESTS} requests per round, one at a time. Full ingest is wrk's `POST "
        f"/messages` over {CONNECTIONS} connections, of the same rockets.")
    section.add(Figure("`POST /messages` meanwhile", server.name, "requests/s",
                       rates))
    bench.report.budgets.append(at_most(
        f"`{BY_SPEED}&limit={PAGE}` of {count(bench.options.million)}, under full "
        "ingest: median", BUDGET_TOP, found["first page", True].median, " ms"))


def middle_page(million: Million) -> str:
    """The target of the page after the first half, found page by page."""
    target = f"{BY_SPEED}&limit={LONGEST_PAGE}"
    for _ in range(max(1, million.rockets // 2 // LONGEST_PAGE)):
        target = get(million.server, target).link
        if f"limit={LONGEST_PAGE}" not in target:
            raise Failure(f"expected a link to the next page, got {target!r}")
    return target.replace(f"limit={LONGEST_PAGE}", f"limit={PAGE}")


def check_page(million: Million, target: str) -> None:
    response = get(million.server, target)
    check_order(response.body, PAGE)
    if response.total != million.rockets:
        raise Failure(f"expected X-Total-Count {million.rockets}, got "
                      f"{response.total}")


def slice_of(million: Million, number: int) -> Fleet:
    """Rockets that have only been launched so far; other ones in each round."""
    share = million.bench.options.million // million.bench.options.rounds
    return Fleet(million.round, share, number * share, first=2)


def measure_page(million: Million, target: str, times: Latencies) -> None:
    """GET a page repeatedly, one request at a time."""
    result = pace(million.bench.programs, million.server, get=target, rate=0,
                  connections=1, requests=REQUESTS, milliseconds=LONGEST)
    times.median.append(result["p50_us"] / 1e3)
    times.p99.append(result["p99_us"] / 1e3)


def add_page(section: Section, server: str, what: str, busy: bool,
             times: Latencies, idle: Latencies) -> None:
    state = "full ingest" if busy else "idle"
    for name, values, base in (("median, ms", times.median, idle.median),
                               ("p99, ms", times.p99, idle.p99)):
        section.add(Figure(f"{what}, {state}", server, name, values, 2,
                           Baseline("idle", base) if busy else None))


# The whole list


@dataclass
class Whole:
    """Figures of the whole list, by round."""

    seconds: list[float]
    speed: list[float]  # MB/s
    memory: list[float]  # MB, the peak above the resident memory after loading
    seconds_beside: list[float]  # of the list beside POST
    p99: list[float]  # ms, of POST beside the list
    p99_alone: list[float]  # ms, of POST without a list


def measure_whole(section: Section, million: Million) -> None:
    """The list of all rockets by speed: alone, then beside POST."""
    bench, server = million.bench, million.server
    whole = Whole([], [], [], [], [], [])
    for number in range(bench.options.rounds):
        measure_alone(million, whole)
        measure_beside(million, whole)
        show_round(NAME, "whole list", server, number, bench.options.rounds,
                   f"{whole.seconds[-1]:.2f} s, {whole.memory[-1]:.1f} MB more; "
                   f"p99 of POST {whole.p99[-1]:.2f} ms, "
                   f"alone {whole.p99_alone[-1]:.2f} ms")
    add_whole(section, server.name, whole)
    promised = f"whole list of {count(bench.options.million)}, by speed"
    bench.report.budgets += [
        at_most(promised, BUDGET_WHOLE, whole.seconds, " s"),
        at_most(f"{promised}: extra memory", BUDGET_MEMORY, whole.memory, " MB", 1)]


def add_whole(section: Section, server: str, whole: Whole) -> None:
    beside, without = "the list, beside `POST`", "no list"
    section.notes.append(
        "Streamed; in order and complete. Extra memory is the peak of resident "
        "memory during the list, less that after loading. `POST` is "
        f"{count(POST_RATE)} requests/s over {POST_CONNECTIONS} connections, open "
        "loop, of other rockets.")
    for name, values, digits in (("s", whole.seconds, 2),
                                 ("MB/s", whole.speed, 0),
                                 ("extra memory, MB", whole.memory, 1)):
        section.add(Figure("the list alone", server, name, values, digits))
    section.add(Figure(beside, server, "s", whole.seconds_beside, 2,
                       Baseline("the list alone", whole.seconds)))
    section.add(Figure(beside, server, "p99 of `POST`, ms", whole.p99, 2,
                       Baseline(without, whole.p99_alone)))
    section.add(Figure(without, server, "p99 of `POST`, ms", whole.p99_alone, 2))


def measure_alone(million: Million, whole: Whole) -> None:
    got, peak = watch_memory(million.server, lambda: whole_list(million))
    body = got.body()
    million.check(body)
    whole.seconds.append(got.seconds)
    whole.speed.append(len(got.raw) / got.seconds / MEGA)
    whole.memory.append((peak - million.resident) / MEGA)


def whole_list(million: Million) -> Stream:
    return stream(million.server, BY_SPEED, million.rockets)


def watch_memory(server: Server, work: Callable[[], Stream]) -> tuple[Stream, int]:
    """Do the work. Returns its result and the peak of the server's memory."""
    peak = server.resident()
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(MEMORY_EVERY):
            peak = max(peak, server.resident())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        result = work()
    finally:
        done.set()
        watcher.join()
    return result, peak


def measure_beside(million: Million, whole: Whole) -> None:
    """POST of new rockets, without a list and beside a whole list."""
    flags = {"connections": POST_CONNECTIONS, "rate": POST_RATE}
    bench, server = million.bench, million.server
    alone = pace(bench.programs, server, round=bench.new_round(),
                 milliseconds=1000, **flags)
    with start_pace(bench.programs, server, round=bench.new_round(),
                    milliseconds=60_000, **flags) as job:
        time.sleep(0.1)
        got = whole_list(million)
        job.stop()
        beside = job.result()
    # The second 20 rockets are launched while the list is made.
    listed = got.body().count(b'{"id":')
    million.rockets += 2 * 20
    million.applied(alone["requests"] + beside["requests"])
    if not million.rockets - 20 <= listed <= million.rockets:
        raise Failure(f"expected a list of {million.rockets} rockets, got {listed}")
    whole.seconds_beside.append(got.seconds)
    whole.p99.append(beside["p99_us"] / 1e3)
    whole.p99_alone.append(alone["p99_us"] / 1e3)
