# SPDX-License-Identifier: Apache-2.0
"""What must hold whenever nothing is on its way: the topic holds all that was
acknowledged where it was said to be, and every instance shows the fold of the
topic."""

import json
from pathlib import Path
from typing import Any, Optional

from brokers import Record, Topic
from client import NDJSON, Failure
from instances import Acknowledgement, Instance, Poster, rockets_of
from traffic import Message, difference

FOLD_LINES = 20000  # a request


class Agreement:
    """Checks a topic and its instances again and again, each time from where it
    was. `fold` is an instance in memory that gets the messages of the topic in
    their order, and nothing else."""

    def __init__(self, topic: Topic, instances: list[Instance], fold: Instance, work: Path):
        self.topic, self.instances, self.fold, self.work = topic, instances, fold, work
        self.end = 0  # offset behind what was checked
        self.messages = 0  # distinct ones in the topic
        self.copies = 0  # more of them
        self.skipped = 0  # records that are no messages, of posters' kind
        self.acknowledged = 0  # responses
        self._first: dict[Message, int] = {}  # offset of the first copy
        self._at: dict[int, Message] = {}  # by offset, since the last check

    def check(self, posters: list[Poster], ended: Optional[dict[str, Any]]) -> None:
        """All posters have finished. `ended` are the rockets of earlier ones; None:
        there are others, which nobody knows."""
        end = self.topic.end()
        self._read(end)
        for poster in posters:
            for acknowledgement in poster.acknowledgements:
                self._check_place(acknowledgement)
            self.acknowledged += len(poster.acknowledgements)
            poster.acknowledgements.clear()
        expected = None
        if ended is not None:
            expected = dict(ended)
            for poster in posters:
                expected |= poster.acknowledged.rockets()
        self.compare(end - 1, expected)

    def compare(self, position: int, expected: Optional[dict[str, Any]]) -> dict[str, Any]:
        """All instances at `position` with each other, with the fold, and with
        the rockets that messages make. Returns the rockets."""
        shown = {instance.name: rockets_of(instance.ask_at("/rockets", position))
                 for instance in self.instances}
        exports = {instance.name: instance.export(position, self.work)
                   for instance in self.instances}
        name = self.instances[0].name
        for other in self.instances[1:]:
            if fault := difference(shown[name], shown[other.name]):
                raise Failure(f"at {position} {name} and {other.name} differ: {fault}")
            if exports[name] != exports[other.name]:
                raise Failure(f"at {position} the exports of {name} and {other.name} differ: see "
                              f"{self.work}")
        exported = {rocket["id"]: rocket for rocket in map(json.loads, exports[name].splitlines())}
        if fault := difference(_plain(shown[name]), exported):
            raise Failure(f"at {position} the export is not what is shown: {fault}")
        if fault := difference(_plain(rockets_of(self.fold.ask("/rockets"))), _plain(shown[name])):
            raise Failure(f"at {position} {name} is not the fold of the topic: {fault}")
        if expected is not None and (fault := difference(expected, shown[name])):
            raise Failure(f"at {position} {name} is not what was acknowledged: {fault}")
        return shown[name]

    def _read(self, end: int) -> None:
        """Read the topic to `end`, and fold it."""
        lines: list[bytes] = []
        self._at.clear()
        expected = self.end
        for record in self.topic.records(self.end, end):
            if record.offset != expected:
                raise Failure(f"no record at {expected} of {self.topic.name}")
            expected += 1
            message = _message_of(record)
            if message is None:
                self.skipped += 1
                continue
            self._at[record.offset] = message
            if self._first.setdefault(message, record.offset) == record.offset:
                self.messages += 1
            else:
                self.copies += 1
            assert record.value is not None
            lines.append(record.value)
        if expected != end:
            raise Failure(f"{self.topic.name} ends at {end}, but {expected} was read")
        self.end = end
        self.add_to_fold(lines)

    def add_to_fold(self, lines: list[bytes]) -> None:
        for at in range(0, len(lines), FOLD_LINES):
            body = b"\n".join(lines[at:at + FOLD_LINES])
            answer = self.fold.ask("/messages", "", "POST", body, NDJSON)
            if answer.status != 202 or answer.json()["rejected"]:
                raise Failure(f"the fold takes not all records: {answer}")

    def _check_place(self, acknowledgement: Acknowledgement) -> None:
        """A message that was applied is at the position, and others before it. The
        position of a batch is the highest of its messages."""
        position = acknowledgement.position
        for message in acknowledgement.messages:
            first = self._first.get(message)
            if first is None:
                raise Failure(f"LOST: {message} was acknowledged at {position}, and is not in "
                              f"{self.topic.name}")
            if first > position:
                raise Failure(f"{message} was acknowledged at {position}, and is at {first}")
        if acknowledgement.applied and self._at.get(position) not in acknowledgement.messages:
            raise Failure(f"{acknowledgement} was applied, but at {position} is "
                          f"{self._at.get(position)}")


def _message_of(record: Record) -> Optional[Message]:
    """None: a record that is not of a message. Posters write no other keys."""
    if record.key is None or record.value is None:
        return None
    try:
        metadata = json.loads(record.value)["metadata"]
        channel, number = metadata["channel"], metadata["messageNumber"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return (channel, number) if channel.encode() == record.key else None


def _plain(rockets: dict[str, Any]) -> dict[str, Any]:
    """Without revisions, which are positions."""
    return {name: {member: value for member, value in rocket.items() if member != "revision"}
            for name, rocket in rockets.items()}
