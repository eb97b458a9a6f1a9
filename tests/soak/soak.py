#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The soak test: start the service, run all loads at the same time, measure
the service each second, and judge it. scripts/soak.sh builds the programs."""

import sys

sys.dont_write_bytecode = True

import argparse
import re
import secrets
import signal
import time
from argparse import Namespace
from datetime import datetime
from pathlib import Path
from statistics import linear_regression, median

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.append(str(ROOT / "tests" / "lib"))

import lists
import malformed
import messages
from client import Failure
from load import COUNTERS, FORK, Load, say
from service import Look, Service, allow_files

LOADS = {**{name: messages.fly for name in messages.FLEETS}, **{
    run.__name__: run for run in (
        messages.batches, messages.gaps, lists.lists, lists.readers,
        malformed.malformed, malformed.vanishing, malformed.floods, messages.probe)}}

LEAST_SECONDS = 15
QUIET_SECONDS = 60.0  # a request that has begun is cut off after 30 s
MIB = 1024 * 1024
ROCKET_BYTES = 400
GIVEN_UP = re.compile(r" warn  rocket (gaps/\d+) .* is given up; ")

EPILOG = """\
loads, all at the same time:
{loads}

examples:
  scripts/soak.sh 1                    one minute: whether all of it works
  scripts/soak.sh 3 --preset=tsan --only=gaps,probe

Exit status: 0 if no check failed; 1 if one did, with the reasons; 2 for a wrong
command line. The report, the measurements of each second and the stderr of the
service are in build/soak. The same seed gives the same messages; in which
order the requests of different loads arrive depends on the machine."""


def main() -> int:
    flags = read_flags()
    if flags.plan:
        print(flags.build)
        return 0
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the children end with us
    if allow_files() < 2 * flags.max_connections:
        say("the limit of open files, ulimit -Hn, is below twice --max-connections")
        return 2
    flags.out.mkdir(parents=True)
    say(f"{flags.seconds} s, seed {flags.seed}, in {flags.out}")
    soak = Soak(flags)
    try:
        soak.run()
    except (Failure, OSError) as error:
        soak.faults.append(str(error))
    text = soak.report()
    (flags.out / "report.txt").write_text(text, "utf-8", "backslashreplace")
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
    return 1 if soak.faults else 0


def read_flags() -> Namespace:
    loads = "\n".join(
        f"  {name:12} " + (f"rockets launch --verify {messages.FLEETS[name]}" if name in
                          messages.FLEETS else " ".join(str(run.__doc__).split()))
        for name, run in LOADS.items())
    parser = argparse.ArgumentParser(
        prog="scripts/soak.sh", epilog=EPILOG.format(loads=loads),
        description="Load lunar.service in all ways at the same time; check its responses"
        ", its state, and that memory, descriptors and threads do not grow.",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("minutes", type=int, nargs="?", default=20, help="of load (default 20)")
    add("--seconds", type=int, metavar="N", help=f"of load; at least {LEAST_SECONDS}")
    add("--seed", type=int, metavar="N", default=secrets.randbelow(10**9),
        help="of all messages, below 10^9 (default: a random one)")
    add("--preset", choices=["release", "debug", "asan", "tsan"], default="release",
        help="the build (default release)")
    add("--threads", default="2", metavar="N", help="of the service (default 2)")
    add("--max-connections", type=int, default=2000, metavar="N",
        help="of the service (default 2000); floods exceed it")
    add("--only", metavar="LOAD,...", default=",".join(LOADS), help="only these loads")
    add("--plan", action="store_true", help="only print the folder of the programs")
    flags = parser.parse_args()
    flags.seconds = flags.seconds or flags.minutes * 60
    flags.only = flags.only.split(",")
    if not set(flags.only) <= set(LOADS):
        parser.error(f"--only: the loads are {', '.join(LOADS)}")
    if flags.seconds < LEAST_SECONDS or not 0 <= flags.seed < 10**9:
        parser.error("the time or the seed is out of its range")
    flags.build = ROOT / "build" / flags.preset
    flags.out = ROOT / "build" / "soak" / f"{datetime.now():%Y-%m-%dT%H%M%S}"
    flags.sanitized = flags.preset in ("asan", "tsan")
    return flags


class Soak:
    """One run, and what it finds."""

    def __init__(self, flags: Namespace):
        self.flags = flags
        self.faults: list[str] = []
        self.notes: list[str] = []
        self.loads: list[Load] = []
        self.stop = FORK.Event()
        # Each second: seconds so far, what was seen, rockets so far.
        self.samples: list[tuple[float, Look, int]] = []

    def run(self) -> None:
        flags = self.flags
        with Service(flags.build / "lunar.service", flags.out / "stderr.log",
                     f"-threads={flags.threads}",
                     f"-max-connections={flags.max_connections}") as service:
            baseline = service.look()
            self.loads = [Load(name, flags, service.port, self.stop)
                          for name in ["first fleet", *flags.only]]
            ours, *loads = self.loads
            flags.still = lists.launch_still(ours)
            for load in loads:
                load.start(LOADS[load.name])
            try:
                self._measure(service, loads)
            finally:
                self.stop.set()
            for load in loads:
                self.faults += load.finish()
            service.check_alive()
            if not self.faults:
                self._judge(service, baseline, ours)
            self.faults += service.stop()
            self._judge_log(service.complaints())

    def _measure(self, service: Service, loads: list[Load]) -> None:
        """Measure each second, until the time is over or a load fails."""
        begun = told = due = time.monotonic()
        while due < begun + self.flags.seconds and not any(map(Load.failed, loads)):
            now = time.monotonic()
            due = max(due + 1, now + 0.5)
            time.sleep(due - now)
            look, counted = service.look(), self._counted()
            self.samples.append((due - begun, look, counted["rockets"]))
            if due - told >= 30:
                told = due
                say(f"{look.resident / MIB:.1f} MiB, {look.descriptors} descriptors, "
                    f"{counted['messages']:,} messages, {counted['requests']:,} requests")

    def _counted(self) -> dict[str, int]:
        """What all loads together have counted."""
        rows = [load.counted() for load in self.loads]
        return {name: sum(row[name] for row in rows) for name in COUNTERS}

    def _judge(self, service: Service, baseline: Look, ours: Load) -> None:
        """Check what the load has left, and the samples."""
        ends = time.monotonic() + QUIET_SECONDS
        while (look := service.look()) and time.monotonic() < ends and (
                look.descriptors > baseline.descriptors
                or look.threads > baseline.threads):
            time.sleep(0.1)
        self._limit("descriptors left", look.descriptors, baseline.descriptors)
        self._limit("threads left", look.threads, baseline.threads)
        counted, most = self._counted(), self.flags.max_connections
        say(f"comparing lists of {counted['rockets']} rockets")
        lists.compare_all(ours, counted["rockets"])
        self._judge_memory()
        # Floods cost some; with a thread a connection, any new one may be closed.
        threads = self.flags.threads == "per-connection"
        self._limit("requests without a response", counted["retries"],
                    (20 + counted["requests"] // 10000) * (10 if threads else 1))
        self._limit("descriptors", max(look.descriptors for _, look, _ in self.samples),
                    baseline.descriptors + most)
        self._limit("threads", max(look.threads for _, look, _ in self.samples),
                    baseline.threads + most * threads)

    def _limit(self, what: str, got: float, allowed: float) -> None:
        text = f"{what}: {got:.4g}, {allowed:.4g} allowed"
        self.notes.append(text)
        self.faults += [text] if got > allowed else []

    def _judge_log(self, lines: list[str]) -> None:
        """The load `gaps` causes one line for each of its rockets."""
        told = [found[1] for line in lines if (found := GIVEN_UP.search(line))]
        if len(told) > len(set(told)):
            self.faults.append("on stderr: a rocket's first gap, more than once")
        self.faults += [f"on stderr: {line}" for line in lines
                        if not GIVEN_UP.search(line)]

    def _judge_memory(self) -> None:
        """Two tests, as each alone can be fooled. The median of the last quarter
        against that of the first shows what has grown, whatever a flood needed
        for a moment; a line through all shows what still grows."""
        seconds = self.flags.seconds
        warm = [sample for sample in self.samples
                if sample[0] >= max(seconds / 5, min(60.0, seconds / 3))]
        sizes = [look.resident / MIB for _, look, _ in warm]
        quarter = len(sizes) // 4
        first, last = median(sizes[:quarter]), median(sizes[-quarter:])
        slope, _ = linear_regression([sample[0] for sample in warm], sizes)
        # What the allocator or a sanitizer keeps, and new rockets.
        kept = 24 if self.flags.sanitized else 10 if seconds < 300 else 4
        allowed = 0.05 * first + kept + (warm[-1][2] - warm[0][2]) * ROCKET_BYTES / MIB
        self._limit(f"growth from {first:.1f} MiB, in MiB", last - first, allowed)
        rise = slope * (warm[-1][0] - warm[0][0])
        self._limit("rise of a line through it, in MiB", rise, allowed)

    def report(self) -> str:
        """What was counted and measured, and the verdict."""
        (self.flags.out / "curve.tsv").write_text("".join(
            f"{seconds:.1f}\t{look.resident}\t{look.descriptors}\t{look.threads}\t"
            f"{look.cpu:.2f}\t{rockets}\n" for seconds, look, rockets in self.samples))
        lines = [" " * 12 + "".join(f"{name:>13}" for name in COUNTERS)]
        rows = {load.name: load.counted() for load in self.loads}
        for name, row in {**rows, "all": self._counted()}.items():
            lines.append(f"{name:12}" + "".join(f"{count:13,}" for count in row.values()))
        lines += ["", *self.notes, ""]
        lines += [f"FAILED: {fault}" for fault in self.faults[:30]] or [
            "PASSED: responses, state, memory, descriptors, threads, stderr, the stop"]
        lines.append(f"seed {self.flags.seed}; measurements and logs: {self.flags.out}")
        return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
