# SPDX-License-Identifier: Apache-2.0
"""C source as tokens, as far as it takes to plant faults in it.

Relies on the project's own format: clang-format sets binary operators
between blanks and unary ones right before their operand.
"""

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(r"""
      (?P<blank>\s+)
    | (?P<comment>/\*.*?\*/|//[^\n]*)
    | (?P<directive>(?<![^\n])[ \t]*\#(?:\\\n|[^\n])*)
    | (?P<string>"(?:\\.|[^"\\])*")
    | (?P<char>'(?:\\.|[^'\\])*')
    | (?P<number>(?:0[xX][0-9a-fA-F]+|\d+)(?:\.\d+)?[uUlL]*)
    | (?P<name>[A-Za-z_]\w*)
    | (?P<mark><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||
        \+=|-=|\*=|/=|%=|&=|\|=|\^=|[-+*/%&|^~!<>=?:;,.(){}\[\]])
    """, re.VERBOSE | re.DOTALL)

# What stands in the parentheses behind these is no code to plant faults in:
# it is checked by the compiler, by debug builds alone, or is a hint.
_NOT_PLANTED = {"static_assert", "_Static_assert", "assert", "__attribute__",
                "_Alignas", "_Alignof", "__builtin_prefetch"}

_HEADS = {"if", "for", "while", "switch"}


@dataclass
class Token:
    """A token that means something to the compiler."""

    kind: str
    text: str
    start: int
    end: int
    function: str = ""  # in whose body it is; "" outside of all
    planted: bool = True  # faults may be planted here
    begins: bool = False  # a statement


@dataclass
class Source:
    """A file and its tokens, without blanks, comments and directives."""

    path: str  # from the root of the project
    text: str
    tokens: list[Token] = field(default_factory=list)
    _partner: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        at = 0
        while at < len(self.text):
            found = _TOKEN.match(self.text, at)
            if found is None:
                raise ValueError(f"{self.path}: cannot read {self.text[at:at + 20]!r}")
            kind = found.lastgroup or ""
            if kind not in ("blank", "comment", "directive"):
                self.tokens.append(Token(kind, found[0], at, found.end()))
            at = found.end()
        self._pair()
        self._mark_not_planted()
        self._mark_statements()

    def text_at(self, index: int) -> str:
        """Of the token; "" before the first and behind the last."""
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def partner(self, index: int) -> int:
        """Of a parenthesis, bracket or brace: the other one."""
        return self._partner[index]

    def place(self, start: int) -> tuple[int, int]:
        """Line and column, from 1."""
        line = self.text.count("\n", 0, start) + 1
        return line, start - (self.text.rfind("\n", 0, start) + 1) + 1

    def line(self, start: int) -> str:
        """The line around `start`, without its indentation."""
        first = self.text.rfind("\n", 0, start) + 1
        return self.text[first:self.text.find("\n", start)].strip()

    def _pair(self) -> None:
        opened: list[int] = []
        for index, token in enumerate(self.tokens):
            if token.text in ("(", "[", "{"):
                opened.append(index)
            elif token.text in (")", "]", "}"):
                other = opened.pop()
                self._partner[other], self._partner[index] = index, other

    def _mark_not_planted(self) -> None:
        for index, token in enumerate(self.tokens):
            if token.text in _NOT_PLANTED and self.text_at(index + 1) == "(":
                for other in self.tokens[index:self.partner(index + 1) + 1]:
                    other.planted = False

    def _mark_statements(self) -> None:
        """Sets `function` and `begins`."""
        blocks: list[bool] = []  # of open braces: whether statements are inside
        depth = 0  # of parentheses
        function = ""
        begin = False
        for index, token in enumerate(self.tokens):
            if begin and token.text != "}" and depth == 0 and function:
                token.begins = True
            begin = False
            if token.text == "{":
                name = self._function_of(index) if not blocks else ""
                function = name or function
                blocks.append(bool(name) or self._is_block(index))
                begin = blocks[-1]
            token.function = function
            if token.text == "}":
                begin = blocks.pop() and bool(blocks)
                function = function if blocks else ""
            elif token.text in ("(", "["):
                depth += 1
            elif token.text in (")", "]"):
                depth -= 1
                begin = depth == 0 and self._ends_head(index)
            elif token.text in (";", "else", "do"):
                begin = depth == 0 and bool(blocks) and blocks[-1]
            elif token.text == ":":
                begin = (self.text_at(index - 2) == "case"
                         or self.text_at(index - 1) == "default")

    def _function_of(self, brace: int) -> str:
        """The function whose body the brace opens, if it opens one."""
        if self.text_at(brace - 1) != ")":
            return ""
        name = self.tokens[self.partner(brace - 1) - 1]
        return name.text if name.kind == "name" else ""

    def _ends_head(self, index: int) -> bool:
        return self.text_at(self.partner(index) - 1) in _HEADS

    def _is_block(self, brace: int) -> bool:
        """Not the braces of an initialiser or of a type."""
        before = self.text_at(brace - 1)
        if before == ")":
            return self._ends_head(brace - 1)
        return before in (";", "{", "}", "else", "do", ":")
