# SPDX-License-Identifier: Apache-2.0
"""Lists of all kinds while others change. Thousands of rockets of its own do
not: in each list these are exactly as the oracle has them, in their order."""

from typing import Optional
from urllib.parse import quote

import lists
import order
from client import Client
from common import Failure
from deliver import post_batch
from flight import Flight, make_channel
from load_orders import count_retries
from message import MISSIONS, TYPES
from oracle import Json
from tasks import Outcome, Task

NAME = "lists"

STILL = 10000
STILL_SANITIZED = 4000
BATCH = 2000

Key = tuple[str, str]


class Reader:
    """What it reads, and what that must be."""

    def __init__(self, task: Task, client: Client, still: list[Json]):
        self.task = task
        self.random = task.random
        self.client = client
        self.still = still
        self.ids = {rocket["id"] for rocket in still}
        self._sorted: dict[Key, list[Json]] = {}

    def read_list(self) -> None:
        """Any sort, order and filters, whole or in pages of any length."""
        sort = self.random.choice(order.SORTS)
        direction = self.random.choice(order.ORDERS)
        filters = self._filters()
        shown: Optional[list[Json]]
        if self.random.random() < 0.6:
            limit = 100 + int(self.random.random() ** 2 * 9900)
            target = lists.target_of(sort, direction, filters, limit)
            shown = lists.pages(self.task, self.client, target, limit)
        else:
            target = lists.target_of(sort, direction, filters)
            shown = lists.whole(self.task, self.client, target)
        if shown is None:
            self.task.pause(0.2)
            return
        differs = order.first_difference(
            self._expected(sort, direction, filters),
            [rocket for rocket in shown if rocket["id"] in self.ids])
        if differs:
            raise Failure(f"GET {target}: rockets that do not change: {differs}")

    def read_top(self) -> None:
        """What a dashboard does most: the first of all."""
        target = lists.target_of("updatedAt", "desc", {}, 50)
        answer = self.client.ask("GET", target)
        self.task.count("requests")
        lists.read(target, answer)

    def poll_rocket(self) -> None:
        """One that does not change: 304 as long as we know its tag."""
        channel = self.random.choice(self.still)["id"]
        target = "/rockets/" + quote(channel, safe="")
        answer = self.client.ask("GET", target)
        fields = f"If-None-Match: {answer.fields.get('etag')}\r\n"
        again = self.client.ask("GET", target, fields=fields)
        self.task.count("requests", 2)
        if answer.status != 200 or again.status != 304:
            raise Failure(f"GET {target}: {answer.status}, with its ETag "
                          f"{again.status}")

    def poll_list(self) -> None:
        """What all change: 304, or another tag."""
        target = lists.target_of("id", "asc", {}, 10)
        answer = self.client.ask("GET", target)
        tag = answer.fields.get("etag")
        again = self.client.ask("GET", target, fields=f"If-None-Match: {tag}\r\n")
        self.task.count("requests", 2)
        if again.status != 304 and (again.status != 200 or
                                    again.fields.get("etag") == tag):
            raise Failure(f"GET {target}: with the ETag {tag}: {again.status}, "
                          f"{again.fields.get('etag')}")

    def head(self) -> None:
        """HEAD has no body; were there one, the next answer would not fit."""
        target = self.random.choice(["/rockets", "/rockets?limit=7", "/health"])
        answer = self.client.ask("HEAD", target)
        self.task.count("requests")
        if answer.status not in (200, 503):
            raise Failure(f"HEAD {target}: status {answer.status}")

    def _filters(self) -> dict[str, str]:
        filters = {}
        if self.random.random() < 0.3:
            filters["status"] = self.random.choice(["active", "exploded"])
        if self.random.random() < 0.2:
            filters["type"] = self.random.choice(TYPES)
        if self.random.random() < 0.2:
            filters["mission"] = self.random.choice(MISSIONS)
        return filters

    def _expected(self, sort: str, direction: str,
                  filters: dict[str, str]) -> list[Json]:
        key = (sort, direction)
        if key not in self._sorted:
            self._sorted[key] = order.sorted_as(self.still, sort, direction)
        return [rocket for rocket in self._sorted[key]
                if order.fits(rocket, filters)]


def run(task: Task) -> Outcome:
    client = Client(task.port)
    still = launch(task, client)
    reader = Reader(task, client, [flight.rocket.expected() for flight in still])
    ways = [reader.read_list] * 4 + [reader.read_top] * 4 + [
        reader.poll_rocket, reader.poll_list, reader.head]
    while task.running():
        task.random.choice(ways)()
        count_retries(task, client)
    client.close()
    return Outcome([flight.rocket for flight in still])


def launch(task: Task, client: Client) -> list[Flight]:
    """Rockets with a few messages each, which are all that they ever send."""
    count = STILL_SANITIZED if task.settings.sanitized else STILL
    flights = [Flight(task.random, make_channel(task.random, NAME, index))
               for index in range(count)]
    deliveries = []
    for flight in flights:
        messages = flight.more(1 + int(task.random.random() * 4)) or flight.rest()
        deliveries += [(flight.rocket, message) for message in messages]
    for start in range(0, len(deliveries), BATCH):
        post_batch(task, client, deliveries[start:start + BATCH])
    return flights
