# SPDX-License-Identifier: Apache-2.0
"""The state of a run, its servers, and what several sections use."""

import re
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterator, Optional, Sequence, TypeVar

from client import Answer, Connection, Failure, head_of
from report import Report, Section
from service import Service

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
STARTED = time.monotonic()

# The servers. Most comparisons are of the first two; the second is the baseline.
NAMES = ["lunar.service", "bare_mhd", "nginx"]
PAIR = NAMES[:2]

# A regular expression, as parsing lists of a million rockets takes long. It
# depends on the order of the members, which openapi.yaml has as well.
MESSAGES = re.compile(rb'"lastMessageNumber":(\d+),"missingMessages":(\d+)')

Item = TypeVar("Item")


@dataclass(frozen=True)
class Options:
    """The options of a run, from the flags of run.py."""

    seconds: int  # length of a round of a load generator
    rounds: int
    quick: bool  # a short and smaller run, whose figures are not meaningful

    @property
    def million(self) -> int:
        """The number of rockets in place of a million."""
        return 100_000 if self.quick else 1_000_000

    @property
    def many(self) -> int:
        """The number of rockets in place of 100,000."""
        return 10_000 if self.quick else 100_000


def say(text: str) -> None:
    """Print a progress line on stderr, with the time since the start."""
    minutes, seconds = divmod(int(time.monotonic() - STARTED), 60)
    print(f"bench {minutes:2}:{seconds:02}: {text}", file=sys.stderr, flush=True)


def count(number: float) -> str:
    """The number with separators, as in 1,234,567."""
    return f"{number:,.0f}"


class Server(Service):
    """A running server: lunar.service, bare_mhd or nginx."""

    def __init__(self, program: Path, log: Path, *flags: str, port: int = 0):
        super().__init__(program, log, *flags, port=port)
        self.name = program.name
        self.authority: Optional[Path] = None  # of its certificate; it speaks https
        self.token = ""  # that the load generators send

    @property
    def url(self) -> str:
        return super().url.replace("http:", "https:") if self.authority else super().url

    @property
    def fields(self) -> str:
        """Header lines that requests to it have in addition."""
        return f"Authorization: Bearer {self.token}\r\n" if self.token else ""

    @property
    def is_service(self) -> bool:
        """Whether the server applies messages."""
        return self.name == "lunar.service"

    def connect(self) -> Connection:
        return Connection(self.port, authority=self.authority)

    def reach(self, dashes: str = "-") -> list[str]:
        """Flags of the load generators, whose flags begin with `dashes`."""
        return [f"{dashes}ca-file={self.authority}"] if self.authority else []

    def check_alive(self) -> None:
        if self.process.poll() is not None:
            raise Failure(f"{self.name} ended with status {self.process.returncode}")

    def get(self, target: str) -> Answer:
        """GET on a connection of its own. Any status but 200 is a failure."""
        connection = self.connect()
        connection.send(head_of("GET", target, fields=self.fields))
        answer = connection.answer()
        connection.close()
        if answer.status != 200:
            raise Failure(f"{self.name}: GET {target}: status {answer.status}")
        return answer

    def applied(self) -> int:
        """The number of messages that the server has applied, of all rockets."""
        return applied_in(self.get("/rockets").body)


def applied_in(rockets: bytes) -> int:
    """The number of applied messages, from the body of a list of rockets."""
    return sum(int(last) - int(missing)
               for last, missing in MESSAGES.findall(rockets))


class Servers:
    """The servers of one measurement. The end of its `with` stops them."""

    def __init__(self, programs: Path, work: Path):
        self.programs = programs
        self.work = work
        self.running: list[Server] = []

    def __enter__(self) -> "Servers":
        return self

    def __exit__(self, kind: Optional[type[BaseException]], *_: object) -> None:
        # After an exception, which is the cause, problems would hide it.
        problems = [f"{server.name}: {problem}" for server in self.running
                    if kind is None for problem in server.stop()]
        for server in self.running:
            server.kill()
        if problems:
            raise Failure("; ".join(problems))

    def service(self, *flags: str) -> Server:
        """Start lunar.service with two event loops."""
        return self._start("lunar.service", "-threads=2", *flags)

    def bare(self, *flags: str) -> Server:
        """Start bare_mhd with two event loops."""
        return self._start("bare_mhd", "-threads=2", *flags)

    def nginx(self) -> Server:
        """Start nginx with one process and a fixed response."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        folder = self.work / "nginx"
        folder.mkdir(exist_ok=True)
        text = (BENCH / "nginx.conf.in").read_text().replace("@PORT@", str(port))
        (folder / "nginx.conf").write_text(text)
        server = Server(Path("nginx"), self.work / "nginx.log", "-p", str(folder),
                        "-c", "nginx.conf", "-e", "error.log", port=port)
        self.running.append(server)
        return server

    def _start(self, name: str, *flags: str) -> Server:
        server = Server(self.programs / name, self.work / f"{name}.log", *flags)
        self.running.append(server)
        return server


@dataclass
class Cost:
    """Throughput, and CPU time per request or message, of one server, by round."""

    rate: list[float] = field(default_factory=list)  # per second
    cpu: list[float] = field(default_factory=list)  # µs

    def add(self, units: int, seconds: float, cpu: float) -> str:
        """Add a round with `units` requests or messages. Returns a text."""
        self.rate.append(units / seconds)
        self.cpu.append(cpu / units * 1e6)
        return f"{count(self.rate[-1])}/s, {self.cpu[-1]:.3f} µs"


def show_costs(section: Section, what: str, costs: Sequence[Cost], unit: str,
               digits: int = 2, names: Sequence[str] = NAMES) -> None:
    """Add the figures of the servers `names`; the second is the baseline. `unit`: "request" or "message"."""
    for name, cost in zip(names, costs):
        base = None if cost is costs[1] else costs[1]
        section.add(what, name, f"{unit}s/s", cost.rate, 0, base.rate if base else None)
        section.add(what, name, f"CPU a {unit}, µs", cost.cpu, digits,
                    base.cpu if base else None)


@dataclass
class Bench:
    """The state of a run."""

    options: Options
    programs: Path  # a folder of copies, which a build does not change
    work: Path  # a folder for logs and other files, removed at the end
    out: Path  # the folder of the reports
    report: Report
    post_rate: float = 0.0  # requests/s of the service; 0: not measured yet
    _round: int = 0

    def servers(self) -> Servers:
        return Servers(self.programs, self.work)

    def new_round(self) -> int:
        """A new round number, which gives rockets with new ids."""
        self._round += 1
        return self._round

    def rounds(self) -> list[str]:
        return [which for which, _ in self.interleaved([0])]

    def interleaved(self, items: Sequence[Item],
                    rounds: int = 0) -> Iterator[tuple[str, Item]]:
        """Pairs ("round 1 of 5", item), for all items in each round.

        Each round starts with another item, so that no item is always first. A
        disturbance of the machine affects all items, because they take turns.
        """
        rounds = rounds or self.options.rounds
        for number in range(rounds):
            for turn in range(len(items)):
                yield (f"round {number + 1} of {rounds}",
                       items[(number + turn) % len(items)])

    def compare(self, label: str, names: Sequence[str],
                measure: Callable[[int, Cost], str]) -> list[Cost]:
        """The costs of servers that take turns. `measure` runs a round of the
        one with this index, adds it to the cost and returns a text."""
        costs = [Cost() for _ in names]
        for which, index in self.interleaved(range(len(names))):
            text = measure(index, costs[index])
            say(f"{label}: {which}: {names[index]}: {text}")
        return costs
