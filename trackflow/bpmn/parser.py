"""Reads one `${…}` and makes a function of it, from the variables to the value.

Recursive descent: each method reads one rule of the grammar in `trackflow.bpmn.expressions`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from trackflow.bpmn import execution, methods, operators, values
from trackflow.bpmn.cursor import Cursor
from trackflow.bpmn.nodes import Access, Node, apply, at, constant, reached, variable
from trackflow.bpmn.tokens import CONSTANTS, EXECUTION, Token, fail, string_of

_OPERATORS: tuple[Mapping[str, Callable[[object, object], object]], ...] = (
    {"==": operators.equal, "!=": operators.unequal},
    {
        "<": operators.less,
        ">": operators.greater,
        "<=": operators.less_or_equal,
        ">=": operators.greater_or_equal,
    },
    {"+": operators.add, "-": operators.subtract},
    {"*": operators.multiply, "/": operators.divide, "%": operators.remainder},
)
_UNARY: Mapping[str, Callable[[object], object]] = {
    "!": operators.negation,
    "-": operators.negate,
    "empty": operators.is_empty,
}


class Parser:
    """Over the tokens from a place behind a `${` to its `}`."""

    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self._cursor = Cursor(text, start)

    def parse(self) -> tuple[Node, int]:
        """The node, and the place behind its `}`. Raises ExpressionError."""
        node = self._choice()
        end = self._cursor.token
        if not self._cursor.is_at("}"):
            self._cursor.unexpected()
        return node, end.position + 1

    def _choice(self) -> Node:
        self._cursor.deeper()
        node = self._or()
        if question := self._cursor.accept("?"):
            decide = at(self._text, question, values.boolean, node)
            yes = self._choice()
            self._cursor.need(":")
            no = self._choice()
            node = lambda variables: (yes if decide(variables) else no)(variables)  # noqa: E731
        self._cursor.higher()
        return node

    def _or(self) -> Node:
        nodes = self._operands("||", self._and)
        return nodes[0] if len(nodes) == 1 else lambda variables: any(node(variables) for node in nodes)

    def _and(self) -> Node:
        nodes = self._operands("&&", lambda: self._binary(0))
        return nodes[0] if len(nodes) == 1 else lambda variables: all(node(variables) for node in nodes)

    def _operands(self, sign: str, rule: Callable[[], Node]) -> list[Node]:
        """What stands between the signs; as Booleans, if there is a sign."""
        places, nodes = [self._cursor.token], [rule()]
        while self._cursor.accept(sign):
            places.append(self._cursor.token)
            nodes.append(rule())
        if len(nodes) == 1:
            return nodes
        return [
            at(self._text, place, values.boolean, node) for place, node in zip(places, nodes, strict=True)
        ]

    def _binary(self, level: int) -> Node:
        """A chain of operators of one level, evaluated in a loop: its length costs no stack."""
        if level == len(_OPERATORS):
            return self._unary()
        first = self._binary(level + 1)
        rest = []
        while sign := self._cursor.accept(*_OPERATORS[level]):
            rest.append((sign, _OPERATORS[level][sign.value], self._binary(level + 1)))
        if not rest:
            return first

        def evaluate(variables: Mapping[str, object]) -> object:
            value = first(variables)
            for place, operator, operand in rest:
                value = apply(self._text, place, operator, value, operand(variables))
            return value

        return evaluate

    def _unary(self) -> Node:
        sign = self._cursor.accept(*_UNARY)
        if sign is None:
            return self._value()
        self._cursor.deeper()
        node = at(self._text, sign, _UNARY[sign.value], self._unary())
        self._cursor.higher()
        return node

    def _value(self) -> Node:
        first = self._primary()
        rest = []
        while sign := self._cursor.accept(".", "["):
            rest.append(self._index(sign) if sign.value == "[" else self._member())
        return reached(self._text, first, rest) if rest else first

    def _index(self, bracket: Token) -> Access:
        key = self._choice()
        self._cursor.need("]")
        if self._cursor.is_at("("):
            fail(self._text, self._cursor.token.position, "a method is called by its name, not in brackets")
        return Access(bracket, methods.item, (key,), of_null=True)

    def _member(self) -> Access:
        """A property or a method call, from behind its dot."""
        name = self._cursor.token
        if name.kind != "name":
            self._cursor.unexpected()
        self._cursor.take()
        if not self._cursor.is_at("("):
            return Access(name, methods.item, (constant(name.value),), of_null=True)
        if name.value not in methods.ARGUMENTS:
            fail(self._text, name.position, f"there is no method {name.value!r} here")
        arguments = self._arguments()
        takes = methods.ARGUMENTS[name.value]
        if len(arguments) not in takes:
            most = takes[-1]
            fail(self._text, name.position, f"{name.value!r} takes {most} arguments, not {len(arguments)}")
        return Access(name, lambda base, *given: methods.call(base, name.value, given), tuple(arguments))

    def _arguments(self) -> list[Node]:
        self._cursor.need("(")
        arguments: list[Node] = []
        while not self._cursor.accept(")"):
            if arguments:
                self._cursor.need(",")
            arguments.append(self._choice())
        return arguments

    def _primary(self) -> Node:
        token = self._cursor.take()
        match token.kind:
            case "number":
                whole = token.value.isdigit()
                return constant(apply(self._text, token, values.whole if whole else float, token.value))
            case "string":
                return constant(string_of(token))
            case "constant":
                return constant(CONSTANTS[token.value])
            case "name":
                return self._named(token)
        if token.value != "(" or token.kind != "sign":
            self._cursor.unexpected(token)
        node = self._choice()
        self._cursor.need(")")
        return node

    def _named(self, name: Token) -> Node:
        if self._cursor.is_at("("):
            fail(self._text, name.position, f"there is no function {name.value!r} here, nor any other")
        if name.value == EXECUTION:
            return execution.read(self._text, name, self._cursor)
        if name.value == execution.USER:
            fail(self._text, name.position, f"{name.value!r} is not known here: an event has no user")
        return variable(self._text, name)
