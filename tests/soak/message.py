# SPDX-License-Identifier: Apache-2.0
"""Messages: made at random, and written as JSON in many ways."""

import json
from functools import lru_cache
from random import Random
from typing import NamedTuple

MAX_NUMBER = 2**53 - 1
MAX_SPEED = 10**9

LAUNCHED, FASTER, SLOWER, EXPLODED, MISSION = (
    "RocketLaunched", "RocketSpeedIncreased", "RocketSpeedDecreased",
    "RocketExploded", "RocketMissionChanged")
KINDS = [LAUNCHED, FASTER, SLOWER, EXPLODED, MISSION]

TYPES = ["Atlas-H", "Falcon-9", "Saturn-I", "Thor-Able", "Titan-IV", "Электрон",
         'a "quoted" \\ type', "火箭", "z" * 256]
MISSIONS = ["APOLLO", "ARTEMIS", "GEMINI", "MERCURY", "SKYLAB", "МИР", "🚀/\\", "é"]
REASONS = ["PRESSURE_VESSEL_FAILURE", "FROZEN_O_RINGS", "SYSTEM_MALFUNCTION",
           "unbekannt: ß", "r" * 200]

# What stands before the second, and behind the fraction.
DATES = [("2025-04-02T09:21:", "+02:00"), ("2022-02-02T19:39:", "Z"),
         ("1969-12-31T23:59:", "-00:00"), ("2024-02-29t00:00:", "z"),
         ("2038-01-19T03:14:", "+14:00"), ("2026-11-25T12:00:", "-11:30"),
         ("0001-01-01T00:00:", "+00:00"), ("9999-12-31T23:58:", "-23:59")]
LEAP_SECONDS = ["2016-12-31T23:59:60Z", "2015-07-01T01:59:60.5+02:00",
                "2012-06-30T18:59:60.999999999-05:00"]


class Message(NamedTuple):
    """One message of a rocket that is known otherwise."""

    number: int
    kind: str
    time: str
    name: str = ""  # type, reason or new mission
    mission: str = ""  # of a launch
    speed: int = 0  # at the launch, or the change


def make_time(random: Random) -> str:
    """A date-time, in one of the ways in which RFC 3339 lets it be written."""
    if random.random() < 0.01:
        return random.choice(LEAP_SECONDS)
    before, behind = random.choice(DATES)
    digits = int(random.random() * 10)
    fraction = f".{int(random.random() * 10**digits):0{digits}}" if digits else ""
    return f"{before}{int(random.random() * 60):02}{fraction}{behind}"


def make_name(random: Random, common: list[str]) -> str:
    """Mostly one that others have; else one that comes and goes."""
    if random.random() < 0.8:
        return random.choice(common)
    return f"name {int(random.random() * 2**40)}"


def make_message(random: Random, number: int, launches: float = 0.02) -> Message:
    """Any message with this number; so many of all are launches."""
    time = make_time(random)
    dice = random.random()
    if dice < launches:
        return Message(number, LAUNCHED, time, make_name(random, TYPES),
                       make_name(random, MISSIONS), int(random.random() * 50000))
    if dice < launches + 0.01:
        return Message(number, EXPLODED, time, make_name(random, REASONS))
    if dice < launches + 0.08:
        return Message(number, MISSION, time, make_name(random, MISSIONS))
    kind = FASTER if random.random() < 0.6 else SLOWER
    speed = int(random.random() * (MAX_SPEED + 1 if dice > 0.99 else 5000))
    return Message(number, kind, time, speed=speed)


@lru_cache(8192)
def quoted(text: str) -> str:
    """As a JSON string; half of them in ASCII alone."""
    return json.dumps(text, ensure_ascii=len(text) % 2 == 0)


def write(channel: str, message: Message) -> str:
    """In one line, without any space."""
    head = (f'{{"metadata":{{"channel":{quoted(channel)},"messageNumber":'
            f'{message.number},"messageType":"{message.kind}","messageTime":'
            f'"{message.time}"}},"message":')
    if message.kind in (FASTER, SLOWER):
        return f'{head}{{"by":{message.speed}}}}}'
    if message.kind == LAUNCHED:
        return (f'{head}{{"type":{quoted(message.name)},"launchSpeed":'
                f'{message.speed},"mission":{quoted(message.mission)}}}}}')
    member = {EXPLODED: "reason", MISSION: "newMission"}[message.kind]
    return f'{head}{{"{member}":{quoted(message.name)}}}}}'


def write_freely(random: Random, channel: str, message: Message) -> str:
    """The same message: members in another order, more of them than are
    read, spaces, escapes, whole numbers written with a fraction."""
    value = json.loads(write(channel, message))
    value["message"]["unknown"] = [None, {"by": "x"}, -1.5e-3]
    value["metadata"]["messageNumber"] = (
        float(message.number) if message.number < 2**40 else message.number)
    members = list(value["metadata"].items()) + [("unknown", "\u2028")]
    random.shuffle(members)
    value = {"message": value["message"], "metadata": dict(members)}
    return json.dumps(value, indent=random.choice([None, 1, "\t"]))
