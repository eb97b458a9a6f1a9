# SPDX-License-Identifier: Apache-2.0
"""Recovers folders by the program `recover`: see recover.c."""

import json
import subprocess
from pathlib import Path
from typing import Any

from client import Failure
from service import die_with_parent
from traffic import Message


class Recovery:
    """A process that recovers folders."""

    def __init__(self, build: Path):
        self._process = subprocess.Popen([str(build / "recover")], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, preexec_fn=die_with_parent)

    def recover(self, folder: Path) -> tuple[list[Message], dict[str, Any], str]:
        """The messages of the journal, the rockets by id, and an error or ""."""
        messages: list[Message] = []
        rockets: dict[str, Any] = {}
        error = ""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{folder}\n".encode())
        self._process.stdin.flush()
        while (line := self._process.stdout.readline()) != b"done\n":
            kind, _, rest = line.decode().rstrip("\n").partition(" ")
            if kind == "record":
                channel, number = rest.rsplit(" ", 1)
                messages.append((channel, int(number)))
            elif kind == "rocket":
                rocket = json.loads(rest)
                rockets[rocket["id"]] = rocket
            elif kind == "error":
                error = rest
            else:
                raise Failure(f"recover ended with {self._process.wait()} at {folder}")
        return messages, rockets, error
