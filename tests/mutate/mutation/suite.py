# SPDX-License-Identifier: Apache-2.0
"""The tests that mutants are shown to, as ctest knows them, and their times."""

import json
import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .common import Failure
from .tree import Tree, object_of, symbols_of

_LIBRARY = re.compile(r"^(unit|property|fault|concurrency)\.|^fuzz\.(?!rocket_bound)")
# Of the tests with the real binary those that do not wait for time limits.
_SERVICE = re.compile(r"^integration\.test_(answers|api_\w+|fault_gets|"
                      r"fault_memory|fault_posts|guards|http_chunks|http_expect|"
                      r"http_framing|http_heads|http_long|http_pipelining|"
                      r"http_targets|list_stream|memory)$")
_TOY = re.compile(r"^server\.test_(app|deferred|stream|sink)$")
_SERVER = re.compile(rf"{_TOY.pattern}|"
                     r"^integration\.test_(fault_\w+|guards|http_\w+|"
                     r"list_stream|memory)$")

# Slow ones, by what they are about; others' mutants are not shown to them.
_SLOW = {
    "property.test_listing_property": {"list_page", "list_url", "scan_step",
                                       "table_entry", "columns", "stripe",
                                       "key_sort", "string_ranks"},
    "unit.test_table_windows": {"scan_step", "columns", "stripe", "table"},
    "unit.test_abbreviation": set(),
    "unit.test_batch_cuts": set(),
    "unit.test_batch_memory": {"stripe"},
    "unit.test_buffer": set(),
    "unit.test_json_scan": set(),
    "unit.test_json_standard": {"message_parse"},
    "unit.test_rocket_json": {"timestamp"},
}

# Files whose tests have another name.
_ALIASES = {"message_parse": "(message_parse|message)",
            "scan_step": "(table_scan|table_windows)",
            "stripe": "(stripe|table|table_memory)",
            "table_entry": "(table_entry|table)"}

_SAME_SEED = {"LUNAR_SEED": "1"}  # for a verdict that can be had again
_MEMORY = 4 << 30  # of address space; sanitizers need more of that


@dataclass
class Test:
    """One test program with its arguments."""

    name: str
    command: list[str]
    environment: dict[str, str]
    cpu: float = 0  # seconds that it takes where there is no fault
    wall: float = 0

    @property
    def target(self) -> str:
        """By its name: ctest tells no command before the program is there."""
        label, name = self.name.split(".", 1)
        return f"fuzz_{name}" if label == "fuzz" else name

    @property
    def program(self) -> Path:
        return Path(self.command[0])

    @property
    def is_integration(self) -> bool:
        return self.name.startswith(("integration.", "server."))


def tests_of(tree: Tree, build: str) -> list[Test]:
    """Those that are quick, whatever file they are for."""
    done = subprocess.run(["ctest", "--test-dir", str(tree.build_folder(build)),
                           "--show-only=json-v1"], check=True,
                          stdout=subprocess.PIPE, text=True)
    result = []
    for entry in json.loads(done.stdout)["tests"]:
        if not any(kind.match(entry["name"])
                   for kind in (_LIBRARY, _SERVICE, _TOY)):
            continue
        variables = [value for known in entry.get("properties", [])
                     if known["name"] == "ENVIRONMENT" for value in known["value"]]
        # The room of a unit test makes no difference here.
        name = re.sub(r"^unit\.\w+\.", "unit.", entry["name"])
        result.append(Test(name, entry.get("command", []),
                           dict(value.split("=", 1) for value in variables)))
    return result


def run(test: Test, build: str) -> str:
    """"" if it passes, else what ended it.

    An endless loop is ended by its CPU time, which other work on the machine
    does not lengthen; one that waits for ever by the clock.
    """
    child = _start(test, build, cpu=int(test.cpu * 5) + 2)
    try:
        status = child.wait(test.wall * 10 + 15)
    except subprocess.TimeoutExpired:
        status = -signal.SIGXCPU
    _end(child)
    if status == 0:
        return ""
    return "time" if status in (-signal.SIGXCPU, -signal.SIGKILL) else "failed"


def measure(tests: list[Test], build: str) -> None:
    """Set the time that each takes; all must pass."""
    for test in tests:
        begun = time.monotonic()
        child = _start(test, build, cpu=300)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        _end(child)
        test.wall = time.monotonic() - begun
        test.cpu = usage.ru_utime + usage.ru_stime
        if child.returncode != 0:
            raise Failure(f"{test.name} fails without any fault ({build}): "
                          f"{' '.join(test.command)}")


def _start(test: Test, build: str, cpu: int) -> "subprocess.Popen[bytes]":
    limits = ["prlimit", f"--cpu={cpu}", "--core=0", f"--fsize={1 << 30}"]
    if build == "plain":
        limits.append(f"--as={_MEMORY}")
    return subprocess.Popen(
        [*limits, *test.command], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, **_SAME_SEED, **test.environment}, start_new_session=True)


def _end(child: "subprocess.Popen[bytes]") -> None:
    """Also of what it has left behind."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    child.wait()


class Choice:
    """Which tests are for a file: the nearest first, then the quickest."""

    def __init__(self, tests: list[Test], library: Path) -> None:
        self._tests = tests
        self._library = library  # the folder with the objects
        self._symbols = {test.name: symbols_of(test.program)
                         for test in tests if not test.is_integration}

    def tests_for(self, path: str) -> list[Test]:
        """Those whose program has the file in it."""
        stem = Path(path).stem
        own = self._library / object_of(path)
        names = symbols_of(own) if own.exists() else set()
        chosen = [test for test in self._tests
                  if self._is_about(test, path)
                  and (test.is_integration or not names
                       or names & self._symbols[test.name])]
        return sorted(chosen, key=lambda test: (self._distance(test, path), test.cpu))

    @staticmethod
    def _is_about(test: Test, path: str) -> bool:
        if _SERVER.match(test.name):
            return path.startswith(("src/server/", "src/http/"))
        return test.name not in _SLOW or Path(path).stem in _SLOW[test.name]

    @staticmethod
    def _distance(test: Test, path: str) -> int:
        if test.is_integration:
            return 0 if path.startswith("src/server/") else 2
        return 0 if is_near(test, Path(path).stem) else 1


def is_near(test: Test, stem: str) -> bool:
    """Whether it is named after the file."""
    name = _ALIASES.get(stem, stem)
    return bool(re.search(rf"(test_|test_fault_|fuzz\.){name}(_property)?$", test.name))
