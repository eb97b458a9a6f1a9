# SPDX-License-Identifier: Apache-2.0
"""Loads that read lists, and the comparison of all lists at the end."""

import re
import time
from itertools import zip_longest
from operator import itemgetter
from urllib.parse import quote, urlencode

from client import Connection, Failure, head_of
from load import Load
from messages import Json, Rocket, launch

SORTS = ["id", "type", "speed", "mission", "status", "createdAt", "updatedAt",
         "lastMessageNumber"]
ORDERS = ["asc", "desc"]

READERS = 6  # fewer than whole lists may be sent at the same time
READER_SECONDS = 20.0
LATE_SECONDS = 27.0  # after 30 s without a byte taken the service gives up


def in_order(rockets: list[Json], sort: str, order: str) -> list[Json]:
    """The rockets as a list must have them: by value, ties by id, rockets
    without the value last. Times compare as text, as all have one offset."""
    by_id = sorted(rockets, key=itemgetter("id"))
    known = [rocket for rocket in by_id if rocket[sort] is not None]
    # Sorting is stable, also if it is reversed.
    known.sort(key=itemgetter(sort), reverse=order == "desc")
    return known + [rocket for rocket in by_id if rocket[sort] is None]


def read_list(load: Load, query: dict[str, str]) -> list[Json]:
    """The rockets of the list, page by page if the query has a limit. A whole
    list is asked for again if others are reading too many of them."""
    target, limit = "/rockets?" + urlencode(query), int(query.get("limit", 0))
    rockets: list[Json] = []
    while target:
        busy = [503] if load.running() and not limit else []
        coding = load.random.choice(["", "Accept-Encoding: gzip\r\n"])
        answer = load.ask("GET", target, 200, *busy, fields=coding)
        if answer.status == 503:
            load.pause(0.2)
            continue
        page, fields = answer.json(), answer.fields
        rockets += page
        link = re.fullmatch(r'<(\?[^>]*)>; rel="next"', fields.get("link", ""))
        if int(fields["x-total-count"]) < len(page) or \
                len({rocket["id"] for rocket in page}) != len(page) or \
                (limit and len(page) > limit) or (link and len(page) != limit):
            raise Failure(f"GET {target}: {len(page)} rockets, limit {limit}, {fields}")
        target = "/rockets" + link[1] if link else ""
    load.count("lists")
    return rockets


def compare(expected: list[Json], shown: list[Json], what: object) -> None:
    """Raise Failure with the first difference of two lists."""
    for index, pair in enumerate(zip_longest(expected, shown)):
        if pair[0] != pair[1]:
            raise Failure(f"{what}: at {index}: expected {pair[0]}, got {pair[1]}")


def launch_still(load: Load) -> dict[str, Json]:
    """Rockets that no load changes later, by id; some have no launch."""
    size = 2000 if load.flags.sanitized else 8000
    for index, flags in enumerate((f"--rockets={size}", "--rockets=500 --drop-launch")):
        load.count("rockets", launch(load, load.flags.seed * 10**7 + index, 4 * size,
                                     f"{flags} --keep-alive"))
    return {rocket["id"]: rocket for rocket in read_list(load, {})}


def compare_all(load: Load, count: int) -> None:
    """Nothing changes now: all lists and their pages must agree, and have
    `count` rockets; a list is 304 for its ETag."""
    rockets = read_list(load, {})
    if len(rockets) != count:
        raise Failure(f"{len(rockets)} rockets are listed; {count} were made")
    for sort in SORTS:
        for order in ORDERS:
            for pages in ({}, {"limit": "1000"}):
                query = {"sort": sort, "order": order, **pages}
                compare(in_order(rockets, sort, order), read_list(load, query), query)
    tag = load.ask("GET", "/rockets", 200).fields["etag"]
    load.ask("GET", "/rockets", 304, fields=f"If-None-Match: {tag}\r\n")


def lists(load: Load) -> None:
    """lists in all orders, whole and in pages, with filters, while rockets
    change; the first fleet, which does not, must be in order; ETags"""
    still: dict[str, Json] = load.flags.still
    moving = Rocket(load, 0)
    moving.post(load, 1, "applied")
    while load.running():
        _read_some(load, still)
        _poll(load, load.random.choice(list(still.values())), moving)


def _read_some(load: Load, still: dict[str, Json]) -> None:
    """Read a list in any order, with or without a filter and pages."""
    random = load.random
    sort, order = random.choice(SORTS), random.choice(ORDERS)
    filters = _some_filters(load, random.choice(list(still.values())))
    query = {"sort": sort, "order": order, **filters}
    if random.random() < 0.6:
        query["limit"] = str(random.randrange(100, 10000))
    shown = [rocket for rocket in read_list(load, query) if rocket["id"] in still]
    expected = [rocket for rocket in still.values() if _matches(rocket, filters)]
    compare(in_order(expected, sort, order), shown, query)


def _some_filters(load: Load, rocket: Json) -> dict[str, str]:
    """No, one or two filters that the rocket matches."""
    random = load.random
    values = {"status": rocket["status"], "type": rocket["type"],
              "mission": rocket["mission"],
              "launched": "false" if rocket["type"] is None else "true",
              "incomplete": "true" if rocket["missingMessages"] > 0 else "false",
              "idPrefix": rocket["id"][:random.randrange(1, 10)]}
    names = random.sample([name for name in values if values[name] is not None],
                          random.randrange(3))
    return {name: values[name] for name in names}


def _matches(rocket: Json, filters: dict[str, str]) -> bool:
    """Whether a list with the filters has the rocket."""
    rest = dict(filters)
    launched, incomplete = rest.pop("launched", None), rest.pop("incomplete", None)
    return rocket["id"].startswith(rest.pop("idPrefix", "")) and \
        (launched is None or (launched == "true") == (rocket["type"] is not None)) and \
        (incomplete is None or
         (incomplete == "true") == (rocket["missingMessages"] > 0)) and \
        rest.items() <= rocket.items()


def _poll(load: Load, rocket: Json, moving: Rocket) -> None:
    """304 with the ETag of a rocket that does not change; never for one that has
    changed, nor for a list with it."""
    target = "/rockets/" + quote(rocket["id"])
    answer = load.ask("GET", target, 200)
    compare([rocket], [answer.json()], target)
    load.ask("GET", target, 304, fields=f"If-None-Match: {answer.fields['etag']}\r\n")
    target = load.random.choice([moving.target, "/rockets?limit=1", "/rockets"])
    tag = load.ask("GET", target, 200, 503).fields.get("etag", "none")
    moving.post(load, moving.last + 1, "applied")
    load.ask("GET", target, 200, 503, fields=f"If-None-Match: {tag}\r\n")
    moving.check(load)


def readers(load: Load) -> None:
    """clients that ask for a list and read it late, in part, or never"""
    while load.running():
        waiting = [Connection(load.port, 4096) for _ in range(READERS)]
        for connection in waiting:
            # The kernel buffers a page, so that it is sent; a whole list waits.
            target = load.random.choice(["/rockets", "/rockets?limit=1000"])
            connection.send(head_of("GET", target))
        begun = time.monotonic()
        load.count("connections", READERS)
        load.pause(load.random.random() * READER_SECONDS)
        for connection in waiting:
            dice = load.random.random()
            # On a busy machine reading the lists before may have taken long.
            if time.monotonic() - begun > LATE_SECONDS:
                connection.close()
                continue
            if dice < 0.4:
                load.check(connection.answer(), "a list read late", 200, 503).json()
            elif dice < 0.7:
                connection.socket.recv(int(dice * 100000))
            load.random.choice([connection.close, connection.reset])()
