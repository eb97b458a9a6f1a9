# SPDX-License-Identifier: Apache-2.0
"""The section of the dashboard: how soon it shows rows, what it takes of a core while
all rows change, its size, and what it costs the service."""

import json
import statistics
import time
from pathlib import Path
from typing import Any, Iterator, Optional

from client import Failure, head_of
from common import BENCH, Bench, Cost, Server, count, say
from live import send_batches, send_posts
from load import Fleet, Job, launch, make_batch
from report import ratios
from service import CPUCLOCK_SCHED

PACKAGES = BENCH.parent / "tests" / "browser" / "node_modules" / "playwright-core"
ROWS = 50  # of a page of the table

FIRST_LOADS = 5  # of each kind and round
FIRST_BUDGET = 300.0  # ms
SORT_COLUMNS = ["ID", "Speed", "Updated", "Speed"] * 3
SORT_BUDGET = 100.0  # ms

RATE = 100_000  # messages/s
BATCHES_PER_SECOND = 20
WARM_SECONDS = 2
CPU_SECONDS = 4  # times the length of a round
CPU_BUDGET = 0.1  # of a core

FILES = ["/", "/dashboard/dashboard.js", "/dashboard/dashboard.css", "/dashboard/icon.svg"]
SIZE_BUDGET = 75.0  # KB

NAMES = ["with a dashboard", "without"]
CONNECTIONS = 64
SETTLE = 2.0  # s, in which the browser does what it does when it has started
INGEST_BUDGET = 0.9  # of the messages/s without a dashboard
SERVICE_BUDGET = 1.05  # of the service's CPU time without one


def run_page(bench: Bench) -> None:
    """the dashboard in a browser: first rows, sorting, CPU time, size, ingest"""
    if not PACKAGES.is_dir():
        raise Failure("the npm packages are missing: npm ci --prefix tests/browser")
    run_size(bench)
    run_first(bench)
    run_sort(bench)
    run_cpu(bench)
    run_ingest(bench)


class Page(Job):
    """page.mjs: a browser with at most one page. The end of its `with` ends it."""

    def __init__(self, server: Server):
        super().__init__(server, ["node", str(BENCH / "page.mjs")], takes_input=True)

    def __exit__(self, *_: object) -> None:
        # Chromium ends with the program that started it, but not with its death.
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()

    def ask(self, command: str, **options: object) -> Any:
        assert self.process.stdin is not None and self.process.stdout is not None
        line = json.dumps({"command": command, **options}) + "\n"
        self.process.stdin.write(line.encode())
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            errors = self.process.stderr.read() if self.process.stderr else b""
            raise Failure(f"page.mjs ended: {errors.decode(errors='replace').strip()}")
        found = json.loads(answer)
        if "error" in found:
            raise Failure(f"{self.server.name}: the dashboard: {command}: {found['error']}")
        return found

    def open(self, rows: int, path: str = "/") -> None:
        self.ask("open", url=self.server.url + path, rows=rows)


# Size


def run_size(bench: Bench) -> None:
    section = bench.report.section("The dashboard: size")
    sizes: dict[bool, float] = {}
    with bench.servers() as servers:
        server = servers.service()
        for zipped in (True, False):
            sizes[zipped] = sum(length_of(server, path, zipped) for path in FILES) / 1000
    section.add("all files", "lunar.service", "gzip, KB", [sizes[True]], 1)
    section.add("all files", "lunar.service", "as they are, KB", [sizes[False]], 1)
    bench.report.at_most("dashboard: all files, gzip", SIZE_BUDGET, [sizes[True]], " KB", 1)


def length_of(server: Server, path: str, zipped: bool) -> int:
    connection = server.connect()
    fields = "Accept-Encoding: gzip\r\n" if zipped else ""
    connection.send(head_of("GET", path, fields=fields))
    answer = connection.answer()
    connection.close()
    if answer.status != 200:
        raise Failure(f"{server.name}: GET {path}: status {answer.status}")
    return int(answer.fields["content-length"])


# First rows


def run_first(bench: Bench) -> None:
    section = bench.report.section("The dashboard: from navigation to the first rows")
    section.notes.append(
        "Until the frame with the first rows is made, by the clock of the page; medians of "
        f"{FIRST_LOADS} loads. The browser's processes run already. Warm: the browser has the files in its cache, and asks whether "
        "they have changed. The browser draws by software.")
    with bench.servers() as servers:
        few, many = servers.service(), servers.service()
        launch(bench, few, 20)
        launch(bench, many, bench.options.million)
        cases = [(server, what, warm) for server, what in (
            (few, "20 rockets"), (many, f"{count(bench.options.million)} rockets"))
            for warm in (False, True)]
        found: dict[tuple[str, bool], list[float]] = {
            (what, warm): [] for _, what, warm in cases}
        with Page(few) as page:
            for which, (server, what, warm) in bench.interleaved(cases):
                found[what, warm].append(median_load(page, server, warm))
                say(f"page: first rows: {which}: {what}, {'warm' if warm else 'cold'}: "
                    f"{found[what, warm][-1]:.0f} ms")
    for (what, warm), values in found.items():
        name = "warm" if warm else "cold"
        section.add(what, "dashboard", f"{name} cache, ms", values, 0)
        bench.report.at_most(f"dashboard: first rows, {what}, {name} cache", FIRST_BUDGET,
                             values, " ms", 0)


def median_load(page: Page, server: Server, warm: bool) -> float:
    # Whatever it is: the browser's processes run, and with `warm` its cache is full.
    page.ask("first", url=server.url, warm=False)
    return statistics.median(
        page.ask("first", url=server.url, warm=warm)["milliseconds"]
        for _ in range(FIRST_LOADS))


# A sorted page


def run_sort(bench: Bench) -> None:
    rockets = f"{count(bench.options.million)} rockets"
    section = bench.report.section(f"The dashboard: a page of {rockets}, sorted")
    section.notes.append(
        "From a click on a header, as the browser gets it, until the frame with the other "
        f"rows is made. {len(SORT_COLUMNS)} clicks a round.")
    medians, longest = [], []
    with bench.servers() as servers:
        server = servers.service()
        launch(bench, server, bench.options.million)
        with Page(server) as page:
            page.open(ROWS)
            for which in bench.rounds():
                taken = [page.ask("sort", column=column)["milliseconds"]
                         for column in SORT_COLUMNS]
                medians.append(statistics.median(taken))
                longest.append(max(taken))
                say(f"page: sort: {which}: {medians[-1]:.1f}, at most {longest[-1]:.1f} ms")
    section.add(rockets, "dashboard", "median, ms", medians, 1)
    section.add(rockets, "dashboard", "longest, ms", longest, 1)
    bench.report.at_most(f"dashboard: {rockets}: a sorted page is shown", SORT_BUDGET, medians,
                         " ms", 1)


# CPU time


def run_cpu(bench: Bench) -> None:
    section = bench.report.section(f"The dashboard: CPU time at {count(RATE)} messages/s")
    section.notes.append(
        "Of a core, in %. The messages go round all rockets, in batches. The renderer is the "
        "process of the page, with all of its threads; the GPU's process draws by software, as "
        "there is no GPU; the others are those of the browser and its network. Of up to "
        f"{count(RATE // 2)} rockets each row changes between two events; of "
        "100,000 once a second. A page that is starved makes fewer layouts than two a second "
        "and takes less.")
    cases = [20, ROWS, bench.options.many]
    found: dict[tuple[int, str], list[float]] = {}
    for which, rockets in bench.interleaved(cases):
        with bench.servers() as servers:
            server = servers.service()
            launched, _ = launch(bench, server, rockets)
            with Page(server) as page:
                page.open(min(rockets, ROWS))
                shares = cpu_round(bench, page, server, launched, rockets)
        for name, share in shares.items():
            found.setdefault((rockets, name), []).append(share)
        say(f"page: CPU: {which}: {count(rockets)} rockets: " + ", ".join(
            f"{name} {share:.1f}" for name, share in shares.items()))
    for (rockets, name), values in found.items():
        section.add(f"{count(rockets)} rockets", "dashboard", name, values,
                    0 if name == "messages/s" else 1)
        if name == "renderer":
            bench.report.at_most(
                f"dashboard: {count(rockets)} rockets, {count(RATE)} messages/s: CPU of the page",
                CPU_BUDGET * 100, values, " %", 1)


def cpu_round(bench: Bench, page: Page, server: Server, launched: int,
              rockets: int) -> dict[str, float]:
    """What the page takes while messages come, by process and by kind of work, in %."""
    seconds = bench.options.seconds * CPU_SECONDS
    sender = paced(bench, server, launched, rockets)
    for _ in range(WARM_SECONDS * BATCHES_PER_SECOND):
        next(sender)
    before = page.ask("look")
    used, begun = times_of(before), time.perf_counter()
    for _ in range(seconds * BATCHES_PER_SECOND):
        next(sender)
    passed, used_now = time.perf_counter() - begun, times_of(before)
    after = page.ask("look")
    changed = sum(a != b for a, b in zip(before["numbers"], after["numbers"]))
    if changed < len(after["numbers"]):
        raise Failure(f"{changed} of {len(after['numbers'])} rows have changed")
    shares = {kind: (used_now[kind] - used[kind]) / passed * 100 for kind in used}
    for name, metric in (("script", "ScriptDuration"), ("style", "RecalcStyleDuration"),
                         ("layout", "LayoutDuration")):
        shares[name] = (after["metrics"][metric] - before["metrics"][metric]) / passed * 100
    shares["layouts/s"] = (after["metrics"]["LayoutCount"]
                           - before["metrics"]["LayoutCount"]) / passed
    shares["messages/s"] = seconds * RATE / passed
    return shares


def paced(bench: Bench, server: Server, launched: int, rockets: int) -> Iterator[None]:
    """Send batches at a fixed rate, one at each step."""
    fleet = Fleet(launched, 1, rockets, 1, 2, 1)
    messages = RATE // BATCHES_PER_SECOND
    connection = server.connect()
    begun, number = time.perf_counter(), 0
    while True:
        request = make_batch(bench, fleet, messages)
        time.sleep(max(0.0, begun + number / BATCHES_PER_SECOND - time.perf_counter()))
        connection.send(request)
        if connection.answer().status != 202:
            raise Failure(f"{server.name}: a batch was refused")
        number += 1
        yield


def times_of(look: dict[str, Any]) -> dict[str, float]:
    """Seconds of CPU time of the browser's processes so far, by their kind; and of the
    renderers' main threads."""
    times = {"renderer": 0.0, "main thread": 0.0, "GPU": 0.0, "others": 0.0}
    for process in look["processes"]:
        kind, pid = process["type"], process["id"]
        name = kind if kind in times else "others"
        try:
            times[name] += time.clock_gettime((~pid << 3) | CPUCLOCK_SCHED)
            if kind == "renderer":
                nanoseconds = Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0]
                times["main thread"] += int(nanoseconds) / 1e9
        except OSError as error:
            raise Failure(f"a process of the browser has ended: {error}") from error
    return times


# Ingest beside a dashboard


def run_ingest(bench: Bench) -> None:
    section = bench.report.section("The dashboard: ingest beside it", NAMES[1])
    section.notes.append(
        "A new service in each round; the rockets are launched before it. The browser is on the "
        "same cores, so what it takes counts as well; the CPU time is the service's.")
    for rockets in (20, bench.options.many):
        for what, send in ((f"`POST`, {CONNECTIONS} connections", send_posts),
                           ("batches, one connection", send_batches)):
            case = f"{what}, {count(rockets)} rockets"

            def measure(index: int, cost: Cost) -> str:
                with bench.servers() as servers:
                    server = servers.service()
                    launched, _ = launch(bench, server, rockets)
                    if index == 1:
                        return send(bench, server, launched, rockets, cost)
                    with Page(server) as page:
                        page.open(min(rockets, ROWS))
                        time.sleep(SETTLE)
                        return send(bench, server, launched, rockets, cost)

            costs = bench.compare(f"page: {case}", NAMES, measure)
            for name, cost in zip(NAMES, costs):
                base: Optional[Cost] = costs[1] if cost is costs[0] else None
                section.add(case, name, "messages/s", cost.rate, 0, base and base.rate)
                section.add(case, name, "CPU a message, µs", cost.cpu, 3, base and base.cpu)
            bench.report.at_least(f"dashboard: {case}: messages/s to without",
                                  INGEST_BUDGET, ratios(costs[0].rate, costs[1].rate), "×")
            bench.report.at_most(f"dashboard: {case}: CPU a message to without",
                                 SERVICE_BUDGET, ratios(costs[0].cpu, costs[1].cpu), "×")
