# SPDX-License-Identifier: Apache-2.0
"""Batches: POST /messages with application/x-ndjson."""

from .bench import Bench, Cost, add_costs, show_round
from .common import Options, count, interleaved
from .figures import Figure, at_least
from .load import batch
from .servers import Server

NAME = "batch"
TITLE = "Batch ingest: `POST /messages`, `application/x-ndjson`"
BUDGET = 1_000_000  # messages/s
REQUESTS = 6  # per round, of all connections together


def seconds(options: Options) -> float:
    # Making the bodies takes about as long as sending them.
    return 2 * 2 * 2 * options.rounds * (0.5 if options.quick else 2.0) + 8


def run(bench: Bench) -> None:
    section = bench.report.section(NAME, TITLE)
    messages = 20_000 if bench.options.quick else 200_000  # per request
    section.notes.append(
        f"{count(messages)} messages per request, {REQUESTS} requests per round, "
        "which are made before the round. All messages were applied. Bare MHD "
        "reads and drops the same requests. The CPU time of the server does not "
        "include that of the sender.")
    for rockets in (20, bench.options.many):
        for connections in (1, 2):
            what = f"{count(rockets)} rockets, {connections} connection" + \
                ("s" if connections > 1 else "")
            with bench.servers() as servers:
                service = servers.service("-threads=2")
                bare = servers.bare("-threads=2")
                fleet = bench.load_rockets(service, rockets)
                costs, sent = measure(bench, what, [service, bare], {
                    "rockets": rockets, "connections": connections,
                    "messages": messages, "requests": REQUESTS, "round": fleet})
                add_costs(section, what, costs, {service.name: bare.name},
                          "message", 3)
                for name, values in sent.items():
                    section.add(Figure(what, name, "sender's CPU a message, µs",
                                       values, 3))
                bench.report.budgets.append(at_least(
                    f"batch ingest, {what}", BUDGET, costs[service.name].rate,
                    " messages/s", 0))


def measure(bench: Bench, what: str, running: list[Server],
            flags: dict[str, int]) -> tuple[dict[str, Cost], dict[str, list[float]]]:
    """The costs of each server, and the CPU times of its sender."""
    costs = {server.name: Cost() for server in running}
    sent: dict[str, list[float]] = {server.name: [] for server in running}
    # Each round has this many messages of each rocket. Number 1 is the launch.
    numbers = flags["messages"] * flags["requests"] // flags["rockets"]
    for number, server in interleaved(running, bench.options.rounds):
        used = server.cpu()
        result = batch(bench.programs, server, first=2 + number * numbers,
                       unchecked=int(server is not running[0]), **flags)
        cost = costs[server.name]
        cost.add(int(result["messages"]), result["seconds"], server.cpu() - used)
        sent[server.name].append(
            (result["user_us"] + result["system_us"]) / result["messages"])
        show_round(NAME, what, server, number, bench.options.rounds,
                   f"{count(cost.rate[-1])} messages/s, {cost.cpu[-1]:.3f} µs")
    return costs, sent
