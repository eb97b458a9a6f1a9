#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The service over TLS, as openssl, curl and rockets see it."""

import argparse
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PATIENCE = 300.0  # seconds until something that must happen counts as missing


class Wrong(Exception):
    """Something is not as it should be."""


def expect(good: bool, what: str) -> None:
    if not good:
        raise Wrong(what)


class Service:
    """A running service, on a free port. The end of its `with` stops it."""

    def __init__(self, program: str, folder: Path, name: str, *flags: str):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [program, "-port=0", f"-tls-cert={folder / name}.crt",
             f"-tls-key={folder / name}.key", *flags],
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        assert self.process.stdout is not None
        ready = self.process.stdout.readline()
        self.port = ready.partition("https://127.0.0.1:")[2].partition(" ")[0]
        expect(self.port.isdigit(), f"no ready line: {ready} {self.said()}")

    def said(self) -> str:
        self.log.seek(0)
        return self.log.read().decode()

    def wait_said(self, text: str) -> None:
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            if text in self.said():
                return
            time.sleep(0.01)
        raise Wrong(f"the log does not say {text!r}: {self.said()}")

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        expect(self.process.wait(PATIENCE) == 0, "the service did not stop")
        self.log.close()

    def handshake(self, *options: str) -> str:
        """What openssl says of a handshake."""
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", *options],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
        return done.stdout + done.stderr

    def curl(self, ca: Path, *options: str, path: str = "health") -> tuple[int, str]:
        done = subprocess.run(
            ["curl", "-sS", "--cacert", str(ca), *options,
             f"https://localhost:{self.port}/{path}"],
            capture_output=True, text=True, timeout=PATIENCE)
        return done.returncode, done.stdout + done.stderr


def check_versions(program: str, folder: Path) -> None:
    with Service(program, folder, "localhost") as service:
        weak = "DEFAULT@SECLEVEL=0"
        for version in ("-tls1", "-tls1_1"):
            said = service.handshake(version, "-cipher", weak)
            expect("Cipher is (NONE)" in said, f"{version} is accepted: {said}")
        for version, name in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
            said = service.handshake(version, "-alpn", "h2,http/1.1",
                                     "-servername", "any.example")
            expect(f"New, {name}" in said, f"{version} is refused: {said}")
            expect("ALPN protocol: http/1.1" in said, f"no ALPN: {said}")
        for suite in ("AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "AES128-SHA"):
            said = service.handshake("-tls1_2", "-cipher", f"{suite}:@SECLEVEL=0")
            expect("Cipher is (NONE)" in said, f"{suite} is accepted: {said}")


def check_certificates(program: str, folder: Path) -> None:
    for name in ("localhost", "rsa", "chain"):
        with Service(program, folder, name) as service:
            status, said = service.curl(folder / "ca.crt")
            expect(status == 0 and '"status":"ok"' in said, f"{name}: {said}")
    with Service(program, folder, "expired") as service:
        expect("error the certificate" in service.said(), "nothing of the expiry")
        expect(service.curl(folder / "expired.crt")[0] == 60, "curl trusts it")
    for name, words in (("encrypted", "openssl pkey"), ("unsorted", "order"),
                        ("absent", "No such file")):
        done = subprocess.run(
            [program, "-port=0", f"-tls-cert={folder / name}.crt",
             f"-tls-key={folder / name}.key"], capture_output=True, text=True,
            timeout=PATIENCE)
        expect(done.returncode in (1, 2) and words in done.stderr,
               f"{name}: {done.returncode} {done.stderr}")


def check_reload(program: str, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)

        def use(name: str) -> None:
            for suffix in (".crt", ".key"):
                shutil.copy(folder / (name + suffix), work / ("used" + suffix))

        use("localhost")
        with Service(program, work, "used") as service:
            expect("CN = localhost" in service.handshake(), "not the first one")
            use("rsa")
            service.process.send_signal(signal.SIGHUP)
            service.wait_said("reloaded")
            expect("CN = rsa" in service.handshake(), "not the second one")
            use("encrypted")
            service.process.send_signal(signal.SIGHUP)
            service.wait_said("encrypted")
            expect("CN = rsa" in service.handshake(), "a bad file was taken")


def check_rockets(program: str, folder: Path, rockets: str) -> None:
    """`rockets` says at once that a certificate can't be trusted, and why."""
    ca = f"--ca-file={folder / 'ca.crt'}"

    def run(command: str, url: str, *flags: str) -> tuple[int, str]:
        # Were it tried again, that would take 60 s.
        done = subprocess.run([rockets, command, url, *flags], timeout=PATIENCE,
                              capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    with Service(program, folder, "localhost") as service:
        url = f"https://localhost:{service.port}/messages"
        launch = ("launch", url, "--max-messages=10")
        for what in (("watch", url), launch, (*launch, "--concurrency-level=1"),
                     ("launch", url.replace("localhost", "[::ffff:127.0.0.1]"), ca)):
            status, said = run(*what)
            expect(status == 1 and "--ca-file=FILE; --insecure" in said and
                   "retrying" not in said, f"{what}: {status} {said}")
        expect("no alternative certificate subject name" in said,
               f"no word of the name: {said}")
        status, said = run(*launch, f"--ca-file={folder / 'ca.key'}")
        expect(status == 1 and "authorities in PEM" in said, f"{status} {said}")
        for flag in (ca, "--insecure"):
            status, said = run(*launch, "--verify", flag)
            expect(status == 0 and "no difference" in said, f"{flag}: {said}")


def check_scarcity(program: str, folder: Path, rockets: str) -> None:
    """Without a descriptor for the authorities `rockets` goes on: they are right."""
    with Service(program, folder, "localhost") as service, subprocess.Popen(
            [rockets, "launch", f"https://localhost:{service.port}/messages",
             f"--ca-file={folder / 'ca.crt'}", "--concurrency-level=20",
             "--log-level=debug"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16)),
    ) as process:
        assert process.stderr is not None
        said = "".join(process.stderr.readline() for _ in range(60))
        process.send_signal(signal.SIGINT)
        said += process.stderr.read()
    expect(process.returncode == 130 and "descriptor is left" in said,
           f"{process.returncode}: {said}")


def check_login(program: str, folder: Path) -> None:
    made = subprocess.run([program, "-new-token", "a", "read"], check=True,
                          capture_output=True, text=True).stdout
    token, line = made.splitlines()
    with tempfile.NamedTemporaryFile("w") as tokens:
        print(line, file=tokens, flush=True)
        with Service(program, folder, "localhost",
                     f"-tokens={tokens.name}") as service:
            status, said = service.curl(
                folder / "ca.crt", "-i", "-d", f'{{"token":"{token}"}}', "-H",
                "Content-Type: application/json", path="login")
    expect(status == 0 and "HttpOnly; SameSite=Strict" in said, f"no login: {said}")
    expect("; Secure" in said, f"browsers would send it in plain text: {said}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="tests/tls/clients.py SERVICE CERTIFICATES ROCKETS",
        epilog="Exit status: 0 all is as it should be, 1 something is not, 2 invalid "
               "command line.\n\nExample: ctest --preset debug -R tls.clients")
    parser.add_argument("service", metavar="SERVICE", help="the binary")
    parser.add_argument("certificates", metavar="CERTIFICATES", type=Path,
                        help="the folder that tests/tls/certificates.sh has filled")
    parser.add_argument("rockets", metavar="ROCKETS", help="the test program")
    flags = parser.parse_args()
    program, folder = flags.service, flags.certificates
    failures = 0
    both = (program, folder)
    for check, arguments in ((check_versions, both), (check_certificates, both),
                             (check_reload, both), (check_login, both),
                             (check_rockets, (*both, flags.rockets)),
                             (check_scarcity, (*both, flags.rockets))):
        try:
            check(*arguments)
            print(f"{check.__name__}: as it should be")
        except Wrong as wrong:
            failures += 1
            print(f"{check.__name__}: {wrong}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
