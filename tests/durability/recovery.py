# SPDX-License-Identifier: Apache-2.0
"""Recovers folders by the program `recover`: see recover.c."""

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from client import Failure
from service import die_with_parent


@dataclass
class Found:
    """What there is in a folder."""

    position: int = 0  # of the last record
    rockets: dict[str, Any] = field(default_factory=dict)  # by id
    error: str = ""


class Recovery:
    """A process that recovers folders."""

    def __init__(self, build: Path):
        self._process = subprocess.Popen([str(build / "recover")], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, preexec_fn=die_with_parent)

    def recover(self, folder: Path) -> Found:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{folder}\n".encode())
        self._process.stdin.flush()
        found = Found()
        while (line := self._process.stdout.readline()) != b"done\n":
            kind, _, rest = line.decode().rstrip("\n").partition(" ")
            if kind == "position":
                found.position = int(rest)
            elif kind == "rocket":
                rocket = json.loads(rest)
                found.rockets[rocket["id"]] = rocket
            elif kind == "error":
                found.error = rest
            else:
                raise Failure(f"recover ended with {self._process.wait()} at {folder}")
        return found
