# SPDX-License-Identifier: Apache-2.0
"""Loads of valid messages: fleets of `rockets`, batches, gaps, and a probe.

`rockets --verify` checks all message types. The messages made here add 1 to
the speed of their rocket, so that the number of applied messages and the
highest number are the complete state, in whatever order they arrived.
"""

import re
import subprocess
import time
from statistics import quantiles
from typing import Any, Optional, Sequence
from urllib.parse import quote

from client import JSON, NDJSON, Failure, head_of
from load import Load, say
from service import die_with_parent

Json = dict[str, Any]

# The fleets that fly at the same time, and their flags beside --verify.
FLEETS = {
    "connections": "",
    "shuffled": "--shuffle=500 --duplicates=0.2 --keep-alive --concurrency-level=8",
    "no-launch": "--drop-launch --shuffle=50 --keep-alive",
    "crowd": "--rockets=1 --duplicates=0.3 --keep-alive --concurrency-level=16",
}
BATCH = 1000  # messages
HELD = 100  # of them, which come in the next batch
GAPS = 20000  # the service keeps 16,384
MAX_NUMBER = 2**53 - 1
TIME = "2025-04-02T09:21:50+02:00"


def launch(load: Load, seed: int, messages: int, flags: str) -> int:
    """Run `rockets launch --verify`. Returns the number of rockets. Different
    seeds give different rockets."""
    command = [str(load.flags.build / "rockets"), "launch",
               f"http://127.0.0.1:{load.port}/messages", "--verify",
               f"--seed={seed}", f"--max-messages={messages}", *flags.split()]
    for _ in range(10):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=300, text=True, preexec_fn=die_with_parent)
        if "can't read" not in done.stdout:
            break
        load.count("retries")  # a flood cost the response; repeats change nothing
    found = re.search(r"^delivered +([0-9,]+) messages?.*^verified +([0-9,]+) rockets?: "
                      "no difference", done.stdout, re.DOTALL | re.MULTILINE)
    if done.returncode != 0 or not found:
        raise Failure(f"{' '.join(command)}: status {done.returncode}\n{done.stdout}")
    delivered, rockets = (int(number.replace(",", "")) for number in found.groups())
    load.count("messages", delivered)
    load.count("requests", delivered + rockets)
    return rockets


def fly(load: Load) -> None:
    """`rockets launch --verify`, each time with new rockets, or all messages
    of an earlier time again, which must change nothing"""
    flags = FLEETS[load.name]
    messages = 3000 if load.flags.sanitized or load.flags.seconds < 300 else 20000
    first = load.flags.seed * 10**7 + (1 + list(FLEETS).index(load.name)) * 10**6
    rounds = 0
    while load.running():
        if rounds > 0 and load.random.random() < 0.25:
            launch(load, load.random.randrange(first, first + rounds), messages, flags)
        else:
            load.count("rockets", launch(load, first + rounds, messages, flags))
            rounds += 1
    launch(load, first, messages, flags)


class Rocket:
    """A rocket and its expected state."""

    def __init__(self, load: Load, index: int):
        load.count("rockets")
        self.channel = f"{load.name}/{index} %41+?#é"
        self.target = "/rockets/" + quote(self.channel, safe="")
        self.applied = 0
        self.last = 0
        self.revision = (0, 0)  # when it was checked, and how many were applied

    def message(self, number: int) -> bytes:
        return (f'{{"metadata":{{"channel":"{self.channel}","messageNumber":{number},'
                f'"messageTime":"{TIME}","messageType":"RocketSpeedIncreased"}},'
                '"message":{"by":1}}').encode()

    def record(self, number: int, applied: int = 1) -> None:
        """So many more messages were applied; none is above `number`."""
        self.applied += applied
        self.last = max(self.last, number)

    def _risen(self, shown: Json) -> int:
        """Its revision. It counts the changes of all rockets, so it has risen by
        those of this one at least, or that much is expected."""
        revision, applied = self.revision
        least = revision + self.applied - applied
        self.revision = max(least, int(shown["revision"])), self.applied
        return self.revision[0]

    def check(self, load: Load) -> None:
        expected = {"id": self.channel, "type": None, "speed": self.applied,
                    "mission": None, "status": "active", "reason": None,
                    "createdAt": None, "updatedAt": TIME,
                    "lastMessageNumber": self.last,
                    "missingMessages": self.last - self.applied}
        shown = load.ask("GET", self.target, 200).json()
        expected["revision"] = self._risen(shown)
        if shown != expected:
            raise Failure(f"expected {expected}, got {shown}")

    def post(self, load: Load, number: int, *allowed: str) -> None:
        """Post one message; the result must be an `allowed` one."""
        body = self.message(number)
        before = load.client.retries
        answer = load.client.ask("POST", "/messages", body, JSON)
        if load.client.retries > before:
            allowed += ("duplicate",)
        receipt = load.check(answer, str(body), 202).json()
        expected = {"channel": self.channel, "messageNumber": number,
                    "processed": receipt["result"] == "applied",
                    "result": receipt["result"]}
        if receipt["result"] not in allowed or receipt != expected:
            raise Failure(f"{body!r}: expected {allowed}, got {receipt}")
        load.count("messages")
        self.record(number)


def post_batch(load: Load, lines: list[bytes], applied: Optional[int] = None,
               bad: Sequence[int] = ()) -> Optional[int]:
    """Post these lines, of which those with numbers `bad` are invalid. Returns
    how many were applied, which must be `applied` if that is given. If the batch
    was sent again it is not known: lines of the first try are duplicates."""
    before = load.client.retries
    answer = load.client.exchange(_batch_request(load, b"\n".join(lines)))
    again = load.client.retries > before
    receipt = load.check(answer, "a batch", 202).json()
    results = [receipt[name] for name in ("applied", "duplicate", "stale")]
    load.count("messages", sum(results))
    if applied not in (None, results[0]) and not again or \
            sum(results) != len(lines) - len(bad) or receipt["rejected"] != len(bad) \
            or [error["line"] for error in receipt["errors"]] != list(bad[:100]):
        raise Failure(f"a batch of {len(lines)} lines: expected {applied} applied "
                      f"and lines {bad} rejected, got {receipt}")
    return applied if again else results[0]


def _batch_request(load: Load, body: bytes) -> bytes:
    """A batch with its length, or in chunks that end anywhere."""
    if load.random.random() < 0.5:
        return head_of("POST", "/messages", body, NDJSON) + body
    parts = [b"POST /messages HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
             b"application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"]
    while body:
        part = body[:1 + int(load.random.random() ** 3 * 100000)]
        parts.append(b"%x\r\n%s\r\n" % (len(part), part))
        body = body[len(part):]
    return b"".join(parts) + b"0\r\n\r\n"


def batches(load: Load) -> None:
    """batches in chunks that end anywhere, of messages that are late, out of
    order and repeated, with invalid lines between them"""
    random = load.random
    fleet = [Rocket(load, index) for index in range(200)]
    held: list[tuple[Rocket, int]] = []
    old: list[tuple[Rocket, int]] = []
    made, running = 0, True
    while running:
        running = load.running()
        fresh = held + [(fleet[i % 200], 1 + i // 200) for i in range(made, made + BATCH)]
        made += BATCH
        random.shuffle(fresh)
        keep = HELD if running else 0
        held, fresh = fresh[:keep], fresh[keep:]
        lines = [rocket.message(number) for rocket, number in fresh + old]
        random.shuffle(lines)
        bad = sorted(random.sample(range(1, len(lines)), random.choice([0, 3, 120])))
        for number in bad:
            lines.insert(number - 1, lines[number][:-1 - number % 40])
        post_batch(load, lines, len(fresh), bad)
        for rocket, number in fresh:
            rocket.record(number)
        old = random.sample(fresh, 50)
        fresh[0][0].check(load)
    for rocket in fleet:
        rocket.check(load)


def gaps(load: Load) -> None:
    """more gaps than are kept, upwards, downwards and shuffled; then late
    messages, many of gaps that were given up"""
    random = load.random
    fleet = [Rocket(load, index) for index in range(4)]
    for index, rocket in enumerate(fleet):
        rocket.post(load, MAX_NUMBER if index == 0 else 2**40, "applied")
    high = low = 2**40
    turns = fleet.copy()  # at first each once, so that memory grows no more
    while load.running():
        rocket = turns.pop() if turns else random.choice(fleet)
        high += random.randrange(2, 2**30)
        numbers = random.choice([range(high, high + 2 * GAPS - 2, 2),
                                 range(low - 2, low - 2 * GAPS, -2)])
        high, low = max(high, numbers[-1]), min(low, numbers[-1])
        late = random.choices(range(min(numbers), max(numbers)), k=200)
        for part in (random.choice([numbers, random.sample(numbers, GAPS - 1)]), late):
            applied = post_batch(load, [rocket.message(number) for number in part])
            rocket.record(0 if part is late else max(part), applied or 0)
            if applied is None:
                shown = load.ask("GET", rocket.target, 200).json()
                rocket.applied = rocket.last - int(shown["missingMessages"])
        rocket.check(load)


def probe(load: Load) -> None:
    """fifty messages a second over one connection; their latency is reported"""
    rocket = Rocket(load, 0)
    latencies = []
    due = time.monotonic()
    while load.running():
        begun = time.monotonic()
        rocket.post(load, rocket.last + 1, "applied")
        latencies.append((time.monotonic() - begun) * 1000)
        due = max(due + 0.02, begun)
        load.pause(due - time.monotonic())
    rocket.check(load)
    cuts = quantiles(latencies, n=100)
    say(f"latency of {len(latencies):,} messages: p50 {cuts[49]:.1f} ms, p99 "
        f"{cuts[98]:.1f} ms, max {max(latencies):.1f} ms")
