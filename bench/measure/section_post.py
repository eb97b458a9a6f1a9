# SPDX-License-Identifier: Apache-2.0
"""POST /messages as fast as possible, against bare MHD and nginx."""

from dataclasses import dataclass
from typing import Optional

from .bench import Bench, Cost, add_costs, check_applied, show_round
from .client import applied, post_one
from .common import Failure, Options, count, interleaved
from .figures import Section, at_least, at_most
from .load import Fleet, post
from .servers import Server, Servers

NAME = "post"
TITLE = "`POST /messages`"
OVERHEAD = 0.2  # seconds per round for the start of wrk, and for checks
RATE_BUDGET = 0.95  # at least, requests/s relative to bare MHD's
CPU_BUDGET = 1.12  # at most, CPU time per request relative to bare MHD's


@dataclass(frozen=True)
class Cell:
    """One case: a way to send, and a number of rockets."""

    close: bool  # a new connection for each request
    connections: int  # at the same time
    rockets: int

    @property
    def what(self) -> str:
        kind = "new connections" if self.close else "keep-alive"
        return f"{count(self.rockets)} rockets, {kind}, {self.connections}"


WAYS = [(False, 64), (False, 3), (True, 64), (True, 3)]


def seconds(options: Options) -> float:
    """About how long the section takes."""
    a_round = options.seconds + OVERHEAD
    few = len(WAYS) * 7 * options.rounds * a_round
    many = len(WAYS) * (2 * options.rounds * (a_round + 0.4) + 4)
    return few + many


def run(bench: Bench) -> None:
    section = bench.report.section(NAME, TITLE)
    section.notes.append(
        "Ratios are to bare MHD with as many event loops (nginx: with one). After "
        "each round it was checked that all messages were applied.")
    measure_few(bench, section)
    measure_many(bench, section)


def measure_few(bench: Bench, section: Section) -> None:
    """20 rockets, new ones in each round; all servers."""
    with bench.servers() as servers:
        running, baselines = start_all(servers)
        for close, connections in WAYS:
            cell = Cell(close, connections, 20)
            costs = measure_cell(bench, cell, running, None)
            add_costs(section, cell.what, costs, baselines, "request")
            add_budgets(bench, cell, costs, running[0].name, running[1].name)
            if not close and connections == 64:
                rates = sorted(costs[running[0].name].rate)
                bench.post_rate = rates[len(rates) // 2]


def measure_many(bench: Bench, section: Section) -> None:
    """100,000 rockets, launched before the first round; lunar.service, bare MHD."""
    for close, connections in WAYS:
        cell = Cell(close, connections, bench.options.many)
        with bench.servers() as servers:
            service = servers.service("-threads=2")
            bare = servers.bare("-threads=2")
            fleet = bench.load_rockets(service, cell.rockets)
            costs = measure_cell(bench, cell, [service, bare], fleet)
            add_costs(section, cell.what, costs, {service.name: bare.name},
                      "request")
            add_budgets(bench, cell, costs, service.name, bare.name)


def start_all(servers: Servers) -> tuple[list[Server], dict[str, str]]:
    """Start all servers. Returns them, and the name of each one's baseline."""
    running: list[Server] = []
    baselines: dict[str, str] = {}
    for threads in ("2", "1", "per-connection"):
        service = servers.service(f"-threads={threads}")
        bare = servers.bare(f"-threads={threads}")
        running += [service, bare]
        baselines[service.name] = bare.name
    nginx = servers.nginx()
    baselines[nginx.name] = "bare_mhd -threads=1"
    running.append(nginx)
    for server in running:
        status, kind = post_one(server)
        if status != 202 or not kind.startswith("application/json"):
            raise Failure(f"{server.name}: expected 202 with JSON, got {status} "
                          f"{kind}")
    return running, baselines


def measure_cell(bench: Bench, cell: Cell, running: list[Server],
                 fleet: Optional[int]) -> dict[str, Cost]:
    """Run all rounds of all servers; with new rockets if `fleet` is None.

    Otherwise with the rockets that were launched with round number `fleet`.
    """
    costs = {server.name: Cost() for server in running}
    positions = {server.name: "" for server in running}
    for number, server in interleaved(running, bench.options.rounds):
        if fleet is None:
            flown = Fleet(bench.new_round())
        else:
            flown = Fleet(fleet, cell.rockets, first=2,
                          positions=positions[server.name])
        positions[server.name] = measure(bench, cell, server, flown,
                                         costs[server.name])
        cost = costs[server.name]
        show_round(NAME, cell.what, server, number, bench.options.rounds,
                   f"{count(cost.rate[-1])} requests/s, {cost.cpu[-1]:.2f} µs")
    return costs


def measure(bench: Bench, cell: Cell, server: Server, fleet: Fleet,
            cost: Cost) -> str:
    """Run one round. Returns where the messages stopped; see messages.lua."""
    before = applied(server) if server.is_service else 0
    used = server.cpu()
    with post(server, fleet, cell.connections, bench.options.seconds,
              cell.close) as wrk:
        result = wrk.result()
    cost.add(result.requests, result.seconds, server.cpu() - used)
    if server.is_service:
        check_applied(server, before, result, cell.connections)
    return result.positions


def add_budgets(bench: Bench, cell: Cell, costs: dict[str, Cost], service: str,
                bare: str) -> None:
    """Add the budgets of one case."""
    rate = [a / b for a, b in zip(costs[service].rate, costs[bare].rate)]
    cpu = [a / b for a, b in zip(costs[service].cpu, costs[bare].cpu) if b > 0]
    what = f"`POST`, {cell.what}"
    bench.report.budgets.append(at_least(
        f"{what}: requests/s to bare MHD", RATE_BUDGET, rate, "×"))
    bench.report.budgets.append(at_most(
        f"{what}: CPU a request to bare MHD", CPU_BUDGET, cpu, "×"))
