# SPDX-License-Identifier: Apache-2.0
"""Hostile numbering: far more gaps than are kept, up to the highest number
there is, upwards, downwards and into gaps that were given up."""

from typing import Callable

from client import Client
from deliver import check, post, post_batch
from flight import make_channel
from load_orders import count_retries
from message import MAX_NUMBER, make_message
from oracle import Rocket
from tasks import Outcome, Task

NAME = "hostile"

ROCKETS = 24
BURST = 1500  # numbers, of which each opens a gap
SOME = 50


class Enemy:
    """A rocket, and how far its numbers reach."""

    def __init__(self, task: Task, index: int):
        self.random = task.random
        self.rocket = Rocket(make_channel(task.random, NAME, index))
        self.high = self.low = 2**52 if index % 2 else 1
        if index % 4 == 3:
            self.high = MAX_NUMBER

    def upwards(self) -> list[int]:
        """Gap after gap above all but, maybe, the highest number."""
        if self.high == MAX_NUMBER:  # once: then on from the middle
            self.high = self.low
            return [MAX_NUMBER]
        numbers = []
        for _ in range(BURST):
            self.high += 2 + int(self.random.random() ** 4 * 1000)
            numbers.append(self.high)
        return numbers

    def shuffled(self) -> list[int]:
        numbers = self.upwards()
        self.random.shuffle(numbers)
        return numbers

    def downwards(self) -> list[int]:
        """Gap after gap below all that was seen: never given up from there."""
        numbers = []
        for _ in range(BURST):
            self.low -= 2 + int(self.random.random() ** 4 * 1000)
            if self.low < 1:
                self.low = 1
                break
            numbers.append(self.low)
        return numbers

    def into_gaps(self) -> list[int]:
        """Anywhere between: gaps that are kept, and those given up."""
        low, high = self.low, max(self.high, self.low + BURST)
        return [low + int(self.random.random() * (high - low))
                for _ in range(BURST)]

    def beside_runs(self) -> list[int]:
        """Numbers that extend runs or join them."""
        rocket = self.rocket
        return [number + self.random.choice([-1, 0, 1])
                for number in rocket.firsts + rocket.lasts
                if 1 < number < MAX_NUMBER]

    def anything(self) -> list[int]:
        return [1 + int(self.random.random() * MAX_NUMBER) for _ in range(SOME)]


WAYS: list[Callable[[Enemy], list[int]]] = [
    Enemy.upwards, Enemy.upwards, Enemy.shuffled, Enemy.downwards,
    Enemy.into_gaps, Enemy.beside_runs]


def run(task: Task) -> Outcome:
    client = Client(task.port)
    enemies = [Enemy(task, index) for index in range(ROCKETS)]
    for enemy in enemies:  # all that they can take, they take at once
        deliver(task, client, enemy, enemy.upwards(), singly=False)
        deliver(task, client, enemy, enemy.upwards(), singly=False)
    while task.running():
        enemy = task.random.choice(enemies)
        numbers = task.random.choice(WAYS)(enemy)
        singly = task.random.random() < 0.2
        deliver(task, client, enemy, numbers[:SOME] if singly else numbers, singly)
        count_retries(task, client)
    # What each does to a rocket for ever: numbers of all the range.
    for enemy in enemies[::3]:
        deliver(task, client, enemy, enemy.anything(), singly=True)
    client.close()
    return Outcome([enemy.rocket for enemy in enemies])


def deliver(task: Task, client: Client, enemy: Enemy, numbers: list[int],
            singly: bool) -> None:
    """Messages of these numbers, in this order; then the state."""
    if not numbers:
        return
    messages = [make_message(task.random, number, 0.01) for number in numbers]
    if singly:
        for message in messages:
            post(task, client, enemy.rocket, message)
    else:
        post_batch(task, client, [(enemy.rocket, message) for message in messages])
    check(task, client, enemy.rocket)
