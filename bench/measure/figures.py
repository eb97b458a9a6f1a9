# SPDX-License-Identifier: Apache-2.0
"""The results: figures with the values of all rounds, and budgets."""

import statistics
from dataclasses import dataclass, field
from typing import Optional, Sequence

from .common import Failure


@dataclass(frozen=True)
class Spread:
    """Minimum, median and maximum over rounds."""

    low: float
    middle: float
    high: float

    @staticmethod
    def of(values: Sequence[float]) -> "Spread":
        return Spread(min(values), statistics.median(values), max(values))


@dataclass(frozen=True)
class Baseline:
    """The values that a figure is compared with, round by round."""

    name: str
    values: Sequence[float]

    def ratios(self, values: Sequence[float]) -> list[float]:
        # A single value, a published figure, counts for all rounds.
        base = list(self.values) * (len(values) if len(self.values) == 1 else 1)
        if len(base) != len(values):
            raise Failure(f"{self.name}: expected {len(values)} rounds, got "
                          f"{len(base)}")
        return [value / other for value, other in zip(values, base) if other > 0]


@dataclass(frozen=True)
class Figure:
    """One figure: a case, a server, and one value per round."""

    what: str  # the case
    subject: str  # the server; may be empty
    name: str  # with the unit, as in "CPU a request, µs"
    values: Sequence[float]
    digits: int = 0  # number of decimals to print
    baseline: Optional[Baseline] = None

    @property
    def spread(self) -> Spread:
        return Spread.of(self.values)

    @property
    def ratios(self) -> list[float]:
        return self.baseline.ratios(self.values) if self.baseline else []


@dataclass
class Section:
    """A table of the report."""

    name: str
    title: str
    notes: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)

    def add(self, figure: Figure) -> Figure:
        if not figure.values:
            raise Failure(f"{self.name}: {figure.what}, {figure.name}: no values")
        self.figures.append(figure)
        return figure


@dataclass(frozen=True)
class Budget:
    """A limit, and the measured value."""

    what: str
    promised: str
    measured: str
    met: bool
    rounds: str = ""  # minimum to maximum, the spread of the rounds


def at_least(what: str, limit: float, values: Sequence[float], unit: str = "",
             digits: int = 2) -> Budget:
    """A budget that the median of the rounds must reach."""
    return _budget(what, "at least", limit, values, unit, digits)


def at_most(what: str, limit: float, values: Sequence[float], unit: str = "",
            digits: int = 2) -> Budget:
    """A budget that the median of the rounds must not exceed."""
    return _budget(what, "at most", limit, values, unit, digits)


def _budget(what: str, kind: str, limit: float, values: Sequence[float],
            unit: str, digits: int) -> Budget:
    spread = Spread.of(values)
    met = spread.middle >= limit if kind == "at least" else spread.middle <= limit
    promised = f"{kind} {limit:,.{digits}f}{unit}"
    # One decimal more than the limit has, so that a close miss is visible.
    digits += digits > 0
    return Budget(what, promised, f"{spread.middle:,.{digits}f}{unit}", met,
                  f"{spread.low:,.{digits}f} to {spread.high:,.{digits}f}")


@dataclass
class Report:
    """All results of a run."""

    machine: dict[str, str]
    sections: list[Section] = field(default_factory=list)
    budgets: list[Budget] = field(default_factory=list)
    took: dict[str, float] = field(default_factory=dict)  # seconds, by section
    problem: str = ""  # why the report is not complete

    def section(self, name: str, title: str) -> Section:
        self.sections.append(Section(name, title))
        return self.sections[-1]
