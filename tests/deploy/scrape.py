#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Watch a running service with a real Prometheus and the files of deploy/. It has
a store, as the families of the store are shown only then.

- Prometheus has exactly what was sent: messages by result, requests by route and
  status.
- No scrape fails.
- Each expression of the dashboard returns data, with the labels of its legend.
- Each alert is valid, has its metrics, a test and a row in docs/metrics.md. Those
  fire that must, and LunarDown does when the service has stopped.

usage: tests/deploy/scrape.py SERVICE FOLDER

SERVICE is started on a free port. FOLDER gets the logs and Prometheus's data.
Exit status: 0 no check failed; 1 one failed; 2 invalid command line; 77, which
CTest reports as skipped, if Prometheus is missing (TEST_SKIP_CODE sets another
status).
"""

import sys

sys.dont_write_bytecode = True

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any, Iterator

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "lib"))

from client import Failure
from prometheus import DEPLOY, Prometheus, wait_for
from service import Service
from traffic import FLAGS, Traffic

# What Grafana puts in the place of its variables.
VARIABLES = {"$job": "lunar", "$instance": ".+", "$__rate_interval": "1m"}
FAMILY = re.compile(r"\b(?:lunar|process)_\w+")


def check(true: bool, what: str) -> None:
    if not true:
        raise Failure(what)


def check_counts(prometheus: Prometheus, traffic: Traffic) -> None:
    """Wait until all of it has been scraped. Counters only grow: one that has
    counted too much never gets there."""
    def results() -> dict[str, float]:
        return {labels["result"]: value
                for labels, value in prometheus.query("lunar_messages_total") if value}

    def requests() -> dict[tuple[str, str], float]:
        return {(labels["route"], labels["code"]): value
                for labels, value in prometheus.query(
                    'lunar_http_requests_total{route!="metrics"}') if value}

    def value(name: str) -> float:
        return sum(value for _, value in prometheus.query(name))

    wait_for("messages by result", results, lambda found: found == traffic.results)
    wait_for("requests by route and status", requests, lambda found: found == traffic.requests)
    for name, expected in (("lunar_launches_total", traffic.launches),
                           ("lunar_explosions_total", traffic.explosions),
                           ("lunar_batch_messages_count", 1)):
        check(value(name) == expected, f"{name}: {value(name)}, not {expected}")


def check_target(prometheus: Prometheus) -> None:
    target = prometheus.target()
    check(target["health"] == "up" and target["lastError"] == "",
          f"the target is {target['health']}: {target['lastError']}")
    [(_, failed)] = prometheus.query("sum(count_over_time(up[5m]) - sum_over_time(up[5m]))")
    check(failed == 0, f"{failed:.0f} scrapes failed")


def targets(part: Any) -> Iterator[dict[str, str]]:
    """The objects of a dashboard with an expression."""
    if isinstance(part, dict) and "expr" in part:
        yield part
    elif isinstance(part, (dict, list)):
        for inner in part.values() if isinstance(part, dict) else part:
            yield from targets(inner)


def check_dashboard(prometheus: Prometheus) -> int:
    """Returns the number of its expressions."""
    dashboard = json.loads((DEPLOY / "grafana.json").read_text())
    found = list(targets(dashboard))
    for target in found:
        expression = target["expr"]
        for name, by in VARIABLES.items():
            expression = expression.replace(name, by)
        result = wait_for(f"data of {expression}", lambda: prometheus.query(expression), bool)
        for label in re.findall(r"{{(\w+)}}", target.get("legendFormat", "")):
            check(all(label in labels for labels, _ in result), f"{expression} has no {label}")
    for variable in dashboard["templating"]["list"]:
        if values := re.fullmatch(r"label_values\((\w+).*, (\w+)\)", variable.get("definition", "")):
            check(all(values[2] in labels for labels, _ in prometheus.query(values[1])),
                  f"the variable {variable['name']} has no values")
    return len(found)


def check_alerts(prometheus: Prometheus) -> int:
    """Returns how many there are."""
    rules = prometheus.rules()
    places = {"docs/metrics.md": "\n| `{}` ", "deploy/alerts_test.yml": 'ALERTS{{alertname="{}"'}
    texts = {path: (ROOT / path).read_text() for path in places}
    for rule in rules:
        name = rule["name"]
        check(rule["health"] == "ok" and not rule.get("lastError"), f"{name}: {rule}")
        for path, text in texts.items():
            check(text.count(places[path].format(name)) == 1, f"{path} has no {name}")
        # Those of a topic need brokers, and those of TLS a certificate: this
        # test has neither.
        for family in FAMILY.findall(rule["query"]):
            if family.startswith(("lunar_replica_", "lunar_tls_")):
                continue
            check(bool(prometheus.query(family)), f"{name}: there is no {family}")
    return len(rules)


def check_firing(prometheus: Prometheus, *names: str) -> None:
    """Wait until these alerts fire, and see that their texts are whole."""
    firing = wait_for(f"{', '.join(names)} firing", prometheus.firing,
                      lambda found: set(names) <= set(found))
    for name in names:
        texts = firing[name]["annotations"]
        check("127.0.0.1:" in texts["summary"], f"{name} does not name the service: {texts}")
        check(not re.search(r"no value|<error|{{", " ".join(texts.values())), f"{name}: {texts}")


def watch(program: str, folder: Path) -> str:
    """Returns what was seen."""
    # With so small a limit it soon takes a snapshot.
    flags = (f"-data={folder / 'data'}", "-snapshot=1M", *FLAGS)
    with Service(program, folder / "service.log", *flags) as service, \
            Prometheus(folder, service.port) as prometheus:
        wait_for("the target is up", prometheus.target_health, lambda health: health == "up")
        traffic = Traffic(service)
        traffic.send_all()
        traffic.close()
        check_counts(prometheus, traffic)
        check_target(prometheus)
        expressions = check_dashboard(prometheus)
        alerts = check_alerts(prometheus)
        check_firing(prometheus, "LunarMemoryFull", "LunarMessagesTooLate", "LunarUnavailable")
        check("LunarDown" not in prometheus.firing(), "LunarDown fires before the stop")
        faults = service.stop()
        check_firing(prometheus, "LunarDown")
        faults += prometheus.stop()
        check(not faults, "; ".join(faults))
    return (f"{sum(traffic.results.values()):,} messages, {sum(traffic.requests.values()):,} "
            f"requests, {expressions} expressions, {alerts} alerts")


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    program, folder = sys.argv[1], Path(sys.argv[2])
    if shutil.which("prometheus") is None:
        print("skipped: Prometheus is missing (Debian: prometheus)")
        return int(os.environ.get("TEST_SKIP_CODE", 77))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        print(watch(program, folder))
    except Failure as failure:
        print(failure)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
