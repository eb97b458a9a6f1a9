# SPDX-License-Identifier: Apache-2.0
"""Texts that are no messages, whatever is made of them: each must be refused
and change nothing, least of all make a rocket."""

from random import Random
from typing import Callable

from message import make_message, write

CHANNEL = "never-to-be-seen"


def _valid(random: Random) -> str:
    return write(CHANNEL, make_message(random, 1 + int(random.random() * 1000), 0.5))


def _cut(random: Random) -> str:
    """A part of an object is no JSON."""
    text = _valid(random)
    return text[:1 + int(random.random() * (len(text) - 1))]


def _inserted(random: Random) -> str:
    """Neither stands anywhere in JSON: a control character, a byte that is
    not of UTF-8."""
    text = _valid(random)
    place = int(random.random() * (len(text) + 1))
    return text[:place] + random.choice(["\x01", "\x7f\x00", "\udcff", "\udcc0"]) \
        + text[place:]


def _more(random: Random) -> str:
    return _valid(random) + random.choice(["}", "x", ",", "{}", "[", "null"])


def _nested(random: Random) -> str:
    return "[" * (65 + int(random.random() * 5000))


_WRONG_METADATA = [
    '"channel":""', '"channel":7', f'"channel":"{"x" * 129}"', '"channel":"a\\u0000b"',
    '"messageNumber":0', '"messageNumber":-1', '"messageNumber":1.5',
    '"messageNumber":9007199254740992', '"messageNumber":"1"', '"messageNumber":1e400',
    '"messageTime":"2023-02-29T00:00:00Z"', '"messageTime":"2025-01-01T00:00:00"',
    '"messageTime":"2025-01-01T00:00:60Z"', '"messageTime":5',
    '"messageType":"RocketSank"', '"messageType":null', '"channel":"x","channel":"x"']


def _wrong_metadata(random: Random) -> str:
    """One member is replaced by one that is none."""
    fields = {"channel": f'"channel":"{CHANNEL}"', "messageNumber": '"messageNumber":1',
              "messageType": '"messageType":"RocketExploded"',
              "messageTime": '"messageTime":"2025-01-01T00:00:00Z"'}
    wrong = random.choice(_WRONG_METADATA)
    fields[wrong.split('"')[1]] = wrong
    if random.random() < 0.2:
        del fields[random.choice(list(fields))]
    return ('{"metadata":{' + ",".join(fields.values())
            + '},"message":{"reason":"x"}}')


def _wrong_message(random: Random) -> str:
    kind, member = random.choice([
        ("RocketExploded", '"reason":""'), ("RocketExploded", '"reason":"a\\nb"'),
        ("RocketExploded", f'"reason":"{"x" * 257}"'), ("RocketExploded", ''),
        ("RocketMissionChanged", '"newMission":{}'),
        ("RocketSpeedIncreased", '"by":1000000001'), ("RocketSpeedDecreased", '"by":-1'),
        ("RocketSpeedIncreased", '"by":01'), ("RocketSpeedIncreased", '"by":1,"by":1'),
        ("RocketLaunched", '"type":"t","launchSpeed":0.5,"mission":"m"'),
        ("RocketLaunched", '"type":"t","launchSpeed":5')])
    return (f'{{"metadata":{{"channel":"{CHANNEL}","messageNumber":1,"messageType":'
            f'"{kind}","messageTime":"2025-01-01T00:00:00Z"}},"message":{{{member}}}}}')


_MAKERS: list[Callable[[Random], str]] = [
    _cut, _inserted, _more, _nested, _wrong_metadata, _wrong_message]


def body(random: Random) -> bytes:
    """For a request of its own; the bytes need not be UTF-8."""
    return random.choice(_MAKERS)(random).encode("utf-8", "surrogateescape")


def line(random: Random) -> str:
    """For a batch; there is no line break in it."""
    return random.choice(_MAKERS)(random)
