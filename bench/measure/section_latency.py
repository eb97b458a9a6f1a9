# SPDX-License-Identifier: Apache-2.0
"""Latency of POST /messages at half of the service's maximum rate."""

from .bench import Bench, show_round
from .common import Options, count, interleaved
from .figures import Baseline, Figure, Section
from .load import Fleet, post
from .servers import Server

NAME = "latency"
TITLE = "Latency of `POST /messages` at half of the maximum rate"
CONNECTIONS = 64

PERCENTILES = [("p50, ms", "p50_us"), ("p99, ms", "p99_us"),
               ("p99.9, ms", "p999_us")]


def seconds(options: Options) -> float:
    return 3 * options.rounds * (options.seconds + 0.4) + 5


def run(bench: Bench) -> None:
    section = bench.report.section(NAME, TITLE)
    with bench.servers() as servers:
        running = [servers.service("-threads=2"), servers.bare("-threads=2"),
                   servers.nginx()]
        rate = int(maximum(bench, running[0]) / 2)
        # Warm up: allocate memory, load code into the caches.
        for server in running:
            bench.pace_posts(server, connections=CONNECTIONS, rate=rate,
                             milliseconds=300)
        section.notes.append(
            f"{count(rate)} requests/s over {CONNECTIONS} connections, open loop: "
            "the latency of a request counts from its due time, even if it was "
            "sent later. The last column is the delay from due to sent; the load "
            "generator shares the cores with the servers.")
        measure(bench, section, running, rate)


def maximum(bench: Bench, service: Server) -> float:
    """The service's maximum requests/s: from section post, or measured now."""
    if bench.post_rate is None:
        with post(service, Fleet(bench.new_round()), CONNECTIONS,
                  bench.options.seconds) as wrk:
            bench.post_rate = wrk.result().rate
    return bench.post_rate


def measure(bench: Bench, section: Section, running: list[Server],
            rate: int) -> None:
    results: dict[str, list[dict[str, float]]] = {s.name: [] for s in running}
    for number, server in interleaved(running, bench.options.rounds):
        result = bench.pace_posts(server, connections=CONNECTIONS, rate=rate,
                                  milliseconds=bench.options.seconds * 1000)
        results[server.name].append(result)
        show_round(NAME, "half rate", server, number, bench.options.rounds,
                   f"p50 {result['p50_us'] / 1e3:.2f}, "
                   f"p99 {result['p99_us'] / 1e3:.2f} ms")
    for server in running:
        add_percentiles(section, f"{count(rate)} requests/s", server.name,
                        results[server.name],
                        None if server is running[1] else running[1].name,
                        results[running[1].name])


def add_percentiles(section: Section, what: str, subject: str,
                    results: list[dict[str, float]], base: str | None,
                    base_results: list[dict[str, float]]) -> None:
    """Add the figures of runs of bench_pace, compared with `base` if given."""
    for title, key in PERCENTILES:
        baseline = Baseline(base, [r[key] / 1e3 for r in base_results]) if base \
            else None
        section.add(Figure(what, subject, title, [r[key] / 1e3 for r in results],
                           3, baseline))
    section.add(Figure(what, subject, "sent late, p99, ms",
                       [r["late_p99_us"] / 1e3 for r in results], 3))
