"""The tokens of an expression, as JUEL's `Scanner` reads them, and the names that stand in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

from trackflow.errors import ExpressionError

START = re.compile(r"(?<!\\)[$#]\{")
# Java's blanks: no space that forbids a line break is one.
_BLANKS = "\t-\r\x1c-\x20\u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000"
_TOKEN = re.compile(
    rf"""[{_BLANKS}]*(?:
        (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
      | (?P<string>'(?:[^'\\]|\\['\\])*'|"(?:[^"\\]|\\["\\])*")
      | (?P<name>[A-Za-z_$][A-Za-z0-9_$]*)
      | (?P<sign>&&|\|\||[=!<>]=|[-+*/%<>!?:.,()\[\]}}])
      | (?P<other>.)
      | (?P<end>\Z))""",
    re.VERBOSE | re.DOTALL,
)
_SIGNS = {
    "or": "||", "and": "&&", "eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">=",
    "div": "/", "mod": "%", "not": "!", "empty": "empty", "instanceof": "instanceof",
}  # fmt: skip
CONSTANTS = {"true": True, "false": False, "null": None}
# Categories of Unicode: Java's isJavaIdentifierStart and isJavaIdentifierPart.
_BEGINS_NAME = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Nl", "Sc", "Pc"})
_IN_NAME = _BEGINS_NAME | {"Nd", "Mn", "Mc", "Cf"}
_IGNORABLE = frozenset(map(chr, [*range(9), *range(14, 28), *range(127, 160)]))
_EXCERPT = 60  # characters of the text in an error: with the rest of it still a line

EXECUTION = "execution"
VARIABLE_METHODS = ("getVariable", "hasVariable")


class Token(NamedTuple):
    """A word or sign, and where it stands in the text."""

    kind: str  # a group of the pattern above, or "constant"
    value: str
    position: int


class UnknownName(ExpressionError):
    """There is no variable or property of this name."""


def tokens(text: str, start: int) -> Iterator[Token]:
    """The tokens from a place behind a `${` to its `}`, both words and signs of operators as signs."""
    end = start
    while match := _TOKEN.match(text, end):
        kind = match.lastgroup or "end"
        begin, end = match.span(kind)
        if kind == "name" or (kind == "other" and _is_in(_BEGINS_NAME, text[begin])):
            kind, end = "name", _end_of_name(text, end)
        value = text[begin:end]
        if kind == "name" and (value in _SIGNS or value in CONSTANTS):
            kind, value = ("sign", _SIGNS[value]) if value in _SIGNS else ("constant", value)
        yield Token(kind, value, begin)
        if kind == "end" or (kind == "sign" and value == "}"):
            return


def _end_of_name(text: str, end: int) -> int:
    while end < len(text) and (_is_in(_IN_NAME, text[end]) or text[end] in _IGNORABLE):
        end += 1
    return end


def _is_in(categories: frozenset[str], character: str) -> bool:
    """Java's names have no characters of two UTF-16 units."""
    return character <= "\uffff" and unicodedata.category(character) in categories


def string_of(token: Token) -> str:
    """What a string's token says."""
    return re.sub(r"\\(.)", r"\1", token.value[1:-1])


def holds_expression(text: str | None) -> bool:
    """Whether a text of the model is to be evaluated, so that nobody knows yet what it says."""
    return text is not None and START.search(text) is not None


def names_in(text: str) -> frozenset[str]:
    """The variables that the `${…}` of any text use, also of one that only another engine can evaluate."""
    names = set()
    end = 0
    while start := START.search(text, end):
        before = [Token("sign", "{", start.start())] * 4
        for token in tokens(text, start.end()):
            if _is_variable(before[-2], before[-1], token):
                names.add(before[-1].value)
            if token.kind == "string" and _is_variable_method(before):
                names.add(string_of(token))
            before = [*before[1:], token]
            end = token.position + 1
    return frozenset(names)


def _is_variable(before: Token, name: Token, after: Token) -> bool:
    # After a dot stands a property; before a bracket, a function or method.
    return name.kind == "name" and name.value != EXECUTION and before.value != "." and after.value != "("


def _is_variable_method(before: list[Token]) -> bool:
    """Whether these tokens are `execution.getVariable(`."""
    values = [token.value for token in before]
    return values[0] == EXECUTION and values[1] == "." and values[2] in VARIABLE_METHODS and values[3] == "("


def fail(text: str, position: int, what: str, error: type[ExpressionError] = ExpressionError) -> NoReturn:
    """Raise the one error of an expression, with the place in its text and what stands around it."""
    begin = max(0, min(position - _EXCERPT // 2, len(text) - _EXCERPT))
    excerpt = text[begin : begin + _EXCERPT]
    around = ("..." if begin else "", "..." if begin + _EXCERPT < len(text) else "")
    raise error(f"{around[0]}{excerpt!r}{around[1]}, character {position + 1}: {what}")
