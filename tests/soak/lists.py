# SPDX-License-Identifier: Apache-2.0
"""Reads lists: whole ones and pages, each checked for what holds always."""

import json
import re
from typing import Optional
from urllib.parse import urlencode

from client import Answer, Client
from common import Failure
from oracle import Json
from tasks import Task

MAX_PAGES = 5000


def target_of(sort: str, order: str, filters: dict[str, str],
              limit: int = 0) -> str:
    query = {"sort": sort, "order": order, **filters}
    if limit:
        query["limit"] = str(limit)
    return "/rockets?" + urlencode(query)


def whole(task: Task, client: Client, target: str) -> Optional[list[Json]]:
    """The list in one answer; nothing where too many are being read."""
    answer = client.ask("GET", target)
    task.count("requests")
    if answer.status == 503 and "retry-after" in answer.fields:
        task.count("busy")
        return None
    rockets = read(target, answer)
    task.count("lists")
    return rockets


def pages(task: Task, client: Client, target: str, limit: int) -> list[Json]:
    """The list page by page, by Link, to the end."""
    rockets: list[Json] = []
    for _ in range(MAX_PAGES):
        answer = client.ask("GET", target)
        task.count("requests")
        page = read(target, answer)
        rockets += page
        link = re.fullmatch(r'<(/rockets\?[^>]*)>; rel="next"',
                            answer.fields.get("link", ""))
        if len(page) > limit or (link is not None and len(page) < limit):
            raise Failure(f"GET {target}: {len(page)} rockets, limit {limit}, "
                          f"next page {link and link[1]}")
        if link is None:
            task.count("lists")
            return rockets
        target = link[1]
    raise Failure(f"GET {target}: after {MAX_PAGES} pages there is still a next one")


def read(target: str, answer: Answer) -> list[Json]:
    """The rockets of a list or page; no id is there twice."""
    if answer.status != 200:
        raise Failure(f"GET {target}: status {answer.status} {answer.body[:200]!r}")
    try:
        rockets: list[Json] = json.loads(answer.body)
        ids = {rocket["id"] for rocket in rockets}
    except (ValueError, KeyError, TypeError) as error:
        raise Failure(f"GET {target}: no list of rockets: {error}") from error
    if len(ids) != len(rockets):
        raise Failure(f"GET {target}: an id is there twice")
    if not answer.fields.get("etag", "").startswith('W/"'):
        raise Failure(f"GET {target}: no ETag")
    if not answer.fields.get("x-total-count", "").isdecimal():
        raise Failure(f"GET {target}: no X-Total-Count")
    return rockets
