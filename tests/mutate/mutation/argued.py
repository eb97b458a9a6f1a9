# SPDX-License-Identifier: Apache-2.0
"""The list of mutants that change nothing that a user can see.

argued.txt is made of blocks, with an empty line between them:

    src/file.c function: the line of code, as it stands there
      one mutation of it, as the list of mutants has it
      another one
    Why they change nothing, as prose.

A block is about all lines of the function that have that text. One that no
longer fits a mutant is an error: the code has changed, and so must the list.
"""

import re
from pathlib import Path

from .mutants import Mutant

_FILE = Path(__file__).resolve().parent.parent / "argued.txt"
_HEAD = re.compile(r"(\S+) (\S+): (.+)")

Place = tuple[str, str, str, str]  # file, function, line, what


def _place(mutant: Mutant) -> Place:
    return mutant.path, mutant.function, mutant.text, mutant.what


class Argued:
    """By place: why a mutant there need not be killed."""

    def __init__(self) -> None:
        self._reasons: dict[Place, str] = {}
        text = "\n".join(line for line in _FILE.read_text().splitlines()
                         if not line.startswith("#"))
        for block in re.split(r"\n\s*\n", text.strip()):
            if block:
                self._add(block.splitlines())

    def _add(self, lines: list[str]) -> None:
        head = _HEAD.fullmatch(lines[0])
        whats = [line.strip() for line in lines[1:] if line.startswith("  ")]
        reason = " ".join(line for line in lines[1:] if not line.startswith("  "))
        if head is None or not whats or not reason:
            raise ValueError(f"{_FILE.name}: no block as it should be: {lines[0]!r}")
        for what in whats:
            place = head[1], head[2], head[3], what
            if place in self._reasons:
                raise ValueError(f"{_FILE.name}: given twice: {lines[0]!r}, {what!r}")
            self._reasons[place] = reason

    def has(self, mutant: Mutant) -> bool:
        return _place(mutant) in self._reasons

    def unused(self, mutants: list[Mutant]) -> list[str]:
        """Entries for the files of these mutants that fit none of them."""
        there = {_place(mutant) for mutant in mutants}
        paths = {mutant.path for mutant in mutants}
        return [f"{path} {function}: {line}\n  {what}"
                for path, function, line, what in self._reasons
                if path in paths and (path, function, line, what) not in there]
