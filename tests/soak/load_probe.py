# SPDX-License-Identifier: Apache-2.0
"""A steady client that posts fifty times a second over one connection, and
shows how long it waits."""

import time

from client import Client
from deliver import post
from load_orders import count_retries
from message import make_message
from oracle import Rocket
from tasks import Outcome, Task

NAME = "probe"
NICE = 0  # what it measures is the service's

PERIOD = 0.02


def run(task: Task) -> Outcome:
    client, rocket = Client(task.port), Rocket("probe")
    waits: list[float] = []
    number, due = 0, time.monotonic()
    while task.running():
        number += 1
        begun = time.monotonic()
        post(task, client, rocket, make_message(task.random, number))
        waits.append((time.monotonic() - begun) * 1000)
        if len(waits) == int(1 / PERIOD):
            waits.sort()
            task.shown[:] = [waits[len(waits) // 2], waits[-1 - len(waits) // 100]]
            waits.clear()
            count_retries(task, client)
        due = max(due + PERIOD, time.monotonic() - 1)
        task.pause(max(0.0, due - time.monotonic()))
    client.close()
    return Outcome([rocket])
