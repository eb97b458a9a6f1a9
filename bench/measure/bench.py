# SPDX-License-Identifier: Apache-2.0
"""What the sections share while a run lasts."""

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
    """One run."""

    options: Options
    programs: Path  # copies, so that a build meanwhile changes nothing
    work: Path  # a folder for logs and the like, removed at the end
    report: Report
    post_rate: Optional[float] = None  # the service's, by section post
    _round: int = 0

    def servers(self) -> Servers:
        """To start servers in; for a `with`."""
        return Servers(self.programs, self.work)

    def new_round(self) -> int:
        """A number that names rockets which nobody has flown yet."""
        self._round += 1
        return self._round

    def load_rockets(self, server: Server, rockets: int) -> int:
        """Launch so many new rockets; the round that names them."""
        number = self.new_round()
        batch(self.programs, server, rockets=rockets, messages=rockets,
              requests=1, round=number)
        return number

    def pace_posts(self, server: Server, **flags: object) -> dict[str, float]:
        """bench_pace of new rockets; the service must have applied them all."""
        applies = server.is_service
        before = applied(server) if applies else 0
        result = pace(self.programs, server, round=self.new_round(), **flags)
        if applies and applied(server) - before != result["requests"]:
            raise Failure(
                f"{server.name}: {count(result['requests'])} requests were answered "
                f"but {count(applied(server) - before)} messages applied")
        return result


def check_applied(server: Server, before: int, result: WrkResult,
                  connections: int) -> int:
    """All that wrk counted must have been applied since `before`.

    What was under way when wrk stopped may have been, too. Returns the
    number of messages applied by now.
    """
    now = applied(server)
    if not result.requests <= now - before <= result.requests + connections:
        raise Failure(
            f"{server.name}: {count(result.requests)} requests were answered but "
            f"{count(now - before)} messages applied; expected as many, or up to "
            f"{connections} more")
    return now


@dataclass
class Cost:
    """Rounds of one server: throughput, and the CPU time of a request."""

    rate: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)  # µs
    user: list[float] = field(default_factory=list)  # of them
    system: list[float] = field(default_factory=list)

    def add(self, units: int, seconds: float, used: Cpu) -> None:
        """A round in which so many requests or messages were handled."""
        self.rate.append(units / seconds)
        self.cpu.append(used.total / units * MICRO)
        self.user.append(used.user / units * MICRO)
        self.system.append(used.system / units * MICRO)


def add_costs(section: Section, what: str, costs: dict[str, Cost],
              baselines: dict[str, str], unit: str, digits: int = 2) -> None:
    """Figures of all servers in one cell.

    `baselines` has the name of another one that a server is compared with;
    all of those are bare MHD. `unit` is "request" or "message", of which the
    CPU times are; `digits` are those of the CPU times.
    """
    for name, cost in costs.items():
        base = costs.get(baselines.get(name, ""))
        rate = Baseline("bare MHD", base.rate) if base else None
        cpu = Baseline("bare MHD", base.cpu) if base else None
        section.add(Figure(what, name, f"{unit}s/s", cost.rate, 0, rate))
        section.add(Figure(what, name, f"CPU a {unit}, µs", cost.cpu, digits, cpu))
        section.add(Figure(what, name, "user, µs", cost.user, digits))
        section.add(Figure(what, name, "system, µs", cost.system, digits))


def tell(section: str, what: str, server: Server, number: int, rounds: int,
         text: str) -> None:
    """A line of progress for one round of one server."""
    say(f"{section}: {what}: round {number + 1} of {rounds}: {server.name}: {text}")
