# SPDX-License-Identifier: Apache-2.0
"""Faults of more than a token: a rule dropped, a step or a lock left out."""

import re

from .operators import Fault, shown
from .tokens import Source

_TYPES = {"struct", "enum", "union", "const", "static", "unsigned", "char", "int",
          "bool", "double", "void", "long", "_Alignas"}
_KEYWORDS = {"if", "for", "while", "switch", "do", "else", "return", "case",
             "default", "goto"}
_LOCKS = {"read_lock", "write_lock", "unlock"}


def faults(source: Source) -> list[Fault]:
    result = []
    for index, token in enumerate(source.tokens):
        if not token.function or not token.planted:
            continue
        if token.text in ("if", "while"):
            result += _forced(source, index)
        elif token.text == "?":
            result += _chosen(source, index)
        elif token.begins:
            result += _left_out(source, index)
    return result + _locks(source)


def _forced(source: Source, index: int) -> list[Fault]:
    """The condition is computed, but no longer asked."""
    first = source.tokens[index + 2].start
    last = source.tokens[source.partner(index + 1) - 1].end
    condition = source.text[first:last]
    word = source.text_at(index)
    ways = ["&& false"] + (["|| true"] if word == "if" else [])
    return [Fault("condition", f"{word} ({shown(condition)}) -> {word} {way}",
                  ((first, last, f"({condition}) {way}"),)) for way in ways]


def _chosen(source: Source, index: int) -> list[Fault]:
    """Always the one, always the other."""
    token = source.tokens[index]
    around = source.text[source.tokens[index - 1].start:source.tokens[index + 1].end]
    return [Fault("condition", f"{shown(around)} -> {way} ?",
                  ((token.start, token.end, f"{way} ?"),))
            for way in ("&& false", "|| true")]


def _left_out(source: Source, index: int) -> list[Fault]:
    token = source.tokens[index]
    if token.text in ("break", "continue") or (
            token.text == "return" and source.text_at(index + 1) == ";"):
        return [_without(source, index, index, _head_before(source, index))]
    if (token.text in _KEYWORDS | _LOCKS or token.text in "{};"
            or _is_declaration(source, index)):
        return []
    last = index
    while source.text_at(last + 1) != ";":
        last = (source.partner(last + 1) if source.text_at(last + 1) in ("(", "{", "[")
                else last + 1)
    if source.text_at(index) == "(" and source.text_at(index + 1) == "void":
        return []
    return [_without(source, index, last)]


def _head_before(source: Source, index: int) -> str:
    """" of if (...)": tells statements apart that are but a word."""
    if source.text_at(index - 1) != ")":
        return ""
    head = source.partner(index - 1) - 1
    return " of " + source.text[source.tokens[head].start:source.tokens[index - 1].end]


def _without(source: Source, first: int, last: int, where: str = "") -> Fault:
    start, end = source.tokens[first].start, source.tokens[last].end
    return Fault("statement", f"without {shown(source.text[start:end] + where)}",
                 ((start, end, ""),))


def _is_declaration(source: Source, index: int) -> bool:
    token = source.tokens[index]
    if token.kind != "name":
        return False
    after = source.tokens[index + 1]
    return (token.text in _TYPES or after.kind == "name"
            or (after.text == "*" and source.tokens[index + 2].kind == "name"
                and source.text_at(index + 3) in ("=", ";", ",")))


def _locks(source: Source) -> list[Fault]:
    """In each function that locks: nothing locked; a writer like a reader."""
    calls: dict[str, list[int]] = {}
    for index, token in enumerate(source.tokens):
        if token.begins and token.text in _LOCKS:
            calls.setdefault(token.function, []).append(index)
    result = []
    for function, places in calls.items():
        changes = []
        for index in places:
            end = source.tokens[source.partner(index + 1)].end
            changes.append((source.tokens[index].start, end, ""))
        result.append(Fault("lock", f"no lock in {function}", tuple(changes)))
        for index in places:
            token = source.tokens[index]
            if token.text == "write_lock":
                result.append(Fault("lock", f"read_lock in {function}", (
                    (token.start, token.end, re.sub("write", "read", token.text)),)))
    return result
