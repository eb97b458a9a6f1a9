# SPDX-License-Identifier: Apache-2.0
"""What every part of the soak uses: settings, progress, failures."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from client import Failure

SOAK = Path(__file__).resolve().parent  # the folder tests/soak/
ROOT = SOAK.parent.parent
MIB = 1024 * 1024


@dataclass(frozen=True)
class Settings:
    """What the flags said."""

    seconds: float  # of load
    seed: int
    threads: str  # of the service
    max_connections: int
    only: list[str]  # names of loads
    build: Path  # with the programs
    out: Path  # for what this run leaves behind
    sanitized: bool  # the build has a sanitizer: memory is also its own

    @property
    def warm_up(self) -> float:
        """Seconds in which memory may grow: a fifth, and a minute at least
        where the run leaves two thirds after it."""
        return max(self.seconds / 5, min(60.0, self.seconds / 3))


def say(text: str) -> None:
    """A line of progress on stderr, with the time since the start."""
    minutes, seconds = divmod(int(time.monotonic() - STARTED), 60)
    print(f"soak {minutes:2}:{seconds:02}: {text}", file=sys.stderr, flush=True)


def count(number: float) -> str:
    """1234567 as 1,234,567."""
    return f"{number:,.0f}"


STARTED = time.monotonic()
