# SPDX-License-Identifier: Apache-2.0
"""Summary of a run of schemathesis, from its NDJSON report.

usage: summary.py REPORT

Prints the number of cases by phase and by operation and status, with `+` for
valid and `-` for invalid data, and the number of responses by check. Exits
with 1 if a phase has no checked case.
"""

import collections
import json
import sys

PHASES = {"examples", "coverage", "fuzzing", "stateful"}


def cases(report):
    """Yield phase, recorded case, status and names of checks of each case."""
    for line in report:
        event = json.loads(line).get("ScenarioFinished")
        if event is None:
            continue
        recorder = event["recorder"]
        interactions = recorder.get("interactions", {})
        for identifier, case in recorder.get("cases", {}).items():
            response = interactions.get(identifier, {}).get("response") or {}
            checks = recorder.get("checks", {}).get(identifier, [])
            yield (
                event["phase"],
                case["value"],
                response.get("status_code", "none"),
                [check["name"] for check in checks],
            )


def sign(case):
    meta = case.get("meta")
    return "-" if meta and meta["generation"]["mode"] == "negative" else "+"


def print_counts(title, counts):
    print(f"{title}:")
    for name, count in sorted(counts.items()):
        print(f"  {count:6}  {name}")


def main():
    phases, responses, checks = (collections.Counter() for _ in range(3))
    checked = set()
    with open(sys.argv[1], encoding="utf-8") as report:
        for phase, case, status, names in cases(report):
            operation = f"{case['method']} {case['path']}"
            phases[f"{phase} {sign(case)}"] += 1
            responses[f"{operation} {sign(case)} {status}"] += 1
            checks.update(names)
            if names:
                checked.add(phase)
    print_counts("cases by phase", phases)
    print_counts("cases by operation and status", responses)
    print_counts("responses by check", checks)
    print(f"cases: {phases.total()}, checks: {checks.total()}")
    sys.exit(0 if checked == PHASES else 1)


if __name__ == "__main__":
    main()
