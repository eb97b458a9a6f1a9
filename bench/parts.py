# SPDX-License-Identifier: Apache-2.0
"""The section of the parts of the service, measured by bench_parts."""

import json
import subprocess
from typing import Any

from client import Failure
from common import Bench, count, say
from report import Spread
from service import die_with_parent

PROGRAM = "bench_parts"

# By figure: at least or at most, the limit, and the number of its decimals.
BUDGETS = {
    ("resident memory", "bytes a rocket"): (False, 190, 0),
    ("20 rockets: in order", "messages/s"): (True, 12e6, 0),
    ("many: in order, as they were launched", "messages/s"): (True, 3e6, 0),
    ("many: random, in groups of 64 with positions", "messages/s"):
        (True, 3e6, 0),
    ("save all rockets", "ms"): (False, 250, 0),
    ("size", "bytes a rocket"): (False, 70, 1),
}

# What growth.gp draws, in its columns behind the number of rockets.
DRAWN = [
    ("many: in order, random rockets", "ns a message"),
    ("many: shuffled within 4 numbers a rocket", "ns a message"),
    ("resident memory", "bytes a rocket"),
    ("top 50 by speed", "descending, ms"),
    ("all by speed, as JSON", "ascending, ms"),
]

Figures = dict[tuple[str, str], list[float]]  # by item and column


def run_parts(bench: Bench) -> None:
    """the parts of the service, one by one, by bench_parts"""
    rockets = bench.options.million
    sizes = [rockets // 10**power for power in (3, 2, 1, 0)]
    found: dict[int, dict[str, Figures]] = {size: {} for size in sizes}
    for which, size in bench.interleaved(sizes):
        say(f"parts: {which}: {count(size)} rockets")
        for part in run_program(bench, size, size == rockets):
            group = found[size].setdefault(part["group"], {})
            group.setdefault((part["item"], part["column"]), []).append(part["value"])
    for name, group in found[rockets].items():
        section = bench.report.section(f"The parts, without HTTP: {name}")
        if name not in ("parse", "access"):
            section.notes.append(f"Many are {count(rockets)} rockets.")
        for (item, column), values in group.items():
            section.add(item, PROGRAM, column, values, digits(values[0]))
    for (item, column), (at_least, limit, decimals) in BUDGETS.items():
        values = next(group[item, column] for group in found[rockets].values()
                      if (item, column) in group)
        add = bench.report.at_least if at_least else bench.report.at_most
        add(f"parts: {item}, {column}", limit, values, "", decimals)
    add_growth(bench, {size: {key: values for group in groups.values()
                              for key, values in group.items()}
                       for size, groups in found.items()})


def run_program(bench: Bench, rockets: int, everything: bool) -> list[dict[str, Any]]:
    command = [str(bench.programs / PROGRAM), f"-rockets={rockets}",
               f"-all={int(everything)}"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False,
                          preexec_fn=die_with_parent)
    if done.returncode != 0:
        raise Failure(f"{PROGRAM} ended with status {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def digits(value: float) -> int:
    """The number of decimals: three digits in all."""
    return 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3


def add_growth(bench: Bench, sizes: dict[int, Figures]) -> None:
    """A table by the number of rockets, and a file of it for growth.gp."""
    section = bench.report.section("The parts, by the number of rockets")
    lines = []
    for size, figures in sizes.items():
        line = [str(size)]
        for item, column in DRAWN:
            values = figures[item, column]
            section.add(count(size), PROGRAM, f"{item}, {column}", values,
                        digits(values[0]))
            line += map(str, Spread.of(values))
        lines.append(" ".join(line))
    (bench.out / "growth.dat").write_text("\n".join(lines) + "\n")
