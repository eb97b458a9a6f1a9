# SPDX-License-Identifier: Apache-2.0
"""What the figures were measured on, and with."""

import datetime
import os
import re
import subprocess
from pathlib import Path

from .common import ROOT, say

BUSY = 0.5  # load from which on figures are not to be trusted


def describe(programs: Path) -> dict[str, str]:
    """By name, in the order of the report."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return {
        "date": now.strftime("%Y-%m-%d %H:%M UTC"),
        "processor": processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory() / 2**30:.1f} GiB",
        "kernel": os.uname().release,
        "system": system(),
        "load at the start": load(),
        "lunar.service": f"{output(str(programs / 'lunar.service'), '-version')}, "
                         f"{commit()}",
        "compiler": output("gcc", "--version").partition("\n")[0],
        "libmicrohttpd": output("pkg-config", "--modversion", "libmicrohttpd"),
        "cJSON": output("pkg-config", "--modversion", "libcjson"),
        "nginx": output("nginx", "-v").rpartition("/")[2],
        "wrk": output("wrk", "-v").partition(" [")[0].removeprefix("wrk "),
    }


def output(*command: str) -> str:
    """What a program prints, to stdout or stderr; "unknown" without it."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, cwd=ROOT,
                              stderr=subprocess.STDOUT, check=False)
    except OSError:
        return "unknown"
    return done.stdout.decode(errors="replace").strip() or "unknown"


def processor() -> str:
    """The name, where the kernel knows one."""
    text = Path("/proc/cpuinfo").read_text()
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else os.uname().machine


def memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def system() -> str:
    try:
        text = Path("/etc/os-release").read_text()
    except OSError:
        return os.uname().sysname
    found = re.search(r'^PRETTY_NAME="?([^"\n]+)', text, re.MULTILINE)
    return found[1] if found else os.uname().sysname


def load() -> str:
    """Of the last minute; says so where somebody else is at work."""
    value = os.getloadavg()[0]
    if value > BUSY:
        say(f"the machine is busy (load {value:.2f}): do not trust the figures")
        return f"{value:.2f} (somebody else was using the machine)"
    return f"{value:.2f}"


def commit() -> str:
    """Of the source, as far as it is known."""
    name = output("git", "rev-parse", "--short", "HEAD")
    if not re.fullmatch(r"[0-9a-f]+", name):
        return "commit unknown"
    changed = output("git", "status", "--porcelain", "--untracked-files=no")
    return f"commit {name}" + (" and changes" if changed != "unknown" else "")
