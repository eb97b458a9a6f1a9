# SPDX-License-Identifier: Apache-2.0
"""What a mutant is, and the list of all of a file."""

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

from . import operators, statements
from .common import ROOT
from .operators import Fault
from .tokens import Source, Token


@dataclass(frozen=True)
class Mutant:
    """One fault in one place. All of it follows from the source alone."""

    path: str
    line: int
    column: int
    function: str
    text: str  # of the line, without its indentation
    kind: str  # of fault: a word for tables
    what: str  # "a < b -> a <= b"
    changes: tuple[tuple[int, int, str], ...]  # from, to, put there instead
    key: str  # the same as long as its function is

    @property
    def name(self) -> str:
        return f"{self.path}:{self.line}:{self.column} {self.what}"

    def planted(self, source: str) -> str:
        """The file with the fault; each line keeps its number."""
        for start, end, new in reversed(self.changes):
            lost = source.count("\n", start, end) - new.count("\n")
            source = source[:start] + new + "\n" * lost + source[end:]
        return source


def of_file(path: str) -> list[Mutant]:
    """All mutants of the file, in the order of their places."""
    source = Source(path, text_of(path))
    enums = operators.named_enums(
        [source.text] + [header.read_text()
                         for header in sorted((ROOT / "include").glob("*.h"))])
    result = []
    found = operators.faults(source, enums) + statements.faults(source)
    for fault in sorted(found, key=lambda fault: fault.changes):
        start = fault.changes[0][0]
        token = next(t for t in source.tokens if t.end > start)
        line, column = source.place(token.start)
        result.append(Mutant(path, line, column, token.function or "-",
                             source.line(token.start), fault.kind, fault.what,
                             fault.changes, _key(source, token, fault)))
    return result


def _key(source: Source, token: Token, fault: Fault) -> str:
    """Of the function, or else the line, and what is changed where in it."""
    place = token.start - source.text.rfind("\n", 0, token.start)
    text = source.line(token.start)
    if token.function:
        inside = [other for other in source.tokens if other.function == token.function]
        place = token.start - inside[0].start
        text = source.text[inside[0].start:inside[-1].end]
    whole = "\0".join([source.path, token.function, text, str(place), fault.what])
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


@functools.cache
def text_of(path: str) -> str:
    """The file without a fault, as it was when it was first asked for.

    It may be edited while mutants of it are tried.
    """
    return (ROOT / path).read_text()


def sources_of(names: list[str]) -> list[str]:
    """Names of files, as they may be given, as paths from the root."""
    result = []
    for name in names:
        path = Path(name).resolve()
        if not path.is_file() or not path.is_relative_to(ROOT):
            raise ValueError(f"no file of the project: {name}")
        result.append(str(path.relative_to(ROOT)))
    return result
