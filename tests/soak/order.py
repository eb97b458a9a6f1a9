# SPDX-License-Identifier: Apache-2.0
"""How lists are to be sorted: by value, then by id upwards; what has no value
is last in both orders; strings by their bytes, times by their instants."""

import re
from datetime import date
from typing import Any, Callable, Iterable, Optional

from oracle import Json

SORTS = ["id", "type", "speed", "mission", "status", "createdAt", "updatedAt",
         "lastMessageNumber"]
ORDERS = ["asc", "desc"]

_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?"
                   r"(?:[Zz]|([+-])(\d\d):(\d\d))")


def instant(text: str) -> int:
    """Nanoseconds since some moment. Second 60 is the one that follows."""
    found = _TIME.fullmatch(text)
    assert found is not None, text
    year, month, day, hour, minute, second = (int(part) for part in
                                              found.groups()[:6])
    minutes = (date(year, month, day).toordinal() * 24 + hour) * 60 + minute
    if found[8]:
        offset = int(found[9]) * 60 + int(found[10])
        minutes += offset if found[8] == "-" else -offset
    nanoseconds = int((found[7] or "").ljust(9, "0"))
    return (minutes * 60 + second) * 10**9 + nanoseconds


def value_of(rocket: Json, sort: str) -> Any:
    """What it is sorted by; None where it has no value."""
    value = rocket[sort]
    if value is None or isinstance(value, int):
        return value
    if sort in ("createdAt", "updatedAt"):
        return instant(value)
    return value.encode()


def sorted_as(rockets: Iterable[Json], sort: str, order: str) -> list[Json]:
    """The rockets in the order in which the list must have them."""
    downwards = order == "desc"
    if sort == "id":
        return sorted(rockets, key=_id, reverse=downwards)
    by_id = sorted(rockets, key=_id)
    known = [rocket for rocket in by_id if rocket[sort] is not None]
    # Sorting is stable, also when it is reversed: ties stay as they are.
    known.sort(key=_value_by(sort), reverse=downwards)
    return known + [rocket for rocket in by_id if rocket[sort] is None]


def fits(rocket: Json, filters: dict[str, str]) -> bool:
    return all(rocket[name] == value for name, value in filters.items())


def first_difference(expected: list[Json], shown: list[Json]) -> Optional[str]:
    """Where two lists part, or nothing."""
    for index, (one, other) in enumerate(zip(expected, shown)):
        if one != other:
            return f"at {index}: expected {one}, got {other}"
    if len(expected) != len(shown):
        return f"expected {len(expected)} rockets, got {len(shown)}"
    return None


def _id(rocket: Json) -> bytes:
    return str(rocket["id"]).encode()


def _value_by(sort: str) -> Callable[[Json], Any]:
    return lambda rocket: value_of(rocket, sort)
