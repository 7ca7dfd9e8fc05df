"""Reads one `${…}` and makes a function of it, from the variables to the value.

Recursive descent: each method reads one rule of the grammar in `trackflow.bpmn.expressions`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NoReturn

from trackflow.bpmn import methods, values
from trackflow.bpmn.tokens import CONSTANTS, Token, fail, tokens

# Nested brackets, choices and unary operators: far from Python's limit of frames, and beyond any reader's.
DEPTH = 32

Node = Callable[[Mapping[str, object]], object]

_OPERATORS: tuple[dict[str, Callable[[object, object], object]], ...] = (
    {"==": values.equal, "!=": lambda a, b: not values.equal(a, b)},
    {
        "<": values.less,
        ">": lambda a, b: values.less(b, a),
        "<=": values.less_or_equal,
        ">=": lambda a, b: values.less_or_equal(b, a),
    },
    {"+": values.add, "-": values.subtract},
    {"*": values.multiply, "/": values.divide, "%": values.remainder},
)
_UNARY: dict[str, Callable[[object], object]] = {
    "!": lambda value: not values.boolean(value),
    "-": lambda value: values.subtract(0, value),
    "empty": values.is_empty,
}


class Parser:
    """Over the tokens from a place behind a `${` to its `}`."""

    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self._tokens = tokens(text, start)
        self._depth = 0
        self._token = Token("end", "", len(text))
        self._next()

    def parse(self) -> tuple[Node, int]:
        """The node, and the place behind its `}`."""
        node = self._choice()
        if self._token.value != "}" or self._token.kind != "sign":
            self._unexpected()
        return node, self._token.position + 1

    def _choice(self) -> Node:
        self._deeper()
        node = self._or()
        if question := self._accept("?"):
            decide = self._at(question, values.boolean, node)
            yes = self._choice()
            self._need(":")
            no = self._choice()
            node = lambda variables: (yes if decide(variables) else no)(variables)  # noqa: E731
        self._depth -= 1
        return node

    def _or(self) -> Node:
        nodes = self._operands("||", self._and)
        return nodes[0] if len(nodes) == 1 else lambda variables: any(node(variables) for node in nodes)

    def _and(self) -> Node:
        nodes = self._operands("&&", lambda: self._binary(0))
        return nodes[0] if len(nodes) == 1 else lambda variables: all(node(variables) for node in nodes)

    def _operands(self, sign: str, rule: Callable[[], Node]) -> list[Node]:
        """What stands between the signs; as Booleans, if there is a sign."""
        places, nodes = [self._token], [rule()]
        while self._accept(sign):
            places.append(self._token)
            nodes.append(rule())
        if len(nodes) == 1:
            return nodes
        return [self._at(place, values.boolean, node) for place, node in zip(places, nodes, strict=True)]

    def _binary(self, level: int) -> Node:
        """A chain of operators of one level, evaluated in a loop: its length costs no stack."""
        if level == len(_OPERATORS):
            return self._unary()
        first = self._binary(level + 1)
        rest = []
        while sign := self._accept(*_OPERATORS[level]):
            rest.append((sign, _OPERATORS[level][sign.value], self._binary(level + 1)))
        if not rest:
            return first

        def evaluate(variables: Mapping[str, object]) -> object:
            value = first(variables)
            for place, operator, operand in rest:
                value = self._apply(place, operator, value, operand(variables))
            return value

        return evaluate

    def _unary(self) -> Node:
        sign = self._accept(*_UNARY)
        if sign is None:
            return self._value()
        self._deeper()
        node = self._at(sign, _UNARY[sign.value], self._unary())
        self._depth -= 1
        return node

    def _value(self) -> Node:
        first = self._primary()
        rest: list[tuple[Token, Callable[..., object], list[Node]]] = []
        while sign := self._accept(".", "["):
            if sign.value == "[":
                rest.append((sign, methods.item, [self._choice()]))
                self._need("]")
            else:
                rest.append(self._member())
        if not rest:
            return first

        def evaluate(variables: Mapping[str, object]) -> object:
            value = first(variables)
            for place, access, operands in rest:
                value = self._apply(place, access, value, *(operand(variables) for operand in operands))
            return value

        return evaluate

    def _member(self) -> tuple[Token, Callable[..., object], list[Node]]:
        """A property or a method call, from behind its dot."""
        name = self._token
        if name.kind != "name":
            self._unexpected()
        self._next()
        if not self._accept("("):
            return name, methods.item, [constant(name.value)]
        if name.value not in methods.METHOD_NAMES:
            fail(self._text, name.position, f"there is no method {name.value!r}")
        arguments: list[Node] = []
        while not self._accept(")"):
            if arguments:
                self._need(",")
            arguments.append(self._choice())
        return name, lambda base, *given: methods.call(base, name.value, given), arguments

    def _primary(self) -> Node:
        token = self._token
        self._next()
        match token.kind:
            case "number":
                whole = token.value.isdigit()
                return constant(self._apply(token, values.whole if whole else float, token.value))
            case "string":
                return constant(re.sub(r"\\(.)", r"\1", token.value[1:-1]))
            case "constant":
                return constant(CONSTANTS[token.value])
            case "name":
                return self._variable(token)
        if token.value != "(" or token.kind != "sign":
            self._unexpected(token)
        node = self._choice()
        self._need(")")
        return node

    def _variable(self, token: Token) -> Node:
        def evaluate(variables: Mapping[str, object]) -> object:
            try:
                return variables[token.value]
            except KeyError:
                fail(self._text, token.position, f"there is no variable {token.value!r}")

        return evaluate

    def _at(self, place: Token, operator: Callable[[object], object], operand: Node) -> Node:
        return lambda variables: self._apply(place, operator, operand(variables))

    def _apply(self, place: Token, operator: Callable[..., object], *operands: object) -> object:
        try:
            return operator(*operands)
        except ValueError as exc:
            fail(self._text, place.position, str(exc))

    def _next(self) -> None:
        self._token = next(self._tokens, Token("end", "", len(self._text)))

    def _accept(self, *signs: str) -> Token | None:
        token = self._token
        if token.kind != "sign" or token.value not in signs:
            return None
        self._next()
        return token

    def _need(self, sign: str) -> None:
        if not self._accept(sign):
            self._unexpected()

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEPTH:
            fail(self._text, self._token.position, f"nested deeper than {DEPTH}")

    def _unexpected(self, token: Token | None = None) -> NoReturn:
        token = token or self._token
        what = f"{token.value[:20]!r} is not expected here" if token.value else "it ends too early"
        fail(self._text, token.position, what)


def constant(value: object) -> Node:
    """A node that always has this value."""
    return lambda variables: value
