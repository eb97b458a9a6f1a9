# SPDX-License-Identifier: Apache-2.0
"""Whether memory was flat after the warm-up, and all else within its bounds.

Of memory there are two tests, as each alone can be fooled. The median of the last quarter may not
be above that of the first by more than a share and a fixed amount: this sees
what has grown, whatever a flood left behind for a moment. And a line through
all samples (least squares) may not rise by more than as much over the time
that it spans: this sees what still grows.
"""

from dataclasses import dataclass
from statistics import linear_regression, median

from common import Settings
from service import Look
from watch import Sample

SHARE = 0.05
MIB = 4.0  # beside it: what the allocator keeps or gives back by chance
MIB_SHORT = 10.0  # the same in a run of some minutes, which is never quite warm
MIB_SANITIZED = 24.0  # a sanitizer keeps what was freed, and books of its own
LEAST_SAMPLES = 8
LEAST_RETRIES = 20
REQUESTS_A_RETRY = 10000
SHORT_SECONDS = 300.0


@dataclass(frozen=True)
class Flatness:
    """What the tests found. All in MiB."""

    first: float  # median of the first quarter
    last: float
    slope: float  # an hour
    rise: float  # of the line, over all its time
    allowed: float

    @property
    def faults(self) -> list[str]:
        found = []
        if self.last - self.first > self.allowed:
            found.append(f"memory grew from {self.first:.1f} to {self.last:.1f} "
                         f"MiB after the warm-up; {self.allowed:.1f} are allowed")
        if self.rise > self.allowed:
            found.append(f"memory grows by {self.slope:.1f} MiB an hour, "
                         f"{self.rise:.1f} in this run; {self.allowed:.1f} are allowed")
        return found

    def __str__(self) -> str:
        return (f"median of the first quarter {self.first:.1f} MiB, of the last "
                f"{self.last:.1f}; line {self.slope:+.1f} MiB/h, {self.rise:+.1f} "
                f"in all; allowed {self.allowed:.1f}")


def beyond(samples: list[Sample], baseline: Look, settings: Settings) -> list[str]:
    """Descriptors and threads that may never be, whatever the load."""
    found = []
    descriptors = baseline.descriptors + settings.max_connections
    threads = baseline.threads
    if settings.threads == "per-connection":
        threads += settings.max_connections
    most = max(sample.descriptors for sample in samples)
    if most > descriptors:
        found.append(f"{most} descriptors were open; {descriptors} are allowed")
    most = max(sample.threads for sample in samples)
    if most > threads:
        found.append(f"{most} threads were running; {threads} are allowed")
    return found


def unanswered(retries: int, requests: int) -> list[str]:
    """Requests without an answer, which the loads send again. A flood past
    -max-connections costs a few; answers that get lost would be more."""
    most = LEAST_RETRIES + requests // REQUESTS_A_RETRY
    if retries <= most:
        return []
    return [f"{retries} requests of {requests} were not answered; "
            f"{most} are allowed"]


def allowed(first: float, settings: Settings) -> float:
    """By how much memory may grow from so much."""
    fixed = MIB_SHORT if settings.seconds < SHORT_SECONDS else MIB
    return SHARE * first + (MIB_SANITIZED if settings.sanitized else fixed)


def flatness(samples: list[Sample], settings: Settings) -> Flatness:
    """Of the samples after the warm-up."""
    warm = [sample for sample in samples if sample.seconds >= settings.warm_up]
    if len(warm) < LEAST_SAMPLES:
        raise ValueError(f"{len(warm)} samples after the warm-up say nothing")
    sizes = [sample.resident_mib for sample in warm]
    quarter = len(sizes) // 4
    first, last = median(sizes[:quarter]), median(sizes[-quarter:])
    line = linear_regression([sample.seconds for sample in warm], sizes)
    return Flatness(first, last, line.slope * 3600,
                    line.slope * (warm[-1].seconds - warm[0].seconds),
                    allowed(first, settings))
