# SPDX-License-Identifier: Apache-2.0
"""The disk below a program, for tests: rules that make its calls fail while it
runs, the record of what it did, and what the disk may hold after a power cut.

disk.h has the other side, with the same layouts.
"""

import errno
import mmap
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Callable, Iterator, NamedTuple

from client import PATIENCE, Failure

# disk.h: enum disk_call, struct disk_rule
CALLS = ["open", "write", "truncate", "sync", "sync_folder", "rename", "unlink"]
RULE = struct.Struct("=32s6I")
FIELDS = {name: 32 + 4 * index for index, name in
          enumerate(["skip", "times", "hold", "error", "length", "hits"])}
ALWAYS = 2**32 - 1
RECORD = struct.Struct("=cQQI")

SECTOR = 512  # bytes, which a disk writes all or not at all


# The calls of snapshots, in their order: the kind, a part of the file's name, and
# how many of them in turn.
SNAPSHOT_CALLS = [
    ("open", "journal-", 3),  # a segment begins
    ("write", "journal-", 3),
    ("rename", "journal-", 1),
    ("open", "snapshot.db.new", 2),
    ("write", "snapshot.db.new", 4),
    ("sync", "snapshot.db.new", 2),
    ("rename", "snapshot.db.new", 1),
    ("unlink", "journal-", 3),  # segments that it holds, and their logs
    ("truncate", "snapshot.db.new", 3),  # also the room for the next one
]


class Control:
    """The rules for a program that runs with the library preloaded."""

    def __init__(self, path: Path):
        self.path = path
        path.write_bytes(bytes(RULE.size * len(CALLS)))
        with open(path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)

    def set(self, call: str, name: str = "", skip: int = 0, times: int = ALWAYS,
            error: int = 0, length: int = 0, hold: bool = False) -> None:
        """Hit calls of this kind for files whose name contains `name`: after
        `skip` of them so many `times`. See disk.h."""
        self.clear(call)
        at = CALLS.index(call) * RULE.size
        RULE.pack_into(self._map, at, name.encode(), skip, 0, int(hold), error, length, 0)
        self._put(call, "times", times)  # last, as it starts the rule

    def clear(self, *calls: str) -> None:
        """Hit no calls of these kinds any more, and let go those that are held;
        without arguments, of all kinds."""
        for call in calls or CALLS:
            self._put(call, "times", 0)
            self._put(call, "hold", 0)

    def hits(self, call: str) -> int:
        """The calls that the rule has hit, with those that are held."""
        return int(struct.unpack_from("=I", self._map, self._at(call, "hits"))[0])

    def await_hits(self, call: str, count: int = 1) -> None:
        wait_for(f"{count} calls of {call} hit", lambda: self.hits(call) >= count)

    def _at(self, call: str, name: str) -> int:
        return CALLS.index(call) * RULE.size + FIELDS[name]

    def _put(self, call: str, name: str, value: int) -> None:
        struct.pack_into("=I", self._map, self._at(call, name), value)


def wait_for(what: str, is_true: Callable[[], bool]) -> None:
    """Wait until it is true."""
    ends = time.monotonic() + PATIENCE
    while not is_true():
        if time.monotonic() > ends:
            raise Failure(f"not within {PATIENCE:.0f} s: {what}")
        time.sleep(0.002)


class Record(NamedTuple):
    """struct disk_record."""

    kind: str
    file: int
    offset: int
    data: bytes


def read_trace(path: Path) -> Iterator[Record]:
    data = path.read_bytes()
    at = 0
    while at < len(data):
        kind, file, offset, length = RECORD.unpack_from(data, at)
        at += RECORD.size + length
        yield Record(kind.decode(), file, offset, data[at - length:at])


# (offset, bytes), or (size, None) for a new size
Change = tuple[int, bytes | None]


@dataclass
class File:
    """The bytes that are durable, and the changes that are not yet."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[Change] = field(default_factory=list)
    seen: bytearray = field(default_factory=bytearray)  # what programs read


Names = dict[str, File]


class Disk:
    """A folder: what it must hold after a power cut, and what it may hold.

    `ext4`: a sync of a file takes its creation along, and all changes of names
    before that, as in ext4, XFS and btrfs. POSIX does not promise it: only a
    sync of the folder makes names durable.
    """

    def __init__(self, folder: Path, ext4: bool):
        """The files in the folder are durable."""
        self.ext4 = ext4
        self.names: Names = {}  # durable
        self.changes: list[tuple[str, str, File | None]] = []  # of names, pending
        self._files: dict[int, File] = {}  # by inode
        self._begun: dict[int, list[Change] | int] = {}
        for path in folder.iterdir():
            file = File(bytearray(path.read_bytes()))
            file.seen += file.durable
            self.names[path.name] = file

    def feed(self, record: Record) -> None:
        """What the program does next."""
        kind, inode, offset, data = record
        if kind == "c":
            self._files[inode] = File()  # the inode may have been another's
            self.changes.append(("make", data.decode(), self._files[inode]))
        elif kind == "o" and inode not in self._files:  # there from the start
            self._files[inode] = rename(self.names, self.changes)[data.decode()]
        elif kind in "wt":
            made = (offset, data if kind == "w" else None)
            self._files[inode].pending.append(made)
            change(self._files[inode].seen, [made])
        elif kind == "b":
            self._begun[offset] = list(self._files[inode].pending)
        elif kind == "B":
            self._begun[offset] = len(self.changes)
        elif kind == "r":
            old, new = data.decode().split("\0")
            self.changes.append((old, new, None))
        elif kind == "u":
            self.changes.append((data.decode(), "", None))
        elif kind in "sSx":
            self._end_sync(kind, inode, self._begun.pop(offset))

    def _end_sync(self, kind: str, inode: int,
                  begun: list[Change] | int) -> None:
        if isinstance(begun, int):
            if kind == "S":
                self._keep_names(begun)
            return
        file = self._files[inode]
        if kind == "s":
            change(file.durable, begun)
            made = [number for number, (old, _, other) in enumerate(self.changes)
                    if old == "make" and other is file]
            if self.ext4 and made:
                self._keep_names(made[-1] + 1)
        # After an error Linux takes the pages for written, and tells nobody
        # again: so they are never written.
        kept = set(map(id, begun))
        file.pending = [part for part in file.pending if id(part) not in kept]

    def _keep_names(self, count: int) -> None:
        self.names = rename(self.names, self.changes[:count])
        del self.changes[:count]

    def write(self, folder: Path, how: str, random: Random) -> None:
        """Write the folder as it may be after a cut now. `how`: "none" of what
        is pending is there, "all" of it, a "torn" part, or all but names of which
        only the "last" has changed; or as programs have "seen" it without a cut."""
        if how == "torn":
            names = rename(self.names, self._torn_changes(random))
        elif how == "last" and not self.ext4:
            names = rename(self.names, self.changes[-1:])
        else:
            names = rename(self.names, [] if how == "none" else self.changes)
        for name, file in names.items():
            data = bytearray(file.seen if how == "seen" else file.durable)
            change(data, file.pending if how in ("all", "last") else
                   torn(file.pending, random) if how == "torn" else [])
            (folder / name).write_bytes(data)

    def _torn_changes(self, random: Random) -> list[tuple[str, str, File | None]]:
        """Names change in order where there is a journal; POSIX lets any subset
        of the changes arrive."""
        if self.ext4 or random.random() < 0.5:
            return self.changes[:random.randint(0, len(self.changes))]
        return [part for part in self.changes if random.random() < 0.5]


def rename(names: Names, changes: list[tuple[str, str, File | None]]) -> Names:
    """The names after these changes. A file that never got its name cannot get
    another one."""
    names = dict(names)
    for old, new, file in changes:
        if file is not None:
            names[new] = file
        elif old in names and new:
            names[new] = names.pop(old)
        elif old in names:
            del names[old]
    return names


def change(data: bytearray, changes: list[Change]) -> None:
    for offset, part in changes:
        if len(data) < offset:
            data += bytes(offset - len(data))
        if part is None:
            del data[offset:]
        else:
            data[offset:offset + len(part)] = part


def torn(changes: list[Change],
         random: Random) -> list[Change]:
    """Some of the sectors of these changes, in any order. A file may have become
    longer without its data."""
    found: list[Change] = []
    chance = random.choice([0.1, 0.5, 0.9])
    for offset, part in changes:
        if part is None:
            if random.random() < chance:
                found.append((offset, None))
            continue
        begin = offset
        while begin < offset + len(part):
            end = min(offset + len(part), begin - begin % SECTOR + SECTOR)
            if random.random() < chance:
                found.append((begin, part[begin - offset:end - offset]))
            begin = end
    if random.random() < 0.5:
        random.shuffle(found)
    return found


def environment(library: Path, folder: Path, trace: Path | None = None,
                control: Control | None = None) -> dict[str, str]:
    """For a program: follow `folder`, which exists."""
    found = {"LD_PRELOAD": str(library), "DISK_FOLDER": str(folder)}
    if trace is not None:
        found["DISK_TRACE"] = str(trace)
    if control is not None:
        found["DISK_CONTROL"] = str(control.path)
    return found


NO_SPACE, IO_ERROR = errno.ENOSPC, errno.EIO
