# SPDX-License-Identifier: Apache-2.0
"""The time from exec to the line on stdout that the service listens."""

import subprocess
import time
from pathlib import Path

from .bench import Bench
from .common import Failure, Options, interleaved, say
from .figures import Baseline, Figure, at_most

NAME = "start"
TITLE = "Start without rockets: until the line on stdout"
STARTS = 20
BUDGET = 50.0  # ms


def seconds(options: Options) -> float:
    return 2 * STARTS * 0.05


def run(bench: Bench) -> None:
    section = bench.report.section(NAME, TITLE)
    section.notes.append(f"{STARTS} starts of each, in turn.")
    times: dict[str, list[float]] = {"lunar.service": [], "bare_mhd": []}
    for _, name in interleaved(list(times), STARTS):
        times[name].append(start(bench.programs / name))
    bare = times["bare_mhd"]
    section.add(Figure("start", "lunar.service", "ms", times["lunar.service"], 2,
                       Baseline("bare_mhd", bare)))
    section.add(Figure("start", "bare_mhd", "ms", bare, 2))
    bench.report.budgets.append(at_most("start, empty", BUDGET,
                                        times["lunar.service"], " ms", 1))
    say(f"{NAME}: {sorted(times['lunar.service'])[STARTS // 2]:.2f} ms")


def start(program: Path) -> float:
    """Start a program once. Returns the milliseconds that it took."""
    begun = time.perf_counter()
    with subprocess.Popen([str(program), "-port=0"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            taken = time.perf_counter() - begun
        finally:
            # It has no state to lose, and a graceful stop takes time.
            process.kill()
    if b"listening on" not in line:
        raise Failure(f"{program.name} did not start: {line!r}")
    return taken * 1e3
