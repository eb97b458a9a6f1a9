# SPDX-License-Identifier: Apache-2.0
"""The loads, each a process of its own; what they count, and how they end."""

import multiprocessing
import os
import signal
import time
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from random import Random
from types import ModuleType
from typing import Any, Optional

from common import Failure, Settings
from oracle import Rocket
from service import die_with_parent

END_SECONDS = 180.0  # for a load to finish what it is doing
LOWER_PRIORITY = 5  # than the service's, which is what is looked at

# What a load counts. Each has a row of its own, so nothing has to be locked.
COUNTERS = [
    "requests",  # answered
    "applied", "duplicate", "stale", "rejected",  # messages, by what became
    "retries",  # requests without an answer, sent again
    "busy",  # lists answered 503, as too many are being read
    "lists",  # that were checked
    "hostile",  # requests that are none, cut, or never read
    "opened",  # connections of floods
    "checked",  # rockets compared with the oracle
]
_PLACES = {name: place for place, name in enumerate(COUNTERS)}

_fork = multiprocessing.get_context("fork")


@dataclass
class Outcome:
    """What a load leaves: rockets of its own, and how many are others'."""

    rockets: list[Rocket]
    unnamed: int = 0  # rockets that somebody else has verified


class Task:
    """What a load is given."""

    def __init__(self, name: str, settings: Settings, port: int, counters: Any,
                 shown: Any, stop: Any):
        self.name = name
        self.settings = settings
        self.port = port
        self.random = Random(f"{settings.seed}/{name}")
        self.shown = shown  # of the probe: its latencies, for the watch
        self._counters = counters
        self._stop = stop

    def running(self) -> bool:
        return not self._stop.is_set()

    def pause(self, seconds: float) -> None:
        """Do nothing for so long, or until the end."""
        self._stop.wait(seconds)

    def count(self, name: str, more: int = 1) -> None:
        self._counters[_PLACES[name]] += more


class Load:
    """A load's process, seen from the parent."""

    def __init__(self, module: ModuleType, settings: Settings, port: int,
                 shown: Any, stop: Any):
        self.name: str = module.NAME
        self.outcome: Optional[Outcome] = None
        self.fault = ""
        self._counters = _fork.Array("Q", len(COUNTERS), lock=False)
        task = Task(self.name, settings, port, self._counters, shown, stop)
        self._pipe, theirs = _fork.Pipe(duplex=False)
        self._process = _fork.Process(target=_run, args=(module, task, theirs),
                                      daemon=True)
        self._process.start()
        theirs.close()

    def counted(self) -> dict[str, int]:
        return dict(zip(COUNTERS, self._counters))

    def look(self) -> None:
        """Take its outcome or fault, if there is one by now."""
        if self.outcome is not None or self.fault:
            return
        try:
            if self._pipe.poll():
                self.outcome, self.fault = self._pipe.recv()
        except EOFError:
            self._process.join()
            self.fault = f"ended with status {self._process.exitcode}"

    def finish(self) -> None:
        """Wait for its end; it has been told to stop."""
        ends = time.monotonic() + END_SECONDS
        while self.outcome is None and not self.fault:
            self._pipe.poll(1)
            self.look()
            if time.monotonic() > ends:
                self.fault = f"did not stop in {END_SECONDS:.0f} s"
        if self.fault:
            self._process.terminate()
        self._process.join()


def make_stop() -> Any:
    """What tells all loads to stop."""
    return _fork.Event()


def make_shown() -> Any:
    """What the probe shows of its latencies: p50 and p99, in ms."""
    return _fork.Array("d", 2, lock=False)


def _run(module: ModuleType, task: Task, pipe: Connection) -> None:
    die_with_parent()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN if name == signal.SIGINT
                      else signal.SIG_DFL)
    os.nice(module.NICE if hasattr(module, "NICE") else LOWER_PRIORITY)
    outcome, fault = None, ""
    try:
        outcome = module.run(task)
    except Failure as failure:
        fault = str(failure)
    except Exception:  # a fault of ours must not look like a passed run
        fault = traceback.format_exc()
    pipe.send((outcome, fault))
