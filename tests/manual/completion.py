#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check the completions of bash, with a real bash.

- Each flag of the helps is offered, and so is what is known of its value.
- At a terminal, keys complete flags, values, files with blanks in their names and
  folders, without bash-completion's library and with it, which finds the
  completions by the names of their files.

usage: tests/manual/completion.py SERVICE ROCKETS FOLDER

FOLDER has the completions. Exit status: 0 no fault; 1 a fault; 2 invalid command
line; 77, which CTest reports as skipped, if bash-completion is missing
(TEST_SKIP_CODE sets another status).
"""

import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.append(str(Path(__file__).resolve().parent))

from helps import Flag, flags

LIBRARY = Path("/usr/share/bash-completion/bash_completion")
PATIENCE = 120.0  # seconds until an answer of bash that must come counts as missing

# A line of input is a command line up to the cursor; a line of output has the words
# that are offered, and then what else bash may complete.
DRIVER = r"""
. "$1"
function=$(complete -p "$2") && function=${function##*-F } && function=${function%% *}
compopt() { changes+=" $*"; }
while IFS= read -r COMP_LINE; do
    COMP_POINT=${#COMP_LINE} COMPREPLY=() changes=
    read -ra COMP_WORDS <<<"${COMP_LINE//=/ = }"
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    "$function"
    printf '%s\t' "${COMPREPLY[@]}"
    printf '%s\n' "|$changes"
done
"""

# What is known of values that are no files or folders.
WORDS = {
    "log-level": {"error", "warn", "info", "debug"},
    "log-format": {"text", "json"},
    "threads": {"per-connection"},
    "anonymous": {"ingest", "read", "metrics", "admin"},
    "trusted-proxy": {"unix", "127.0.0.1", "::1"},
    "host": {"127.0.0.1", "0.0.0.0", "::1", "::"},
    "snapshot": {"off", "64M", "256M"},
    "listen": {"unix:/run/lunar/lunar.sock"},
    "check-health": {"http://localhost:8088/health", "http://localhost:8088/health/ready",
                     "unix:/run/lunar/lunar.sock"},
    "events": {"rockets", "launched", "exploded", "summary"},
    "sort": {"id", "type", "speed", "mission", "status", "createdAt", "updatedAt",
             "lastMessageNumber"},
    "order": {"asc", "desc"},
}
FILES, FOLDERS, NOTHING = "", " +o default -o dirnames", " +o default"
Offer = tuple[set[str], str]


class Completion:
    def __init__(self, folder: Path, program: str) -> None:
        self.bash = subprocess.Popen(
            ["bash", "--norc", "-c", DRIVER, "bash", folder / f"{program}.bash", program],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def of(self, line: str) -> Offer:
        assert self.bash.stdin is not None and self.bash.stdout is not None
        print(line, file=self.bash.stdin, flush=True)
        words, _, changes = self.bash.stdout.readline().rstrip("\n").rpartition("|")
        return {word for word in words.split("\t") if word}, changes.replace(" -o nospace", "")


def expected_value(flag: Flag) -> Offer:
    if flag.name in WORDS:
        return WORDS[flag.name], NOTHING if flag.name in ("anonymous", "events",
                                                          "trusted-proxy") else FILES
    if "FILE" in flag.value:
        return set(), FILES
    return set(), FOLDERS if "DIR" in flag.value else NOTHING


def check_flags(completion: Completion, command: str, wanted: list[Flag]) -> list[str]:
    faults = []

    def check(line: str, expected: Offer) -> None:
        found = completion.of(line)
        if found != expected:
            faults.append(f"{line!r}: offers {found}, not {expected}")

    for flag in wanted:
        whole = flag.dashes + flag.name
        offered, _ = completion.of(f"{command} {whole}")
        missing = {whole + "=" if flag.value.startswith("=") else whole} - offered
        if flag.value.startswith("["):
            missing |= {whole + "="} - offered
        if missing:
            faults.append(f"{command} {whole}: does not offer {missing}")
        if flag.value:
            value = expected_value(flag)
            check(f"{command} {whole}=", value)
            check(f"{command} -{flag.name}=", value)
            check(f"{command} --{flag.name}=", value)
        if flag.value.startswith("="):
            check(f"{command} {whole} ", value)
    all_offered, _ = completion.of(f"{command} {wanted[0].dashes}")
    unknown = {word.strip("-=") for word in all_offered} - {flag.name for flag in wanted}
    if unknown - {"help"}:
        faults.append(f"{command}: offers {unknown}, which the help does not have")
    return faults


# Command lines of which there is one kind only.
LINES: list[tuple[str, Offer]] = [
    ("lunar.service -log-level=d", ({"debug"}, FILES)),
    ("lunar.service -anonymous=ingest,r", ({"ingest,read"}, NOTHING)),
    ("lunar.service -host=:", ({":1", ":"}, FILES)),
    ("lunar.service -listen=unix:/tm", (set(), FILES)),
    ("lunar.service -new-token ", (set(), NOTHING)),
    ("lunar.service -new-token alice ", (WORDS["anonymous"], NOTHING)),
    ("lunar.service -new-token alice read,m", ({"read,metrics"}, NOTHING)),
    ("lunar.service --new-token=alice a", ({"admin"}, NOTHING)),
    ("lunar.service -port=9000 -vers", ({"-version"}, NOTHING)),
    ("lunar.service -no-such-fl", (set(), NOTHING)),
    ("rockets ", ({"launch", "watch", "help", "version"}, NOTHING)),
    ("rockets w", ({"watch"}, NOTHING)),
    ("rockets help ", ({"launch", "watch"}, NOTHING)),
    ("rockets version ", (set(), NOTHING)),
    ("rockets launch ", ({"http://localhost:8088/messages"}, NOTHING)),
    ("rockets launch --verify http:", ({"//localhost:8088/messages"}, NOTHING)),
    ("rockets watch ", ({"http://localhost:8088"}, NOTHING)),
    ("rockets launch http://localhost:8088/messages --see", ({"--seed="}, NOTHING)),
    ("rockets watch -sort u", ({"updatedAt"}, FILES)),
]


class Terminal:
    """A bash that somebody types at, in a folder of its own."""

    def __init__(self, folder: Path, commands: list[str]) -> None:
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.chdir(folder)
            os.environ.update(TERM="dumb", PS1="", INPUTRC="/dev/null", LC_ALL="C.UTF-8")
            os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
        # The commands are run by nobody: they show what they have got.
        for program in ("lunar.service", "rockets"):
            commands = [*commands, f"{program}() {{ printf '<%s>' \"$@\"; echo '#'\"END\"; }}"]
        for command in ["bind 'set enable-bracketed-paste off'", *commands]:
            self.type(command + "; echo '#'\"END\"")

    def type(self, keys: str) -> str:
        """Type keys and Enter, and wait; returns what the command has got."""
        os.write(self.terminal, keys.encode() + b"\r")
        shown = b""
        ends = time.monotonic() + PATIENCE
        while b"#END" not in shown:
            if not select.select([self.terminal], [], [], ends - time.monotonic())[0]:
                raise SystemExit(f"{keys!r}: bash shows {shown!r}, and does not go on")
            shown += os.read(self.terminal, 4096)
        return "".join(re.findall(r"<[^<>]*>", shown.decode()))

    def end(self) -> None:
        os.close(self.terminal)
        os.waitpid(self.process, 0)


KEYS = [
    ("lunar.service -log-f\tj\t-vers\t", "<-log-format=json><-version>"),
    ("lunar.service --log-l\td\t", "<--log-level=debug>"),
    ("lunar.service -tokens=a\t-vers\t", "<-tokens=a file><-version>"),
    ("lunar.service -tokens a\t-vers\t", "<-tokens><a file><-version>"),
    ("lunar.service -tls-key=\"a f\t -vers\t", "<-tls-key=a file><-version>"),
    ("lunar.service -data=\tbel\t", "<-data=folder/below/>"),
    ("lunar.service -data \t", "<-data><folder/>"),
    ("lunar.service -listen=u\t", "<-listen=unix:/run/lunar/lunar.sock>"),
    ("lunar.service -listen=unix:f\ts\t", "<-listen=unix:folder/socket>"),
    ("lunar.service -host=0\t", "<-host=0.0.0.0>"),
    ("lunar.service -check=a\t", "<-check=a file>"),
    ("lunar.service -new-t\talice ingest,r\t", "<-new-token><alice><ingest,read>"),
    ("lunar.service -port=\t-ver\t", "<-port=-ver>"),
    ("rockets la\tht\t--seed 7 --ver\t",
     "<launch><http://localhost:8088/messages><--seed><7><--verify>"),
    ("rockets watch http://localhost:8088 --so\tty\t --token-f\ta\t",
     "<watch><http://localhost:8088><--sort=type><--token-file=a file>"),
]


def check_terminal(folder: Path, commands: list[str]) -> list[str]:
    terminal = Terminal(folder, commands)
    faults = []
    for keys, expected in KEYS:
        found = terminal.type(keys)
        if found != expected:
            faults.append(f"{commands[0]}: {keys!r} becomes {found}, not {expected}")
    terminal.end()
    return faults


def check_keys(completions: Path) -> list[str]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        typed = folder / "typed"
        (typed / "folder" / "below").mkdir(parents=True)
        (typed / "folder" / "socket").touch()
        (typed / "a file").touch()
        installed = folder / "user" / "completions"
        installed.mkdir(parents=True)
        sources = []
        for program in ("lunar.service", "rockets"):
            source = completions / f"{program}.bash"
            (installed / program).write_bytes(source.read_bytes())
            sources.append(f". {source}")
        return [*check_terminal(typed, sources),
                *check_terminal(typed, [f". {LIBRARY}",
                                        f"BASH_COMPLETION_USER_DIR={folder / 'user'}"])]


def main() -> int:
    if len(sys.argv) != 4:
        print("usage: tests/manual/completion.py SERVICE ROCKETS FOLDER", file=sys.stderr)
        return 2
    if not LIBRARY.exists():
        print("skipped: bash-completion is missing (Debian: bash-completion)")
        return int(os.environ.get("TEST_SKIP_CODE", 77))
    service, rockets, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3]).resolve()
    of_service = Completion(folder, "lunar.service")
    of_rockets = Completion(folder, "rockets")
    faults = check_flags(of_service, "lunar.service", flags(service, "-help"))
    faults += check_flags(of_rockets, "rockets launch", flags(rockets, "help"))
    faults += check_flags(of_rockets, "rockets watch", flags(rockets, "watch", "--help"))
    for line, expected in LINES:
        found = (of_service if line.startswith("lunar") else of_rockets).of(line)
        if found != expected:
            faults.append(f"{line!r}: offers {found}, not {expected}")
    faults += check_keys(folder)
    for fault in faults:
        print(fault)
    print(f"{len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
