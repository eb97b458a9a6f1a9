# SPDX-License-Identifier: Apache-2.0
"""Describes the machine and the software of the measurements."""

import datetime
import os
import re
import subprocess
from pathlib import Path

from common import ROOT, say

BUSY = 0.5  # load average above which figures are not reliable


def describe(programs: Path) -> dict[str, str]:
    """The properties by name, in the order of the report."""
    load = os.getloadavg()[0]
    busy = " (the machine was busy: figures are not reliable)" if load > BUSY else ""
    if busy:
        say(f"load {load:.2f}{busy}")
    now = datetime.datetime.now(datetime.timezone.utc)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "date": now.strftime("%Y-%m-%d %H:%M UTC"),
        "processor": find(r"^model name\s*:\s*(.+)$", "/proc/cpuinfo"),
        "cores": str(os.cpu_count()),
        "memory": f"{memory / 2**30:.1f} GiB",
        "kernel": os.uname().release,
        "system": find(r'^PRETTY_NAME="?([^"\n]+)', "/etc/os-release"),
        "load at the start": f"{load:.2f}{busy}",
        "lunar.service": f"{output(str(programs / 'lunar.service'), '-version')}, "
                         f"commit {output('git', 'describe', '--always', '--dirty')}",
        "compiler": output("gcc", "--version").partition("\n")[0],
        "libmicrohttpd": output("pkg-config", "--modversion", "libmicrohttpd"),
        "cJSON": output("pkg-config", "--modversion", "libcjson"),
        "SQLite": output("pkg-config", "--modversion", "sqlite3"),
        "nginx": output("nginx", "-v").rpartition("/")[2],
        "wrk": output("wrk", "-v").partition(" [")[0].removeprefix("wrk "),
    }


def output(*command: str) -> str:
    """The stdout and stderr of a program."""
    done = subprocess.run(command, stdout=subprocess.PIPE, cwd=ROOT,
                          stderr=subprocess.STDOUT, check=False)
    return done.stdout.decode(errors="replace").strip() or "unknown"


def find(pattern: str, path: str) -> str:
    """The first group of the first match in the file."""
    found = re.search(pattern, Path(path).read_text(), re.MULTILINE)
    return found[1] if found else "unknown"
