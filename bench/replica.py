# SPDX-License-Identifier: Apache-2.0
"""The section of replicas: -kafka=BROKERS, to a client of librdkafka that does what
an instance does with a topic, and nothing else."""

import json
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Sequence

from brokers import Brokers
from client import JSON, Failure, head_of
from common import ROOT, Bench, Cost, Server, count, say
from folders import NO_SNAPSHOTS
from load import PATIENCE, Fleet, batch, launch, make_batch, measure_wrk, pace_posts
from report import Section
from service import die_with_parent

NAMES = ["-kafka=BROKERS", "bench_kafka"]
MEMORY = "in memory"

POSTS = [1, 3, 64]
COMPARED = 3  # connections: up to here latencies are compared
WARM_MS = 2500  # of each kind of POST, twice, before anything is measured
OVER_BUDGET = 0.3  # ms, of p50 with one connection over the client's
THREE_BUDGETS = (2.0, 8.0)  # ms, p50 and p99 of three at a time
MANY_BUDGET = 10_000  # requests/s with 64 connections
BATCH_BUDGET = 300_000  # messages/s
REPLAY_BUDGET = 1e6  # records/s
START_BUDGET = 2.0  # seconds, with a snapshot of a million rockets

REFUSALS = 200  # requests while messages are refused
REFUSAL_BUDGET = 5.0  # ms
AT_ONCE = 1.0  # seconds: a refusal that has not waited for an acknowledgement

RECOVERY = re.compile(rb"^lunar_journal_recovery_seconds (\S+)", re.M)


def run_replica(bench: Bench) -> None:
    """-kafka=BROKERS with three brokers, to a bare client of librdkafka"""
    cluster = bench.work / "cluster"
    cluster.mkdir()
    with Brokers(ROOT / "build", cluster) as brokers:
        section = bench.report.section("Replicas: `POST` and batches", NAMES[1])
        section.notes.append(
            "Three brokers, of which two have a message on their log when it is "
            "acknowledged, the instance and the load share the machine's cores, so only "
            "ratios tell something about the instance. bench_kafka produces messages and "
            "consumes them back with the same settings of librdkafka, in a topic of its own. "
            "A service in memory shows what HTTP costs. All take turns. Before that, "
            "bench_kafka loads the brokers until their virtual machines have compiled "
            "what they run.")
        kafka = Kafka(bench, brokers)
        kafka.warm()
        run_messages(bench, kafka, section)
        run_replay(bench, kafka)
        run_refusals(bench, kafka)


class Kafka:
    """Topics on the brokers, instances, and the bare client."""

    def __init__(self, bench: Bench, brokers: Brokers):
        self.bench, self.brokers = bench, brokers
        for topic in ("bare", "messages", "replay", "warm"):
            self._run("lunar.service", f"-kafka={brokers.addresses}", f"-topic={topic}",
                      "-create-topic")

    def flags(self, topic: str, folder: Path) -> list[str]:
        return [f"-kafka={self.brokers.addresses}", f"-topic={topic}", f"-data={folder}"]

    def bare(self, command: str, topic: str = "bare", **flags: int) -> dict[str, float]:
        """The figures of a round of bench_kafka."""
        found: dict[str, float] = json.loads(self._run(
            "bench_kafka", self.brokers.addresses, topic, command,
            *(f"-{name}={value}" for name, value in flags.items())))
        return found

    def warm(self) -> None:
        """Load the brokers, so that the first round is like the others."""
        for _ in range(2):
            for outstanding in POSTS:
                self.bare("echo", "warm", outstanding=outstanding, milliseconds=WARM_MS)
            self.bare("batch", "warm", messages=1_000_000)
            self.bare("replay", "warm")

    def _run(self, program: str, *arguments: str) -> str:
        done = subprocess.run([str(self.bench.programs / program), *arguments], check=False,
                              capture_output=True, text=True, timeout=PATIENCE,
                              preexec_fn=die_with_parent)
        if done.returncode != 0:
            raise Failure(f"{program} {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout


def run_messages(bench: Bench, kafka: Kafka, section: Section) -> None:
    """POST and batches, to one instance that runs all the time."""
    with bench.servers() as servers:
        server = servers.service(*kafka.flags("messages", bench.work / "messages"))
        memory = servers.service()
        for connections in POSTS:
            run_posts(bench, kafka, section, [server, memory], connections)
        run_batches(bench, kafka, section, [server, memory])


def run_posts(bench: Bench, kafka: Kafka, section: Section, servers: Sequence[Server],
              connections: int) -> None:
    what = f"`POST`, {connections} at a time"
    names = [*NAMES, MEMORY]
    found: list[dict[str, list[float]]] = [{"p50": [], "p99": []} for _ in names]

    def measure(index: int, cost: Cost) -> str:
        if index != 1:
            p50, p99, text = post(bench, servers[index // 2], connections, cost)
        else:
            bare = kafka.bare("echo", outstanding=connections,
                              milliseconds=bench.options.seconds * 1000)
            text = cost.add(int(bare["messages"]), bare["seconds"], bare["cpu"])
            p50, p99 = bare["p50"], bare["p99"]
        found[index]["p50"].append(p50)
        found[index]["p99"].append(p99)
        return f"{text}, p50 {p50:.2f}, p99 {p99:.2f} ms"

    costs = bench.compare(f"replica: {what}", names, measure)
    show(section, what, costs, "message")
    for name in ("p50", "p99"):
        section.add(what, NAMES[0], f"{name}, ms", found[0][name], 2, found[1][name])
        section.add(what, NAMES[1], f"{name}, ms", found[1][name], 2)
        section.add(what, MEMORY, f"{name}, ms", found[2][name], 2)
    if connections == 1:
        over = [ours - bare for ours, bare in zip(found[0]["p50"], found[1]["p50"])]
        bench.report.at_most(f"replica: {what}: p50 over that of the client", OVER_BUDGET,
                             over, " ms")
    elif connections == 3:
        for name, budget in zip(("p50", "p99"), THREE_BUDGETS):
            bench.report.at_most(f"replica: {what}: {name}", budget, found[0][name], " ms")
    else:
        bench.report.at_least(f"replica: {what}", MANY_BUDGET, costs[0].rate,
                              " requests/s", 0)


def post(bench: Bench, server: Server, connections: int,
         cost: Cost) -> tuple[float, float, str]:
    """A round of POST to an instance. Returns p50 and p99 in ms, and a text. Those of
    wrk count a stall also for requests that were not sent because of it, which
    bench_kafka does not, so it loads only where no latency is compared."""
    if connections > COMPARED:
        launched, _ = launch(bench, server, 20)
        result, text = measure_wrk(bench, server, connections, cost, round=launched,
                                   last=20, number=2)
        return result.p50, result.p99, text
    used = server.look().cpu
    paced = pace_posts(bench, server, connections, 0, bench.options.seconds * 1000)
    text = cost.add(int(paced["requests"]), paced["seconds"], server.look().cpu - used)
    return paced["p50"], paced["p99"], text


def show(section: Section, what: str, costs: Sequence[Cost], unit: str) -> None:
    for name, cost in zip([*NAMES, MEMORY], costs):
        base = costs[1] if cost is costs[0] else None
        section.add(what, name, f"{unit}s/s", cost.rate, 0, base and base.rate)
        section.add(what, name, f"CPU a {unit}, µs", cost.cpu, 2, base and base.cpu)


def run_batches(bench: Bench, kafka: Kafka, section: Section,
                servers: Sequence[Server]) -> None:
    messages = 50_000 if bench.options.quick else 500_000
    what = f"a batch of {count(messages)}"

    def measure(index: int, cost: Cost) -> str:
        if index == 1:
            bare = kafka.bare("batch", messages=messages)
            return cost.add(messages, bare["seconds"], bare["cpu"])
        server = servers[index // 2]
        launched, _ = launch(bench, server, bench.options.many)
        fleet = Fleet(launched, 1, bench.options.many, 1, 2, 1)
        requests = [make_batch(bench, fleet, messages)]
        used = server.look().cpu
        taken = batch(server, [requests], messages)
        return cost.add(messages, taken, server.look().cpu - used)

    costs = bench.compare(f"replica: {what}", [*NAMES, MEMORY], measure)
    show(section, what, costs, "message")
    bench.report.at_least(f"replica: {what}", BATCH_BUDGET, costs[0].rate, " messages/s", 0)


def run_replay(bench: Bench, kafka: Kafka) -> None:
    """Fill a topic once, and read it again and again: from its begin, and from a
    snapshot at its end."""
    section = bench.report.section("Replicas: start", NAMES[1])
    million = bench.options.million
    what = f"replay of {count(2 * million)} records"
    start = f"start with a snapshot of {count(million)} rockets"
    snapshot, folder = bench.work / "snapshot", bench.work / "replayed"
    with bench.servers() as servers:
        server = servers.service(*kafka.flags("replay", snapshot))
        launched, _ = launch(bench, server, million)
        fleet = Fleet(launched, 1, million, 1, 2, 1)
        for _ in range(2):
            batch(server, [[make_batch(bench, fleet, million // 2)]], million // 2)
        size = len(server.get("/snapshot").body)
    starts: list[float] = []
    used: list[float] = []

    def measure(index: int, cost: Cost) -> str:
        if index == 1:
            bare = kafka.bare("replay", "replay")
            return cost.add(int(bare["messages"]), bare["seconds"], bare["cpu"])
        with bench.servers() as servers:
            shutil.rmtree(folder, ignore_errors=True)
            server = servers.service(*kafka.flags("replay", folder), NO_SNAPSHOTS)
            text = cost.add(2 * million, recovery(server), server.look().cpu)
            check_applied(server, 2 * million)
        with bench.servers() as servers:
            begun = time.perf_counter()
            server = servers.service(*kafka.flags("replay", snapshot), NO_SNAPSHOTS)
            server.get("/health/ready")
            starts.append(time.perf_counter() - begun)
            used.append(server.look().cpu)
            check_applied(server, 2 * million)
        return f"{text}; with a snapshot {starts[-1]:.2f} s"

    costs = bench.compare(f"replica: {what}", NAMES, measure)
    show(section, what, costs, "message")
    section.add(start, NAMES[0], "s until it is ready", starts, 2)
    section.add(start, NAMES[0], "s of CPU time until then", used, 2)
    section.add(start, NAMES[0], "MB of the snapshot", [size / 1e6], 1)
    bench.report.at_least(f"replica: {what}", REPLAY_BUDGET, costs[0].rate, " records/s", 0)
    bench.report.at_most(f"replica: {start}", START_BUDGET, starts, " s", 2)


def recovery(server: Server) -> float:
    """The seconds of the recovery."""
    if not (found := RECOVERY.search(server.get("/metrics").body)):
        raise Failure("there is no metric of the recovery")
    return float(found[1])


def check_applied(server: Server, messages: int) -> None:
    if (applied := server.applied()) != messages:
        raise Failure(f"{applied} messages are there, {messages} were sent")


def run_refusals(bench: Bench, kafka: Kafka) -> None:
    """Two brokers hang, so nothing is acknowledged, and POST gets 503."""
    section = bench.report.section("Replicas: without enough brokers", "")
    hung = kafka.brokers.numbers[1:]
    what = "`POST` while two brokers hang"
    with bench.servers() as servers:
        server = servers.service(*kafka.flags("messages", bench.work / "messages"))
        launch(bench, server, 1)
        kafka.brokers.signal(signal.SIGSTOP, *hung)
        try:
            first = time_refusal(bench, server)
            ends = time.monotonic() + PATIENCE
            while time_refusal(bench, server) > AT_ONCE:
                if time.monotonic() > ends:
                    raise Failure("POST is not refused at once while two brokers hang")
            taken = sorted(time_refusal(bench, server) for _ in range(REFUSALS))
        finally:
            kafka.brokers.signal(signal.SIGCONT, *hung)
        milliseconds = [seconds * 1000 for seconds in taken]
        say(f"replica: {what}: 503 after {first:.2f} s, then in "
            f"{milliseconds[REFUSALS // 2]:.2f} ms")
    section.add(what, NAMES[0], "s until the first 503", [first], 2)
    section.add(what, NAMES[0], "ms until the others", milliseconds, 2)
    bench.report.at_most(f"replica: {what}: the first 503", 5.2, [first], " s", 2)
    bench.report.at_most(f"replica: {what}: the others, p99", REFUSAL_BUDGET,
                         [milliseconds[REFUSALS * 99 // 100]], " ms", 1)


def time_refusal(bench: Bench, server: Server) -> float:
    """The seconds until a new message gets 503."""
    request = make_batch(bench, Fleet(bench.new_round(), 1, 1, 1, 1, 1), 1)
    body = request[request.index(b"\r\n\r\n") + 4:].strip()
    connection = server.connect()
    begun = time.perf_counter()
    connection.send(head_of("POST", "/messages", body, JSON) + body)
    answer = connection.answer()
    taken = time.perf_counter() - begun
    connection.close()
    if answer.status != 503:
        raise Failure(f"a message without enough brokers: status {answer.status}")
    return taken
