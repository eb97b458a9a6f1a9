# SPDX-License-Identifier: Apache-2.0
"""GET of a rocket and a short list, against responses of equal length."""

import json

from .bench import Bench, Cost, add_costs, show_round
from .client import get as read
from .common import Failure, Options, count, interleaved
from .load import get
from .servers import Server

NAME = "get"
TITLE = "`GET /rockets/{id}` and `GET /rockets`, 20 rockets, 64 connections"
CONNECTIONS = 64
ROCKETS = 20
TOLERANCE = 0.01  # of bytes per request: responses cut when wrk stopped


def seconds(options: Options) -> float:
    return 2 * 2 * options.rounds * (options.seconds + 0.3) + 4


def run(bench: Bench) -> None:
    section = bench.report.section(NAME, TITLE)
    section.notes.append(
        "The response of bare MHD is fixed. Its body is as long as the service's; "
        "it has fewer header fields (no `ETag`).")
    with bench.servers() as servers:
        service = servers.service("-threads=2")
        bench.load_rockets(service, ROCKETS)
        listed = read(service, "/rockets")
        ids = [rocket["id"] for rocket in json.loads(listed.body)]
        if len(ids) != ROCKETS:
            raise Failure(f"expected {ROCKETS} rockets, got {len(ids)}")
        one = len(read(service, f"/rockets/{ids[0]}").body)
        for what, targets, size in (
                ("`GET /rockets/{id}`", [f"/rockets/{name}" for name in ids], one),
                ("`GET /rockets`", ["/rockets"], len(listed.body))):
            bare = servers.bare("-threads=2", f"-reply-bytes={size}")
            costs = measure(bench, what, targets, [service, bare])
            add_costs(section, f"{what}, {count(size)} bytes", costs,
                      {service.name: bare.name}, "request")


def measure(bench: Bench, what: str, targets: list[str],
            running: list[Server]) -> dict[str, Cost]:
    costs = {server.name: Cost() for server in running}
    sizes: dict[str, float] = {}
    for number, server in interleaved(running, bench.options.rounds):
        used = server.cpu()
        with get(server, targets, CONNECTIONS, bench.options.seconds) as wrk:
            result = wrk.result()
        cost = costs[server.name]
        cost.add(result.requests, result.seconds, server.cpu() - used)
        check_size(server, result.bytes / result.requests, sizes)
        show_round(NAME, what, server, number, bench.options.rounds,
                   f"{count(cost.rate[-1])} requests/s, {cost.cpu[-1]:.2f} µs")
    return costs


def check_size(server: Server, size: float, sizes: dict[str, float]) -> None:
    """Check that the length of responses does not change between rounds."""
    expected = sizes.setdefault(server.name, size)
    if abs(size - expected) > expected * TOLERANCE:
        raise Failure(f"{server.name}: expected responses of {expected:.0f} bytes "
                      f"as in the first round, got {size:.0f}")
