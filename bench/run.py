#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the whole benchmark. scripts/bench.sh prepares and starts it.

Needs only Python 3.11, the measured programs and the load generators. Each
measure/section_*.py has one section of the report.
"""

import sys

sys.dont_write_bytecode = True

import argparse
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path
from types import FrameType, ModuleType
from typing import NoReturn, Optional

from measure import (machine, report, section_batch, section_get, section_idle,
                     section_latency, section_lists, section_parts,
                     section_post, section_rockets, section_start)
from measure.bench import Bench
from measure.common import ROOT, Failure, Options, say
from measure.figures import Report
from measure.servers import allow_files

# In the order in which they run.
SECTIONS: list[ModuleType] = [
    section_post, section_latency, section_rockets, section_get, section_lists,
    section_batch, section_idle, section_start, section_parts]
NAMES = [section.NAME for section in SECTIONS]

# Copied before the measurements, so that a build does not change them.
PROGRAMS = ["lunar.service", "rockets", "bare_mhd", "bench_pace", "bench_batch",
            "bench_parts"]

EPILOG = """\
sections:
{sections}

examples:
  scripts/bench.sh                    all sections; leave the machine idle
  scripts/bench.sh --quick            a short run, to check that all of it works
  scripts/bench.sh --only=post,idle   two sections
  scripts/bench.sh --only=post --seconds=10 --rounds=9

The report is printed and written to build/bench/bench.md; the values of all
rounds are in build/bench/bench.json. Each figure has its minimum, median and
maximum over the rounds, in which all servers take turns, and its ratio to a
baseline of the same round. Compare ratios, because machines differ.

Exit status: 0 all was measured, whether budgets are met or missed; 1 a failure,
such as an unexpected response; 2 invalid command line."""


def main() -> int:
    options, chosen, only_plan = read_flags()
    expected = sum(section.seconds(options) for section in chosen)
    if only_plan:
        print_plan(chosen, options)
        return 0
    say(f"{', '.join(section.NAME for section in chosen)}: about "
        f"{expected / 60:.0f} minutes")
    end_on_signals()
    allow_files()
    # Only flags configure the service.
    for name in [name for name in os.environ if name.startswith("LUNAR_")]:
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="lunar-bench-") as folder:
        found = measure(options, chosen, Path(folder))
    publish(options, found)
    return 1 if found.problem else 0


def read_flags() -> tuple[Options, list[ModuleType], bool]:
    sections = "\n".join(
        f"  {section.NAME:<9} {(section.__doc__ or '').splitlines()[0]}"
        for section in SECTIONS)
    parser = argparse.ArgumentParser(
        prog="scripts/bench.sh", epilog=EPILOG.format(sections=sections),
        description="Measure lunar.service against a bare libmicrohttpd daemon "
        "and nginx.", formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=number, metavar="N",
                        help="length of a round of a load generator (default 2)")
    parser.add_argument("--rounds", type=number, metavar="N",
                        help="number of rounds of each table (default 5)")
    parser.add_argument("--only", type=names, metavar="SECTION[,...]",
                        default=NAMES, help="run only these sections")
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
    parser.add_argument("--plan", action="store_true",
                        help="only print about how long each section takes")
    flags = parser.parse_args()
    options = Options(
        seconds=flags.seconds or (1 if flags.quick else 2),
        rounds=flags.rounds or (2 if flags.quick else 5),
        quick=flags.quick, build=flags.build, out=flags.out)
    chosen = [section for section in SECTIONS if section.NAME in flags.only]
    return options, chosen, flags.plan


def number(text: str) -> int:
    """Parse a number in a flag."""
    if not text.isdecimal() or not 1 <= int(text) <= 25:
        raise argparse.ArgumentTypeError(
            f"{text!r}: expected an integer from 1 to 25")
    return int(text)


def names(text: str) -> list[str]:
    """Parse the sections in a flag."""
    wanted = text.split(",")
    unknown = [name for name in wanted if name not in NAMES]
    if unknown:
        raise argparse.ArgumentTypeError(
            f"{unknown[0]!r}: unknown section; expected {', '.join(NAMES)}")
    return wanted


def print_plan(chosen: list[ModuleType], options: Options) -> None:
    """Print about how long each section takes."""
    total = 0.0
    for section in chosen:
        taken = section.seconds(options)
        total += taken
        print(f"{section.NAME:<9} {taken:6.0f} s  {section.TITLE}")
    print(f"{'all':<9} {total:6.0f} s  about {total / 60:.1f} minutes")


def end_on_signals() -> None:
    """Make signals raise SystemExit, so that `with` blocks stop all servers."""
    def end(number: int, frame: Optional[FrameType]) -> NoReturn:
        raise SystemExit(128 + number)

    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, end)


def measure(options: Options, chosen: list[ModuleType], work: Path) -> Report:
    """Run the sections. A failure ends the run; the figures so far are kept."""
    found = Report({})
    try:
        programs = copy_programs(options.build, work / "programs")
        found.machine = machine.describe(programs)
        found.machine["rounds"] = f"{options.rounds} of {options.seconds} s" + (
            ", a tenth of the rockets (--quick)" if options.quick else "")
        bench = Bench(options, programs, work, found)
        for section in chosen:
            begun = time.monotonic()
            section.run(bench)
            taken = time.monotonic() - begun
            found.took[section.NAME] = taken
            say(f"{section.NAME}: done in {taken:.0f} s")
    except (Failure, OSError) as error:
        found.problem = str(error)
    return found


def copy_programs(build: Path, folder: Path) -> Path:
    folder.mkdir()
    for name in PROGRAMS:
        if not (build / name).exists():
            raise Failure(f"{build / name}: no such program; scripts/bench.sh "
                          "builds all of them")
        shutil.copy2(build / name, folder / name)
    return folder


def publish(options: Options, found: Report) -> None:
    options.out.mkdir(parents=True, exist_ok=True)
    text = report.markdown(found)
    (options.out / "bench.md").write_text(text)
    (options.out / "bench.json").write_text(report.as_json(found))
    print(text, end="")
    if found.problem:
        say(f"FAILED: {found.problem}")
    say(f"wrote {options.out / 'bench.md'} and bench.json")


if __name__ == "__main__":
    sys.exit(main())
