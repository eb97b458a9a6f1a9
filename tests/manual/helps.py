# SPDX-License-Identifier: Apache-2.0
"""The flags that the programs list in their helps: what the pages and the
completions have to know."""

import re
import subprocess
from dataclasses import dataclass

# "  -port=N", "  -check[=FILE]", "  -new-token NAME SCOPE", "  --seed=444   seed ..."
FLAG = re.compile(r"^  (--?)([a-z-]+)(\[?=[^\s\]]+\]?)?(?: [A-Z ]+$|  |$)", re.M)


@dataclass(frozen=True)
class Flag:
    dashes: str
    name: str
    value: str  # "=N", "[=FILE]" or ""


def flags(*command: str) -> list[Flag]:
    """Those that the help has, which the command prints."""
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = [Flag(*match.groups(default="")) for match in FLAG.finditer(text)]
    lines = re.findall(r"^  --?[a-z].*", text, re.M)
    if not found or len(found) != len(lines):
        raise SystemExit(f"{command}: {len(found)} flags read in {len(lines)} lines")
    return found
