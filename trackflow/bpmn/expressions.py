"""Expressions of a model: the subset of JUEL that conditions and message names need.

    text       := (literal | '${' choice '}')*          '#{' is the same as '${'; '\\${' is no expression
    choice     := or ('?' choice ':' choice)?
    or         := and (('||' | 'or') and)*
    and        := equality (('&&' | 'and') equality)*
    equality   := comparison (('==' | 'eq' | '!=' | 'ne') comparison)*
    comparison := sum (('<' | 'lt' | '>' | 'gt' | '<=' | 'le' | '>=' | 'ge') sum)*
    sum        := product (('+' | '-') product)*
    product    := unary (('*' | '/' | 'div' | '%' | 'mod') unary)*
    unary      := ('!' | 'not' | '-' | 'empty') unary | value
    value      := primary ('.' name ('(' (choice (',' choice)*)? ')')? | '[' choice ']')*
    primary    := number | string | 'true' | 'false' | 'null' | name | '(' choice ')'

A text that is one `${…}` has that expression's value; any other text is a string, with the values put in.
Operators and coercions are in `trackflow.bpmn.values`, methods in `trackflow.bpmn.methods`. Names are process
variables and nothing else: no expression reaches an object of Python. `LENGTH` and `parser.DEPTH` bound what
any text can cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from trackflow.bpmn import values
from trackflow.bpmn.parser import Node, Parser, constant
from trackflow.bpmn.tokens import START, fail, names_in

LENGTH = 4000  # characters: as long as Camunda's text columns


@dataclass(frozen=True, slots=True)
class Expression:
    """A text with expressions in it, ready to be evaluated any number of times, from any thread."""

    text: str
    names: frozenset[str]  # of the variables that it uses
    _evaluate: Node = field(repr=False, compare=False)

    def evaluate(self, variables: Mapping[str, object]) -> object:
        """Its value. Raises ExpressionError: an unknown name, or a value that the operator cannot take."""
        return self._evaluate(variables)

    def condition(self, variables: Mapping[str, object]) -> bool:
        """Its value as the condition of a flow. Raises ExpressionError, also if it is no Boolean."""
        value = self.evaluate(variables)
        if not isinstance(value, bool):
            fail(self.text, 0, f"a condition is true or false, not {values.shown(value)}")
        return value

    def string(self, variables: Mapping[str, object]) -> str:
        """Its value as a string, as a message's name. Raises ExpressionError."""
        return _string(self.text, self.evaluate(variables))


def compile(text: str) -> Expression:  # noqa: A001
    """Read a text with expressions in it. Raises ExpressionError with the place where reading ended."""
    if len(text) > LENGTH:
        fail(text, LENGTH, f"an expression has at most {LENGTH} characters")
    parts: list[Node] = []
    end = 0
    while start := START.search(text, end):
        if start.start() > end:
            parts.append(constant(_unescaped(text[end : start.start()])))
        node, end = Parser(text, start.end()).parse()
        parts.append(node)
    if end < len(text) or not parts:
        parts.append(constant(_unescaped(text[end:])))
    return Expression(text, names_in(text), parts[0] if len(parts) == 1 else _joined(text, parts))


def _joined(text: str, parts: list[Node]) -> Node:
    return lambda variables: "".join(_string(text, part(variables)) for part in parts)


def _string(text: str, value: object) -> str:
    try:
        return values.text(value)
    except ValueError as exc:
        fail(text, 0, str(exc))


def _unescaped(literal: str) -> str:
    return literal.replace("\\${", "${").replace("\\#{", "#{")
