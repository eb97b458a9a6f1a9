# SPDX-License-Identifier: Apache-2.0
"""The results of a run, and their report as Markdown and as JSON."""

import json
import statistics
from dataclasses import asdict, dataclass, field
from typing import NamedTuple, Optional, Sequence


class Spread(NamedTuple):
    """Minimum, median and maximum over rounds."""

    min: float
    median: float
    max: float

    @staticmethod
    def of(values: Sequence[float]) -> "Spread":
        return Spread(min(values), statistics.median(values), max(values))

    def text(self, digits: int) -> str:
        values = [self.median] if self.min == self.max else self
        return " / ".join(f"{value:,.{digits}f}" for value in values)


def ratios(values: Sequence[float], base: Sequence[float]) -> list[float]:
    """Those of each round."""
    return [a / b for a, b in zip(values, base, strict=True) if b > 0]


@dataclass(frozen=True)
class Figure:
    """A cell: the row, the column, and one value per round."""

    what: str  # the case
    program: str
    name: str  # of the column, with the unit, as in "CPU a request, µs"
    values: Sequence[float]
    digits: int = 0  # number of decimals to print
    base: Optional[Sequence[float]] = None  # what it is compared with

    def cells(self, has_ratios: bool) -> list[str]:
        """The text of the cell, and with `has_ratios` that of the next one."""
        texts = [Spread.of(self.values).text(self.digits)]
        if has_ratios:
            texts.append(Spread.of(ratios(self.values, self.base)).text(3)
                         if self.base else "")
        return texts


@dataclass
class Section:
    """A table of the report."""

    title: str
    base: str = ""  # the name of what figures are compared with
    notes: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)

    def add(self, what: str, program: str, name: str, values: Sequence[float],
            digits: int = 0, base: Optional[Sequence[float]] = None) -> None:
        self.figures.append(Figure(what, program, name, values, digits, base))

    def markdown(self) -> list[str]:
        """The heading, the table and the notes."""
        rounds = sorted({len(figure.values) for figure in self.figures})
        shape = "Minimum / median / maximum of " \
            f"{' or '.join(map(str, rounds))} rounds."
        return [f"## {self.title}", "", *self._table(), "",
                " ".join([shape, *self.notes]), ""]

    def _table(self) -> list[str]:
        """A row for each case and program, a column for each name of figures,
        and behind it one for ratios, if it has any."""
        compared = {figure.name: False for figure in self.figures}
        rows: dict[tuple[str, str], dict[str, Figure]] = {}
        for figure in self.figures:
            compared[figure.name] |= bool(figure.base)
            rows.setdefault((figure.what, figure.program), {})[figure.name] = figure
        lines = [["what", "program"], ["---", "---"], *map(list, rows)]
        for name, has_ratios in compared.items():
            lines[0] += [name, f"to {self.base}"] if has_ratios else [name]
            lines[1] += ["---"] * (1 + has_ratios)
            for line, row in zip(lines[2:], rows.values()):
                line += row[name].cells(has_ratios) if name in row else \
                    [""] * (1 + has_ratios)
        return [f"| {' | '.join(line)} |" for line in lines]


@dataclass(frozen=True)
class Budget:
    """A limit for the median of the rounds."""

    what: str
    limit: float
    at_least: bool
    values: Sequence[float]
    unit: str
    digits: int

    @property
    def met(self) -> bool:
        median = statistics.median(self.values)
        return median >= self.limit if self.at_least else median <= self.limit

    def markdown(self) -> str:
        # One decimal more than the limit has, so that a close miss is visible.
        digits = self.digits + (self.digits > 0)
        low, median, high = Spread.of(self.values)
        return (f"| {self.what} | at {'least' if self.at_least else 'most'} "
                f"{self.limit:,.{self.digits}f}{self.unit} | "
                f"{median:,.{digits}f}{self.unit} | "
                f"{low:,.{digits}f} to {high:,.{digits}f} | "
                f"{'yes' if self.met else '**no**'} |")


@dataclass
class Report:
    """All results of a run."""

    machine: dict[str, str]
    sections: list[Section] = field(default_factory=list)
    budgets: list[Budget] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)  # by section
    problem: str = ""  # why the report is not complete

    def section(self, title: str, base: str = "") -> Section:
        self.sections.append(Section(title, base))
        return self.sections[-1]

    def at_least(self, what: str, limit: float, values: Sequence[float],
                 unit: str = "", digits: int = 2) -> None:
        self.budgets.append(Budget(what, limit, True, values, unit, digits))

    def at_most(self, what: str, limit: float, values: Sequence[float],
                unit: str = "", digits: int = 2) -> None:
        self.budgets.append(Budget(what, limit, False, values, unit, digits))

    def markdown(self) -> str:
        lines = ["# Benchmark of lunar.service", ""]
        if self.problem:
            lines += [f"**Not complete: {self.problem}**", ""]
        lines += ["| | |", "|---|---|"]
        lines += [f"| {name} | {value} |" for name, value in self.machine.items()]
        if self.budgets:
            met = sum(budget.met for budget in self.budgets)
            lines += ["", f"## Budgets: {met} of {len(self.budgets)} met", "",
                      "| what | budget | measured (median) | from – to | met |",
                      "|---|---|---|---|---|"]
            lines += [budget.markdown() for budget in self.budgets]
        lines.append("")
        for section in self.sections:
            if section.figures:
                lines += section.markdown()
        return "\n".join(lines)

    def json(self) -> str:
        """All figures, with the values of all rounds."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"
