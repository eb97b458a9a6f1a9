#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plant faults in the service, one at a time, and see which the tests miss.

scripts/mutate.sh is the usual way to it. Needs nothing but Python 3.11 and
what the build needs.
"""

import sys

sys.dont_write_bytecode = True

import argparse
import queue
import random
import threading
import time

from mutation import mutants, report
from mutation.argued import Argued
from mutation.common import Failure, say
from mutation.judge import Judge, Verdict
from mutation.mutants import Mutant
from mutation.results import Results

# What must not be wrong unseen. In the order in which they are tried.
FILES = [f"src/{name}.c" for name in (
    "domain/rocket", "domain/message_parse", "format/timestamp",
    "http/query_string", "server/head", "table/table", "table/stripe",
    "table/table_entry", "table/table_scan", "table/scan_step", "table/columns",
    "listing/list_page", "listing/key_sort", "listing/string_ranks",
    "api/list_url", "http/etag", "http/fields", "http/target", "http/request",
    "server/exchange", "server/mhd_responses")]

EPILOG = """\
examples:
  scripts/mutate.sh                            all of it; hours
  scripts/mutate.sh src/domain/rocket.c        one file
  scripts/mutate.sh --sample=200               200 mutants, another 200 with --seed
  scripts/mutate.sh --only=src/http/etag.c:5   those whose name begins so
  scripts/mutate.sh --report                   what is known so far

Verdicts are kept in build/mutate/verdicts.tsv, and a run goes on where the last
one ended: a mutant is tried again once its function has changed, and one that
survived also once a test has. tests/mutate/argued.txt has those that change
nothing that a user can see, and why. Exit status: 0 if no mutant survived, 1 if
one did or the list of the argued ones is out of date, 2 for a mistake in the
command."""


def main() -> int:
    options = read_flags()
    argued = Argued()
    listed = [mutant for path in options.files for mutant in mutants.of_file(path)]
    unused = argued.unused(listed)
    chosen = choose(listed, options)
    if options.list:
        print("\n".join(f"{mutant.name}  [{mutant.kind} in {mutant.function}]"
                        for mutant in chosen))
        return 0
    if options.check:
        return tell_unused(unused)
    results = Results(options.forget, thorough=not options.quick)
    if not options.report:
        wanted = [mutant for mutant in chosen
                  if results.of(mutant) is None and not argued.has(mutant)]
        try_all(wanted, results, options)
    return publish(chosen, unused, results, argued)


def read_flags() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/mutate.sh", epilog=EPILOG,
        description="Plant faults, one at a time, and run the fast tests.",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", metavar="FILE",
                        help="source to plant faults in; else those that matter most")
    parser.add_argument("--list", action="store_true", help="name the mutants, no more")
    parser.add_argument("--check", action="store_true",
                        help="hold argued.txt to the source, no more")
    parser.add_argument("--report", action="store_true", help="try none")
    parser.add_argument("--only", default="", metavar="TEXT",
                        help="only mutants whose name begins with it")
    parser.add_argument("--sample", type=int, metavar="N", help="so many, at random")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--jobs", type=int, default=1, metavar="N",
                        help="workers, each with a copy of the project")
    parser.add_argument("--quick", action="store_true",
                        help="do not show survivors to the sanitizers")
    parser.add_argument("--forget", action="store_true",
                        help="earlier verdicts do not count")
    options = parser.parse_args()
    if options.jobs < 1 or (options.sample is not None and options.sample < 1):
        parser.error("--jobs and --sample take a number from 1")
    try:
        options.files = mutants.sources_of(options.files) or FILES
    except ValueError as error:
        parser.error(str(error))
    return options


def choose(listed: list[Mutant], options: argparse.Namespace) -> list[Mutant]:
    """Those that were asked for, in the order of their places."""
    chosen = [mutant for mutant in listed if mutant.name.startswith(options.only)]
    if options.sample is not None and options.sample < len(chosen):
        places = random.Random(options.seed).sample(range(len(chosen)), options.sample)
        chosen = [chosen[place] for place in sorted(places)]
    return chosen


def try_all(wanted: list[Mutant], results: Results, options: argparse.Namespace) -> None:
    """By so many workers, each with a tree of its own."""
    if not wanted:
        return
    judges = [Judge(number, thorough=not options.quick)
              for number in range(min(options.jobs, len(wanted)))]
    paths = sorted({mutant.path for mutant in wanted})
    for judge in judges:
        judge.prepare(paths)
    waiting: queue.SimpleQueue[Mutant] = queue.SimpleQueue()
    for mutant in wanted:
        waiting.put(mutant)
    progress = Progress(len(wanted), results)
    workers = [threading.Thread(target=work, args=(judge, waiting, progress))
               for judge in judges]
    for worker in workers:
        worker.start()
    try:
        for worker in workers:
            worker.join()
    except KeyboardInterrupt:
        progress.fail(Failure("interrupted; the next run goes on from here"))
        raise
    if progress.failure:
        raise progress.failure


class Progress:
    """What workers report to, under one lock."""

    def __init__(self, total: int, results: Results) -> None:
        self.failure: Failure | None = None
        self._lock = threading.Lock()
        self._total, self._done = total, 0
        self._begun = self._told = time.monotonic()
        self._results = results

    def end(self, mutant: Mutant, verdict: Verdict) -> None:
        with self._lock:
            self._results.add(mutant, verdict)
            self._done += 1
            if verdict.word == "survived":
                say(f"survived: {mutant.name}")
            now = time.monotonic()
            if now - self._told > 20 or self._done == self._total:
                self._told = now
                left = (now - self._begun) / self._done * (self._total - self._done)
                say(f"{self._done:,} of {self._total:,}, {left / 60:.0f} minutes left")

    def fail(self, failure: Failure) -> None:
        with self._lock:
            self.failure = self.failure or failure


def work(judge: Judge, waiting: "queue.SimpleQueue[Mutant]",
         progress: Progress) -> None:
    try:
        while progress.failure is None:
            mutant = waiting.get_nowait()
            progress.end(mutant, judge.try_mutant(mutant))
    except queue.Empty:
        pass
    except (Failure, OSError) as failure:
        progress.fail(Failure(str(failure)))
    finally:
        judge.tree.restore()


def publish(chosen: list[Mutant], unused: list[str], results: Results,
            argued: Argued) -> int:
    print(report.table(chosen, results, argued))
    alive = report.survivors(chosen, results, argued)
    if alive:
        where = report.write_survivors(alive)
        say(f"{len(alive)} survived: {where.relative_to(mutants.ROOT)} shows them. Write "
            "a test that fails for each, remove the code, or argue in "
            "tests/mutate/argued.txt")
    return max(tell_unused(unused), 1 if alive else 0)


def tell_unused(unused: list[str]) -> int:
    for entry in unused:
        say(f"tests/mutate/argued.txt has what is not (or no longer) there: {entry}")
    return 1 if unused else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        say(str(failure))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
