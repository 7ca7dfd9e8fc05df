"""The tokens of an expression, and the names that stand in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

from trackflow.errors import ExpressionError

START = re.compile(r"(?<!\\)[$#]\{")
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>[0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?)
      | (?P<string>'(?:[^'\\]|\\['\\])*'|"(?:[^"\\]|\\["\\])*")
      | (?P<name>(?:[^\W\d]|\$)[\w$]*)
      | (?P<sign>&&|\|\||[=!<>]=|[-+*/%<>!?:.,()\[\]}])
      | (?P<other>\S)
      | (?P<end>\Z))""",
    re.VERBOSE,
)
_SIGNS = {
    "or": "||", "and": "&&", "eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">=",
    "div": "/", "mod": "%", "not": "!", "empty": "empty", "instanceof": "instanceof",
}  # fmt: skip
CONSTANTS = {"true": True, "false": False, "null": None}


class Token(NamedTuple):
    """A word or sign, and where it stands in the text."""

    kind: str  # a group of the pattern above, or "constant"
    value: str
    position: int


def tokens(text: str, start: int) -> Iterator[Token]:
    """The tokens from a place behind a `${` to its `}`, both words and signs of operators as signs."""
    for match in _TOKEN.finditer(text, start):
        kind = match.lastgroup or "end"
        value = match[kind]
        if kind == "name" and (value in _SIGNS or value in CONSTANTS):
            kind, value = ("sign", _SIGNS[value]) if value in _SIGNS else ("constant", value)
        yield Token(kind, value, match.start(match.lastgroup or 0))
        if value == "}" and kind == "sign":
            return


def names_in(text: str) -> frozenset[str]:
    """The names of variables in the `${…}` of any text, also of one that only another engine can evaluate."""
    names = set()
    end = 0
    while start := START.search(text, end):
        before = Token("sign", "{", start.start())
        for token in tokens(text, start.end()):
            if before.kind == "name" and token.value != "(":
                names.add(before.value)
            # After a dot stands a property; before a bracket, a function or method.
            before = token._replace(kind="property") if before.value == "." else token
            end = token.position + 1
    return frozenset(names)


def fail(text: str, position: int, what: str) -> NoReturn:
    """Raise the one error of an expression, with the place in its text."""
    raise ExpressionError(f"{text[:80]!r}, character {position + 1}: {what}")
