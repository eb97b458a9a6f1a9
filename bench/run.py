#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the whole benchmark. scripts/bench.sh prepares and starts it.

Needs only Python 3.11, the measured programs and the load generators.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "tests" / name) for name in ("lib", "durability", "replica")]

import argparse
import shutil
import signal
import tempfile
import time
from types import FrameType
from typing import NoReturn, Optional

import lists
import live
import machine
import page
import parts
import posts
import replica
import store
import tls
import tokens
from client import Failure
from common import Bench, Options, say
from report import Report
from service import allow_files

# In the order in which they run.
SECTIONS = {
    "post": posts.run_post, "latency": posts.run_latency,
    "rockets": posts.run_rockets, "get": lists.run_get, "lists": lists.run_lists,
    "batch": posts.run_batch, "idle": posts.run_idle, "start": posts.run_start,
    "store": store.run_store, "replica": replica.run_replica, "live": live.run_live,
    "page": page.run_page, "parts": parts.run_parts,
    "tls": tls.run_tls, "tokens": tokens.run_tokens}

# Copied before the measurements, so that a build does not change them.
PROGRAMS = ["lunar.service", "rockets", "bare_mhd", "bench_pace", "bench_parts",
            "bench_readers", "bench_sync", "libbench_fleet.so"]
KAFKA_PROGRAM = "bench_kafka"  # not in all builds

EPILOG = """\
sections:
{sections}

examples:
  scripts/bench.sh                    all sections; leave the machine idle
  scripts/bench.sh --quick            a short run, to check that all of it works
  scripts/bench.sh --only=post,idle   two sections
  scripts/bench.sh --only=post --seconds=10 --rounds=9

The report is printed and written to build/bench/bench.md; the values of all
rounds are in build/bench/bench.json. bench/README.md says how to read it.

Exit status: 0 all was measured, whether budgets are met or missed; 1 a failure,
such as an unexpected response; 2 invalid command line."""


def main() -> int:
    flags = read_flags()
    options = Options(flags.seconds or (1 if flags.quick else 2),
                      flags.rounds or (2 if flags.quick else 5), flags.quick)
    if flags.check:
        return 0
    # So that the ends of `with` blocks stop all servers.
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, end)
    allow_files()
    flags.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lunar-bench-") as folder:
        bench = Bench(options, flags.build, Path(folder), flags.out, Report({}))
        measure(bench, flags.only)
    text = bench.report.markdown()
    (flags.out / "bench.md").write_text(text)
    (flags.out / "bench.json").write_text(bench.report.json())
    print(text, end="")
    if bench.report.problem:
        say(f"FAILED: {bench.report.problem}")
    say(f"wrote {flags.out / 'bench.md'} and bench.json")
    return 1 if bench.report.problem else 0


def read_flags() -> argparse.Namespace:
    sections = "\n".join(f"  {name:<8} {run.__doc__}"
                         for name, run in SECTIONS.items())
    parser = argparse.ArgumentParser(
        prog="scripts/bench.sh", epilog=EPILOG.format(sections=sections),
        description="Measure lunar.service against a bare libmicrohttpd daemon "
        "and nginx.", formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, choices=range(1, 26), metavar="N",
                        help="length of a round of a load generator (default 2)")
    parser.add_argument("--rounds", type=int, choices=range(1, 26), metavar="N",
                        help="number of rounds of each table (default 5)")
    parser.add_argument("--only", type=names, metavar="SECTION[,...]",
                        default=list(SECTIONS), help="run only these sections")
    parser.add_argument("--quick", action="store_true",
                        help="1 second, 2 rounds, a tenth of the rockets: to "
                        "check that it works, not for figures")
    parser.add_argument("--build", type=Path, metavar="DIR",
                        default=ROOT / "build" / "release",
                        help="folder of the programs (default build/release, "
                        "which scripts/bench.sh builds)")
    parser.add_argument("--out", type=Path, metavar="DIR",
                        default=ROOT / "build" / "bench",
                        help="folder of the reports (default build/bench)")
    parser.add_argument("--check", action="store_true",
                        help="only check the command line")
    return parser.parse_args()


def names(text: str) -> list[str]:
    """Parse the sections in a flag."""
    for name in text.split(","):
        if name not in SECTIONS:
            raise argparse.ArgumentTypeError(
                f"{name!r}: unknown section; expected {', '.join(SECTIONS)}")
    return text.split(",")


def end(number: int, frame: Optional[FrameType]) -> NoReturn:
    raise SystemExit(128 + number)


def measure(bench: Bench, only: list[str]) -> None:
    """Run the sections. A failure ends the run; the figures so far are kept."""
    report, options = bench.report, bench.options
    try:
        for name in [*PROGRAMS, *([KAFKA_PROGRAM] if "replica" in only else [])]:
            shutil.copy2(bench.programs / name, bench.work / name)
        bench.programs = bench.work
        report.machine = machine.describe(bench.programs)
        report.machine["rounds"] = f"{options.rounds} of {options.seconds} s" + (
            ", a tenth of the rockets (--quick)" if options.quick else "")
        for name, run in SECTIONS.items():
            if name not in only:
                continue
            begun = time.monotonic()
            run(bench)
            report.seconds[name] = round(time.monotonic() - begun, 1)
            say(f"{name}: done in {report.seconds[name]:.0f} s")
    except (Failure, OSError) as error:
        report.problem = str(error)


if __name__ == "__main__":
    sys.exit(main())
