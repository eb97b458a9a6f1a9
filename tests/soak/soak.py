#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The soak; scripts/soak.sh is the usual way to it.

Needs nothing but Python 3.11. What the loads do is told in load_*.py, what a
rocket must look like in oracle.py, when memory is flat in verdict.py.
"""

import sys

sys.dont_write_bytecode = True

import argparse
import secrets
import signal
from datetime import datetime
from pathlib import Path
from types import FrameType, ModuleType
from typing import NoReturn, Optional

sys.path.append(str(Path(__file__).resolve().parent.parent / "lib"))

import load_crowd
import load_floods
import load_hostile
import load_lists
import load_malformed
import load_orders
import load_probe
import load_program
import report
import tasks
import verdict
from common import ROOT, Failure, Settings, count, say
from ending import Ending, wait_for_quiet
from report import Found
from service import Service, allow_files
from watch import Watch

LOADS: list[ModuleType] = [
    load_orders, load_crowd, load_hostile, load_program, load_lists,
    load_malformed, load_floods, load_probe]
NAMES = [load.NAME for load in LOADS]

PRESETS = ["release", "debug", "asan", "tsan"]
LEAST_SECONDS = 15
PROGRESS_SECONDS = 60.0

EPILOG = """\
loads, all at once:
{loads}

examples:
  scripts/soak.sh                      20 minutes
  scripts/soak.sh 1                    a minute: a look that all of it works
  scripts/soak.sh 3 --preset=tsan      the service under ThreadSanitizer
  scripts/soak.sh 5 --only=hostile,probe

Exit status: 0 when all held; 1 when anything did not, with the reasons; 2 for
a mistake in the command. The report, each second's figures and what the
service said on stderr are left in build/soak. The same seed makes the same
messages; in which order the loads' requests meet is up to the machine."""


def main() -> int:
    settings, only_plan = read_flags()
    if only_plan:
        print(settings.build)
        return 0
    end_on_signals()
    files = allow_files()
    if files < 2 * settings.max_connections:
        say(f"the limit of open files is {files} here (ulimit -Hn): too few for "
            f"floods; go on with --max-connections={files // 2}")
        return 2
    settings.out.mkdir(parents=True)
    say(f"{settings.seconds:.0f} s, seed {settings.seed}, in {settings.out}")
    found = Found(settings)
    try:
        soak(found)
    except (Failure, OSError, ValueError) as error:
        found.faults.append(str(error))
    text = report.render(found)
    (settings.out / "report.txt").write_text(text, "utf-8", "backslashreplace")
    # What a fault quotes may be any bytes, wherever this goes.
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    print(text, end="")
    return 1 if found.faults else 0


def read_flags() -> tuple[Settings, bool]:
    loads = "\n".join(f"  {load.NAME:<10}{_first_sentence(load)}" for load in LOADS)
    parser = argparse.ArgumentParser(
        prog="scripts/soak.sh", epilog=EPILOG.format(loads=loads),
        description="Load lunar.service with everything at once, and check its "
        "answers, its state at the end, and that memory, descriptors and threads "
        "stay flat.", allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("minutes", type=whole_number, nargs="?", default=20,
                        help="of load (default 20)")
    parser.add_argument("--seconds", type=whole_number, metavar="N",
                        help=f"of load, instead; at least {LEAST_SECONDS}")
    parser.add_argument("--seed", type=seed, metavar="N",
                        help="of all messages (default: another one each time)")
    parser.add_argument("--preset", choices=PRESETS, default="release",
                        help="what scripts/soak.sh builds and runs (default "
                        "release)")
    parser.add_argument("--threads", type=threads, default="2", metavar="N",
                        help="-threads of the service, also per-connection "
                        "(default 2)")
    parser.add_argument("--max-connections", type=whole_number, default=2000,
                        metavar="N", help="of the service (default 2000); floods "
                        "go past it")
    parser.add_argument("--only", type=names, metavar="LOAD[,...]", default=[],
                        help="no other loads")
    parser.add_argument("--build", type=Path, metavar="DIR",
                        help="where the programs are (default build/PRESET)")
    parser.add_argument("--plan", action="store_true",
                        help="only say where the programs would be")
    flags = parser.parse_args()
    seconds = flags.seconds or flags.minutes * 60
    if seconds < LEAST_SECONDS:
        parser.error(f"{seconds} s are too few to tell anything; at least "
                     f"{LEAST_SECONDS}")
    settings = Settings(
        seconds=seconds, seed=secrets.randbelow(10**9) if flags.seed is None
        else flags.seed, threads=flags.threads,
        max_connections=flags.max_connections, only=flags.only,
        build=flags.build or ROOT / "build" / flags.preset,
        out=ROOT / "build" / "soak" / f"{datetime.now():%Y-%m-%dT%H%M%S}",
        sanitized=flags.preset in ("asan", "tsan"))
    return settings, flags.plan


def whole_number(text: str) -> int:
    """A flag's number."""
    if not text.isdecimal() or not 1 <= int(text) <= 100000:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number from 1")
    return int(text)


def seed(text: str) -> int:
    """A flag's seed."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number from 0")
    return int(text)


def threads(text: str) -> str:
    """A flag for the service."""
    if text != "per-connection":
        whole_number(text)
    return text


def names(text: str) -> list[str]:
    """A flag's loads."""
    wanted = text.split(",")
    unknown = [name for name in wanted if name not in NAMES]
    if unknown:
        raise argparse.ArgumentTypeError(
            f"{unknown[0]!r} is none; there are: {', '.join(NAMES)}")
    return wanted


def _first_sentence(load: ModuleType) -> str:
    text = " ".join((load.__doc__ or "").split())
    return text.partition(". ")[0].partition(": ")[0].rstrip(".")


def end_on_signals() -> None:
    """Let signals unwind the stack; all children end with us."""
    def end(number: int, frame: Optional[FrameType]) -> NoReturn:
        raise SystemExit(128 + number)

    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, end)


def soak(found: Found) -> None:
    """All of it: start, load, quiet, comparison, stop."""
    settings = found.settings
    with Service(settings.build / "lunar.service", settings.out / "stderr.log",
                 f"-threads={settings.threads}",
                 f"-max-connections={settings.max_connections}") as service:
        shown, stop = tasks.make_shown(), tasks.make_stop()
        found.baseline = service.look()
        found.loads = [tasks.Load(load, settings, service.port, shown, stop)
                       for load in LOADS
                       if not settings.only or load.NAME in settings.only]
        watch = Watch(service, found.loads, shown, settings.out / "curve.tsv")
        found.samples = watch.samples
        try:
            follow(settings, service, found.loads, watch)
        finally:
            stop.set()
            watch.close()
        finish(found, service)
        if not found.faults:
            judge(found, service)
        found.faults += service.stop()
        found.faults += [f"on stderr: {line}" for line in service.complaints()]


def follow(settings: Settings, service: Service, loads: list[tasks.Load],
           watch: Watch) -> None:
    """Watch the load until its time is over, or something failed."""
    told = 0.0
    while watch.seconds() < settings.seconds:
        watch.wait()
        service.check_alive()
        sample = watch.take()
        for load in loads:
            load.look()
        if any(load.fault for load in loads):
            return
        if sample.seconds - told >= PROGRESS_SECONDS:
            told = sample.seconds
            say(f"{sample.resident_mib:.1f} MiB, {sample.descriptors} descriptors, "
                f"{sample.threads} threads, {count(sample.messages)} messages, "
                f"{count(sample.requests)} requests")


def finish(found: Found, service: Service) -> None:
    """Let the loads end what they are at, then look at what is left."""
    say("the load ends")
    for load in found.loads:
        load.finish()
        if load.fault:
            found.faults.append(f"{load.name}: {load.fault}")
        elif load.outcome is None:
            found.faults.append(f"{load.name}: left nothing")
    service.check_alive()


def judge(found: Found, service: Service) -> None:
    """What is left open, the state against the oracle, and the curve. Only
    where no load broke off: what such a one has sent is not known."""
    settings, outcomes = found.settings, [load.outcome for load in found.loads
                                          if load.outcome is not None]
    assert found.baseline is not None
    found.faults += wait_for_quiet(service, found.baseline)
    found.quiet = service.look()
    task = tasks.Task("ending", settings, service.port,
                      [0] * len(tasks.COUNTERS), None, None)
    ending = Ending(task, outcomes, settings.out / "rockets-that-differ.json")
    found.rockets = len(ending.rockets) + ending.unnamed
    found.faults += ending.faults()
    found.flatness = verdict.flatness(found.samples, settings)
    found.faults += found.flatness.faults
    found.faults += verdict.beyond(found.samples, found.baseline, settings)
    counted = [load.counted() for load in found.loads]
    found.faults += verdict.unanswered(sum(row["retries"] for row in counted),
                                       sum(row["requests"] for row in counted))


if __name__ == "__main__":
    sys.exit(main())
