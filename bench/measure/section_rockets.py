# SPDX-License-Identifier: Apache-2.0
"""The sender that the service is made for: rockets launch, by its defaults."""

from .bench import Bench, tell
from .common import Options, count, interleaved
from .figures import Baseline, Figure
from .load import rockets
from .servers import Server

NAME = "rockets"
TITLE = "`rockets launch` with its defaults"
A_RUN = 15.0  # seconds, about


def seconds(options: Options) -> float:
    runs = 2 * options.rounds + 1
    return runs * (A_RUN / 10 if options.quick else A_RUN + 1)


def run(bench: Bench) -> None:
    section = bench.report.section(NAME, TITLE)
    messages = 10_000 if bench.options.quick else 100_000
    flags = [f"--max-messages={messages}"] if bench.options.quick else []
    section.notes.append(
        "A new connection for each message, which the sender leaves open; three "
        "at a time. Bare MHD closes connections where more than 512 are open, "
        "as lunar.service does. Nearly all of the time is the sender's own and "
        "the kernel's. After the rounds one more run with `--verify`, of a fresh "
        "service, found no difference.")
    times: dict[str, list[float]] = {"lunar.service": [], "bare_mhd": []}
    for number, name in interleaved(list(times), bench.options.rounds):
        # The same rockets each time: a service that knows them would only
        # find duplicates.
        with bench.servers() as servers:
            server: Server = servers.service("-threads=2") \
                if name == "lunar.service" \
                else servers.bare("-threads=2", "-keep-alive=512")
            times[name].append(rockets(bench.programs, server, *flags))
            tell(NAME, "defaults", server, number, bench.options.rounds,
                 f"{times[name][-1]:.2f} s")
    verify(bench, flags)
    title = f"s for {count(messages)} messages"
    section.add(Figure("defaults", "lunar.service -threads=2", title,
                       times["lunar.service"], 2,
                       Baseline("bare_mhd", times["bare_mhd"])))
    section.add(Figure("defaults", "bare_mhd -threads=2 -keep-alive=512", title,
                       times["bare_mhd"], 2))


def verify(bench: Bench, flags: list[str]) -> None:
    """It ends with status 0 only if each rocket is as it should be."""
    with bench.servers() as servers:
        server = servers.service("-threads=2")
        taken = rockets(bench.programs, server, "--verify", *flags)
        tell(NAME, "--verify", server, 0, 1, f"no difference, {taken:.2f} s")
