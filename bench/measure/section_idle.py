# SPDX-License-Identifier: Apache-2.0
"""Latency of POST /messages beside 10,000 idle connections."""

import time

from .bench import Bench, show_round
from .common import Options, count, interleaved
from .figures import at_most
from .section_latency import add_percentiles
from .servers import Server

NAME = "idle"
TITLE = "`POST /messages` beside 10,000 idle connections"
IDLE = 10_000
RATE = 2_000  # requests/s
CONNECTIONS = 16
SETTLE = 0.5  # s, in which the server closes the idle connections
BUDGET = 10.0  # ms, of p99


def seconds(options: Options) -> float:
    return options.rounds * 3 * (options.seconds + 1.2)


def run(bench: Bench) -> None:
    section = bench.report.section(NAME, TITLE)
    section.notes.append(
        f"{count(RATE)} requests/s over {CONNECTIONS} connections, open loop. "
        "While more than 512 connections are open, the service closes each "
        "connection after its response, and so does bare MHD here. So beside the "
        "idle connections each request opens a new one, and its latency includes "
        "that.")
    beside, alone = f"{count(IDLE)} idle connections", "no idle connections"
    with bench.servers() as servers:
        service = servers.service("-threads=2", "-max-connections=12000")
        bare = servers.bare("-threads=2", "-max-connections=12000",
                            "-keep-alive=512")
        cases = [(service, IDLE), (service, 0), (bare, IDLE)]
        results: list[list[dict[str, float]]] = [[] for _ in cases]
        for number, case in interleaved(range(len(cases)), bench.options.rounds):
            results[case].append(measure(bench, *cases[case]))
            show_round(NAME, beside if cases[case][1] else alone, cases[case][0],
                       number, bench.options.rounds,
                       f"p99 {results[case][-1]['p99_us'] / 1e3:.2f} ms")
    add_percentiles(section, beside, "lunar.service", results[0], alone, results[1])
    add_percentiles(section, alone, "lunar.service", results[1], None, [])
    add_percentiles(section, beside, "bare_mhd", results[2], None, [])
    bench.report.budgets.append(at_most(
        f"p99 of `POST` beside {beside}", BUDGET,
        [result["p99_us"] / 1e3 for result in results[0]], " ms"))


def measure(bench: Bench, server: Server, idle: int) -> dict[str, float]:
    """Run one round."""
    result = bench.pace_posts(server, idle=idle, rate=RATE,
                              connections=CONNECTIONS,
                              milliseconds=bench.options.seconds * 1000)
    # Give the server time to close the idle connections too.
    time.sleep(SETTLE)
    return result
