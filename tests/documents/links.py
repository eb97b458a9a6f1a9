#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check the relative links of the documents: the file must exist, and an anchor
must be that of a heading, as GitHub makes it from the text.

usage: tests/documents/links.py [FOLDER]
  FOLDER  that of installed documents; default those of the source
"""

import os
import re
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
ROOT = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else SOURCE
DOCUMENTS = [ROOT / "README.md", ROOT / "DESIGN.md", ROOT / "CHANGELOG.md",
             *sorted(ROOT.glob("docs/*.md"))]
if ROOT == SOURCE:
    DOCUMENTS.append(ROOT / "bench" / "README.md")

CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.M | re.S)
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)|(?:href|src|srcset)=\"([^\"]+)")
HEADING = re.compile(r"^#+ +(.*?) *#*$", re.M)


def anchors(document: Path) -> set[str]:
    found: set[str] = set()
    text = re.sub(r"^```.*?^```$", "", document.read_text("utf-8"), flags=re.M | re.S)
    for heading in HEADING.findall(text):
        heading = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        # Headings with the same text are numbered.
        number = 0
        while (numbered := f"{anchor}-{number}" if number else anchor) in found:
            number += 1
        found.add(numbered)
    return found


def fault_of(document: Path, link: str) -> str:
    """Why this link leads nowhere, or nothing."""
    path, _, anchor = link.partition("#")
    target = Path(os.path.normpath(document.parent / path)) if path else document
    if not target.is_relative_to(ROOT) or not target.exists():
        return "there is no such file"
    if anchor and (target.suffix != ".md" or anchor not in anchors(target)):
        return f"{target.relative_to(ROOT)} has no such heading"
    return ""


def main() -> int:
    faults = checked = 0
    for document in DOCUMENTS:
        text = CODE.sub("", document.read_text("utf-8"))
        for link in ("".join(groups) for groups in LINK.findall(text)):
            if re.match(r"[a-z]+:", link):
                continue
            checked += 1
            if fault := fault_of(document, link):
                print(f"{document.relative_to(ROOT)}: {link}: {fault}")
                faults += 1
    print(f"{checked} links in {len(DOCUMENTS)} documents, {faults} faults")
    return 1 if faults or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
