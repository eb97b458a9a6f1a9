#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The service behind a real nginx and a real Caddy, with the very files of
deploy/, at the root and under a prefix, by TCP and by a Unix socket. The client
has another address than the proxy, and what it says of itself is a lie.

- Messages, long batches and reads pass; events come when they happen.
- The log has the client's address, and the proxy's beside it.
- What a client sends as Forwarded or X-Forwarded-* is not believed.
- Pages are compared with the URL in the browser's address bar.
- A login gets a cookie for https, which opens what the token opens.
- What the Unix socket opens for who may connect to it, it does not open for those
  behind the proxy.

usage: tests/deploy/proxies.py SERVICE FOLDER

All listen on free ports. FOLDER gets the logs and configurations. Exit status: 0
no check failed; 1 one failed; 2 invalid command line; 77, which CTest reports as
skipped, if nginx or Caddy is missing (TEST_SKIP_CODE sets another status).
"""

import sys

sys.dont_write_bytecode = True

import hashlib
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "lib"))

from client import JSON, NDJSON, Failure
from prometheus import free_port, replaced, wait_for
from service import Service

NAME = "rockets.example.org"
CLIENT = "127.0.0.2"  # the proxies connect from 127.0.0.1
PATIENCE = 60.0  # seconds for a response: only a bound
TOKEN = "lunar_" + "A" * 43
LIES = {
    "Forwarded": 'for=198.51.100.1;proto=http;host="lies.example"',
    "X-Forwarded-For": "198.51.100.1",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Host": "lies.example",
}


def check(true: bool, what: str) -> None:
    if not true:
        raise Failure(what)


def message(channel: str) -> str:
    return json.dumps({
        "metadata": {"channel": channel, "messageNumber": 1,
                     "messageTime": "2022-02-02T19:39:05Z", "messageType": "RocketLaunched"},
        "message": {"type": "Falcon-9", "launchSpeed": 500, "mission": "ARTEMIS"}})


@dataclass(frozen=True)
class Places:
    """Where they listen."""

    service: int | Path  # a port, or a Unix socket
    https: int
    http: int


class Browser:
    """A client of the proxy. Each request has a connection of its own."""

    def __init__(self, port: int, prefix: str):
        self.host = f"{NAME}:{port}"
        self.port, self.prefix = port, prefix
        self._tls = ssl.create_default_context()
        self._tls.check_hostname = False
        self._tls.verify_mode = ssl.CERT_NONE

    def begin(self, method: str, path: str, body: str = "", kind: str = "",
              **fields: str) -> http.client.HTTPResponse:
        """The response, whose body has not been read."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=PATIENCE, source_address=(CLIENT, 0))
        connection.connect()
        connection.sock = self._tls.wrap_socket(connection.sock, server_hostname=NAME)
        headers = {"Host": self.host, **LIES,
                   **{name.replace("_", "-"): value for name, value in fields.items()}}
        if kind:
            headers["Content-Type"] = kind
        connection.request(method, self.prefix + path, body or None, headers)
        return connection.getresponse()

    def ask(self, status: int, method: str, path: str, body: str = "", kind: str = "",
            **fields: str) -> tuple[Any, http.client.HTTPMessage]:
        """The JSON and the fields of a response, which must have this status."""
        with self.begin(method, path, body, kind, **fields) as response:
            text = response.read()
        check(response.status == status,
              f"{method} {path} {fields}: {response.status}, not {status}: {text[:300]!r}")
        return json.loads(text or "null"), response.headers


def nginx_files(folder: Path, places: Places, prefix: str) -> tuple[str, ...]:
    """Write the configuration; returns the command line."""
    upstream = (f"unix:{places.service}" if isinstance(places.service, Path)
                else f"127.0.0.1:{places.service}")
    changes = [(r"127\.0\.0\.1:8088", upstream),
               (r"listen 80;", f"listen 127.0.0.1:{places.http};"),
               (r"listen 443 ", f"listen 127.0.0.1:{places.https} "),
               (r"/etc/ssl/certs/rockets\.pem", str(folder / "certificate.pem")),
               (r"/etc/ssl/private/rockets\.key", str(folder / "key.pem"))]
    if prefix:
        changes += [(r"\n    location / {", f"\n    location {prefix}/ {{"),
                    (r"\n(\s+)proxy_pass http://lunar;", r"\n\1proxy_pass http://lunar/;")]
    (folder / "lunar.conf").write_text(replaced("nginx.conf", *changes))
    temporary = " ".join(f"{kind}_temp_path {folder / kind};"
                         for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder / 'nginx.pid'}; events {{ }}\n"
        f"http {{ access_log off; {temporary} include {folder / 'lunar.conf'}; }}\n")
    return ("nginx", "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf"),
            "-g", "error_log stderr;")


def caddy_files(folder: Path, places: Places, prefix: str) -> tuple[str, ...]:
    """Write the configuration; returns the command line."""
    upstream = (f"unix/{places.service}" if isinstance(places.service, Path)
                else f"127.0.0.1:{places.service}")
    changes = [(r"127\.0\.0\.1:8088", upstream),
               (r"\nrockets\.example\.org {", rf"\g<0>\n\ttls {folder / 'certificate.pem'} "
                f"{folder / 'key.pem'}")]
    if prefix:
        changes += [(r"\n\thandle {", f"\n\thandle_path {prefix}/* {{")]
    (folder / "Caddyfile").write_text(
        f"{{\n\tadmin off\n\tdefault_bind 127.0.0.1\n\thttp_port {places.http}\n"
        f"\thttps_port {places.https}\n\tstorage file_system {folder / 'storage'}\n}}\n"
        + replaced("Caddyfile", *changes))
    return ("caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile"))


def check_messages(browser: Browser) -> None:
    answer, _ = browser.ask(202, "POST", "/messages", message("one"), JSON)
    check(answer["result"] == "applied", f"the message is not applied: {answer}")
    rocket, _ = browser.ask(200, "GET", "/rockets/one")
    check(rocket["id"] == "one", f"another rocket: {rocket}")
    # More than nginx's default limit of 1 MiB.
    lines = [message(f"batch-{i}") for i in range(8000)]
    answer, _ = browser.ask(202, "POST", "/messages", "\n".join(lines), NDJSON)
    check(answer["applied"] == len(lines), f"the batch: {answer}")


def check_events(browser: Browser) -> None:
    with browser.begin("GET", "/events?events=rockets") as stream:
        check(stream.status == 200, f"events: {stream.status}")

        def read_until(part: str) -> None:
            for line in stream:
                if part in line.decode():
                    return
            raise Failure(f"the stream of events ends before {part}")

        read_until("event: hello")
        for channel in ("live-1", "live-2"):
            browser.ask(202, "POST", "/messages", message(channel), JSON)
            read_until(f'"id":"{channel}"')


def check_pages(browser: Browser) -> None:
    """With what browsers send that do not know Sec-Fetch-Site."""
    for origin, status in ((f"https://{browser.host}", 202), (f"http://{browser.host}", 403),
                           (f"https://{NAME}", 403), ("http://lies.example", 403),
                           ("https://lies.example", 403)):
        browser.ask(status, "POST", "/messages", message("page"), JSON, Origin=origin)


def check_log(browser: Browser, log: Path, proxy: str) -> None:
    def lines() -> list[Any]:
        return [line for line in map(json.loads, log.read_text().splitlines())
                if line.get("requestId") and line.get("status") == 400]

    browser.ask(400, "POST", "/messages", "no JSON", JSON, X_Request_Id="chosen")
    [line] = wait_for("the refused message is logged", lines, bool)
    check(line["client"] == CLIENT, f"the client is {line['client']}")
    check(re.fullmatch(proxy, line.get("proxy", "")) is not None,
          f"the proxy is not in {line}")
    check(line["requestId"] != "chosen", "the id is the client's, not the proxy's")


def check_login(browser: Browser) -> None:
    browser.ask(401, "GET", "/metrics")
    _, fields = browser.ask(200, "POST", "/login", json.dumps({"token": TOKEN}), JSON,
                            Origin=f"https://{browser.host}")
    cookie, *attributes = (fields["Set-Cookie"] or "").split("; ")
    check(cookie.startswith(f"lunar-session-{browser.port}="), f"the cookie is {cookie}")
    check({"Secure", "HttpOnly", "SameSite=Strict"} <= set(attributes), f"it has {attributes}")
    with browser.begin("GET", "/metrics", Cookie=cookie) as response:
        check(response.status == 200, f"/metrics after the login: {response.status}")
    browser.ask(403, "POST", "/login", json.dumps({"token": TOKEN}), JSON,
                Origin="https://lies.example")


def check_socket(local: Path) -> None:
    """Whoever may connect to the socket has its scopes, without a proxy's fields."""
    with socket.socket(socket.AF_UNIX) as direct:
        direct.settimeout(PATIENCE)
        direct.connect(str(local))
        direct.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        with direct.makefile("rb") as response:
            line = response.readline()
    check(b" 200 " in line, f"/metrics by the socket: {line!r}")


def check_redirect(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("GET", "/swagger", headers={"Host": NAME})
    response = connection.getresponse()
    location = response.headers.get("Location", "")
    check(response.status == 308 and location.startswith(f"https://{NAME}"),
          f"http gets {response.status} {location}")
    connection.close()


def check_other_names(browser: Browser, program: str) -> None:
    """A name that resolves to the proxy is not served as one of ours."""
    with browser.begin("GET", "/health", Host="lies.example") as response:
        text = response.read()
    expected = (421, True) if program == "nginx" else (200, False)  # Caddy says nothing
    check((response.status, bool(text)) == expected,
          f"lies.example: {response.status} {text[:300]!r}")


def run(program: str, folder: Path, prefix: str, by_unix_socket: bool,
        write: Callable[[Path, Places, str], tuple[str, ...]]) -> None:
    folder.mkdir(parents=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", f"/CN={NAME}", "-keyout", folder / "key.pem",
                    "-out", folder / "certificate.pem"], check=True, stderr=subprocess.DEVNULL)
    log, local = folder / "service.log", folder / "lunar.sock"
    tokens = folder / "tokens"
    tokens.touch(0o600)
    tokens.write_text(f"alice sha256:{hashlib.sha256(TOKEN.encode()).hexdigest()} metrics\n")
    flags = ((f"-listen=unix:{local}?scopes=metrics", "-trusted-proxy=unix", "-port=none")
             if by_unix_socket else ("-trusted-proxy=127.0.0.1",))
    with Service(SERVICE, log, "-log-format=json", f"-allow-host={NAME}", f"-tokens={tokens}",
                 "-anonymous=ingest,read", *flags) as service:
        places = Places(local if by_unix_socket else service.port, free_port(), free_port())
        command = write(folder, places, prefix)
        with Service(command[0], folder / "proxy.log", *command[1:], port=places.https,
                     environment={"HOME": str(folder)}) as proxy:
            browser = Browser(places.https, prefix)
            check_messages(browser)
            check_events(browser)
            check_pages(browser)
            check_log(browser, log, "unix" if by_unix_socket else r"127\.0\.0\.1:\d+")
            check_login(browser)
            if by_unix_socket:
                check_socket(local)
            check_redirect(places.http)
            check_other_names(browser, program)
            faults = proxy.stop()
        faults += service.stop()
        check(not faults, "; ".join(faults))


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    os.environ["PATH"] += ":/usr/sbin"
    for program in ("nginx", "caddy"):
        if shutil.which(program) is None:
            print(f"skipped: {program} is missing (Debian: nginx-light, caddy)")
            return int(os.environ.get("TEST_SKIP_CODE", 77))
    folder = Path(sys.argv[2]).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    try:
        for program, write in (("nginx", nginx_files), ("caddy", caddy_files)):
            for prefix, by_unix_socket in (("", False), ("/lunar", False), ("", True)):
                where = (f"{program}, {prefix or '/'}, "
                         f"by {'a Unix socket alone' if by_unix_socket else 'TCP'}")
                name = f"{program}{prefix.replace('/', '-')}{'-unix' if by_unix_socket else ''}"
                run(program, folder / name, prefix, by_unix_socket, write)
                print(f"{where}: as it must be")
    except Failure as failure:
        print(f"{where}: {failure}")
        return 1
    return 0


if __name__ == "__main__":
    SERVICE = sys.argv[1] if len(sys.argv) > 1 else ""
    sys.exit(main())
