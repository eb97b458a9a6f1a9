# SPDX-License-Identifier: Apache-2.0
"""What came of it: a table by file, and the survivors as patches."""

import difflib
from collections import Counter
from pathlib import Path

from . import judge
from .argued import Argued
from .common import WORK
from .mutants import Mutant, text_of
from .results import Results

_SURVIVORS = WORK / "survivors.diff"
ARGUED, LEFT = "argued", "not tried"

# Columns of the table. A mutant that does not compile, or that compiles to
# the same code, has not been planted at all.
_COLUMNS = ["planted", "killed", "by time", ARGUED, "survived", LEFT,
            "same code", "invalid"]
_COLUMN_OF = {judge.KILLED: "killed", judge.TIME: "by time",
              judge.SURVIVED: "survived", judge.SAME: "same code",
              judge.INVALID: "invalid"}


def column_of(mutant: Mutant, results: Results, argued: Argued) -> str:
    verdict = results.last_of(mutant)
    if verdict and verdict.word in (judge.SAME, judge.INVALID):
        return _COLUMN_OF[verdict.word]
    if argued.has(mutant):
        return ARGUED
    return _COLUMN_OF[verdict.word] if verdict else LEFT


def table(mutants: list[Mutant], results: Results, argued: Argued) -> str:
    rows: dict[str, Counter[str]] = {}
    for mutant in mutants:
        row = rows.setdefault(mutant.path, Counter())
        column = column_of(mutant, results, argued)
        row[column] += 1
        if column not in ("same code", "invalid", LEFT):
            row["planted"] += 1
    rows["all"] = sum(rows.values(), Counter())
    lines = ["".join([f"{'':24}"] + [f"{name:>11}" for name in _COLUMNS])]
    for name, row in rows.items():
        lines.append("".join([f"{name:24}"] + [f"{row[c]:>11,}" for c in _COLUMNS]))
    return "\n".join(lines)


def survivors(mutants: list[Mutant], results: Results, argued: Argued) -> list[Mutant]:
    return [mutant for mutant in mutants
            if column_of(mutant, results, argued) == "survived"]


def write_survivors(mutants: list[Mutant]) -> Path:
    """A patch of each, with its name above it."""
    with _SURVIVORS.open("w") as out:
        for mutant in mutants:
            old = text_of(mutant.path)
            out.write(f"# {mutant.name}\n# in {mutant.function}\n")
            out.writelines(difflib.unified_diff(
                old.splitlines(True), mutant.planted(old).splitlines(True),
                f"a/{mutant.path}", f"b/{mutant.path}", n=2))
            out.write("\n")
    return _SURVIVORS
