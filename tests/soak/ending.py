# SPDX-License-Identifier: Apache-2.0
"""What must hold once the load has stopped: all that was opened is closed, and
each rocket is as its messages say, however it is asked for."""

import json
import time
from pathlib import Path
from typing import Iterator

import lists
import order
from client import Client
from common import Failure, say
from deliver import check
from oracle import Json, Rocket, difference
from service import Look, Service
from tasks import Outcome, Task

# An idle connection lives for 10 s, a request that has begun for 30.
QUIET_SECONDS = 60.0
ONE_BY_ONE = 3000  # rockets that are asked for each by itself
SHOWN = 20


def wait_for_quiet(service: Service, baseline: Look) -> list[str]:
    """Until no more descriptors and threads are there than at first."""
    ends = time.monotonic() + QUIET_SECONDS
    while True:
        look = service.look()
        if look.descriptors <= baseline.descriptors and \
                look.threads <= baseline.threads:
            return []
        if time.monotonic() > ends:
            return [f"{QUIET_SECONDS:.0f} s after the load there are "
                    f"{look.descriptors} descriptors and {look.threads} threads; at "
                    f"first {baseline.descriptors} and {baseline.threads}"]
        time.sleep(0.1)


class Ending:
    """The comparison of everything with the oracle."""

    def __init__(self, task: Task, outcomes: list[Outcome], evidence: Path):
        self.task = task
        self.client = Client(task.port)
        self.rockets: list[Rocket] = [rocket for outcome in outcomes
                                      for rocket in outcome.rockets]
        self.unnamed = sum(outcome.unnamed for outcome in outcomes)
        self.evidence = evidence

    def faults(self) -> list[str]:
        """All that differs. Nothing else uses the service meanwhile."""
        say(f"comparing {len(self.rockets) + self.unnamed} rockets with what "
            "their messages say")
        try:
            shown = self._whole(lists.target_of("id", "asc", {}))
            found = list(self._rockets(shown))
            found += [fault for fault in map(self._check_one, self._some()) if fault]
            found += self._lists(shown)
        except Failure as failure:
            found = [str(failure)]
        finally:
            self.client.close()
        return found

    def _whole(self, target: str) -> list[Json]:
        shown = lists.whole(self.task, self.client, target)
        if shown is None:
            raise Failure(f"GET {target}: busy, though nobody else is there")
        return shown

    def _rockets(self, shown: list[Json]) -> Iterator[str]:
        """Each by the whole list; what differs is written down."""
        by_id = {rocket["id"]: rocket for rocket in shown}
        wrong = []
        for rocket in self.rockets:
            expected, got = rocket.expected(), by_id.pop(rocket.channel, None)
            if got is None:
                wrong.append({"expected": expected, "shown": None})
                yield f"rocket {rocket.channel} is missing"
            elif differs := difference(expected, got):
                wrong.append({"expected": expected, "shown": got})
                yield f"rocket {rocket.channel}: {differs}"
        if len(by_id) != self.unnamed:
            yield (f"{len(by_id)} rockets are there that no load answers for, "
                   f"{self.unnamed} should be: {sorted(by_id)[:SHOWN]}")
        if wrong:
            self.evidence.write_text(json.dumps(wrong, indent=1))

    def _some(self) -> list[Rocket]:
        count = min(ONE_BY_ONE, len(self.rockets))
        return self.task.random.sample(self.rockets, count)

    def _check_one(self, rocket: Rocket) -> str:
        try:
            check(self.task, self.client, rocket)
        except Failure as failure:
            return str(failure)
        return ""

    def _lists(self, all_rockets: list[Json]) -> Iterator[str]:
        """Now that nothing changes, all of all lists is known."""
        for sort in order.SORTS:
            for direction in order.ORDERS:
                expected = order.sorted_as(all_rockets, sort, direction)
                yield from self._list(sort, direction, {}, expected)
        for status in ("active", "exploded"):
            filters = {"status": status}
            yield from self._list("id", "asc", filters, [
                rocket for rocket in all_rockets if order.fits(rocket, filters)])

    def _list(self, sort: str, direction: str, filters: dict[str, str],
              expected: list[Json]) -> Iterator[str]:
        target = lists.target_of(sort, direction, filters)
        differs = order.first_difference(expected, self._whole(target))
        if differs:
            yield f"GET {target}: {differs}"
        target = lists.target_of(sort, direction, filters, 1000)
        differs = order.first_difference(
            expected, lists.pages(self.task, self.client, target, 1000))
        if differs:
            yield f"GET {target}, all pages: {differs}"
