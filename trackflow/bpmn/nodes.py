"""The functions that an expression becomes: from the variables to a value.

What an operator says is wrong with a value becomes the expression's error, with the operator's place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from trackflow.bpmn.tokens import Token, UnknownName, fail
from trackflow.bpmn.values import Missing, of_variable
from trackflow.errors import ExpressionError

Node = Callable[[Mapping[str, object]], object]


class Access(NamedTuple):
    """What is asked of a value: a property, an element, or the result of a method."""

    place: Token
    ask: Callable[..., object]
    operands: Sequence[Node]  # evaluated only if the value can be asked
    of_null: bool = False  # whether null may be asked: the answer is null


def constant(value: object) -> Node:
    """Always this value."""
    return lambda variables: value


def variable(text: str, name: Token) -> Node:
    """The value of the variable of this name. Evaluation raises UnknownName."""

    def evaluate(variables: Mapping[str, object]) -> object:
        try:
            return of_variable(variables[name.value])
        except KeyError:
            fail(text, name.position, f"there is no variable {name.value!r}", UnknownName)

    return evaluate


def reached(text: str, first: Node, accesses: Sequence[Access]) -> Node:
    """What one access after the other makes of the first value."""

    def evaluate(variables: Mapping[str, object]) -> object:
        value = first(variables)
        for access in accesses:
            if value is None:
                if access.of_null:
                    continue
                apply(text, access.place, access.ask, value)
            operands = (operand(variables) for operand in access.operands)
            value = of_variable(apply(text, access.place, access.ask, value, *operands))
        return value

    return evaluate


def at(text: str, place: Token, operator: Callable[[object], object], operand: Node) -> Node:
    """What the operator makes of the operand."""
    return lambda variables: apply(text, place, operator, operand(variables))


def apply(text: str, place: Token, operator: Callable[..., object], *operands: object) -> object:
    """What the operator makes of the operands. Raises ExpressionError."""
    try:
        return operator(*operands)
    except ValueError as exc:
        fail(text, place.position, str(exc), UnknownName if isinstance(exc, Missing) else ExpressionError)
