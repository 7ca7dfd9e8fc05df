"""Conditional events: they happen when their condition is true (BPMN 10.5.5, 13.5.2).

The engine family looks at a condition when the wait for it begins, and at all conditions once for *each*
variable that an event sets (`ExecutionEntity.dispatchEvent`): an event that interrupts nothing happens so
often. An event sets the variables of its payload that the model names, and the one that proves that it
happened. A condition with a variable that is not there is false (`UelExpressionCondition.tryEvaluate`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trackflow.engines.embedded.steps import subscriptions
from trackflow.engines.embedded.steps.state import Scope, Token
from trackflow.engines.embedded.steps.step import Happening, Step


def look_at(step: Step, holder: Token | Scope, elements: Iterable[str]) -> None:
    """A wait has begun: what is true already happens next."""
    step.happen(true_at(step, holder, elements))


def look(step: Step, variables: int) -> None:
    """So many variables have been set: what is true happens next."""
    step.happen(true_now(step) * variables)


def true_now(step: Step) -> list[Happening]:
    """The conditional events of an instance whose conditions are true."""
    if not step.process.is_conditional:
        return []
    return [
        each
        for holder, _, elements in subscriptions.listening(step.process, step.state)
        for each in true_at(step, holder, elements)
    ]


def true_at(step: Step, holder: Token | Scope, elements: Iterable[str]) -> Iterator[Happening]:
    """Those of a holder's conditional events whose conditions are true."""
    id_ = holder.visit if isinstance(holder, Token) else holder.id
    for element in elements:
        condition = step.node(element).condition
        if condition is not None and condition.occurs(subscriptions.variables(step, holder)):
            yield Happening(element, id_)
