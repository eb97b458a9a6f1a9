# SPDX-License-Identifier: Apache-2.0
"""The report: the curve in twenty rows, what was counted, and the verdict."""

from dataclasses import dataclass, field
from typing import Optional

from common import ROOT, Settings, count
from service import Look
from tasks import Load
from verdict import Flatness
from watch import Sample, decided

ROWS = 20
HEAD = ("time", "RSS MiB", "fds", "most", "threads", "CPU %",
        "messages/s", "requests/s", "p50 ms", "p99 ms")


@dataclass
class Found:
    """All that a run found."""

    settings: Settings
    samples: list[Sample] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)
    flatness: Optional[Flatness] = None
    baseline: Optional[Look] = None
    quiet: Optional[Look] = None  # after the load, when all is closed
    rockets: int = 0
    faults: list[str] = field(default_factory=list)


def render(found: Found) -> str:
    parts = [_title(found.settings), _curve(found.samples), _counts(found.loads)]
    if found.baseline and found.quiet:
        parts.append(
            f"At first and after the load: {found.baseline.descriptors} and "
            f"{found.quiet.descriptors} descriptors, {found.baseline.threads} and "
            f"{found.quiet.threads} threads. {found.rockets} rockets compared.")
    if found.flatness:
        parts.append(f"Memory after {found.settings.warm_up:.0f} s of warm-up: "
                     f"{found.flatness}.")
    parts.append(_verdict(found))
    return "\n\n".join(part for part in parts if part) + "\n"


def command(settings: Settings) -> str:
    """How to run the same again."""
    text = f"scripts/soak.sh --seconds={settings.seconds:.0f} --seed={settings.seed}"
    if settings.build.parent != ROOT / "build":
        text += f" --build={settings.build}"
    elif settings.build.name != "release":
        text += f" --preset={settings.build.name}"
    if settings.max_connections != 2000:
        text += f" --max-connections={settings.max_connections}"
    if settings.threads != "2":
        text += f" --threads={settings.threads}"
    if settings.only:
        text += f" --only={','.join(settings.only)}"
    return text


def _title(settings: Settings) -> str:
    return (f"Soak of {settings.seconds:.0f} s, seed {settings.seed}, "
            f"-threads={settings.threads} "
            f"-max-connections={settings.max_connections}, {settings.build}")


def _curve(samples: list[Sample]) -> str:
    """Each row sums up a twentieth of the time: the memory at its median."""
    if len(samples) < 2:
        return ""
    lines = [("{:>8}" + "{:>11}" * (len(HEAD) - 1)).format(*HEAD)]
    step = max(1.0, (len(samples) - 1) / ROWS)
    start = 0
    while start < len(samples) - 1:
        end = min(len(samples) - 1, round((len(lines)) * step))
        lines.append(_row(samples[start:end + 1]))
        start = end
    return "\n".join(lines)


def _row(part: list[Sample]) -> str:
    first, last = part[0], part[-1]
    took = last.seconds - first.seconds
    inner = part[1:]
    return (f"{last.seconds:8.0f}"
            f"{_median([sample.resident_mib for sample in inner]):11.1f}"
            f"{_median([sample.descriptors for sample in inner]):11.0f}"
            f"{max(sample.descriptors for sample in inner):11}"
            f"{max(sample.threads for sample in inner):11}"
            f"{(last.cpu_seconds - first.cpu_seconds) / took * 100:11.0f}"
            f"{(last.messages - first.messages) / took:11,.0f}"
            f"{(last.requests - first.requests) / took:11,.0f}"
            f"{_median([sample.probe_p50_ms for sample in inner]):11.1f}"
            f"{_median([sample.probe_p99_ms for sample in inner]):11.1f}")


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _counts(loads: list[Load]) -> str:
    """A line a load, and their sum."""
    if not loads:
        return ""
    rows = {load.name: load.counted() for load in loads}
    names = [name for name in next(iter(rows.values()))]
    rows["all"] = {name: sum(row[name] for row in rows.values()) for name in names}
    lines = [f"{'':10}" + "".join(f"{name:>12}" for name in names)]
    for load, row in rows.items():
        lines.append(f"{load:10}" + "".join(f"{count(row[name]):>12}"
                                            for name in names))
    total = decided(rows["all"])
    lines.append(f"{count(total)} messages decided, "
                 f"{count(rows['all']['requests'])} requests answered")
    return "\n".join(lines)


def _verdict(found: Found) -> str:
    if not found.faults:
        return "PASSED: state, memory, descriptors, threads, stderr and the stop."
    lines = [f"FAILED: {len(found.faults)} faults"]
    lines += [f"- {fault}" for fault in found.faults[:30]]
    if len(found.faults) > 30:
        lines.append(f"- and {len(found.faults) - 30} more")
    lines.append(f"What there is to see: {found.settings.out}")
    lines.append(f"The same messages again: {command(found.settings)}")
    return "\n".join(lines)
