# SPDX-License-Identifier: Apache-2.0
"""Whether the soak sends, writes and folds every message type, and compares
every member of a rocket, that openapi.yaml has. Takes a second; no service.

usage: check_kinds.py OPENAPI_YAML
"""

import json
import re
import sys
from pathlib import Path
from random import Random

sys.path.append(str(Path(__file__).resolve().parent.parent / "lib"))

from message import KINDS, make_message, write
from oracle import Rocket

DRAWS = 20000


def names_below(document: str, *path: str) -> list[str]:
    """The entries below these lines, which follow each other."""
    for line in path:
        document = document[document.index(f"\n{line}\n") + len(line) + 1:]
    indentation = len(path[-1]) - len(path[-1].lstrip()) + 2
    found = re.match(rf"(\n {{{indentation},}}.*|\n)*", document)
    assert found is not None
    return re.findall(rf"^ {{{indentation}}}(?:- )?(\w+):?$", found[0], re.M)


def check(name: str, expected: list[str], found: list[str]) -> None:
    if sorted(expected) != sorted(found):
        sys.exit(f"{name}: openapi.yaml has {expected}, the soak {found}")


def main() -> None:
    document = Path(sys.argv[1]).read_text(encoding="utf-8")
    types = names_below(document, "    Metadata:", "        messageType:",
                        "          enum:")
    random = Random(444)
    drawn = set()
    changing = set()
    for _ in range(DRAWS):
        message = make_message(random, 2)
        drawn.add(message.kind)
        json.loads(write("r", message))
        rocket = Rocket("r")
        rocket.apply(make_message(random, 1, 1.0))
        before = rocket.expected()
        rocket.apply(message)
        after = rocket.expected()
        if any(before[name] != after[name] for name in
               before.keys() - {"updatedAt", "lastMessageNumber"}):
            changing.add(message.kind)
    check("types named", types, KINDS)
    check("types drawn", types, list(drawn))
    check("types that change a rocket", types, list(changing))
    check("members of a rocket", names_below(document, "    Rocket:", "      properties:"),
          list(after))


main()
