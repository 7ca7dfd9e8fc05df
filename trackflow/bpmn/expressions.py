"""Expressions of a model: the subset of JUEL that conditions, names and times of tracking models need.

    text       := literal? (('${' choice '}' literal?)+ | ('#{' choice '}' literal?)+)?
    choice     := or ('?' choice ':' choice)?
    or         := and (('||' | 'or') and)*
    and        := equality (('&&' | 'and') equality)*
    equality   := comparison (('==' | 'eq' | '!=' | 'ne') comparison)*
    comparison := sum (('<' | 'lt' | '>' | 'gt' | '<=' | 'le' | '>=' | 'ge') sum)*
    sum        := product (('+' | '-') product)*
    product    := unary (('*' | '/' | 'div' | '%' | 'mod') unary)*
    unary      := ('!' | 'not' | '-' | 'empty') unary | value
    value      := (primary | execution) ('.' name ('(' arguments? ')')? | '[' choice ']')*
    arguments  := choice (',' choice)*
    primary    := number | string | 'true' | 'false' | 'null' | name | '(' choice ')'
    execution  := 'execution' '.' (('getVariable' | 'hasVariable') '(' string ')'
                                   | 'processBusinessKey' | 'getProcessBusinessKey' '(' ')')
    number     := digits | digits '.' digits? exponent? | '.' digits exponent? | digits exponent
    exponent   := ('e' | 'E') ('+' | '-')? digits
    string     := "'" … "'" | '"' … '"'             in it '\\' stands before a '\\' or its own quote only
    literal    := any text                          in it '\\${' and '\\#{' begin no expression
    name       := a Java identifier that is none of the words above, nor 'instanceof'

`#{` is the same as `${`, but a text has only the one or only the other. A text that is one `${…}` has that
expression's value; any other text is a string, with the values put in. A text without any is itself.

`.` and `[…]` reach into maps and lists; null has every property, and each is null. Operators are in
`trackflow.bpmn.operators`, how a value of one type is read as another in `trackflow.bpmn.values`, methods in
`trackflow.bpmn.methods`, `execution` in `trackflow.bpmn.execution`. Names are process variables and nothing
else: no expression reaches an object of Python.

What JUEL reads and this does not, all of it refused by name when the text is read or evaluated:
functions (`now()`, `dateTime()`, `currentUser()`, `currentUserGroups()`, `prefix:name()`) and beans;
`authenticatedUserId`, and everything else of `execution`; methods and overloads that are not in
`trackflow.bpmn.methods`, and `value['method']()`; the Java properties of strings, numbers and Booleans
(`class`, `bytes`, `empty`); lists and maps as strings or compared with anything; hexadecimal numbers in
strings; half a character of two UTF-16 units; a text longer than `LENGTH`, nested deeper than
`cursor.DEPTH`, or with a longer value than `LENGTH` where values are put into it; an expression without
variables that cannot have a value (`${1 % 0}`). `LENGTH` and `DEPTH` bound what any text can cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from trackflow.bpmn import values
from trackflow.bpmn.nodes import Node, constant
from trackflow.bpmn.parser import Parser
from trackflow.bpmn.tokens import EXECUTION, START, UnknownName, fail, names_in

LENGTH = 4000  # characters: as long as Camunda's text columns


@dataclass(frozen=True, slots=True)
class Expression:
    """A text with expressions in it, ready to be evaluated any number of times, from any thread.

    `variables` are those of the process, and under `execution.BUSINESS_KEY` the instance's business key.
    """

    text: str
    names: frozenset[str]  # of the variables that it uses
    _evaluate: Node = field(repr=False, compare=False)

    def evaluate(self, variables: Mapping[str, object]) -> object:
        """Its value. Raises ExpressionError: an unknown name, or a value that the operator cannot take."""
        return self._evaluate(variables)

    def condition(self, variables: Mapping[str, object]) -> bool:
        """Its value as the condition of a flow. Raises ExpressionError, also if it is no Boolean.

        As the engines' `UelExpressionCondition.evaluate`.
        """
        value = self.evaluate(variables)
        if not isinstance(value, bool):
            fail(self.text, 0, f"a condition is true or false, not {values.shown(value)}")
        return value

    def occurs(self, variables: Mapping[str, object]) -> bool:
        """Its value as the condition of a conditional event: `condition`, but false while a name is unknown.

        As the engines' `UelExpressionCondition.tryEvaluate`.
        """
        try:
            return self.condition(variables)
        except UnknownName:
            return False

    def string(self, variables: Mapping[str, object]) -> str:
        """Its value as a message's name or a timer's text; null is ''. Raises ExpressionError.

        The engines cast it to a String, as `EventSubscriptionDeclaration.resolveExpressionOfEventName` does:
        `${number}` alone is refused, while `${number}-done` is a string.
        """
        value = self.evaluate(variables)
        if value is not None and not isinstance(value, str):
            fail(self.text, 0, f"a string is needed here, not {values.shown(value)}")
        return value or ""


def compile(text: str) -> Expression:  # noqa: A001
    """Read a text with expressions in it. Raises ExpressionError with the place where reading ended."""
    if len(text) > LENGTH:
        fail(text, LENGTH, f"an expression has at most {LENGTH} characters")
    parts = list(_parts(text))
    expression = Expression(text, names_in(text), parts[0] if len(parts) == 1 else _joined(text, parts))
    if not expression.names and EXECUTION not in text:
        expression.evaluate({})  # what fails now would fail always
    return expression


def _parts(text: str) -> Iterator[Node]:
    end = 0
    first = START.search(text)
    while start := START.search(text, end):
        if first and start[0] != first[0]:
            fail(text, start.start(), f"a text has only {first[0]!r} or only {start[0]!r}, not both")
        if start.start() > end:
            yield constant(_unescaped(text[end : start.start()]))
        node, end = Parser(text, start.end()).parse()
        yield node
    if end < len(text) or not text:
        yield constant(_unescaped(text[end:]))


def _joined(text: str, parts: list[Node]) -> Node:
    def evaluate(variables: Mapping[str, object]) -> str:
        pieces: list[str] = []
        length = 0
        for part in parts:
            pieces.append(_string(text, part(variables)))
            length += len(pieces[-1])
            if length > LENGTH:
                fail(text, 0, f"its value has more than {LENGTH} characters")
        return "".join(pieces)

    return evaluate


def _string(text: str, value: object) -> str:
    try:
        return values.text(value)
    except ValueError as exc:
        fail(text, 0, str(exc))


def _unescaped(literal: str) -> str:
    return literal.replace("\\${", "${").replace("\\#{", "#{")
