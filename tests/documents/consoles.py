#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run the commands of README.md and docs/*.md, as a reader would paste them.

Each document begins in a fresh copy of the files that git knows. The `console`
blocks run there in their order, each command on a terminal of its own:

- A line that begins with "$ " is a command, with the lines after it for as long
  as bash finds it incomplete. What follows is the output that it must have.
- The command must exit with 0. Lines of JSON must be equal, but for revisions
  and the start that they belong to. In other lines, numbers, times, dates and
  long ids with digits may differ. "..." stands for anything within a line; alone
  on a line, for any number of lines.
- A command that starts the service or Prometheus goes on while the others run.
  Ctrl-C ends it before the next one of its kind, and at the end of the document;
  it must exit with 0, unless a command with `fuser -k` has killed it.
- So does a command that follows changes. Its output must begin with what is shown
  before it is ended, and its exit status may be that of the signal.

Blocks of other languages are not read, such as those of `bash`: commands for
which no test has the program, like a container of Grafana.

Of the `sh` blocks, which build, test or download for longer, the syntax is
checked; that each program, script and preset exists; that ctest comes after its
build; and that packages of npm and Python have the versions of tests/clients.

usage: tests/documents/consoles.py [DOCUMENT...]    default all
"""

import difflib
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PORTS = (8088, 9090)  # of the documents
# The first one builds the service.
SECONDS_A_COMMAND = 300
# Commands that go on, and what they start.
STARTS = {"scripts/run.sh": "service", "build/release/lunar.service": "service",
          "prometheus": "prometheus", "curl -N": "follower",
          "python3 follow.py": "follower"}
# With one of these flags the service does not serve, so it ends.
COMMANDS = {"print-config", "check", "backup", "restore", "export", "create-topic",
            "trim-topic", "new-token", "check-health", "version", "help", "h"}


class Fault(Exception):
    pass


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def is_complete(command: str) -> bool:
    """bash only warns of a here-document without an end."""
    result = subprocess.run(["bash", "-n", "-c", command], capture_output=True)
    return result.returncode == 0 and not result.stderr


def commands(block: str) -> list[tuple[str, str]]:
    """The commands of a console block, each with its output."""
    found: list[tuple[str, str]] = []
    lines = block.split("\n")
    while lines:
        line = lines.pop(0)
        if not line.startswith("$ "):
            raise Fault(f"expected a line that begins with '$ ': {line}")
        command = line[2:]
        while not is_complete(command):
            if not lines:
                raise Fault(f"bash does not accept this command: {command}")
            command += "\n" + lines.pop(0)
        output = []
        while lines and not lines[0].startswith("$ "):
            output.append(lines.pop(0))
        found.append((command, "\n".join(output).rstrip("\n")))
    return found


def masked(part: str) -> str:
    """A part of a line that is no JSON, without what may differ."""
    part = re.sub(r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d+ [A-Z][a-z]{2}\b", "DATE", part)
    part = re.sub(r"\b(?=[\w-]*\d)[\w-]{12,}", "ID", part)
    part = re.sub(r"\d[\d,.:]*", "N", part)
    part = re.sub(r"\bN (?:us|ms|s)\b", "N s", part)
    return re.sub(r" +", " ", part)


def is_json(line: str) -> bool:
    return line.startswith(("{", "["))


def masked_json(part: str) -> str:
    """A part of a line of JSON, without revisions: they depend on which of several
    senders comes first."""
    part = re.sub(r'"revision":\d+', '"revision":N', part)
    return re.sub(r'"start":"[0-9a-f]{16}"', '"start":"ID"', part)


def line_pattern(line: str) -> str:
    """A regular expression for a shown line, as comparable() makes it."""
    mask = masked_json if is_json(line) else masked
    parts = [mask(part) for part in line.split("...")]
    return ".*".join(map(re.escape, parts))


def pattern_of(shown: str) -> str:
    """The same for the output. A line "..." stands for any number of lines."""
    return "".join("(?:.*\n)*" if line == "..." else line_pattern(line) + "\n"
                   for line in shown.split("\n"))


def comparable(printed: str) -> str:
    return "\n".join(masked_json(line) if is_json(line) else masked(line)
                     for line in printed.split("\n"))


def started_by(command: str) -> str | None:
    """What the command starts that goes on while the others run."""
    words = command.split()
    flags = {word.lstrip("-").partition("=")[0] for word in words if word.startswith("-")}
    kind = STARTS.get(words[0]) or STARTS.get(" ".join(words[:2]))
    return None if flags & COMMANDS else kind


class Terminal:
    """A command that runs on a terminal, and what it has printed."""

    def __init__(self, command: str, folder: Path):
        self.command = command
        self.printed = b""
        self.status: int | None = None
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            # It may be ignored, as in a job that a script runs in the background.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.chdir(folder)
            for name in [name for name in os.environ if name.startswith("LUNAR_")]:
                del os.environ[name]
            os.execvp("bash", ["bash", "-o", "pipefail", "-c", command])
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def read(self, seconds: float) -> None:
        """Read once. A terminal that no process has open is an OSError."""
        if not select.select([self.terminal], [], [], seconds)[0]:
            return
        try:
            self.printed += os.read(self.terminal, 65536)
        except OSError:
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])

    def text(self) -> str:
        """What a reader sees, without bold; progress lines are erased."""
        text = re.sub("[^\n]*\r\x1b\\[K", "", self.printed.decode("utf-8", "replace"))
        text = re.sub("\x1b\\[[0-9;]*[mK]", "", text)
        lines = (line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n"))
        return "\n".join(lines).rstrip("\n")

    def has_printed(self, shown: str, and_more: bool = False) -> bool:
        match = re.match if and_more else re.fullmatch
        return match(pattern_of(shown), comparable(self.text()) + "\n") is not None

    def wait(self, shown: str | None = None) -> None:
        """Wait until it has ended, or has printed the last line of `shown` that is
        not "..."."""
        end = time.monotonic() + SECONDS_A_COMMAND
        lines = [line for line in (shown or "").split("\n") if line not in ("", "...")]
        last = line_pattern(lines[-1]) if lines else "(?!)"
        while self.status is None and time.monotonic() < end:
            if re.search(f"^{last}$", comparable(self.text()), re.M):
                break
            self.read(1)

    def interrupt(self, statuses: tuple[int, ...] = (0,)) -> None:
        os.write(self.terminal, b"\x03")
        self.wait()
        if self.status not in statuses:
            raise Fault(f"after Ctrl-C, exit status {self.status}: {self.command}\n{self.text()}")

    def expect_kill(self) -> None:
        """Wait for the end by SIGKILL."""
        self.wait()
        if self.status != -signal.SIGKILL:
            raise Fault(f"not killed, exit status {self.status}: {self.command}\n{self.text()}")

    def close(self) -> None:
        if self.status is None:
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
        os.close(self.terminal)


def compare(terminal: Terminal, shown: str, status: int | None) -> None:
    if terminal.status != status:
        state = "does not end" if terminal.status is None else f"exit status {terminal.status}"
        raise Fault(f"{state}: {terminal.command}\n{terminal.text()}")
    if not terminal.has_printed(shown):
        difference = difflib.unified_diff(
            shown.split("\n"), terminal.text().split("\n"), "the document", "printed",
            lineterm="")
        raise Fault("\n".join([f"other output: {terminal.command}", *difference]))


def copy_tree(folder: Path) -> None:
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True,
                           capture_output=True, text=True).stdout.split("\0")
    for name in filter(None, files):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    # From npm, as run.sh would install them.
    for name in ("openapi", "web"):
        packages = Path(name) / "node_modules"
        if (ROOT / packages).exists():
            shutil.copytree(ROOT / packages, folder / packages, symlinks=True)


def end(running: dict[str, Terminal], kind: str, follows: str = "") -> None:
    """Press Ctrl-C, if one of its kind runs. `follows`: what a follower prints."""
    if kind not in running:
        return
    terminal = running[kind]
    try:
        if kind == "follower":
            terminal.wait(follows)
            if not terminal.has_printed(follows, and_more=True):
                compare(terminal, follows, None)
            terminal.interrupt((0, -signal.SIGINT, 128 + signal.SIGINT))
        else:
            terminal.interrupt()
    finally:
        running.pop(kind).close()


def run_consoles(text: str, folder: Path) -> int:
    """Run all commands of a document; returns how many."""
    running: dict[str, Terminal] = {}
    follows = ""
    count = 0
    try:
        for block in blocks(text, "console"):
            for command, shown in commands(block):
                kind = started_by(command)
                if kind is not None:
                    # A follower ends before the service that it follows.
                    end(running, "follower", follows)
                    end(running, kind)
                if kind == "follower":
                    # What comes after its first line is there when it ends.
                    follows, shown = shown, shown.split("\n", 1)[0]
                terminal = Terminal(command, folder)
                try:
                    terminal.wait(shown if kind is not None else None)
                    if kind != "follower":
                        compare(terminal, shown, None if kind is not None else 0)
                    count += 1
                    if kind is not None:
                        running[kind], terminal = terminal, None
                    elif command.startswith("fuser -k "):
                        running["service"].expect_kill()
                        running.pop("service").close()
                finally:
                    if terminal is not None:
                        terminal.close()
        end(running, "follower", follows)
        for kind in list(running):
            end(running, kind)
    finally:
        for terminal in running.values():
            terminal.close()
    return count


def complete_commands(block: str) -> list[str]:
    """The commands of a sh block; a here-document belongs to its command."""
    found: list[str] = []
    lines = block.rstrip("\n").split("\n")
    while lines:
        command = lines.pop(0)
        while lines and not (is_complete(command) and not command.endswith("\\")):
            command += "\n" + lines.pop(0)
        if command:
            found.append(command.replace("\\\n", " "))
    return found


def check_versions(command: str) -> None:
    """scripts/clients.sh tests the versions that are in these files."""
    npm = json.loads((ROOT / "tests/clients/package.json").read_text())["dependencies"]
    python = (ROOT / "tests/clients/requirements.txt").read_text()
    for name, version in re.findall(r"(?<= )(@?[\w/-]+)@(\d[\w.]*)", command):
        if npm.get(name) != version:
            raise Fault(f"{name} is {npm.get(name)} in tests/clients: {command}")
    for package in re.findall(r"[\w-]+==\d[\w.]*", command):
        if not re.search(rf"^{re.escape(package)} ", python, re.M):
            raise Fault(f"{package} is not in tests/clients: {command}")


def check_scripts(text: str) -> int:
    """Check the sh blocks; returns how many commands they have."""
    presets = {preset["name"] for preset in json.loads(
        (ROOT / "CMakePresets.json").read_text())["configurePresets"]}
    made = ("build/",)
    seen: list[str] = []
    for block in blocks(text, "sh"):
        if not is_complete(block):
            raise Fault(f"bash does not accept this block:\n{block}")
        for command in complete_commands(block):
            program = re.sub(r"^(\w+=\S+ +)*", "", command).split()[0]
            known = program.startswith(made) or (ROOT / program).is_file()
            if not known and not shutil.which(program):
                raise Fault(f"there is no {program}: {command}")
            if environment := re.match(r"python3 -m venv (\S+)", command):
                made += (f"{environment[1]}/bin/",)
            check_versions(command)
            for preset in re.findall(r"--preset (\w+)", command):
                before = {f"cmake --preset {preset}", f"cmake --build --preset {preset}"}
                if preset not in presets:
                    raise Fault(f"there is no preset {preset}: {command}")
                if program == "ctest" and not before <= set(seen):
                    raise Fault(f"comes without its build: {command}")
            seen.append(re.sub(r" *#.*", "", command))
    return len(seen)


def require_ports() -> None:
    for port in PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise Fault(f"the documents use port {port}, which is not free: "
                            f"{error}") from error


def main() -> int:
    names = sys.argv[1:] or ["README.md", *sorted(
        str(path.relative_to(ROOT)) for path in ROOT.glob("docs/*.md")), "bench/README.md"]
    total = 0
    for name in names:
        text = (ROOT / name).read_text("utf-8")
        try:
            scripts = check_scripts(text)
            count = 0
            if blocks(text, "console"):
                require_ports()
                with tempfile.TemporaryDirectory(prefix="lunar-documents-") as folder:
                    copy_tree(Path(folder))
                    count = run_consoles(text, Path(folder))
        except Fault as fault:
            print(f"{name}: {fault}")
            return 1
        print(f"{name}: {count} commands, {scripts} in scripts")
        total += count
    return 0 if total else 1


if __name__ == "__main__":
    sys.exit(main())
