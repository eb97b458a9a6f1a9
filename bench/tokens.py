# SPDX-License-Identifier: Apache-2.0
"""POST with a token, to a service with -tokens and to one without."""

import subprocess
from pathlib import Path

from common import Bench, Cost, show_costs
from load import post
from report import ratios

NAMES = ["with -tokens", "without"]
WAYS = (64, 3)  # connections
BUDGETS = (0.95, 1.05)  # requests/s and CPU a request, to the service without


def run_tokens(bench: Bench) -> None:
    """POST /messages with a token, with and without -tokens"""
    section = bench.report.section("`POST /messages` with a token", NAMES[1])
    section.notes.append(
        "Both services get the same requests, with `Authorization`; only the first "
        "looks at it. It was checked that all messages were applied. A new server in "
        "each round.")
    token, file = make_token(bench)
    for connections in WAYS:
        what = f"tokens, keep-alive, {connections}"
        costs = token_costs(bench, what, token, file, connections)
        show_costs(section, what, costs, "request", names=NAMES)
        bench.report.at_least(f"`POST`, {what}: requests/s to the service without",
                              BUDGETS[0], ratios(costs[0].rate, costs[1].rate), "×")
        bench.report.at_most(f"`POST`, {what}: CPU a request to the service without",
                             BUDGETS[1], ratios(costs[0].cpu, costs[1].cpu), "×")


def make_token(bench: Bench) -> tuple[str, Path]:
    """A token that may post and read, and the file that says so."""
    made = subprocess.run(
        [str(bench.programs / "lunar.service"), "-new-token", "bench", "ingest,read"],
        check=True, capture_output=True, text=True)
    token, line = made.stdout.splitlines()
    file = bench.work / "tokens"
    file.touch(0o600)
    file.write_text(line + "\n")
    return token, file


def token_costs(bench: Bench, what: str, token: str, file: Path,
                connections: int) -> list[Cost]:
    def measure(index: int, cost: Cost) -> str:
        with bench.servers() as servers:
            server = servers.service(*([f"-tokens={file}"] if index == 0 else []))
            server.token = token
            return post(bench, server, connections, cost, round=bench.new_round())

    return bench.compare(f"post: {what}", NAMES, measure)
