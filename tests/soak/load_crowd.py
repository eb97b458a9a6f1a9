# SPDX-License-Identifier: Apache-2.0
"""One rocket's messages over many connections at once: whatever order they
meet in, each number is applied once, and the state is the fold."""

from collections import Counter
from typing import Optional

from client import JSON, Client, Connection, Gone, head_of
from common import Failure
from deliver import check, check_result
from flight import Flight, make_channel
from message import Message, write
from oracle import APPLIED, STALE
from tasks import Outcome, Task

NAME = "crowd"

ROCKETS = 50
CONNECTIONS = 16


class Crowd:
    """Connections that each have one request under way."""

    def __init__(self, task: Task):
        self.task = task
        self.connections: list[Optional[Connection]] = [None] * CONNECTIONS

    def send_all(self, flight: Flight, messages: list[Message]
                 ) -> "tuple[Counter[int], set[int]]":
        """Send these, one a connection, all at once. How often each number
        was applied, and which have to be sent again."""
        for index, message in enumerate(messages):
            body = write(flight.channel, message).encode()
            connection = self.connections[index]
            if connection is None:
                connection = self.connections[index] = Connection(self.task.port)
            connection.send(head_of("POST", "/messages", body, JSON) + body)
        applied: Counter[int] = Counter()
        unknown: set[int] = set()
        for index, message in enumerate(messages):
            try:
                applied[message.number] += self._result(index, flight, message)
            except Gone:
                self._drop(index)
                unknown.add(message.number)
        return applied, unknown

    def close(self) -> None:
        for index in range(CONNECTIONS):
            self._drop(index)

    def _result(self, index: int, flight: Flight, message: Message) -> int:
        connection = self.connections[index]
        assert connection is not None
        answer = connection.answer()
        if not answer.keep_alive:
            self._drop(index)
        self.task.count("requests")
        result = check_result(answer, flight.channel, message.number)
        self.task.count(result)
        if result == STALE:
            raise Failure(f"{flight.channel} number {message.number}: stale, "
                          "though it never had many gaps")
        return 1 if result == APPLIED else 0

    def _drop(self, index: int) -> None:
        connection = self.connections[index]
        if connection is not None:
            connection.close()
        self.connections[index] = None


def run(task: Task) -> Outcome:
    random, client, crowd = task.random, Client(task.port), Crowd(task)
    fleet = [Flight(random, make_channel(random, NAME, index))
             for index in range(ROCKETS)]
    while task.running():
        flight = random.choice(fleet)
        messages = flight.more(100)
        for start in range(0, len(messages), CONNECTIONS):
            deliver(task, client, crowd, flight, messages[start:start + CONNECTIONS])
        check(task, client, flight.rocket)
    crowd.close()
    client.close()
    return Outcome([flight.rocket for flight in fleet if flight.rocket.lasts])


def deliver(task: Task, client: Client, crowd: Crowd, flight: Flight,
            messages: list[Message]) -> None:
    """These at once; then those again that got no answer."""
    applied, unknown = crowd.send_all(flight, messages)
    task.count("retries", len(unknown))
    wanted: Counter[int] = Counter()
    for message in messages:
        wanted[message.number] += flight.rocket.apply(message) == APPLIED
    for number, times in wanted.items():
        if applied[number] != times and \
                not (number in unknown and applied[number] == 0):
            raise Failure(f"{flight.channel} number {number}: applied "
                          f"{applied[number]} times, not {times}")
    for message in messages:
        if message.number in unknown:
            repost(task, client, flight, message)


def repost(task: Task, client: Client, flight: Flight, message: Message) -> None:
    """It counts as applied in the oracle; here it may be that only now."""
    body = write(flight.channel, message).encode()
    answer = client.ask("POST", "/messages", body, JSON)
    task.count("requests")
    task.count(check_result(answer, flight.channel, message.number))
