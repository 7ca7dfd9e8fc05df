"""Multi-instance elements: the same element several times, at once or one after the other (BPMN 13.3.7).

All instances live in a scope of their own, which the engine family calls the multi-instance body; a token
waits for it at the element. Sources: Operaton's `MultiInstanceActivityBehavior` and its two subclasses.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from trackflow.bpmn.expressions import Expression
from trackflow.engines.embedded.models.process import Node, Repeats
from trackflow.engines.embedded.steps import subscriptions
from trackflow.engines.embedded.steps.state import Scope, Times, Token
from trackflow.engines.embedded.steps.step import Move, Refused, Step

BODY = "#multiInstanceBody"  # the engine family's own word for it in its history

# Far more than anybody draws or waits for, and few enough for one state.
MOST = 1000


def begin(step: Step, node: Node, repeats: Repeats, scope: int) -> bool:
    """The instances begin; False if there are none, so that the element is left at once."""
    planned = _whole(node, repeats.cardinality, step.variables(scope))
    if planned > MOST:
        raise Refused(f"{node.id!r} would run {planned} times: at most {MOST} are supported")
    body = step.enter(node.id + BODY)
    if not planned:
        step.left(body)
        return False
    host = Token(node.id, scope, body)
    step.state.tokens.append(host)
    subscriptions.begin(step, host, node.boundary)
    step.state.scopes.append(Scope(body, node.id, times=Times(planned)))
    counters = range(1 if repeats.sequential else planned)
    step.move(Move(node.id, body, counter) for counter in counters)
    return True


def is_over(step: Step, node: Node, body: int, counter: int | None) -> bool:
    """One instance is done. Whether all are, or the completion condition says that it is enough.

    If not, a sequential element goes on with the next.
    """
    assert node.repeats is not None
    scope = step.state.scope(body)
    assert scope.times is not None
    scope.times = Times(scope.times.planned, scope.times.completed + 1)
    planned, completed = scope.times
    if node.repeats.sequential and completed == planned:
        return True
    # Of parallel instances the last one is asked, too: a condition that cannot be decided refuses its event.
    if _is_enough(node, node.repeats, step.variables(body, counter)) or completed == planned:
        return True
    if node.repeats.sequential:
        step.move([Move(node.id, body, completed)])
    return False


def _is_enough(node: Node, repeats: Repeats, variables: Mapping[str, object]) -> bool:
    if repeats.until is None:
        return False
    value = repeats.until.evaluate(variables)
    if not isinstance(value, bool):
        raise Refused(f"the completionCondition of {node.id!r} is true or false, not {value!r}")
    return value


def _whole(node: Node, expression: Expression, variables: Mapping[str, object]) -> int:
    """The number of instances that an expression says, as `resolveLoopCardinality` takes it."""
    value = expression.evaluate(variables)
    if isinstance(value, str):
        try:
            value = int(value) if value.isascii() and value.strip() == value and "_" not in value else None
        except ValueError:
            value = None
    if isinstance(value, bool) or not isinstance(value, int | float) or not -inf < value < inf:
        raise Refused(f"the loopCardinality of {node.id!r} should be a number")
    if value < 0:
        raise Refused(f"the loopCardinality of {node.id!r} should be 0 or more, not {value}")
    return int(value)
