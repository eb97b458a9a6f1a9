#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Break the disk of a service that runs with -data=DIR, and mend it.

A preloaded library lets calls for the files of the folder fail, wait or write only
a part, while several connections send messages and batches. Whatever fails: what
was acknowledged is there after the next start, everybody gets a response or the
end of the connection, and reads go on while the service runs. Most cases run with
both kinds of threads.

usage: tests/durability/faults.py BUILD [--only=CASE,...] [--seed=N]
  BUILD           folder of the programs
  --only=CASE,... only these; `--only=` lists them
  --seed=N        of messages; default 1

Exit status: 0 all as it must be; 1 something was not; 2 invalid command line.

Example: tests/durability/faults.py build/debug --only=full,sync
"""

import sys

sys.dont_write_bytecode = True

import argparse
import errno
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Callable

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "lib"))

import disk
from client import JSON, NDJSON, PATIENCE, Answer, Client, Failure
from disk import Control, wait_for
from service import Service
from traffic import Crowd, Sender, encode

SENDERS = 4
THREADS = ["-threads=2", "-threads=per-connection"]
MIB = 1024 * 1024
ERROR = "Z error "  # in the log
WRITTEN = 'lunar_snapshots_total{result="written"}'
FAILED = 'lunar_snapshots_total{result="failed"}'


def check(true: bool, what: object) -> None:
    if not true:
        raise Failure(str(what))


class Broken:
    """A folder on a disk that can break, and the senders to it."""

    def __init__(self, build: Path, work: Path, threads: str, seed: int):
        self.build, self.work, self.threads = build, work, threads
        self.folder = work / "data"
        self.folder.mkdir(mode=0o700)
        self.log = work / "log"
        self.control = Control(work / "control")
        self.senders = [Sender(f"{index}", seed, singles=0.6) for index in range(SENDERS)]

    def start(self, program: str = "lunar.service", *flags: str) -> Service:
        environment = disk.environment(
            self.build / "tests/durability/liblunar_disk.so", self.folder, None, self.control)
        return Service(self.build / program, self.log, f"-data={self.folder}", self.threads,
                       *flags, environment=environment)

    def crowd(self, service: Service, goes_on: Callable[[], bool] = lambda: True) -> Crowd:
        return Crowd(self.senders, service.port, goes_on)

    def refused(self) -> int:
        return sum(sender.refused for sender in self.senders)

    def check_state(self, service: Service) -> None:
        """What was acknowledged is there. Of what was sent and not acknowledged
        any part may be, as it may have been sent several times."""
        shown = {rocket["id"]: rocket for rocket in get(service, "/rockets", 200).json()}
        for sender in self.senders:
            sender.check(shown)

    def check_restart(self) -> None:
        """All is there after a start with a good disk, and goes on."""
        self.control.clear()
        with self.start() as service:
            self.check_state(service)
            for sender in self.senders:
                sender.run(service.port, lambda: sender.waiting is not None)
            check_no_faults(service.stop())

    def said(self, pattern: str) -> int:
        """The number of lines in the log with this."""
        return len(re.findall(pattern, self.log.read_text(errors="replace"), re.M))

    def await_said(self, pattern: str) -> None:
        wait_for(f"a line with {pattern!r} in the log", lambda: self.said(pattern) > 0)


def check_no_faults(faults: list[str]) -> None:
    check(not faults, "; ".join(faults))


def get(service: Service, target: str, status: int) -> Answer:
    client = Client(service.port)
    answer = client.ask("GET", target)
    client.close()
    check(answer.status == status, f"GET {target}: expected {status}, got {answer}")
    return answer


def post(service: Service, body: bytes, status: int, kind: str = JSON) -> Answer:
    client = Client(service.port)
    answer = client.ask("POST", "/messages", body, kind)
    client.close()
    check(answer.status == status, f"POST: expected {status}, got {answer}")
    return answer


def metric(service: Service, name: str) -> int:
    found = re.search(rf"^{re.escape(name)} ([0-9.e+]+)$", get(service, "/metrics", 200).body.decode(), re.M)
    check(found is not None, f"there is no {name}")
    assert found is not None
    return int(float(found[1]))


# Faults that pass


def refuses(broken: Broken, breaks: Callable[[], None], mends: Callable[[], None], reason: str) -> str:
    """The disk cannot be written for a while. Returns the reason that was given.
    Without snapshots, as a full disk makes one due, which would fail as well."""
    with broken.start("lunar.service", "-snapshot=off") as service:
        with broken.crowd(service) as crowd:
            crowd.await_acknowledged(300)
            breaks()
            before = broken.refused()
            wait_for("all senders refused", lambda: all(
                sender.waiting and sender.refused for sender in broken.senders) or
                broken.refused() > before + 100)
        refusal = post(service, encode(("late", 1)), 503)
        check(refusal.fields["content-type"] == "application/problem+json", refusal)
        check("retry-after" in refusal.fields, refusal)
        detail = str(refusal.json()["detail"])
        check(re.search(reason, detail, re.I) is not None, refusal)
        batch = post(service, b"\n".join(encode(("late", i)) for i in range(1, 9)), 503, NDJSON)
        check(re.search(reason, str(batch.json()["detail"]), re.I) is not None, batch)
        # Reads go on, and health says why.
        get(service, "/rockets?limit=3", 200)
        check(re.search(reason, get(service, "/health/ready?for=ingest", 503).json()["detail"],
                        re.I) is not None, "health does not say why")
        get(service, "/health/ready", 200)
        check(get(service, "/health", 200).json()["status"] == "degraded", "health is ok")
        check(metric(service, "lunar_journal_writable") == 0, "lunar_journal_writable is not 0")
        check(metric(service, "lunar_journal_refused_total") > 0, "no refusals are counted")
        broken.check_state(service)
        check(broken.said(ERROR) == 1, "the fault is not logged once")
        # It recovers without any request.
        mends()
        broken.await_said("can be written again")
        get(service, "/health/ready?for=ingest", 200)
        check(metric(service, "lunar_journal_writable") == 1, "lunar_journal_writable is not 1")
        with broken.crowd(service) as crowd:
            crowd.await_acknowledged(300)
        check(post(service, encode(("late", 1)), 202).json()["result"] == "applied", "not applied")
        check_no_faults(service.stop())
    with broken.start() as service:
        check(get(service, "/rockets/late", 200).json()["lastMessageNumber"] == 1, "late is lost")
    return detail


def full(broken: Broken) -> None:
    """no space: refused, until there is space again"""
    refuses(broken, lambda: broken.control.set("write", error=errno.ENOSPC),
            broken.control.clear, "full")
    remove_late(broken)
    broken.check_restart()


def io_error(broken: Broken) -> None:
    """writes fail: refused, until they work again"""
    refuses(broken, lambda: broken.control.set("write", error=errno.EIO),
            broken.control.clear, "writing")
    remove_late(broken)
    broken.check_restart()


def remove_late(broken: Broken) -> None:
    """The rocket of refuses() is not a sender's; check_state() looks only at
    those of senders."""
    broken.control.clear()


def short_writes(broken: Broken) -> None:
    """writes of 100 bytes at most: nothing is refused"""
    broken.control.set("write", "-wal", times=200, length=100)
    with broken.start() as service:
        with broken.crowd(service) as crowd:
            broken.control.await_hits("write", 200)
            crowd.await_acknowledged(100)
        check(broken.refused() == 0, f"{broken.refused()} refused")
        broken.check_state(service)
        check_no_faults(service.stop())
    broken.check_restart()


# Faults whose outcome is unknown


def sync(broken: Broken) -> None:
    """a sync fails: the service ends, and says why"""
    with broken.start("small.service") as service:
        with broken.crowd(service) as crowd:
            crowd.await_acknowledged(200)
            broken.control.set("sync", "-wal", error=errno.EIO)
            status = service.process.wait(PATIENCE)
        check(status == 1, f"status {status} after a failed sync")
        check(broken.said(ERROR + ".*not known what is on the disk") == 1, "no line says so")
    broken.check_restart()


# Slow disks


def slow(broken: Broken) -> None:
    """syncs that take long: posts wait, batches are held back, reads go on"""
    control = broken.control
    with broken.start() as service:
        with broken.crowd(service) as crowd:
            crowd.await_acknowledged(200)
            control.set("sync", "-wal", hold=True)
            control.await_hits("sync")
            held = time.monotonic()
            before = service.look().resident
            taken = send_without_end(service)
            get(service, "/rockets?limit=3", 200)
            get(service, "/health", 200)
            check(metric(service, "lunar_journal_queue") > 0, "nothing waits")
            grown = service.look().resident - before
            check(taken < 16 * MIB, f"{taken} bytes of a batch are taken")
            check(grown < 48 * MIB, f"grew by {grown} bytes")
            waiting = [sender.waiting for sender in broken.senders]
            check(all(waiting), "a message is acknowledged while the disk does not answer")
            time.sleep(max(0.0, held + 1.1 - time.monotonic()))  # "slow" is over 1 s
            control.clear()
            broken.await_said(r"Z warn .*the disk is slow")
            wait_for("all answered", lambda: all(
                sender.waiting is not old for sender, old in zip(broken.senders, waiting)))
        check(broken.refused() == 0, "something was refused")
        check_no_faults(service.stop())
    broken.check_restart()


def send_without_end(service: Service) -> int:
    """Send a batch for as long as it is taken. Returns its length; the batch is
    cut off."""
    line = encode(("endless", 1)) + b"\n"
    chunk = b"%x\r\n%s\r\n" % (len(line) * 500, line * 500)
    with socket.create_connection(("127.0.0.1", service.port)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        connection.sendall(b"POST /messages HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
                           b"application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.settimeout(0.5)
        taken = 0
        try:
            while taken < 200 * MIB:
                connection.sendall(chunk)
                taken += len(chunk)
        except socket.timeout:
            pass
    return taken


# Stops


def stop_under_load(broken: Broken) -> None:
    """SIGTERM under load: what is answered is there, and nothing hangs"""
    for _ in range(5):
        with broken.start("small.service") as service:
            with broken.crowd(service) as crowd:
                crowd.await_acknowledged(200)
                check_no_faults(service.stop())
    broken.check_restart()


def stop_while_slow(broken: Broken) -> None:
    """SIGTERM while a sync takes long: what waits for it is answered"""
    with broken.start() as service:
        with broken.crowd(service) as crowd:
            crowd.await_acknowledged(200)
            broken.control.set("sync", "-wal", hold=True)
            broken.control.await_hits("sync")
            waiting = [sender.waiting for sender in broken.senders]
            service.process.terminate()
            wait_for("no new connections", lambda: not takes_connections(service))
            broken.control.clear()
            check(service.process.wait(PATIENCE) == 0, "the stop failed")
        answered = sum(sender.waiting is not old
                       for sender, old in zip(broken.senders, waiting) if old)
        check(answered > 0, "none of those that waited was answered")
    broken.check_restart()


def takes_connections(service: Service) -> bool:
    try:
        socket.create_connection(("127.0.0.1", service.port), 1).close()
    except OSError:
        return False
    return True


def stop_without_disk(broken: Broken) -> None:
    """SIGTERM while the disk never answers: it ends all the same"""
    with broken.start() as service:
        with broken.crowd(service) as crowd:
            crowd.await_acknowledged(200)
            broken.control.set("sync", "-wal", hold=True)
            broken.control.await_hits("sync")
            service.process.terminate()
            check(service.process.wait(PATIENCE) == 1, "status 0, but a commit was lost")
    broken.check_restart()


# Each call in turn


def starts(broken: Broken) -> None:
    """each call of a start fails in turn, with an old folder and a new one"""
    with broken.start("small.service") as service:
        with broken.crowd(service) as crowd:
            crowd.await_acknowledged(2000)
            service.kill()
    fails = tries = 0
    for old in (True, False):
        for call in disk.CALLS:
            for number in range(1000):
                tries += 1
                if not start_fails(broken, old, call, number):
                    break
                fails += 1
    check(fails > 20, f"only {fails} of {tries} starts had a fault")
    # The first two are of the folder itself, the third is of the log's name.
    broken.control.set("sync_folder", skip=2, times=1, error=errno.EIO)
    try:
        with broken.start("lunar.service", "-snapshot=off"):
            pass
    except Failure as failure:
        check("did not start" in str(failure), failure)
    else:
        raise Failure("a log is used that a power cut may take away")


def start_fails(broken: Broken, old: bool, call: str, number: int) -> bool:
    """Let the call with this number fail. Whether there is one."""
    kept = broken.work / "kept"
    if not kept.exists():
        shutil.copytree(broken.folder, kept)
    shutil.rmtree(broken.folder)
    if old:
        shutil.copytree(kept, broken.folder)
    else:
        broken.folder.mkdir(mode=0o700)
    broken.control.set(call, skip=number, times=1,
                       error=errno.ENOSPC if number % 2 and call == "write" else errno.EIO)
    try:
        # Without snapshots: a fault of theirs may end it, too, as it has to.
        with broken.start("lunar.service", "-snapshot=off") as service:
            if old:
                broken.check_state(service)
            check_no_faults(service.stop())
    except Failure as failure:
        if "did not start" not in str(failure):
            raise
        check(broken.said("^lunar.service: |" + ERROR) == 1, f"{call} {number}: not one error")
    hit = broken.control.hits(call) > 0
    broken.control.clear()
    with broken.start("small.service") as service:
        if old:
            broken.check_state(service)
        post(service, encode(("later", 1)), 202)
        check_no_faults(service.stop())
    return hit


def segments(broken: Broken) -> None:
    """calls fail while segments begin and checkpoints run, under load"""
    hit = set()
    for call in disk.CALLS:
        for number in range(2):
            broken.control.clear()
            with broken.start("small.service") as service:
                skip = number * (100 if call in ("write", "sync") else 1)
                name = "" if call == "sync_folder" else "journal-"
                broken.control.set(call, name, skip=skip, times=1, error=errno.EIO)
                with broken.crowd(service) as crowd:
                    # It goes on, or ends and says why.
                    crowd.await_acknowledged(2500, lambda: service.process.poll() is not None)
                # Not in the stop, which would rightly end with 1.
                broken.control.clear()
                if broken.control.hits(call):
                    hit.add(call)
                if service.process.poll() is None:
                    broken.check_state(service)
                    check_no_faults(service.stop())
                else:
                    check(service.process.poll() == 1, f"status {service.process.poll()}")
                    check(broken.said(ERROR) >= 1, "it does not say why it has ended")
            broken.check_restart()
    check(hit >= {"open", "write", "sync", "sync_folder", "rename"}, f"hit only {hit}")


def snapshots(broken: Broken) -> None:
    """each call of a snapshot fails in turn: messages go on, and so do snapshots"""
    for call, name, count in disk.SNAPSHOT_CALLS:
        for number in range(count if name.startswith("snapshot") or call == "unlink" else 0):
            broken.control.clear()
            with broken.start("small.service") as service:
                with broken.crowd(service) as crowd:
                    crowd.await_acknowledged(50)
                    broken.control.set(call, name, skip=number, times=1,
                                       error=errno.ENOSPC if number % 2 else errno.EIO)
                    broken.control.await_hits(call)
                    written = metric(service, WRITTEN)
                    wait_for("two more snapshots", lambda: metric(service, WRITTEN) >= written + 2)
                check(broken.refused() == 0, f"{call} {number}: {broken.refused()} refused")
                failed = metric(service, FAILED)
                check(failed <= 1, f"{call} {number}: {failed} snapshots have failed")
                check(broken.said(ERROR) <= 1, f"{call} {number}: not one error")
                health = get(service, "/health", 200).json()["store"]["snapshot"]
                check(health["problem"] is None, f"{call} {number}: {health}")
                broken.check_state(service)
                check_no_faults(service.stop())
            broken.check_restart()


def lasting(broken: Broken) -> None:
    """no snapshot can be written for a while: the one before stays, and it is told"""
    with broken.start("small.service") as service:
        with broken.crowd(service) as crowd:
            wait_for("a snapshot", lambda: metric(service, WRITTEN) > 0)
            broken.control.set("write", "snapshot.db.new", error=errno.ENOSPC)
            wait_for("a failure", lambda: metric(service, FAILED) > 0)
            kept = (broken.folder / "snapshot.db").read_bytes()
            crowd.await_acknowledged(1000)
            wait_for("another failure", lambda: metric(service, FAILED) > 1)
            check((broken.folder / "snapshot.db").read_bytes() == kept, "the old one is changed")
        check(broken.refused() == 0, f"{broken.refused()} refused")
        health = get(service, "/health", 200).json()["store"]["snapshot"]
        check(health["problem"] is not None, f"health does not say why: {health}")
        check(broken.said(ERROR) == 1, "the fault is not logged once")
        service.kill()  # with the old snapshot and a long journal
    broken.control.clear()
    with broken.start("small.service") as service:
        broken.check_state(service)
        broken.control.set("write", "snapshot.db.new", error=errno.ENOSPC)
        with broken.crowd(service):
            wait_for("a failure", lambda: metric(service, FAILED) > 0)
            broken.control.clear()
            broken.await_said("a snapshot could be written again")
        check_no_faults(service.stop())
    broken.check_restart()


def slow_snapshot(broken: Broken) -> None:
    """a snapshot whose sync takes long: messages go on, and a stop does not wait"""
    with broken.start("small.service") as service:
        with broken.crowd(service) as crowd:
            crowd.await_acknowledged(200)
            broken.control.set("sync", "snapshot.db.new", hold=True)
            broken.control.await_hits("sync")
            crowd.await_acknowledged(1000)
            get(service, "/rockets?limit=3", 200)
            get(service, "/health", 200)
        broken.control.clear()
        check_no_faults(service.stop())
    broken.check_restart()


def hanging_snapshot(broken: Broken) -> None:
    """a snapshot whose sync never returns: messages go on, and a stop ends"""
    with broken.start("small.service") as service:
        with broken.crowd(service) as crowd:
            crowd.await_acknowledged(200)
            broken.control.set("sync", "snapshot.db.new", hold=True)
            broken.control.await_hits("sync")
            crowd.await_acknowledged(500)
        service.process.terminate()
        check(service.process.wait(PATIENCE) == 1, "status 0, but the disk hangs")
        check(broken.said(ERROR + "the disk does not answer, but no sender waits") == 1,
              "it does not say why")
    broken.check_restart()


# The same with a real file system


def mount(folder: Path, size: str) -> bool:
    """Mount an empty file system there, if that is allowed."""
    options = ["-t", "tmpfs", "-o", f"size={size},mode=700", "none", str(folder)]
    if os.geteuid() == 0 and not subprocess.run(
            ["mount", *options], stderr=subprocess.DEVNULL, check=False).returncode:
        return True
    print("skipped, as no file system may be mounted here")
    return False


def fill(folder: Path) -> None:
    with open(folder / "ballast.new", "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass


def real_full(broken: Broken) -> None:
    """a file system that is full, to compare the library with"""
    if not mount(broken.folder, "4M"):
        return
    try:
        real = refuses(broken, lambda: fill(broken.folder),
                       lambda: (broken.folder / "ballast.new").unlink(), "full")
        broken.check_restart()
    finally:
        subprocess.run(["umount", str(broken.folder)], check=True)
    again = Broken(broken.build, Path(tempfile.mkdtemp(dir=broken.work)), broken.threads, 2)
    made = refuses(again, lambda: again.control.set("write", error=errno.ENOSPC),
                   again.control.clear, "full")
    check(real == made, f"the reasons differ: {real!r}, {made!r}")


def frees_itself(broken: Broken) -> None:
    """a file system that stays full: a snapshot makes room, in the room for it"""
    if not mount(broken.folder, "72M"):
        return
    try:
        with broken.start("lunar.service", "-snapshot=16M") as service:
            with broken.crowd(service) as crowd:
                crowd.await_acknowledged(20000)
                written = metric(service, WRITTEN)
                fill(broken.folder)
                broken.await_said(ERROR + ".*full")
                broken.await_said("can be written again")
                check(metric(service, WRITTEN) > written, "no snapshot was taken")
                crowd.await_acknowledged(1000)
            broken.check_state(service)
            check_no_faults(service.stop())
        broken.check_restart()
    finally:
        subprocess.run(["umount", str(broken.folder)], check=True)


CASES: dict[str, Callable[[Broken], None]] = {
    case.__name__: case for case in (
        full, io_error, short_writes, sync, slow, stop_under_load, stop_while_slow,
        stop_without_disk, starts, segments, snapshots, lasting, slow_snapshot,
        hanging_snapshot, real_full, frees_itself)}

# These depend little on the threads, and take long.
ONCE = {"starts", "snapshots", "lasting", "slow_snapshot", "hanging_snapshot", "real_full",
        "frees_itself"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/durability/faults.py")
    parser.add_argument("build", type=Path)
    parser.add_argument("--only", default=",".join(CASES))
    parser.add_argument("--seed", type=int, default=1)
    flags = parser.parse_args()
    if not set(flags.only.split(",")) <= set(CASES):
        parser.error(f"--only: the cases are {', '.join(CASES)}")
    failed = False
    for name in flags.only.split(","):
        for threads in THREADS if name not in ONCE else THREADS[:1]:
            begun = time.monotonic()
            with tempfile.TemporaryDirectory(prefix="lunar-faults-") as work:
                broken = Broken(flags.build, Path(work), threads, flags.seed)
                try:
                    CASES[name](broken)
                    print(f"{name}, {threads}: passed in {time.monotonic() - begun:.1f} s", flush=True)
                except Failure as failure:
                    failed = True
                    said = broken.log.read_text(errors="replace")[-1500:]
                    print(f"{name}, {threads}: FAILED: {failure}\n{said}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
