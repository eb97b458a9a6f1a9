# SPDX-License-Identifier: Apache-2.0
"""The rockets program, which has books of its own, in rounds: new fleets at
first, then the same ones again, whose messages must change nothing."""

import re
import subprocess

from common import Failure
from service import die_with_parent
from tasks import Outcome, Task

NAME = "program"

FLEETS = 12  # of 20 rockets each
FLEET_ROCKETS = 20
MESSAGES = 10000  # of a fleet
MESSAGES_SHORT = 3000
SHORT_SECONDS = 300
ROUND_SECONDS = 300.0


def run(task: Task) -> Outcome:
    short = task.settings.sanitized or task.settings.seconds < SHORT_SECONDS
    messages = MESSAGES_SHORT if short else MESSAGES
    flown = 0
    while task.running():
        if flown < FLEETS:
            flown += 1
            fly(task, flown, messages, first=True)
        else:
            fly(task, 1 + int(task.random.random() * FLEETS), messages)
    # All that came since, by anybody, must have left them alone.
    for fleet in range(1, flown + 1):
        fly(task, fleet, messages)
    return Outcome([], unnamed=flown * FLEET_ROCKETS)


def fly(task: Task, fleet: int, messages: int, first: bool = False) -> None:
    """One round, to its end; it verifies all rockets of the fleet."""
    drop_launch = fleet % 4 == 0
    flags = [f"--seed={task.settings.seed % 1000000 + fleet}",
             f"--max-messages={messages}", "--verify",
             f"--shuffle={task.random.choice([0, 50, 500])}",
             f"--duplicates={task.random.choice([0, 0.2])}"]
    if drop_launch:
        flags.append("--drop-launch")
    if task.random.random() < 0.5:
        flags.append("--keep-alive")
    command = [str(task.settings.build / "rockets"), "launch",
               f"http://127.0.0.1:{task.port}/messages", *flags]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=ROUND_SECONDS, text=True, check=False,
                          preexec_fn=die_with_parent)
    found = re.search(r"^delivered +([0-9,]+) messages", done.stdout, re.MULTILINE)
    if done.returncode != 0 or found is None or \
            "rockets: no difference" not in done.stdout:
        raise Failure(f"{' '.join(command)}: status {done.returncode}\n{done.stdout}")
    delivered = int(found[1].replace(",", ""))
    applied = messages - drop_launch * FLEET_ROCKETS if first else 0
    task.count("requests", delivered)
    task.count("applied", applied)
    task.count("duplicate", delivered - applied)
    task.count("checked", FLEET_ROCKETS)
