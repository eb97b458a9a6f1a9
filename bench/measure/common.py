# SPDX-License-Identifier: Apache-2.0
"""What every part of the benchmark uses: options, progress, failures."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Sequence, TypeVar

BENCH = Path(__file__).resolve().parent.parent  # the folder bench/
ROOT = BENCH.parent

Item = TypeVar("Item")


class Failure(Exception):
    """Something that makes the figures worthless; the text says what."""


@dataclass(frozen=True)
class Options:
    """What the flags of run.py said."""

    seconds: int  # that a round of a load generator lasts
    rounds: int
    quick: bool  # a short run for a look: smaller, not to be published
    build: Path  # with the programs
    out: Path  # for the reports

    @property
    def million(self) -> int:
        """Rockets where a million are asked for."""
        return 100_000 if self.quick else 1_000_000

    @property
    def many(self) -> int:
        """Rockets where 100,000 are asked for."""
        return 10_000 if self.quick else 100_000


def say(text: str) -> None:
    """A line of progress on stderr, with the time since the start."""
    minutes, seconds = divmod(int(time.monotonic() - STARTED), 60)
    print(f"bench {minutes:2}:{seconds:02}: {text}", file=sys.stderr, flush=True)


def interleaved(items: Sequence[Item], rounds: int) -> Iterator[tuple[int, Item]]:
    """(round, item) for all items in each round, from 0.

    Each round begins with another item, so that none always follows the same
    one, and what slows the machine down for a while slows all of them.
    """
    for number in range(rounds):
        for turn in range(len(items)):
            yield number, items[(number + turn) % len(items)]


def count(number: float) -> str:
    """1234567 as 1,234,567."""
    return f"{number:,.0f}"


STARTED = time.monotonic()
