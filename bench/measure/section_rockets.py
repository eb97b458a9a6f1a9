# SPDX-License-Identifier: Apache-2.0
"""`rockets launch` with its defaults, against bare MHD."""

from .bench import Bench, show_round
from .common import Options, count, interleaved
from .figures import Baseline, Figure
from .load import rockets
from .servers import Server

NAME = "rockets"
TITLE = "`rockets launch` with its defaults"
A_RUN = 15.0  # seconds, approximate


def seconds(options: Options) -> float:
    runs = 2 * options.rounds + 1
    return runs * (A_RUN / 10 if options.quick else A_RUN + 1)


def run(bench: Bench) -> None:
    section = bench.report.section(NAME, TITLE)
    messages = 10_000 if bench.options.quick else 100_000
    flags = [f"--max-messages={messages}"] if bench.options.quick else []
    section.notes.append(
        "Three workers open a new connection for each message and leave it open. "
        "Bare MHD closes connections while more than 512 are open, as "
        "lunar.service does. The sender and the kernel use nearly all of the "
        "time. After the rounds, one more run with `--verify`, with a new "
        "service, found no difference.")
    times: dict[str, list[float]] = {"lunar.service": [], "bare_mhd": []}
    for number, name in interleaved(list(times), bench.options.rounds):
        # Each run has the same rockets. To a service that has them already,
        # all messages would be duplicates.
        with bench.servers() as servers:
            server: Server = servers.service("-threads=2") \
                if name == "lunar.service" \
                else servers.bare("-threads=2", "-keep-alive=512")
            times[name].append(rockets(bench.programs, server, *flags))
            show_round(NAME, "defaults", server, number, bench.options.rounds,
                       f"{times[name][-1]:.2f} s")
    verify(bench, flags)
    title = f"s for {count(messages)} messages"
    section.add(Figure("defaults", "lunar.service -threads=2", title,
                       times["lunar.service"], 2,
                       Baseline("bare_mhd", times["bare_mhd"])))
    section.add(Figure("defaults", "bare_mhd -threads=2 -keep-alive=512", title,
                       times["bare_mhd"], 2))


def verify(bench: Bench, flags: list[str]) -> None:
    """Run with --verify, which fails if a rocket has an unexpected state."""
    with bench.servers() as servers:
        server = servers.service("-threads=2")
        taken = rockets(bench.programs, server, "--verify", *flags)
        show_round(NAME, "--verify", server, 0, 1, f"no difference, {taken:.2f} s")
