# SPDX-License-Identifier: Apache-2.0
"""Options, progress lines and failures, for all parts of the benchmark."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Sequence, TypeVar

BENCH = Path(__file__).resolve().parent.parent  # the folder bench/
ROOT = BENCH.parent

Item = TypeVar("Item")


class Failure(Exception):
    """A problem that makes the figures invalid. The text is the cause."""


@dataclass(frozen=True)
class Options:
    """The options of a run, from the flags of run.py."""

    seconds: int  # length of a round of a load generator
    rounds: int
    quick: bool  # a short and smaller run, whose figures are not meaningful
    build: Path  # folder of the programs
    out: Path  # folder of the reports

    @property
    def million(self) -> int:
        """The number of rockets in place of a million."""
        return 100_000 if self.quick else 1_000_000

    @property
    def many(self) -> int:
        """The number of rockets in place of 100,000."""
        return 10_000 if self.quick else 100_000


def say(text: str) -> None:
    """Print a progress line on stderr, with the time since the start."""
    minutes, seconds = divmod(int(time.monotonic() - STARTED), 60)
    print(f"bench {minutes:2}:{seconds:02}: {text}", file=sys.stderr, flush=True)


def interleaved(items: Sequence[Item], rounds: int) -> Iterator[tuple[int, Item]]:
    """Pairs (round, item), for all items in each round; rounds count from 0.

    Each round starts with another item, so that no item is always first. A
    disturbance of the machine affects all items, because they take turns.
    """
    for number in range(rounds):
        for turn in range(len(items)):
            yield number, items[(number + turn) % len(items)]


def count(number: float) -> str:
    """The number with separators, as in 1,234,567."""
    return f"{number:,.0f}"


STARTED = time.monotonic()
