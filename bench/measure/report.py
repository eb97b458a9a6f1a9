# SPDX-License-Identifier: Apache-2.0
"""Formats the report as Markdown and as JSON."""

import json
from dataclasses import dataclass
from typing import Any, Optional

from .figures import Figure, Report, Section, Spread


def markdown(report: Report) -> str:
    """The whole report as Markdown."""
    lines = ["# Benchmark of lunar.service", ""]
    if report.problem:
        lines += [f"**Not complete: {report.problem}**", ""]
    lines += ["| | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in report.machine.items()]
    lines += ["", *budgets(report)]
    for section in report.sections:
        lines += section_lines(section)
    return "\n".join(lines).rstrip() + "\n"


def budgets(report: Report) -> list[str]:
    if not report.budgets:
        return []
    met = sum(budget.met for budget in report.budgets)
    lines = [f"## Budgets: {met} of {len(report.budgets)} met", "",
             "| what | budget | measured (median) | from – to | met |",
             "|---|---|---|---|---|"]
    for budget in report.budgets:
        lines.append(f"| {budget.what} | {budget.promised} | {budget.measured} | "
                     f"{budget.rounds} | {'yes' if budget.met else '**no**'} |")
    return [*lines, ""]


def section_lines(section: Section) -> list[str]:
    """The heading of a section, its table and its notes."""
    lines = [f"## {section.title}", ""]
    if section.figures:
        lines += [*table(section.figures), ""]
    notes = [shape(section.figures), *section.notes]
    return [*lines, " ".join(note for note in notes if note), ""]


def shape(figures: list[Figure]) -> str:
    """A sentence about the contents of the cells."""
    rounds = {len(figure.values) for figure in figures}
    if not rounds:
        return "Nothing was measured."
    if rounds == {1}:
        return "One round."
    return (f"Minimum / median / maximum of {' or '.join(map(str, sorted(rounds)))}"
            " rounds.")


@dataclass(frozen=True)
class Column:
    """A column of figures with one name, or of their ratios to one baseline."""

    name: str
    baseline: str = ""

    @property
    def title(self) -> str:
        return f"to {self.baseline}" if self.baseline else self.name

    def cell(self, figure: Optional[Figure]) -> str:
        """The text of this column's cell; empty if it has no value."""
        if figure is None:
            return ""
        if not self.baseline:
            return spread_text(figure.spread, figure.digits, len(figure.values))
        if figure.baseline is None or figure.baseline.name != self.baseline:
            return ""
        ratios = figure.ratios
        return spread_text(Spread.of(ratios), 3, len(ratios)) if ratios else ""


def columns_of(figures: list[Figure]) -> list[Column]:
    """A column for each name, followed by one for each of its baselines."""
    columns: list[Column] = []
    for name in dict.fromkeys(figure.name for figure in figures):
        columns.append(Column(name))
        columns += [Column(name, other) for other in dict.fromkeys(
            f.baseline.name for f in figures if f.name == name and f.baseline)]
    return columns


def table(figures: list[Figure]) -> list[str]:
    """A table with a row for each case and server."""
    columns = columns_of(figures)
    subjects = any(figure.subject for figure in figures)
    head = ["what"] + (["server"] if subjects else [])
    head += [column.title for column in columns]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    cells = {(f.what, f.subject, f.name): f for f in figures}
    for what, subject in dict.fromkeys((f.what, f.subject) for f in figures):
        row = [what] + ([subject] if subjects else [])
        row += [column.cell(cells.get((what, subject, column.name)))
                for column in columns]
        lines.append("| " + " | ".join(row) + " |")
    return lines


def spread_text(spread: Spread, digits: int, rounds: int) -> str:
    values = [spread.low, spread.middle, spread.high] if rounds > 1 else \
        [spread.middle]
    return " / ".join(f"{value:,.{digits}f}" for value in values)


def as_json(report: Report) -> str:
    """All figures, with the values of all rounds, as JSON."""
    return json.dumps({
        "machine": report.machine,
        "seconds": {name: round(taken, 1) for name, taken in report.took.items()},
        "complete": not report.problem,
        **({"problem": report.problem} if report.problem else {}),
        "budgets": [vars(budget) for budget in report.budgets],
        "sections": [{
            "name": section.name,
            "title": section.title,
            "notes": section.notes,
            "figures": [figure_json(figure) for figure in section.figures],
        } for section in report.sections],
    }, indent=1, ensure_ascii=False) + "\n"


def figure_json(figure: Figure) -> dict[str, Any]:
    result: dict[str, Any] = {
        "what": figure.what, "server": figure.subject, "figure": figure.name,
        **spread_json(figure.spread), "rounds": list(figure.values)}
    if figure.baseline is not None and figure.ratios:
        result["baseline"] = {"name": figure.baseline.name,
                              **spread_json(Spread.of(figure.baseline.values))}
        result["ratio"] = {**spread_json(Spread.of(figure.ratios)),
                           "rounds": figure.ratios}
    return result


def spread_json(spread: Spread) -> dict[str, float]:
    return {"min": spread.low, "median": spread.middle, "max": spread.high}
