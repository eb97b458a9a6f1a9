# SPDX-License-Identifier: Apache-2.0
"""Fleets in every order: late, shuffled, repeated; singly and in batches."""

from client import Client
from deliver import Delivery, check, post, post_batch
from flight import Flight, make_channel
from tasks import Outcome, Task

NAME = "orders"

ROCKETS = 1000
SOME = 60  # that send in one step
BATCH = 2000  # deliveries, about


def run(task: Task) -> Outcome:
    random, client = task.random, Client(task.port)
    fleet = [Flight(random, make_channel(random, NAME, index),
                    first=1 if index % 10 else 1 + int(random.random() * 2**40))
             for index in range(ROCKETS)]
    while task.running():
        flights = random.sample(fleet, SOME)
        if random.random() < 0.7:
            deliver_batch(task, client, flights)
        else:
            deliver_singly(task, client, flights[:SOME // 6])
        for flight in flights[:5]:
            if flight.rocket.lasts:
                check(task, client, flight.rocket)
        count_retries(task, client)
    fill_gaps(task, client, fleet)
    client.close()
    return Outcome([flight.rocket for flight in fleet if flight.rocket.lasts])


def mixed(task: Task, flights: list[Flight], count: int) -> list[Delivery]:
    """So many deliveries of all of these, mixed."""
    deliveries = [(flight.rocket, message) for flight in flights
                  for message in flight.more(1 + count // len(flights))]
    task.random.shuffle(deliveries)
    return deliveries


def deliver_batch(task: Task, client: Client, flights: list[Flight]) -> None:
    post_batch(task, client, mixed(task, flights, BATCH))


def deliver_singly(task: Task, client: Client, flights: list[Flight]) -> None:
    """Half of the time each message has a connection of its own."""
    new = task.random.random() < 0.5
    for rocket, message in mixed(task, flights, 150):
        post(task, client, rocket, message, new)


def fill_gaps(task: Task, client: Client, fleet: list[Flight]) -> None:
    """At the end nothing is missing of every other rocket."""
    for flight in fleet[::2]:
        for message in flight.rest():
            post(task, client, flight.rocket, message)


def count_retries(task: Task, client: Client) -> None:
    task.count("retries", client.retries)
    client.retries = 0
