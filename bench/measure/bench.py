# SPDX-License-Identifier: Apache-2.0
"""The state of a run, and functions that several sections use."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from .common import Failure, Options, count, say
from .client import applied
from .figures import Baseline, Figure, Report, Section
from .load import WrkResult, batch, pace
from .servers import Cpu, Server, Servers

MICRO = 1e6


@dataclass
class Bench:
    """The state of a run."""

    options: Options
    programs: Path  # a folder of copies, which a build does not change
    work: Path  # a folder for logs and other files, removed at the end
    report: Report
    post_rate: Optional[float] = None  # requests/s of the service in section post
    _round: int = 0

    def servers(self) -> Servers:
        """A context manager, which starts servers and stops them at its end."""
        return Servers(self.programs, self.work)

    def new_round(self) -> int:
        """A new round number, which gives rockets with new ids."""
        self._round += 1
        return self._round

    def load_rockets(self, server: Server, rockets: int) -> int:
        """Launch new rockets. Returns their round number."""
        number = self.new_round()
        batch(self.programs, server, rockets=rockets, messages=rockets,
              requests=1, round=number)
        return number

    def pace_posts(self, server: Server, **flags: object) -> dict[str, float]:
        """Run bench_pace with new rockets; check that all messages were applied."""
        applies = server.is_service
        before = applied(server) if applies else 0
        result = pace(self.programs, server, round=self.new_round(), **flags)
        if applies and applied(server) - before != result["requests"]:
            raise Failure(
                f"{server.name}: {count(result['requests'])} requests had a response "
                f"but {count(applied(server) - before)} messages were applied")
        return result


def check_applied(server: Server, before: int, result: WrkResult,
                  connections: int) -> int:
    """Check that all requests that wrk counted were applied since `before`.

    Those in progress when wrk stopped may have been applied too. Returns the
    number of messages applied so far.
    """
    now = applied(server)
    if not result.requests <= now - before <= result.requests + connections:
        raise Failure(
            f"{server.name}: {count(result.requests)} requests had a response but "
            f"{count(now - before)} messages were applied; expected as many, or up "
            f"to {connections} more")
    return now


@dataclass
class Cost:
    """Throughput, and CPU time per request or message, of one server, by round."""

    rate: list[float] = field(default_factory=list)  # per second
    cpu: list[float] = field(default_factory=list)  # µs: user + system
    user: list[float] = field(default_factory=list)  # µs
    system: list[float] = field(default_factory=list)  # µs

    def add(self, units: int, seconds: float, used: Cpu) -> None:
        """Add a round with `units` requests or messages."""
        self.rate.append(units / seconds)
        self.cpu.append(used.total / units * MICRO)
        self.user.append(used.user / units * MICRO)
        self.system.append(used.system / units * MICRO)


def add_costs(section: Section, what: str, costs: dict[str, Cost],
              baselines: dict[str, str], unit: str, digits: int = 2) -> None:
    """Add the figures of all servers in the case `what`.

    `baselines` gives, by the name of a server, the name of the server that it
    is compared with, which is always bare MHD. `unit` is "request" or
    "message". `digits` is the number of decimals of CPU times.
    """
    for name, cost in costs.items():
        base = costs.get(baselines.get(name, ""))
        rate = Baseline("bare MHD", base.rate) if base else None
        cpu = Baseline("bare MHD", base.cpu) if base else None
        section.add(Figure(what, name, f"{unit}s/s", cost.rate, 0, rate))
        section.add(Figure(what, name, f"CPU a {unit}, µs", cost.cpu, digits, cpu))
        section.add(Figure(what, name, "user, µs", cost.user, digits))
        section.add(Figure(what, name, "system, µs", cost.system, digits))


def show_round(section: str, what: str, server: Server, number: int, rounds: int,
               text: str) -> None:
    """Print a progress line for one round of one server."""
    say(f"{section}: {what}: round {number + 1} of {rounds}: {server.name}: {text}")
