# SPDX-License-Identifier: Apache-2.0
"""The parts of the service, one by one, measured by bench_parts."""

import json
import subprocess
from typing import Any

from .bench import Bench
from .common import Failure, Options, say
from .figures import Baseline, Figure, Section, at_least, at_most
from .servers import die_with_parent

NAME = "parts"
TITLE = "The parts, one by one (`bench_parts`, no HTTP)"

# Results of the reference solution's own benchmark on a machine like this
# one: microseconds and allocations of an operation.
REFERENCE = {("100 messages", "µs an operation"): 161.0,
             ("100 messages", "allocations an operation"): 402.0,
             ("1000 messages", "µs an operation"): 1271.0,
             ("1000 messages", "allocations an operation"): 3020.0}

REFERENCE_NOTE = (
    "An operation has all messages of the row, of 10 rockets, shuffled. The "
    "reference solution, on a machine like this one, needs 161 µs and 402 "
    "allocations for 100 messages, 1,271 µs and 3,020 allocations for 1,000; it "
    "does not apply all of them.")


def seconds(options: Options) -> float:
    return 5 + 11 * options.rounds


def run(bench: Bench) -> None:
    command = [str(bench.programs / "bench_parts"), "-json",
               f"-rounds={bench.options.rounds}"]
    say(f"{NAME}: {' '.join(command[1:])}")
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False,
                          preexec_fn=die_with_parent)
    if done.returncode != 0:
        raise Failure(f"bench_parts ended with status {done.returncode}")
    sections: dict[str, Section] = {}
    for line in done.stdout.decode().splitlines():
        part = json.loads(line)
        group = part["group"]
        if group not in sections:
            sections[group] = bench.report.section(
                f"{NAME}: {group}", f"{TITLE}: {group}")
            if group == "workload":
                sections[group].notes.append(REFERENCE_NOTE)
        add(bench, sections[group], part)
    if not sections:
        raise Failure("bench_parts printed no figures")


def add(bench: Bench, section: Section, part: dict[str, Any]) -> None:
    """Add one figure of bench_parts, and its budget if it has one."""
    item, column, rounds = part["item"], part["column"], part["rounds"]
    section.add(Figure(item, "", column, rounds, digits(part["median"]),
                       reference(part["group"], item, column)))
    what = f"{part['group']}: {item}, {column}"
    if "at_least" in part:
        bench.report.budgets.append(at_least(what, part["at_least"], rounds, "",
                                             digits(part["at_least"])))
    if "at_most" in part:
        bench.report.budgets.append(at_most(what, part["at_most"], rounds, "",
                                            digits(part["at_most"])))


def reference(group: str, item: str, column: str) -> Baseline | None:
    value = REFERENCE.get((item.partition(",")[0], column))
    if group != "workload" or value is None:
        return None
    return Baseline("the reference solution", [value])


def digits(value: float) -> int:
    """The number of decimals: three digits in all; none for whole numbers."""
    if value >= 100 or value == int(value):
        return 0
    return 1 if value >= 10 else 2 if value >= 1 else 3
