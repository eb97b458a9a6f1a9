# SPDX-License-Identifier: Apache-2.0
"""Folders for -data=DIR: made, filled, copied, measured."""

import os
import shutil
from pathlib import Path

from common import Bench, Server, Servers
from load import Fleet, batch, launch, make_batch

NO_SNAPSHOTS = "-snapshot=off"


class Folders:
    """Starts services with folders that are removed again."""

    def __init__(self, bench: Bench):
        self._bench = bench
        self._count = 0

    def start(self, servers: Servers, stored: bool) -> Server:
        if not stored:
            return servers.service()
        return servers.service(f"-data={self.new()}")

    def new(self) -> Path:
        """One that does not exist; the one before is removed."""
        shutil.rmtree(self._path(), ignore_errors=True)
        self._count += 1
        return self._path()

    def copy(self, folder: Path) -> Path:
        """A copy of another one, in place of the one before. It is synced: else the
        file system would write it at the first sync of the service."""
        copied = Path(shutil.copytree(folder, self.new()))
        os.sync()
        return copied

    def _path(self) -> Path:
        return self._bench.work / f"data-{self._count}"


def fill(bench: Bench, folder: Path, launched: int = 0) -> int:
    """Have a million messages more in the journal of the folder, of the round
    `launched`, whose rockets have two; or launch a million and have another one.
    Returns the round."""
    million = bench.options.million
    with bench.servers() as servers:
        server = servers.service(f"-data={folder}", NO_SNAPSHOTS)
        number = 3 if launched else 2
        if not launched:
            launched, _ = launch(bench, server, million)
        fleet = Fleet(launched, 1, million, 1, number, 1)
        batch(server, [[make_batch(bench, fleet, million // 2) for _ in range(2)]], million // 2)
    return launched


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def allocated(folder: Path) -> int:
    """Bytes of all blocks, also those that are reserved behind the end of a file."""
    total = 0
    for name in os.listdir(folder):
        try:
            total += os.stat(folder / name).st_blocks * 512
        except FileNotFoundError:
            pass
    return total
