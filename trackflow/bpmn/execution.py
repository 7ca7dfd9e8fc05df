"""What `execution` is in an expression: the instance's variables and business key, and nothing else of it.

In the engines it is a Java object (`ExecutionEntity`) with a hundred properties. Here it has

    execution.getVariable('name')       the variable's value, null if there is none
    execution.hasVariable('name')       whether there is one
    execution.processBusinessKey        the instance's business key, null if it has none
    execution.getProcessBusinessKey()   the same

The name of a variable is written as a string: what a model needs of a payload is known before it runs.
"""

from __future__ import annotations

from collections.abc import Mapping

from trackflow.bpmn.cursor import Cursor
from trackflow.bpmn.nodes import Node
from trackflow.bpmn.tokens import VARIABLE_METHODS, Token, fail, string_of
from trackflow.bpmn.values import of_variable

BUSINESS_KEY = "execution.processBusinessKey"  # no variable's name in an expression: names have no dots
USER = "authenticatedUserId"


def read(text: str, name: Token, cursor: Cursor) -> Node:
    """From behind the word `execution`. Raises ExpressionError: there is nothing else of it."""
    member = cursor.take() if cursor.accept(".") else name
    if member.value in VARIABLE_METHODS:
        return _of_variable(member, _string_argument(text, cursor))
    if member.value not in ("processBusinessKey", "getProcessBusinessKey"):
        known = "getVariable('…'), hasVariable('…') and processBusinessKey"
        fail(text, member.position, f"of {name.value!r} only {known} are known here")
    if member.value == "getProcessBusinessKey":
        cursor.need("(")
        cursor.need(")")
    return _business_key(text, name)


def _string_argument(text: str, cursor: Cursor) -> str:
    cursor.need("(")
    argument = cursor.take()
    if argument.kind != "string" or not cursor.accept(")"):
        fail(text, argument.position, "the variable's name is a single string here, written in quotes")
    return string_of(argument)


def _of_variable(method: Token, name: str) -> Node:
    if method.value == "hasVariable":
        return lambda variables: name in variables
    return lambda variables: of_variable(variables.get(name))


def _business_key(text: str, name: Token) -> Node:
    def evaluate(variables: Mapping[str, object]) -> object:
        try:
            return variables[BUSINESS_KEY]
        except KeyError:
            fail(text, name.position, "there is no business key here")

    return evaluate
