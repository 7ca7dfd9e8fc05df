"""What Camunda 7 and its forks refuse when a model is deployed, said before they are asked.

The source is Operaton's `BpmnParse` (and the XML Schema of BPMN 2.0, which it validates with); each rule
names its method. The embedded engine refuses the same: a model that cannot run there does not run here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from trackflow.bpmn.lint.engine_rules import (
    boundaries,
    compensation,
    drawings,
    events,
    flows,
    gateways,
    links,
    repetitions,
    retention,
    schema,
    starts,
    subscriptions,
    tasks,
)
from trackflow.bpmn.lint.finding import Finding
from trackflow.bpmn.model import Model

_RULES: Sequence[Callable[[Model], Iterator[Finding]]] = (
    retention.unreadable,
    starts.refused,
    events.refused,
    boundaries.refused,
    links.refused,
    subscriptions.twins,
    gateways.refused,
    tasks.refused,
    repetitions.refused,
    compensation.refused,
    flows.refused,
    drawings.dangling,
    schema.invalid,  # last: the others have better words
)


def refused_by_the_family(model: Model) -> Iterator[Finding]:
    """Why Operaton and Camunda 7 would not take the model; nothing if they would."""
    for rule in _RULES:
        yield from rule(model)
