# SPDX-License-Identifier: Apache-2.0
"""A copy of the project in which one fault at a time is planted and built.

Nothing outside of build/mutate is ever written to. A tree has three builds:
`plain`, optimised, in which nearly all mutants end; `asan` and `tsan` for
what only the sanitizers see.
"""

import re
import shutil
import subprocess
from pathlib import Path

from .common import ROOT, WORK, Failure
from .mutants import Mutant, text_of

# No warnings: a mutant is expected to look odd. Assertions stay on.
_FLAGS = {
    "plain": ["-DCMAKE_C_FLAGS_DEBUG=-O2 -w"],
    "asan": ["-DCMAKE_C_FLAGS_DEBUG=-O1 -w", "-DLUNAR_SANITIZE=address,undefined"],
    "tsan": ["-DCMAKE_C_FLAGS_DEBUG=-O1 -w", "-DLUNAR_SANITIZE=thread"],
}
_BUILD_SECONDS = 1800  # more than any build takes


def project_files() -> list[str]:
    """What git tracks, and what is new, but not what it ignores."""
    done = subprocess.run(["git", "ls-files", "-z", "-co", "--exclude-standard"],
                          cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
    return [name for name in done.stdout.split("\0")
            if name and (ROOT / name).is_file()]


class Tree:
    """One copy, for one worker."""

    def __init__(self, number: int) -> None:
        self.folder = WORK / f"tree{number}"
        self.source = self.folder / "source"
        self._planted = ""  # the file that has a fault
        self._sound: dict[str, bytes] = {}  # objects without one, by path

    def copy(self) -> None:
        """Make the copy what the project is by now."""
        wanted = set(project_files())
        for name in wanted:
            old, new = self.source / name, ROOT / name
            if not old.is_file() or old.read_bytes() != new.read_bytes():
                old.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(new, old)
                old.chmod(new.stat().st_mode & 0o777)
        for old in self.source.rglob("*"):
            if old.is_file() and str(old.relative_to(self.source)) not in wanted:
                old.unlink()

    def configure(self, build: str) -> None:
        """With the same files as the presets, but without the Swagger UI."""
        command = ["cmake", "-S", str(self.source), "-B", str(self.build_folder(build)),
                   "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", "-DLUNAR_SWAGGER=OFF",
                   # What is made of src/domain/rocket.c as the build is configured
                   # would configure it anew with each mutant.
                   "-DCMAKE_SUPPRESS_REGENERATION=ON", *_FLAGS[build]]
        done = subprocess.run(command, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False, text=True)
        if done.returncode != 0:
            raise Failure(f"cmake failed:\n{done.stdout}")

    def build_folder(self, build: str) -> Path:
        return self.folder / build

    def ninja(self, build: str, targets: list[str]) -> str:
        """What it said where it failed; "" where it did not."""
        if not targets:
            return ""
        command = ["ninja", "-C", str(self.build_folder(build)), "-j1", *targets]
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False,
                                  text=True, timeout=_BUILD_SECONDS)
        except subprocess.TimeoutExpired:
            return "the build took too long"
        return done.stdout if done.returncode != 0 else ""

    def learn(self, path: str) -> None:
        """Keep the object of the file as it is, to compare others with."""
        said = self.ninja("plain", [object_of(path)])
        if said:
            raise Failure(f"{path} does not compile:\n{said}")
        self._sound[path] = self._object(path)

    def plant(self, mutant: Mutant) -> None:
        self._restore(but=mutant.path)
        planted = mutant.planted(text_of(mutant.path))
        (self.source / mutant.path).write_text(planted)
        self._planted = mutant.path

    def is_same_code(self, mutant: Mutant) -> bool:
        """Whether the compiler made of it what it makes of the file."""
        return self._object(mutant.path) == self._sound[mutant.path]

    def restore(self) -> None:
        self._restore(but="")

    def _restore(self, but: str) -> None:
        if self._planted not in ("", but):
            (self.source / self._planted).write_text(text_of(self._planted))
            self._planted = ""

    def _object(self, path: str) -> bytes:
        return (self.build_folder("plain") / object_of(path)).read_bytes()


def object_of(path: str) -> str:
    """The target that is the file's object, below a build folder."""
    room, _, file = path.removeprefix("src/").rpartition("/")
    return f"src/CMakeFiles/lunar_{room or 'main'}.dir/{room}/{file}.o"


def symbols_of(path: Path) -> set[str]:
    """The functions and objects that a program or an object file defines."""
    done = subprocess.run(["nm", "-g", "--defined-only", str(path)], check=True,
                          stdout=subprocess.PIPE, text=True)
    return set(re.findall(r" [TDBRV] (\w+)$", done.stdout, re.MULTILINE))
