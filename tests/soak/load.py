# SPDX-License-Identifier: Apache-2.0
"""A load: a function that runs in a process of its own, with a client."""

import multiprocessing
import os
import signal
import sys
import time
import traceback
from argparse import Namespace
from multiprocessing.queues import SimpleQueue
from random import Random
from typing import Any, Callable

from client import Answer, Client, Failure
from service import die_with_parent

END_SECONDS = 180.0  # for a load to finish what it has begun

# What each load counts: requests with a response; messages with a result;
# requests sent again; connections of bad clients; lists checked; rockets made.
COUNTERS = ["requests", "messages", "retries", "connections", "lists", "rockets"]

FORK = multiprocessing.get_context("fork")
STARTED = time.monotonic()


def say(text: str) -> None:
    """A line of progress, with the time since the start."""
    minutes, seconds = divmod(int(time.monotonic() - STARTED), 60)
    print(f"soak {minutes:2}:{seconds:02}: {text}", file=sys.stderr, flush=True)


class Load:
    """What the load's function is given, and its process for the parent."""

    def __init__(self, name: str, flags: Namespace, port: int, stop: Any):
        self.name = name
        self.flags = flags  # of the command line
        self.port = port
        self.random = Random(f"{flags.seed}/{name}")
        self.client = Client(port)
        self._stop = stop
        self._counters = FORK.Array("Q", len(COUNTERS), lock=False)
        self._faults: "SimpleQueue[str]" = FORK.SimpleQueue()

    def running(self) -> bool:
        return not self._stop.is_set()

    def pause(self, seconds: float) -> None:
        """Wait for so long, or until the end."""
        self._stop.wait(max(0.0, seconds))

    def count(self, name: str, more: int = 1) -> None:
        self._counters[COUNTERS.index(name)] += more

    def counted(self) -> dict[str, int]:
        return dict(zip(COUNTERS, self._counters))

    def ask(self, method: str, target: str, *allowed: int, **request: Any) -> Answer:
        """Client.ask(); the status must be an `allowed` one."""
        answer = self.client.ask(method, target, **request)
        return self.check(answer, f"{method} {target[:100]} {request}", *allowed)

    def check(self, answer: Answer, what: str, *allowed: int) -> Answer:
        """Count a response; its status must be an `allowed` one."""
        self.count("requests")
        self.count("retries", self.client.retries)
        self.client.retries = 0
        if answer.status not in allowed:
            raise Failure(f"{what[:300]}: expected {allowed}, got {answer.status} "
                          f"{answer.body[:300]!r}")
        return answer

    def start(self, run: Callable[["Load"], None]) -> None:
        """Call the function in a new process."""
        self._process = FORK.Process(target=self._run, args=(run,), daemon=True)
        self._process.start()

    def failed(self) -> bool:
        return bool(self._process.exitcode) or not self._faults.empty()

    def finish(self) -> list[str]:
        """Wait for the end, after the load was told to stop. Returns faults."""
        self._process.join(END_SECONDS)
        if not self._faults.empty():
            return [f"{self.name}: {self._faults.get()}"]
        status = self._process.exitcode
        self._process.kill()
        return [] if status == 0 else [f"{self.name}: did not end: {status}"]

    def _run(self, run: Callable[["Load"], None]) -> None:
        die_with_parent()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.nice(0 if self.name == "probe" else 5)  # the service comes first
        try:
            run(self)
        except Failure as failure:
            self._faults.put(str(failure))
        except Exception:  # our own bug is no success
            self._faults.put(traceback.format_exc())
