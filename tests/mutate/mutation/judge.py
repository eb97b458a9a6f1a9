# SPDX-License-Identifier: Apache-2.0
"""One mutant's trial: build it, show it to the tests, nearest first."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from . import suite
from .common import Failure, say
from .mutants import Mutant
from .suite import Choice, Test
from .tree import Tree, object_of

KILLED, TIME, SURVIVED, SAME, INVALID = (
    "killed", "time", "survived", "same code", "invalid")

QUICK = "quick"  # by what it survived, if not by the sanitizers

_LOCKING = {"src/table/table.c"}  # shown to the ThreadSanitizer
_ALONE = 2
_GROUP = 8  # tests whose programs are linked before the first of them runs


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant."""

    word: str
    by: str  # the test that killed it
    seconds: float


class Judge:
    """With a tree of its own."""

    def __init__(self, number: int, thorough: bool) -> None:
        self.tree = Tree(number)
        self._thorough = thorough
        self._tsan: list[str] = []  # the build, where it is wanted
        self._choices: dict[str, Choice] = {}
        self._lists: dict[str, list[Test]] = {}

    def prepare(self, paths: list[str]) -> None:
        """All builds without a fault; every test must pass in them."""
        self.tree.copy()
        self._tsan = ["tsan"] if _LOCKING & set(paths) else []
        for build in self._builds():
            self._prepare(build, {Path(path).stem for path in paths})
        for path in paths:
            if path.endswith(".c"):
                self.tree.learn(path)

    def _builds(self) -> list[str]:
        return ["plain", "asan", *self._tsan] if self._thorough else ["plain"]

    def _prepare(self, build: str, stems: set[str]) -> None:
        say(f"{self.tree.folder.name}: building and timing the tests ({build})")
        self.tree.configure(build)
        wanted = self._tests_of(build, stems)
        said = self.tree.ninja(build, sorted({test.target for test in wanted}))
        if said:
            raise Failure(f"the build without a fault fails ({build}):\n{said}")
        tests = self._tests_of(build, stems)
        suite.measure(tests, build)
        self._choices[build] = Choice(tests, self.tree.build_folder(build))

    def _tests_of(self, build: str, stems: set[str]) -> list[Test]:
        """Sanitizers are there for what they alone see, and are slow."""
        tests = suite.tests_of(self.tree, build)
        if build == "tsan":
            return [test for test in tests if test.name.startswith("concurrency.")]
        if build == "asan":
            return [test for test in tests
                    if any(suite.is_near(test, stem) for stem in stems)]
        return tests

    def try_mutant(self, mutant: Mutant) -> Verdict:
        begun = time.monotonic()
        self.tree.plant(mutant)
        word, by = self._sentence(mutant)
        return Verdict(word, by, time.monotonic() - begun)

    def _sentence(self, mutant: Mutant) -> tuple[str, str]:
        if mutant.path.endswith(".c"):
            if self.tree.ninja("plain", [object_of(mutant.path)]):
                return INVALID, ""
            if self.tree.is_same_code(mutant):
                return SAME, ""
        for build in self._builds():
            if build == "tsan" and mutant.path not in _LOCKING:
                continue
            word, by = self._show(mutant, build)
            if word != SURVIVED:
                return word, by
        return SURVIVED, "" if self._thorough else QUICK

    def _show(self, mutant: Mutant, build: str) -> tuple[str, str]:
        key = f"{build} {mutant.path}"
        if key not in self._lists:
            self._lists[key] = self._choices[build].tests_for(mutant.path)
        for group in _groups(self._lists[key]):
            if self.tree.ninja(build, sorted({test.target for test in group})):
                return INVALID, ""
            for test in group:
                ended = suite.run(test, build)
                if ended:
                    word = TIME if ended == "time" else KILLED
                    return word, test.name if build == "plain" else f"{test.name} ({build})"
        return SURVIVED, ""


def _groups(tests: list[Test]) -> Iterator[list[Test]]:
    """The nearest ones alone, as most mutants end there; others together."""
    for test in tests[:_ALONE]:
        yield [test]
    for start in range(_ALONE, len(tests), _GROUP):
        yield tests[start:start + _GROUP]
