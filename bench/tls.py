# SPDX-License-Identifier: Apache-2.0
"""POST over TLS, to bare MHD with the same TLS."""

import os
import subprocess
from pathlib import Path

from common import PAIR, Bench, Cost, Server, Servers, say, show_costs
from load import pace_posts, post
from posts import add_percentiles
from report import Section, ratios

BUDGET = 1 / 1.1
# Close, connections, whether a budget is set.
WAYS = ((False, 64, True), (False, 3, True), (True, 64, False))

# A rate at which the generator, which does TLS as well, does not fill a core.
RATE = 5_000  # requests/s
CONNECTIONS = 64


def run_tls(bench: Bench) -> None:
    """POST /messages over TLS 1.3, ECDSA P-256, to bare MHD with TLS"""
    section = bench.report.section("`POST /messages` over TLS", "bare MHD with TLS")
    section.notes.append(
        "TLS 1.3, AES-128-GCM or AES-256-GCM as the client prefers, a certificate of "
        "ECDSA P-256. New connections have a whole handshake each. It was checked that "
        "all messages were applied. A new server in each round.")
    certificate, key = make_certificate(bench.work)
    for close, connections, limited in WAYS:
        what = f"TLS, {'new connections' if close else 'keep-alive'}, {connections}"
        costs = tls_costs(bench, what, certificate, key, close, connections)
        show_costs(section, what, costs, "request")
        if limited:
            bench.report.at_least(f"`POST`, {what}: requests/s to bare MHD with TLS",
                                  BUDGET, ratios(costs[0].rate, costs[1].rate), "×")
            bench.report.at_most(f"`POST`, {what}: CPU a request to bare MHD with TLS",
                                 1 / BUDGET, ratios(costs[0].cpu, costs[1].cpu), "×")
    tls_latency(bench, section, certificate, key)


def make_certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "tls.crt", folder / "tls.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True)
    key.chmod(0o600)
    return certificate, key


def start(servers: Servers, index: int, certificate: Path, key: Path) -> Server:
    if index == 0:
        server = servers.service(f"-tls-cert={certificate}", f"-tls-key={key}")
    else:
        os.environ.update(BARE_CERT=str(certificate), BARE_KEY=str(key))
        try:
            server = servers.bare()
        finally:
            del os.environ["BARE_CERT"], os.environ["BARE_KEY"]
    server.authority = certificate
    return server


def tls_costs(bench: Bench, what: str, certificate: Path, key: Path, close: bool,
              connections: int) -> list[Cost]:
    def measure(index: int, cost: Cost) -> str:
        with bench.servers() as servers:
            server = start(servers, index, certificate, key)
            return post(bench, server, connections, cost, close=int(close),
                        round=bench.new_round())

    return bench.compare(f"post: {what}", PAIR, measure)


def tls_latency(bench: Bench, section: Section, certificate: Path, key: Path) -> None:
    """Latencies at a fixed rate, of connections that are kept alive."""
    what = f"TLS, keep-alive, {CONNECTIONS}, {RATE:,} requests/s"
    found: list[list[dict[str, float]]] = [[], []]
    for which, index in bench.interleaved(range(len(PAIR))):
        with bench.servers() as servers:
            server = start(servers, index, certificate, key)
            result = pace_posts(bench, server, CONNECTIONS, RATE,
                                bench.options.seconds * 1000)
        found[index].append(result)
        say(f"post: {what}: {which}: {PAIR[index]}: p50 {result['p50']:.2f}, "
            f"p99 {result['p99']:.2f} ms")
    for index, name in enumerate(PAIR):
        add_percentiles(section, what, name, found[index],
                        found[1] if index == 0 else None)
