# SPDX-License-Identifier: Apache-2.0
"""Delivers messages of rockets that nobody else sends for at the time, so
that the oracle can say of each what the service must answer."""

import json
from collections import Counter
from typing import Sequence
from urllib.parse import quote

import broken
from client import JSON, NDJSON, Answer, Client, head_of
from common import Failure
from message import Message, write, write_freely
from oracle import APPLIED, DUPLICATE, STALE, Rocket, difference
from tasks import Task

MAX_ERRORS = 100  # that the answer to a batch tells of

Delivery = tuple[Rocket, Message]


def post(task: Task, client: Client, rocket: Rocket, message: Message,
         new: bool = False) -> None:
    """One message in one request; `new`: over a connection of its own."""
    if task.random.random() < 0.1:
        body = write_freely(task.random, rocket.channel, message)
    else:
        body = write(rocket.channel, message)
    wanted = rocket.apply(message)
    before = client.retries
    answer = client.ask("POST", "/messages", body.encode(), JSON, new=new)
    task.count("requests")
    result = check_result(answer, rocket.channel, message.number)
    task.count(result)
    # An earlier try may have been taken, its answer lost.
    if result != wanted and not (client.retries > before and wanted == APPLIED):
        raise Failure(f"{rocket.channel} number {message.number}: expected "
                      f"{wanted}, got {result}")


def check_result(answer: Answer, channel: str, number: int) -> str:
    """The result of a message, after all the rest of the answer was checked."""
    try:
        value = json.loads(answer.body)
    except ValueError:
        value = {}
    result = value.get("result")
    if answer.status != 202 or result not in (APPLIED, DUPLICATE, STALE) or \
            value != {"channel": channel, "messageNumber": number,
                      "processed": result == APPLIED, "result": result}:
        raise Failure(f"{channel} number {number}: answered {answer.status} "
                      f"{answer.body[:300]!r}")
    return str(result)


def post_batch(task: Task, client: Client, deliveries: Sequence[Delivery]) -> None:
    """All in one request, with a few lines between that are no messages."""
    random = task.random
    lines: list[str] = []
    bad: list[int] = []
    wanted: Counter[str] = Counter()
    for rocket, message in deliveries:
        if random.random() < 0.005:
            lines.append(broken.line(random))
            bad.append(len(lines))
        lines.append(write(rocket.channel, message))
        wanted[rocket.apply(message)] += 1
    body = "\n".join(lines).encode("utf-8", "surrogateescape")
    before = client.retries
    answer = client.exchange(batch_request(task, body))
    task.count("requests")
    value = _read_batch(answer)
    _check_counts(value, wanted, len(deliveries), len(bad),
                  client.retries > before)
    told = [error["line"] for error in value["errors"]]
    if told != bad[:MAX_ERRORS]:
        raise Failure(f"a batch: errors in lines {bad}, told of {told}")
    for name in (APPLIED, DUPLICATE, STALE, "rejected"):
        task.count(name, value[name])


def batch_request(task: Task, body: bytes) -> bytes:
    """With its length, or in chunks of any."""
    random = task.random
    if random.random() < 0.5:
        return head_of("POST", "/messages", body, NDJSON) + body
    parts = [f"POST /messages HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {NDJSON}"
             "\r\nTransfer-Encoding: chunked\r\n\r\n".encode()]
    start = 0
    while start < len(body):
        size = 1 + int(random.random() ** 3 * 100000)
        part = body[start:start + size]
        parts.append(b"%x\r\n%s\r\n" % (len(part), part))
        start += size
    return b"".join(parts) + b"0\r\n\r\n"


def _read_batch(answer: Answer) -> dict[str, object]:
    names = {APPLIED, DUPLICATE, STALE, "rejected", "errors"}
    try:
        value = json.loads(answer.body)
    except ValueError:
        value = {}
    if answer.status != 202 or value.keys() != names:
        raise Failure(f"a batch was answered {answer.status} {answer.body[:300]!r}")
    return value  # type: ignore[no-any-return]


def _check_counts(value: dict[str, object], wanted: "Counter[str]", messages: int,
                  bad: int, twice: bool) -> None:
    """Where a try before may have been taken, in part even, only the sum."""
    got = {name: value[name] for name in (APPLIED, DUPLICATE, STALE)}
    expected = {name: wanted[name] for name in got}
    same = sum(got.values()) == messages if twice else got == expected
    if not same or value["rejected"] != bad:
        raise Failure(f"a batch: expected {expected} and {bad} rejected, got "
                      f"{got} and {value['rejected']}")


def check(task: Task, client: Client, rocket: Rocket) -> None:
    """The rocket as it is shown must be the oracle's."""
    target = "/rockets/" + quote(rocket.channel, safe="")
    answer = client.ask("GET", target)
    task.count("requests")
    task.count("checked")
    if answer.status != 200:
        raise Failure(f"GET {target}: status {answer.status}")
    differs = difference(rocket.expected(), json.loads(answer.body))
    if differs:
        raise Failure(f"rocket {rocket.channel}: {differs}")
