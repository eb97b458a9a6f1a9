# SPDX-License-Identifier: Apache-2.0
"""Verdicts, written down as they come, so that a run may go on later."""

from . import judge
from .common import ROOT, WORK, digest
from .judge import Verdict
from .mutants import Mutant

_FILE = WORK / "verdicts.tsv"


class Results:
    """Verdicts by mutant.

    One counts as long as its function is as it was. Where it survived, also
    the tests must be: new ones may kill it. One that survived a quick run has
    not been shown to the sanitizers.
    """

    def __init__(self, forget: bool, thorough: bool) -> None:
        self._thorough = thorough
        self._tests = digest(path for path in (ROOT / "tests").rglob("*")
                             if path.suffix in (".c", ".h")
                             or path.name in ("CMakeLists.txt", "suite.py"))
        self._known: dict[str, tuple[str, Verdict]] = {}
        WORK.mkdir(parents=True, exist_ok=True)
        if forget:
            _FILE.unlink(missing_ok=True)
        if _FILE.exists():
            self._read()

    def _read(self) -> None:
        for line in _FILE.read_text().splitlines():
            key, tests, _, word, by, seconds = line.split("\t")
            self._known[key] = tests, Verdict(word, by, float(seconds))

    def of(self, mutant: Mutant) -> Verdict | None:
        """None where it has to be tried."""
        tests, verdict = self._known.get(mutant.key, ("", None))
        if verdict and verdict.word == judge.SURVIVED and (
                tests != self._tests
                or (self._thorough and verdict.by == judge.QUICK)):
            return None
        return verdict

    def last_of(self, mutant: Mutant) -> Verdict | None:
        """The same, but by whatever tests."""
        return self._known.get(mutant.key, ("", None))[1]

    def add(self, mutant: Mutant, verdict: Verdict) -> None:
        self._known[mutant.key] = self._tests, verdict
        with _FILE.open("a") as out:
            print(mutant.key, self._tests, mutant.name, verdict.word, verdict.by,
                  f"{verdict.seconds:.2f}", sep="\t", file=out)
