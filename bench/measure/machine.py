# SPDX-License-Identifier: Apache-2.0
"""Describes the machine and the software of the measurements."""

import datetime
import os
import re
import subprocess
from pathlib import Path

from .common import ROOT, say

BUSY = 0.5  # load average above which figures are not reliable


def describe(programs: Path) -> dict[str, str]:
    """The properties by name, in the order of the report."""
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
    """The stdout and stderr of a program; "unknown" if it can't be run."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, cwd=ROOT,
                              stderr=subprocess.STDOUT, check=False)
    except OSError:
        return "unknown"
    return done.stdout.decode(errors="replace").strip() or "unknown"


def processor() -> str:
    """The model name, or the architecture if the kernel gives none."""
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
    """The load average of the last minute, with a warning if it is high."""
    value = os.getloadavg()[0]
    if value > BUSY:
        say(f"the machine is busy (load {value:.2f}): figures are not reliable")
        return f"{value:.2f} (the machine was busy)"
    return f"{value:.2f}"


def commit() -> str:
    """The commit of the source, if it is known."""
    name = output("git", "rev-parse", "--short", "HEAD")
    if not re.fullmatch(r"[0-9a-f]+", name):
        return "commit unknown"
    changed = output("git", "status", "--porcelain", "--untracked-files=no")
    return f"commit {name}" + (" and changes" if changed != "unknown" else "")
