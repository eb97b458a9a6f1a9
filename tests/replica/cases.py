#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Topics that are not as they should be, and instances that cannot go on: each
must say why and what to do, and never show something else than the others.

usage: tests/replica/cases.py BUILD [--seed=N] [--only=NAME,...]
  BUILD       folder of the programs
  --seed=N    of messages; default 1
  --only=...  names of cases: the functions below without case_

Exit status: 0 all as it should be; 1 not; 2 invalid command line; 77 Kafka could
not be fetched.

Example: tests/replica/cases.py build/debug --only=garbage
"""

import sys

sys.dont_write_bytecode = True

import argparse
import json
import shutil
import signal
import re
import subprocess
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any, Callable, Optional

ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "tests" / "lib"), str(ROOT / "tests" / "durability")]

from agreement import Agreement
from brokers import Brokers, Topic
from client import JSON, NDJSON, Failure
from disk import wait_for
from instances import Instance, Load, Poster, finish, kill_all, rockets_of, start_all
from traffic import encode

MAX_RUNS = 16384  # of numbers that a rocket keeps apart
MANY_RECORDS = 110000  # that are not replayed if a peer has a snapshot


class Scene:
    """A topic of its own, three instances that do not run yet, and a fold."""

    def __init__(self, build: Path, work: Path, brokers: Brokers, name: str, seed: int):
        self.build, self.work, self.brokers = build, work / name, brokers
        self.work.mkdir()
        self.random = Random(f"{seed}/{name}")
        self.topic = Topic(brokers, name).create(min_insync_replicas=2)
        self.instances = [self.instance(f"instance-{number}") for number in range(1, 4)]
        self.fold = Instance(build, self.work, "fold", None)
        self.agreement = Agreement(self.topic, self.instances, self.fold, self.work)
        self.others: list[Instance] = []
        self.seed = seed

    def instance(self, name: str, *flags: str) -> Instance:
        return Instance(self.build, self.work, name, self.topic, *flags)

    def extra(self, name: str, *flags: str) -> Instance:
        """One more, which the scene ends."""
        self.others.append(self.instance(name, *flags))
        return self.others[-1]

    def close(self) -> None:
        for instance in [*self.instances, *self.others, self.fold]:
            instance.kill()

    def start(self) -> None:
        start_all(self.instances)
        self.fold.start()

    def post(self, instance: Instance, channel: str, numbers: list[int]) -> int:
        """Returns the position."""
        body = b"\n".join(encode((channel, number)) for number in numbers)
        answer = instance.ask("/messages", "", "POST", body, NDJSON)
        if answer.status != 202:
            raise Failure(f"{instance.name}: a batch gets {answer.status} {answer.body[:300]!r}")
        return int(answer.fields["lunar-position"])

    def load(self, requests: int = 200) -> None:
        """Post to all, until that is acknowledged, and compare."""
        posters = [Poster(f"{self.topic.end()}-{index}", self.seed, self.instances)
                   for index in range(3)]
        with Load(posters) as load:
            load.await_more(requests)
        finish(posters)
        self.agreement.check(posters, None)

    def agree(self) -> None:
        self.agreement.check([], None)


def expect_text(text: str, *parts: str) -> None:
    for part in parts:
        if part.lower() not in text.lower():
            raise Failure(f"no {part!r} in: {text}")


def expect_end(instance: Instance, *parts: str) -> None:
    """Its start ends with status 1 and a sentence that has these parts."""
    status, text = instance.run()
    if status != 1:
        raise Failure(f"{instance.name}: status {status} instead of 1: {text}")
    expect_text(text, *parts)


def expect_halted(instance: Instance, *parts: str) -> None:
    """It has halted for this reason: it still shows what it has, and takes no
    more."""
    expect_text(instance.await_halt(), *parts)
    for target, status in [("/health/ready", 503), ("/health/ready?for=ingest", 503),
                           ("/rockets", 200)]:
        if (got := instance.ask(target).status) != status:
            raise Failure(f"{instance.name} has halted, but {target} is {got}")
    answer = instance.ask("/messages", "", "POST", encode(("halted", 1)), JSON)
    if answer.status != 503 or b"perhaps" in answer.body:
        raise Failure(f"{instance.name} has halted, but a POST gets {answer.status} {answer.body!r}")


def case_empty(scene: Scene) -> None:
    """Three instances at once on a topic without records: one history."""
    scene.start()
    scene.load()
    first = next(scene.topic.records(0, 1))
    if first.key is not None or b'"history"' not in (first.value or b""):
        raise Failure(f"the first record is {first}")
    histories = [record for record in scene.topic.records()
                 if record.key is None and b'"history"' in (record.value or b"")]
    print(f"  {len(histories)} histories written, the first counts")


def case_metrics(scene: Scene) -> None:
    """Each family of a topic has a row in docs/metrics.md, and each row a family."""
    scene.start()
    scene.load(30)
    document = (Path(__file__).parents[2] / "docs/metrics.md").read_text()
    rows = set(re.findall(r"^\| `(lunar_replica_\w+)` \| (\w+) \|", document, re.MULTILINE))
    text = scene.instances[0].ask("/metrics").body.decode()
    families = set(re.findall(r"^# TYPE (lunar_replica_\w+) (\w+)$", text, re.MULTILINE))
    if not families or rows != families:
        raise Failure(f"only in docs/metrics.md or in /metrics: {sorted(rows ^ families)}")


def case_garbage(scene: Scene) -> None:
    """Records of others: what is no message is skipped, counted and shown, and
    messages in other JSON count."""
    scene.start()
    scene.load(30)
    message = encode(("g/1", 1))
    spaced = json.dumps(json.loads(encode(("g/2", 1))), indent=None, separators=(" , ", " : "))
    bad: list[tuple[Optional[bytes], Optional[bytes], str]] = [
        (b"g/1", b"garbage", "invalid"), (b"g/1", b"", "invalid"), (None, b"\x00\xff", "invalid"),
        (None, message, "invalid"), (b"g/1", message[:-1], "invalid"), (b"g/1", b"[" * 5000, "invalid"),
        (b"g/9", message, "key"), (b"", message, "key"), (b"g/1\x00", message, "key"),
        (b"g/1", None, "tombstone"), (b"", None, "tombstone")]
    ignored: list[tuple[Optional[bytes], Optional[bytes]]] = [
        (None, b'{"lunar":{"probe":"00"}}'), (None, b'{"lunar":{"history":"0123456789abcdef","rules":1}}'),
        (None, b'{"lunar":{"rules":1}}')]
    before = [instance.replica()["skipped"] for instance in scene.instances]
    records = [(key, value) for key, value, _ in bad] + ignored
    scene.random.shuffle(records)
    offsets = scene.topic.produce(records + [(b"g/1", message), (b"g/2", spaced.encode())])
    end = offsets[-1]
    for instance, old in zip(scene.instances, before):
        rockets = rockets_of(instance.ask_at("/rockets", end))
        if not {"g/1", "g/2"} <= rockets.keys() or "g/9" in rockets:
            raise Failure(f"{instance.name}: {sorted(rockets)}")
        replica = instance.replica()
        counts = {reason: count - old.get(reason, 0) for reason, count in replica["skipped"].items()}
        expected = {reason: sum(1 for _, _, why in bad if why == reason)
                    for reason in ("invalid", "key", "tombstone")}
        if counts != expected:
            raise Failure(f"{instance.name}: skipped {counts}, expected {expected}")
        if replica["lastSkipped"]["offset"] not in offsets:
            raise Failure(f"{instance.name}: {replica['lastSkipped']}")
    kill_all(scene.instances)
    start_all(scene.instances)
    scene.load(30)


def case_rules(scene: Scene) -> None:
    """A record that names newer rules stops instances there, running or not."""
    scene.start()
    scene.load(30)
    scene.topic.produce([(None, b'{"lunar":{"rules":2}}'), (b"after", encode(("after", 1)))])
    for instance in scene.instances:
        expect_halted(instance, scene.topic.name, "rules")
        if "after" in rockets_of(instance.ask("/rockets")):
            raise Failure(f"{instance.name} has applied a record behind newer rules")
    kill_all(scene.instances)
    expect_end(scene.instances[0], scene.topic.name, "rules")


def case_partition(scene: Scene) -> None:
    """A second partition: its records would have no place in the order."""
    scene.start()
    scene.load(30)
    scene.topic.run("grow", 2)
    for instance in scene.instances:
        expect_halted(instance, scene.topic.name, "partition")
    kill_all(scene.instances)
    expect_end(scene.instances[0], scene.topic.name, "partition")


def case_recreated(scene: Scene) -> None:
    """A topic that was deleted and made again is another one, even if it is longer
    than the old one."""
    scene.start()
    scene.load(30)
    scene.instances[2].export(scene.topic.end() - 1, scene.work)  # so it has a snapshot
    scene.instances[2].kill()
    scene.topic.delete()
    time.sleep(1)
    scene.topic.create()
    for instance in scene.instances[:2]:
        expect_halted(instance, scene.topic.name)
    expect_end(scene.instances[2], scene.topic.name)
    kill_all(scene.instances[:2])
    fresh = scene.extra("fresh").start()
    for begin in range(1, 4000, 1000):
        scene.post(fresh, "new", list(range(begin, begin + 1000)))
    expect_end(scene.instances[2], scene.topic.name)


def case_foreign(scene: Scene) -> None:
    """A topic of something else is refused."""
    scene.topic.produce([(b"key", b"value")])
    expect_end(scene.instances[0], "offset 0", scene.topic.name, "-create-topic")


def case_transaction(scene: Scene) -> None:
    """Others write in transactions, which all instances apply as they come: also
    at a start, behind the mark of one that was aborted, and while one is open."""
    start_all(scene.instances)
    first = scene.instances[0]
    for how in ("abort", "open"):
        scene.post(first, "before", list(range(1, 50)))
        scene.topic.transact(how, [(how.encode(), encode((how, 1)))])
        if how == "open":
            first.export(scene.post(first, "behind", list(range(1, 50))), scene.work)
        first.kill()
        first.start()
        scene.instances.append(scene.instance(f"new-{how}").start())
        position = scene.post(first, f"after-{how}", [1])
        exports = {instance.export(position, scene.work) for instance in scene.instances}
        if len(exports) != 1:
            raise Failure(f"at {position} the instances differ: see {scene.work}")
        for instance in scene.instances:
            if (got := instance.ask(f"/rockets/{how}").status) != 200:
                raise Failure(f"{instance.name}: the rocket {how} is {got}")


def case_settings(scene: Scene) -> None:
    """A topic that loses messages by its settings some day: an instance says so."""
    for name, value in [("retention.ms", 1000000000), ("min.insync.replicas", 1)]:
        topic = Topic(scene.brokers, f"settings-{value}")
        topic.create(**{"retention_ms": -1, name.replace(".", "_"): value})
        instance = scene.instance(topic.name)
        instance.topic = topic
        scene.others.append(instance.start())
        wait_for(f"a warning about {name}",
                 lambda: f"has {name}={value}" in instance.log.read_text())


def case_trimmed(scene: Scene) -> None:
    """Records below a snapshot are deleted: an instance that needs them says so,
    and starts with a snapshot of a peer."""
    scene.start()
    scene.load(100)
    old, *others = scene.instances
    old.export(scene.topic.end() - 1, scene.work)
    old.kill()
    position = scene.post(others[0], "later", list(range(1, 2000)))
    others[0].export(position, scene.work)
    scene.instances.remove(old)
    scene.agree()  # folds the records that will be gone
    scene.instances.append(old)
    scene.topic.run("trim", position)
    expect_end(old, scene.topic.name, "-peer")
    fresh = scene.extra("fresh")
    expect_end(fresh, scene.topic.name, "-peer")
    gone = "http://127.0.0.1:9"
    old.start(f"-peer={gone},{others[0].url}")
    fresh.start(f"-peer={others[0].url}")
    scene.instances.append(fresh)
    scene.others.remove(fresh)
    scene.load(100)


def case_peer(scene: Scene) -> None:
    """A new instance takes a snapshot of a peer where nothing is deleted, too, and
    replays where no peer answers."""
    scene.start()
    scene.load(100)
    for begin in range(1, MANY_RECORDS, 10000):
        scene.post(scene.instances[begin // 10000 % 3], "many", list(range(begin, begin + 10000)))
    scene.agree()
    for name, peer in [("fresh", scene.instances[0].url), ("alone", "http://127.0.0.1:9")]:
        scene.instances.append(scene.instance(name).start(f"-peer={peer}"))
    if not (scene.work / "fresh" / "snapshot.db").exists():
        raise Failure(f"it has no snapshot of the peer: {scene.instances[3].log.read_text()}")
    scene.load(30)


def make_certificates(work: Path) -> None:
    """An authority, ca.pem, and a certificate of it for 127.0.0.1, cert.pem."""
    new = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    (work / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    for command in (
            [*new, "-x509", "-days", "2", "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.pem"],
            [*new, "-subj", "/CN=lunar", "-keyout", "key.pem", "-out", "request.pem"],
            ["openssl", "x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key",
             "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "cert.pem"]):
        subprocess.run(command, cwd=work, check=True, capture_output=True)
    (work / "key.pem").chmod(0o600)


def make_token(scene: Scene, name: str, scopes: str) -> str:
    """Add a token to the file tokens. Returns the flag that sends it to peers."""
    done = subprocess.run([str(scene.build / "lunar.service"), "-new-token", name, scopes],
                          check=True, capture_output=True, text=True)
    token, line = done.stdout.splitlines()
    for file, text in (("tokens", line), (name, token)):
        with open(scene.work / file, "a", encoding="ascii") as out:
            out.write(text + "\n")
        (scene.work / file).chmod(0o600)
    return f"-peer-token={scene.work / name}"


def case_secure(scene: Scene) -> None:
    """A new instance gets its snapshot of a peer that wants a token, by TLS; without
    the token, its scope or the authority it says what is missing."""
    make_certificates(scene.work)
    admin, reader = make_token(scene, "admin", "admin"), make_token(scene, "reader", "read")
    secure = scene.extra("secure", f"-tokens={scene.work / 'tokens'}",
                         f"-tls-cert={scene.work / 'cert.pem'}",
                         f"-tls-key={scene.work / 'key.pem'}")
    authority = f"-ca-file={scene.work / 'ca.pem'}"
    peer = f"-peer=https://127.0.0.1:{secure.port}"
    check = [str(scene.build / "lunar.service"), authority,
             f"-check-health=https://127.0.0.1:{secure.port}/health/ready"]
    scene.start()
    scene.load(100)
    secure.start(ready=False)
    wait_for("the secure instance is ready", lambda: subprocess.run(
        check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0)
    position = scene.post(scene.instances[0], "later", list(range(1, 2000)))
    scene.instances[0].export(position, scene.work)
    scene.agree()  # folds the records that will be gone
    scene.topic.run("trim", position)
    fresh = scene.extra("fresh", peer)
    for flags, parts in (([], ("authority", "-ca-file")),
                         ([authority], ("answers 401", "-peer-token")),
                         ([authority, reader], ("answers 403", "scope admin"))):
        fresh.flags = [peer, *flags]
        expect_end(fresh, *parts)
    fresh.flags = [peer]
    fresh.start(authority, admin)
    if b'"later"' not in fresh.ask_at("/rockets/later", position).body:
        raise Failure("the rocket of the snapshot is missing")
    expect_text(fresh.log.read_text(), "got the snapshot of https://127.0.0.1:")


def case_memory(scene: Scene) -> None:
    """One instance has no memory for more rockets: it halts, and the others go
    on. With more it continues."""
    small = scene.instances[0]
    small.flags.append("-max-memory=1M")
    scene.start()
    number = 0
    while not small.replica().get("halted"):
        body = b"\n".join(encode((f"m/{number}/{index}", 1)) for index in range(1000))
        answer = scene.instances[1].ask("/messages", "", "POST", body, NDJSON)
        if answer.status != 202:
            raise Failure(f"a batch gets {answer.status} {answer.body[:300]!r}")
        number += 1
        if number > 500:
            raise Failure("it takes more than fits")
    expect_halted(small, "-max-memory")
    position = scene.post(scene.instances[1], "more", [1])
    scene.instances[2].ask_at("/rockets/more", position)
    small.kill()
    small.flags.clear()
    small.start()
    scene.load(30)


def case_numbering(scene: Scene) -> None:
    """More gaps than a rocket may have, through all instances, which start again
    from snapshots in the middle: what is given up depends on the order."""
    scene.start()
    numbers = list(range(2, 2 * (MAX_RUNS + 3000), 2))
    scene.random.shuffle(numbers)
    parts = [numbers[at:at + 1500] for at in range(0, len(numbers), 1500)]
    for index, part in enumerate(parts):
        position = scene.post(scene.instances[index % 3], "hostile", part)
        if index % 4 == 3:
            victim = scene.instances[index // 4 % 3]
            if index % 8 == 3:
                victim.export(position, scene.work)
            victim.kill()
            victim.start()
    late = scene.random.sample(range(1, 2 * MAX_RUNS, 2), 2000)
    scene.post(scene.instances[0], "hostile", late)
    scene.agree()


def case_times(scene: Scene) -> None:
    """How long acknowledgements are missing: measured, not tested."""
    scene.start()
    posters = [Poster(f"t-{index}", scene.seed, scene.instances, singles=1) for index in range(3)]
    for name, how, seconds in [("killed", signal.SIGKILL, 8), ("hung", signal.SIGSTOP, 14)]:
        with Load(posters) as load:
            load.await_more(100)
            leader = scene.topic.leader()
            for poster in posters:
                poster.longest_silence = 0
            scene.brokers.signal(how, leader)
            time.sleep(seconds)
            load.await_more(100)
        silence = max(poster.longest_silence for poster in posters)
        if how == signal.SIGSTOP:
            scene.brokers.signal(signal.SIGCONT, leader)
        else:
            scene.brokers.start(leader)
        scene.topic.await_in_sync()
        for instance in scene.instances:
            instance.await_ready()
        print(f"  leader {name}: acknowledgements are back after {silence:.1f} s")
    finish(posters)
    scene.brokers.signal(signal.SIGKILL, *scene.brokers.numbers)
    for what in ("no broker", "no broker, again"):
        begun = time.monotonic()
        status = scene.instances[0].ask("/messages", "", "POST", encode(("t", 1)), JSON).status
        print(f"  {what}: {status} after {time.monotonic() - begun:.3f} s")
    scene.brokers.start(*scene.brokers.numbers)
    scene.topic.await_in_sync()
    for instance in scene.instances:
        instance.await_ready()
    scene.agreement.check(posters, None)


CASES: dict[str, Callable[[Scene], None]] = {
    name[5:]: case for name, case in list(globals().items()) if name.startswith("case_")}


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/replica/cases.py")
    parser.add_argument("build", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default=",".join(CASES))
    flags = parser.parse_args()
    names: list[str] = flags.only.split(",")
    if unknown := [name for name in names if name not in CASES]:
        parser.error(f"no case {unknown[0]}")
    failed = []
    work = Path(tempfile.mkdtemp(prefix="lunar-replica-"))
    try:
        with Brokers(flags.build, work) as brokers:
            for name in names:
                begun = time.monotonic()
                scene = Scene(flags.build, work, brokers, name, flags.seed)
                try:
                    CASES[name](scene)
                    print(f"{name}: passed, {time.monotonic() - begun:.0f} s", flush=True)
                except Failure as failure:
                    failed.append(name)
                    print(f"{name}: FAILED: {failure}", flush=True)
                finally:
                    scene.close()
    finally:
        shutil.rmtree(work)
    print(f"failed: {', '.join(failed)}" if failed else f"{len(names)} cases passed")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(failure)
        sys.exit(1)
