# SPDX-License-Identifier: Apache-2.0
"""What a rocket must look like: the plain fold over its messages.

Nothing of how the service does it is used here, effects least of all: the
messages themselves are kept and applied in the order of their numbers. As a
launch starts afresh, only those from the highest launch on can matter. Of
the numbers the unbroken runs are kept, which tells what is a repeat and
models the giving up of gaps past 1,024 runs.
"""

from bisect import bisect_right
from typing import Any

from message import EXPLODED, FASTER, LAUNCHED, MISSION, SLOWER, Message

MAX_RUNS = 1024
APPLIED, DUPLICATE, STALE = "applied", "duplicate", "stale"

Json = dict[str, Any]


class Rocket:
    """One rocket, as the service must see it."""

    def __init__(self, channel: str):
        self.channel = channel
        self.firsts: list[int] = []  # of the runs, ascending
        self.lasts: list[int] = []
        self.floor = 0  # the highest number given up
        self.applied = 0
        self.updated = ""
        self._launch = 0  # the highest number of a launch
        self._messages: dict[int, Message] = {}  # from there on

    def apply(self, message: Message) -> str:
        """Take a message; what the service must say to it."""
        number = message.number
        place = bisect_right(self.firsts, number)
        if place > 0 and number <= self.lasts[place - 1]:
            return STALE if number <= self.floor else DUPLICATE
        if not self.lasts or number > self.lasts[-1]:
            self.updated = message.time
        self._add(number, place)
        self.applied += 1
        self._keep(message)
        return APPLIED

    def expected(self) -> Json:
        """The rocket as GET must show it."""
        state: Json = {"type": None, "speed": 0, "mission": None, "reason": None,
                       "createdAt": None}
        for number in sorted(self._messages):
            _fold(state, self._messages[number])
        last = self.lasts[-1]
        return {"id": self.channel, "type": state["type"],
                "speed": (state["speed"] + 2**63) % 2**64 - 2**63,
                "mission": state["mission"],
                "status": "active" if state["reason"] is None else "exploded",
                "reason": state["reason"], "createdAt": state["createdAt"],
                "updatedAt": self.updated, "lastMessageNumber": last,
                "missingMessages": last - self.applied}

    def _add(self, number: int, place: int) -> None:
        """Put it between the runs before and at `place`, or into them."""
        firsts, lasts = self.firsts, self.lasts
        after = place > 0 and lasts[place - 1] == number - 1
        before = place < len(firsts) and firsts[place] == number + 1
        if after and before:
            lasts[place - 1] = lasts[place]
            del firsts[place], lasts[place]
        elif after:
            lasts[place - 1] = number
        elif before:
            firsts[place] = number
        else:
            firsts.insert(place, number)
            lasts.insert(place, number)
            if len(firsts) > MAX_RUNS:
                self._give_up()

    def _give_up(self) -> None:
        """The two lowest runs become one."""
        self.floor = max(self.floor, self.firsts[1] - 1)
        del self.firsts[1], self.lasts[0]

    def _keep(self, message: Message) -> None:
        if message.number < self._launch:
            return
        if message.kind == LAUNCHED:
            self._launch = message.number
            self._messages = {number: kept for number, kept
                              in self._messages.items()
                              if number > message.number}
        self._messages[message.number] = message


def _fold(state: Json, message: Message) -> None:
    """One message more, the next by number."""
    if message.kind == LAUNCHED:
        state.update(type=message.name, speed=message.speed,
                     mission=message.mission, reason=None,
                     createdAt=message.time)
    elif state["reason"] is not None:
        return  # nothing but a launch changes an exploded rocket
    elif message.kind == FASTER:
        state["speed"] += message.speed
    elif message.kind == SLOWER:
        state["speed"] -= message.speed
    elif message.kind == MISSION:
        state["mission"] = message.name
    elif message.kind == EXPLODED:
        state["reason"] = message.name
    else:
        raise ValueError(message.kind)


def difference(expected: Json, shown: Json) -> str:
    """What differs, or nothing."""
    return ", ".join(
        f"{name}: expected {expected.get(name)!r}, got {shown.get(name)!r}"
        for name in sorted(expected.keys() | shown.keys())
        if expected.get(name) != shown.get(name))
