# SPDX-License-Identifier: Apache-2.0
"""POST over TLS, to bare MHD with the same TLS."""

import os
import subprocess
from pathlib import Path

from common import Bench, Cost, Server, Servers, show_costs
from load import measure_wrk
from report import ratios

NAMES = ["lunar.service", "bare MHD"]
BUDGET = 1 / 1.1
# Close, connections, whether a budget is set.
WAYS = ((False, 64, True), (False, 3, True), (True, 64, False))


def run_tls(bench: Bench) -> None:
    """POST /messages over TLS 1.3, ECDSA P-256, to bare MHD with TLS"""
    section = bench.report.section("`POST /messages` over TLS", "bare MHD with TLS")
    section.notes.append(
        "TLS 1.3, AES-128-GCM or AES-256-GCM as wrk prefers, a certificate of ECDSA "
        "P-256. New connections have a whole handshake each. A new server in each round.")
    certificate, key = make_certificate(bench.work)
    for close, connections, limited in WAYS:
        what = f"TLS, {'new connections' if close else 'keep-alive'}, {connections}"
        costs = tls_costs(bench, what, certificate, key, close, connections)
        show_costs(section, what, costs, "request")
        if limited:
            bench.report.at_least(f"`POST`, {what}: requests/s to bare MHD with TLS",
                                  BUDGET, ratios(costs[0].rate, costs[1].rate), "×")


def make_certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "tls.crt", folder / "tls.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
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
    server.secure = True
    return server


def tls_costs(bench: Bench, what: str, certificate: Path, key: Path, close: bool,
              connections: int) -> list[Cost]:
    def measure(index: int, cost: Cost) -> str:
        with bench.servers() as servers:
            server = start(servers, index, certificate, key)
            _, text = measure_wrk(bench, server, connections, cost, close=int(close))
            return text

    return bench.compare(f"post: {what}", NAMES, measure)
