# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus with the files of deploy/, changed for a test: another port,
a scrape every second, and alerts that fire at once."""

import json
import re
import socket
import time
from pathlib import Path
from typing import Any, Callable, TypeVar
from urllib.parse import quote

from client import Client, Failure
from service import Service

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
PATIENCE = 120.0  # seconds until something that must happen counts as missing
Json = Any
Found = TypeVar("Found")


def wait_for(what: str, look: Callable[[], Found], wanted: Callable[[Found], bool]) -> Found:
    """Look again and again until the result is as wanted; returns it."""
    ends = time.monotonic() + PATIENCE
    while not wanted(found := look()):
        if time.monotonic() > ends:
            raise Failure(f"{what}: not in {PATIENCE:.0f} s; now {found}")
        time.sleep(0.1)
    return found


def replaced(name: str, *changes: tuple[str, str]) -> str:
    """The text of a file in deploy/. Each pattern must be found."""
    text = (DEPLOY / name).read_text()
    for pattern, by in changes:
        text, count = re.subn(pattern, by, text)
        if count == 0:
            raise Failure(f"deploy/{name} has no {pattern}")
    return text


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Prometheus:
    """It scrapes the service on `port` of 127.0.0.1. The end of its `with` kills
    it, if it still runs."""

    def __init__(self, folder: Path, port: int):
        config = folder / "prometheus.yml"
        config.write_text(replaced("prometheus.yml", (r"127\.0\.0\.1:8088", f"127.0.0.1:{port}"),
                                   ("_interval: 15s", "_interval: 1s")))
        (folder / "alerts.yml").write_text(replaced("alerts.yml", (r"\bfor: \d+m", "for: 0s")))
        own = free_port()
        self._process = Service("prometheus", folder / "prometheus.log", "--log.level=warn",
                                f"--config.file={config}",
                                f"--storage.tsdb.path={folder / 'data'}",
                                f"--web.listen-address=127.0.0.1:{own}", port=own)
        self._client = Client(own)
        wait_for("Prometheus is ready", lambda: self._client.ask("GET", "/-/ready").status,
                 lambda status: status == 200)

    def __enter__(self) -> "Prometheus":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()
        self._process.kill()

    def stop(self) -> list[str]:
        """Returns what was wrong with the end."""
        self._client.close()
        return self._process.stop()

    def ask(self, path: str) -> Json:
        """The data of a response of its API."""
        answer = self._client.ask("GET", f"/api/v1/{path}")
        data = json.loads(answer.body)
        if data["status"] != "success":
            raise Failure(f"{path}: {data['error']}")
        return data["data"]

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """The series of an expression now, each with its labels and value."""
        result = self.ask(f"query?query={quote(expression)}")["result"]
        return [(series["metric"], float(series["value"][1])) for series in result]

    def target_health(self) -> str:
        """"up" after a scrape that succeeded."""
        return next((target["health"] for target in self.ask("targets?state=active")["activeTargets"]),
                    "no target yet")

    def target(self) -> Json:
        """The only target, the service."""
        [target] = self.ask("targets?state=active")["activeTargets"]
        return target

    def rules(self) -> list[Json]:
        return [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]

    def firing(self) -> dict[str, Json]:
        """The alerts that fire, by name."""
        return {alert["labels"]["alertname"]: alert for alert in self.ask("alerts")["alerts"]
                if alert["state"] == "firing"}
