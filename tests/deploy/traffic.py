# SPDX-License-Identifier: Apache-2.0
"""Requests of every kind to a running service, and what it must count of them."""

import json
from collections import Counter

from client import JSON, NDJSON, Client, Failure
from service import Service

# The service keeps this many runs of a rocket, and then gives up a gap.
MAX_RUNS = 16384
TIME = "2026-11-27T10:00:00Z"
# So much memory has room for all runs, and is soon full of long strings.
FLAGS = ("-max-memory=6M", "-threads=2")
LONG = 256


def message(channel: str, number: int, kind: str, **content: object) -> bytes:
    return json.dumps({
        "metadata": {"channel": channel, "messageNumber": number, "messageTime": TIME,
                     "messageType": kind},
        "message": content}).encode()


def launch(channel: str, rocket: str = "Falcon-9", mission: str = "ARTEMIS") -> bytes:
    return message(channel, 1, "RocketLaunched", type=rocket, launchSpeed=500, mission=mission)


class Traffic:
    """Sends requests, one after the other, and counts them."""

    def __init__(self, service: Service):
        self._client = Client(service.port)
        self.results: Counter[str] = Counter()
        self.requests: Counter[tuple[str, str]] = Counter()  # by route and status
        self.launches = self.explosions = 0

    def close(self) -> None:
        self._client.close()

    def request(self, route: str, status: int, method: str, target: str,
                body: bytes = b"", kind: str = "", result: str = "") -> None:
        """`result`: that of the message, if it is one."""
        answer = self._client.ask(method, target, body, kind)
        if answer.status != status:
            raise Failure(f"{method} {target}: {answer.status} {answer.body!r}, not {status}")
        self.requests[route, str(status)] += 1
        if result:
            self.results[result] += 1
        if result and status == 202 and answer.json()["result"] != result:
            raise Failure(f"{method} {target}: {answer.body!r}, not {result}")

    def post(self, body: bytes, result: str, status: int = 202) -> None:
        """A single message."""
        self.request("message", status, "POST", "/messages", body, JSON, result)

    def send_all(self) -> None:
        """One after the other: each result of a message, and each route."""
        self.post(launch("a"), "applied")
        self.post(launch("a"), "duplicate")
        self.post(message("a", 3, "RocketExploded", reason="WIND"), "applied")
        self.post(b"{}", "rejected", 400)
        self.launches += 1
        self.explosions += 1
        self._lose_a_gap()
        self._fill_memory()
        self.request("list", 200, "GET", "/rockets?limit=1")
        self.request("list", 400, "GET", "/rockets?limit=none")
        self.request("rocket", 200, "GET", "/rockets/a")
        self.request("rocket", 404, "GET", "/rockets/unknown")
        self.request("health", 200, "GET", "/health")
        self.request("files", 200, "GET", "/openapi.yaml")
        self.request("other", 404, "GET", "/unknown")

    def _lose_a_gap(self) -> None:
        """Every other number, until the first gap is given up."""
        numbers = range(1, 2 * (MAX_RUNS + 1), 2)
        body = b"\n".join(message("gaps", number, "RocketSpeedIncreased", by=1)
                          for number in numbers)
        self.request("batch", 202, "POST", "/messages", body, NDJSON)
        self.results["applied"] += len(numbers)
        self.post(message("gaps", 2, "RocketSpeedIncreased", by=1), "stale")

    def _fill_memory(self) -> None:
        """Launch rockets with long names until there is no memory for one."""
        while True:
            names = [f"{self.launches:0{LONG}}", f"{-self.launches:0{LONG}}"]
            answer = self._client.ask("POST", "/messages", launch(f"{self.launches}", *names), JSON)
            self.requests["message", str(answer.status)] += 1
            if answer.status == 503:
                self.results["no_memory"] += 1
                return
            if answer.status != 202:
                raise Failure(f"a launch: {answer.status} {answer.body!r}")
            self.results["applied"] += 1
            self.launches += 1
