# SPDX-License-Identifier: Apache-2.0
"""Faults of one token: another operator, number, truth or enumerator."""

import re
from dataclasses import dataclass

from .tokens import Source

Enums = dict[str, str]  # an enumerator, and the next one of its type

COMPARISONS = {"<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="),
               ">=": (">", "<"), "==": ("!=",), "!=": ("==",)}
LOGIC = {"&&": "||", "||": "&&"}
ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*", "%": "*", "<<": ">>",
              ">>": "<<", "&": "|", "|": "&", "^": "&", "+=": "-=",
              "-=": "+=", "*=": "/=", "/=": "*=", "|=": "&=", "&=": "|=",
              "^=": "|="}
STEPS = {"++": "--", "--": "++"}
TRUTHS = {"true": "false", "false": "true"}


@dataclass(frozen=True)
class Fault:
    """What is put where; `kind` is a word for tables."""

    kind: str
    what: str
    changes: tuple[tuple[int, int, str], ...]


def named_enums(texts: list[str]) -> Enums:
    """Each enumerator's successor, the first one's for the last."""
    result = {}
    for text in texts:
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        for body in re.findall(r"\benum \w+ \{([^}]*)\}", text):
            names = re.findall(r"^\s*([A-Z]\w*)", body.replace(",", "\n"), re.MULTILINE)
            result.update(zip(names, names[1:] + names[:1]))
    return result


def faults(source: Source, enums: Enums) -> list[Fault]:
    result = []
    for index, token in enumerate(source.tokens):
        if not token.planted:
            continue
        if token.kind == "number":
            result += [_replaced(source, index, "constant", new)
                       for new in _other_numbers(source, index)]
        if not token.function:
            continue
        for kind, new in _other_marks(source, index):
            result.append(_replaced(source, index, kind, new))
        if token.text in enums and _is_returned(source, index):
            result.append(_replaced(source, index, "value", enums[token.text]))
    return result


def shown(text: str) -> str:
    """Source on one line, not too long."""
    text = " ".join(text.split())
    return text if len(text) <= 70 else text[:67] + "..."


def _replaced(source: Source, index: int, kind: str, new: str) -> Fault:
    """The token replaced, shown between its neighbours."""
    token = source.tokens[index]
    first = source.tokens[max(index - 1, 0)].start
    last = source.tokens[min(index + 1, len(source.tokens) - 1)].end
    old = source.text[first:last]
    planted = source.text[first:token.start] + new + source.text[token.end:last]
    return Fault(kind, f"{shown(old)} -> {shown(planted)}",
                 ((token.start, token.end, new),))


def _other_marks(source: Source, index: int) -> list[tuple[str, str]]:
    """Kind and text of what the token may become."""
    token = source.tokens[index]
    text = token.text
    if token.kind == "name":
        return [("value", TRUTHS[text])] if text in TRUTHS else []
    if token.kind != "mark":
        return []
    if text in STEPS:
        return [("step", STEPS[text])]
    if text in ("!", "~"):
        return [("logic", "")]
    if text == "-" and not _is_binary(source, index):
        return [("arithmetic", "")]
    if not _is_binary(source, index):
        return []
    if text in LOGIC:
        return [("logic", LOGIC[text])]
    if text in ARITHMETIC:
        return [("arithmetic", ARITHMETIC[text])]
    return [("compare", new) for new in COMPARISONS.get(text, ())]


def _is_binary(source: Source, index: int) -> bool:
    """By the blanks that the format sets."""
    token = source.tokens[index]
    return (source.text[token.start - 1].isspace()
            and source.text[token.end].isspace())


def _other_numbers(source: Source, index: int) -> list[str]:
    """One more and one less; of zero, one. None for {0}, and indices of [0]."""
    token = source.tokens[index]
    found = re.fullmatch(r"(0[xX][0-9a-fA-F]+|\d+)([uUlL]*)", token.text)
    around = source.text_at(index - 1) + source.text_at(index + 1)
    if found is None or around == "{}":
        return []
    base = 16 if found[1][:2] in ("0x", "0X") else 10
    value = int(found[1], base)
    others = [value + 1] if value == 0 else [value + 1, value - 1]
    return [(hex(other) if base == 16 else str(other)) + found[2] for other in others]


def _is_returned(source: Source, index: int) -> bool:
    """Whether it is part of a return statement, outside of any call."""
    depth = 0
    while index > 0:
        text = source.text_at(index - 1)
        if text in (";", "{", "}", ":") and depth == 0:
            return text == ":" and source.text_at(index - 3) == "?"
        if text == "return":
            return True
        if text in ("==", "!=", "(", ","):
            return False
        index -= 1
    return False
