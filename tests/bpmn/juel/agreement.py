"""Whether we say of an expression what JUEL says."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.bpmn.juel.oracle import Answer
from trackflow.bpmn import expressions, values
from trackflow.bpmn.operators import same
from trackflow.bpmn.tokens import UnknownName, names_in
from trackflow.errors import ExpressionError

SHORTEST_DOUBLES = 19  # since this Java, Double.toString writes no digit too many
# What JUEL reads and we refuse: the closed list of trackflow.bpmn.expressions in our errors' words.
REFUSED = re.compile(
    r"there is no (function|method) .* here"
    r"|'authenticatedUserId' is not known here"
    r"|of 'execution' only"
    r"|'\w+' takes \d arguments, not \d"
    r"|a method is called by its name, not in brackets"
    r"|has no property '(class|bytes|empty|blank|infinite|naN)'"
    r"|a (list|map) of \d+ (is no text|cannot be compared|has no method)"
    r"|cannot be compared with a (list|map) of \d+"
    r"|.* is no string"
    r"|'\s*[+-]?0[xX][^']*' is no number"
    r"|\d+ is within a character of"
    r"|its value has more than \d+ characters"
    r"|nested deeper than"
)
_DOUBLE = re.compile(r"\d+\.\d+(E-?\d+)?")


def ours(text: str, variables: Mapping[str, object]) -> Answer:
    """What we say; "constant" is what cannot be read, or has no variables and never a value."""
    try:
        expression = expressions.compile(text)
    except ExpressionError as exc:
        return Answer("read" if names_in(text) else "constant", None, str(exc))
    try:
        value = expression.evaluate(variables)
        return Answer("value", value, "" if isinstance(value, list | dict) else values.text(value))
    except UnknownName as exc:
        return Answer("unknown", None, str(exc))
    except ExpressionError as exc:
        return Answer("evaluate", None, str(exc))


def difference(our: Answer, their: Answer, java: int) -> str | None:
    """What differs, or None."""
    what = f"{our} here, {their} in JUEL"
    if our.kind != "value" and REFUSED.search(our.text):
        return None
    if our.kind == "constant":
        return what if their.kind == "value" else None
    if our.kind != their.kind:
        return what
    if our.kind != "value":
        return None
    if isinstance(our.value, list | dict):
        return None if our.value == their.value else what
    if isinstance(our.value, str):
        is_same = _shortest(our.text, java) == _shortest(str(their.value), java)
    else:
        is_same = same(our.value, their.value)
    return None if is_same and _shortest(our.text, java) == _shortest(their.text, java) else what


def _shortest(text: str, java: int) -> str:
    return text if java >= SHORTEST_DOUBLES else _DOUBLE.sub(lambda match: repr(float(match[0])), text)
