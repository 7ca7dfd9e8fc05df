"""What an order's diagram shows of it: the way that it took, where it is, and how it left the model's way.

The keys are those of `static/diagram.js`; ids are the model's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from trackflow.bpmn import Model
from trackflow.engines.answers import Instance
from trackflow.projection.conformance import Deviation, Kind
from trackflow.projection.flows import flows_taken
from trackflow.tracking.orders import Event
from trackflow.tracking.tables import Outcome


def path_marks(
    model: Model | None,
    instance: Instance | None,
    events: Sequence[Event],
    deviations: Collection[Deviation],
    at: Collection[str] = (),
    late: Collection[str] = (),
) -> dict[str, Any]:
    """The marks of one instance. `at` is where it was last seen, if the engine could not be asked."""
    marks: dict[str, Any] = {"late": dict.fromkeys(sorted(late), 1)}
    if model is not None:
        marks["early"] = sorted(_early(model, events))
    if instance is None:
        return {**marks, "at": sorted(at), "passed": sorted(_told(model, events))}
    visits = Counter(step.element for step in instance.path)
    passed = {step.element for step in instance.path if step.left is not None} - set(instance.active)
    marks["at"] = list(instance.active)
    marks["passed"] = sorted(passed | set(_flows(model, instance)))
    marks["repeated"] = {element: number for element, number in visits.items() if number > 1}
    marks["skipped"] = sorted(
        each.name for each in deviations if each.kind is Kind.SKIPPED and each.instance == instance.id
    )
    return marks


def _flows(model: Model | None, instance: Instance) -> Iterator[str]:
    if model is not None:
        yield from (flow.id for flow in flows_taken(instance.path, model))


def _told(model: Model | None, events: Sequence[Event]) -> Iterator[str]:
    """As far as events tell, the elements that it passed."""
    correlated = {event.event for event in events if event.outcome == Outcome.CORRELATED}
    if model is not None:
        yield from (element.id for element in model.elements.values() if element.message in correlated)


def _early(model: Model, events: Sequence[Event]) -> Iterator[str]:
    """The elements whose events wait for the order to get there."""
    waiting = {event.event for event in events if event.outcome == Outcome.WAITING}
    yield from (element.id for element in model.elements.values() if element.message in waiting)
