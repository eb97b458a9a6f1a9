# SPDX-License-Identifier: Apache-2.0
"""What every part uses: where things are, progress, failures."""

import hashlib
import sys
import time
from pathlib import Path
from typing import Iterable

ROOT = Path(__file__).resolve().parent.parent.parent.parent
WORK = ROOT / "build" / "mutate"  # the only folder that is written to


class Failure(Exception):
    """Something that makes a verdict impossible; the text says what."""


def say(text: str) -> None:
    """A line of progress on stderr, with the time since the start."""
    minutes, seconds = divmod(int(time.monotonic() - STARTED), 60)
    print(f"mutate {minutes:2}:{seconds:02}: {text}", file=sys.stderr, flush=True)


def digest(paths: Iterable[Path]) -> str:
    """Of the names and the content of all the files."""
    result = hashlib.sha256()
    for path in sorted(paths):
        result.update(f"{path.relative_to(ROOT)}\0".encode())
        result.update(hashlib.sha256(path.read_bytes()).digest())
    return result.hexdigest()[:16]


STARTED = time.monotonic()
