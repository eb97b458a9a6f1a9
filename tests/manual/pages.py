#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check the manual pages.

- mandoc finds nothing that is wrong, and no style that could be better, but for
  pages that this machine has not installed.
- Each flag of the helps is an item of its page, with its default and variable.
- Each document that a page names exists, and each message that it explains is one
  of the sources.
- The service accepts the file of settings that its page shows.
- No line of a rendered page is longer than 80 columns, and an example can be
  pasted: what is shown of it is ASCII.

usage: tests/manual/pages.py SERVICE ROCKETS FOLDER

FOLDER has the pages. Exit status: 0 no fault; 1 a fault; 2 invalid command line;
77, which CTest reports as skipped, if mandoc is missing (TEST_SKIP_CODE sets
another status).
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.append(str(Path(__file__).resolve().parent))

from helps import Flag, flags

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = 80
SECTIONS = ("NAME", "SYNOPSIS", "DESCRIPTION", "SIGNALS", "ENVIRONMENT", "EXIT STATUS",
            "EXAMPLES", "DIAGNOSTICS", "SEE ALSO", "SECURITY CONSIDERATIONS")


def lint(page: Path) -> list[str]:
    found = subprocess.run(["mandoc", "-T", "lint", page], text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    # Not on stderr, where it tells that its index of pages is old.
    return [line for line in found.stdout.splitlines()
            if "referenced manual not found" not in line]


def render(page: Path) -> list[str]:
    shown = subprocess.run(["mandoc", "-T", "utf8", "-O", f"width={COLUMNS}", page],
                           check=True, text=True, stdout=subprocess.PIPE).stdout
    return re.sub(".\b", "", shown).splitlines()


def items(lines: list[str], flag: Flag) -> list[str]:
    """The items of a flag in the lists of flags, each on one line."""
    begin = re.compile(rf"^     {flag.dashes}{flag.name}(?=[\s=\[]|$)")
    first = lines.index("FLAGS" if "FLAGS" in lines else "DESCRIPTION")
    last = next(at for at in range(first + 1, len(lines)) if lines[at][:1].isupper())
    found = []
    for at in range(first, last):
        # Behind an empty line or the title of a group.
        if begin.match(lines[at]) and not lines[at - 1].startswith("     "):
            end = at + 1
            while end < len(lines) and re.match(r" {13}|$", lines[end]):
                end += 1
            found.append(" ".join(" ".join(lines[at:end]).split()))
    return found


def faults_of(page: Path, wanted: list[Flag], times: dict[str, int]) -> list[str]:
    lines = render(page)
    faults = lint(page)
    faults += [f"no section {name}" for name in SECTIONS if name not in lines]
    faults += [f"longer than {COLUMNS} columns: {line}" for line in lines if len(line) > COLUMNS]
    faults += [f"not ASCII: {line}" for line in lines
               if re.match(r"\s+[$#] ", line) and not line.isascii()]
    for flag in wanted:
        found = items(lines, flag)
        if len(found) != times[flag.name]:
            faults.append(f"{flag.dashes}{flag.name}: {len(found)} items, not {times[flag.name]}")
        if flag.value.startswith("=") and flag.dashes == "--":
            value = flag.value[1:]
            if not value.isupper() and not any(f"Default: {value}." in text for text in found):
                faults.append(f"--{flag.name}: no default {value}")
    return faults


def variables(service: str, page: Path) -> list[str]:
    text = subprocess.run([service, "-help"], check=True, capture_output=True, text=True).stdout
    lines = render(page)
    faults = []
    for name, variable in re.findall(r"^  -([a-z-]+).*\n(?:        .*\n)*?"
                                     r"        .*Environment: (LUNAR_\w+)", text, re.M):
        if not any(f"Variable: {variable}" in item for item in items(lines, Flag("-", name, ""))):
            faults.append(f"-{name}: no variable {variable}")
    return faults


def references(page: Path) -> list[str]:
    """The documents exist, and the longest part of each message without a value is in
    the sources."""
    section = page.read_text().partition(".Sh DIAGNOSTICS\n")[2].partition("\n.Sh ")[0]
    sources = "".join(path.read_text() for path in sorted((ROOT / "src").rglob("*.[ch]")))
    sources = re.sub(r'"\s*"', "", sources)
    faults = [f"{page.name}: there is no document {name}"
              for name in re.findall(r"\b(?:docs|openapi)/[\w.]+", page.read_text())
              if not (ROOT / name).exists()]
    for message in re.findall(r"^\.It Li \"?(.*)", section, re.M):
        part = max(re.findall(r"[a-z][a-z ,:'-]*[a-z]", message), key=len)
        if part not in sources:
            faults.append(f"{page.name}: no source has the message {part!r}")
    return faults


def example_file(service: str, page: Path) -> list[str]:
    """The file of settings in the page must be valid."""
    text = re.search(r"^(# /etc/lunar/lunar.conf\n.*?)^\.Ed", page.read_text(), re.M | re.S)
    if text is None:
        return [f"{page.name}: no file of settings"]
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write(text[1])
        file.flush()
        ran = subprocess.run([service, f"-config={file.name}", "-print-config"],
                             capture_output=True, text=True)
    lines = text[1].count("\n") - 1
    if ran.returncode != 0 or len(re.findall(r"^[a-z].*\.conf:", ran.stdout, re.M)) != lines:
        return [f"{page.name}: the file of settings is not valid: {ran.stderr}{ran.stdout}"]
    return []


def main() -> int:
    if len(sys.argv) != 4:
        print("usage: tests/manual/pages.py SERVICE ROCKETS FOLDER", file=sys.stderr)
        return 2
    if shutil.which("mandoc") is None:
        print("skipped: mandoc is missing (Debian: mandoc)")
        return int(os.environ.get("TEST_SKIP_CODE", 77))
    service, rockets, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    of_service = flags(service, "-help")
    of_rockets = flags(rockets, "help") + flags(rockets, "watch", "--help")
    names = [flag.name for flag in of_rockets]
    faults = faults_of(folder / "lunar.service.8", of_service,
                       {flag.name: 1 for flag in of_service})
    faults += variables(service, folder / "lunar.service.8")
    faults += example_file(service, folder / "lunar.service.8")
    faults += references(folder / "lunar.service.8")
    faults += faults_of(folder / "rockets.1", of_rockets,
                        {name: names.count(name) for name in names})
    for fault in faults:
        print(fault)
    print(f"{len(of_service)} and {len(of_rockets)} flags: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
