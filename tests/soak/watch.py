# SPDX-License-Identifier: Apache-2.0
"""Looks at the service each second, from outside, and keeps the curve."""

import time
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from common import MIB
from service import Service
from tasks import COUNTERS, Load

PERIOD = 1.0


@dataclass(frozen=True)
class Sample:
    """One row of curve.tsv."""

    seconds: float  # since the load began
    resident_mib: float
    descriptors: int
    threads: int
    cpu_seconds: float
    messages: int  # decided so far: applied, duplicate or stale
    requests: int
    probe_p50_ms: float  # of the last second
    probe_p99_ms: float


class Watch:
    """Takes the samples."""

    def __init__(self, service: Service, loads: list[Load], shown: Any, path: Path):
        self.samples: list[Sample] = []
        self._service = service
        self._loads = loads
        self._shown = shown
        self._begun = self._due = time.monotonic()
        self._file = open(path, "w", encoding="ascii")
        print("\t".join(field.name for field in fields(Sample)), file=self._file)

    def close(self) -> None:
        self._file.close()

    def seconds(self) -> float:
        return time.monotonic() - self._begun

    def wait(self) -> None:
        """Until the next sample is due. What a stall of the machine made us
        miss is not made up for: samples have time between them."""
        now = time.monotonic()
        self._due = max(self._due + PERIOD, now + PERIOD / 2)
        time.sleep(self._due - now)

    def take(self) -> Sample:
        """A sample more."""
        look, counted = self._service.look(), self.counted()
        sample = Sample(
            round(self.seconds(), 2), round(look.resident / MIB, 2),
            look.descriptors, look.threads,
            round(look.cpu, 2), decided(counted), counted["requests"],
            round(self._shown[0], 2), round(self._shown[1], 2))
        self.samples.append(sample)
        print("\t".join(map(str, astuple(sample))), file=self._file, flush=True)
        return sample

    def counted(self) -> dict[str, int]:
        """By all loads together."""
        rows = [load.counted() for load in self._loads]
        return {name: sum(row[name] for row in rows) for name in COUNTERS}


def decided(counted: dict[str, int]) -> int:
    """Messages that were taken, whatever became of them."""
    return counted["applied"] + counted["duplicate"] + counted["stale"]
