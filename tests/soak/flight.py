# SPDX-License-Identifier: Apache-2.0
"""A rocket's history as it is delivered: late, out of order, repeated.

However long it flies, what is kept of it here and in the service stays the
same: a message that is held back comes soon, and fills its gap.
"""

from collections import deque
from random import Random

from message import Message, make_message
from oracle import Rocket

MAX_HELD = 40  # messages that are late, of one rocket
RECENT = 60  # messages that may come again


def make_channel(random: Random, load: str, index: int) -> str:
    """An id that no other rocket has; some that have to be encoded."""
    kind = int(random.random() * 8)
    if kind == 0:
        return f"{load}/{index} %41+?#é"
    if kind == 1:
        return f"{load} {index} ".ljust(128, "x")
    return f"{random.getrandbits(32):08x}-{load}-{index}"


class Flight:
    """A rocket, and the messages that it will send."""

    def __init__(self, random: Random, channel: str, first: int = 1):
        self.random = random
        self.rocket = Rocket(channel)
        self.channel = channel
        self.next = first
        self.held: list[Message] = []
        self.recent: deque[Message] = deque(maxlen=RECENT)

    def more(self, count: int) -> list[Message]:
        """About so many deliveries, shuffled: new messages, but for some
        that are held back, late ones, and repeats."""
        random = self.random
        batch = [message for message in self.held if random.random() < 0.3]
        self.held = [message for message in self.held
                     if message not in batch]
        for _ in range(count):
            message = make_message(random, self.next)
            self.next += 1
            self.recent.append(message)
            if len(self.held) < MAX_HELD and random.random() < 0.05:
                self.held.append(message)
            else:
                batch.append(message)
        batch += [self._repeat() for _ in range(count // 8)]
        random.shuffle(batch)
        return batch

    def rest(self) -> list[Message]:
        """What was held back."""
        held, self.held = self.held, []
        return held

    def _repeat(self) -> Message:
        """One that was made lately. The first one with a number wins, so
        another content of one that has come for sure changes nothing."""
        message = self.random.choice(self.recent)
        come = message.number <= self.rocket.lasts[0] if self.rocket.lasts else False
        if come and message.number >= self.rocket.firsts[0] and \
                self.random.random() < 0.3:
            return make_message(self.random, message.number)
        return message
