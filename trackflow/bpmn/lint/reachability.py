"""Elements that no instance can come to."""

from __future__ import annotations

from collections.abc import Iterator

from trackflow.bpmn.graph import inside, links_of, reached, successors
from trackflow.bpmn.lint.finding import Finding, warning
from trackflow.bpmn.model import Element, Model

UNREACHABLE = warning("unreachable")


def unreachable(model: Model) -> Iterator[Finding]:
    """The first elements of each part that no start event leads to."""
    following = leads_to(model)
    starts = [each.id for each in model.elements.values() if each.scope is None and _begins(each)]
    found = reached(starts, following)
    lost = [id_ for id_ in model.elements if id_ not in found]
    for id_ in _first(lost, following):
        yield UNREACHABLE.at(model, model.elements[id_], "is never reached: nothing leads to it from a start")


def leads_to(model: Model) -> dict[str, list[str]]:
    """Where a token at an element can lead: along flows and links, into subprocesses, to boundary events.

    Sources: BPMN 13.3.4 (a subprocess begins at its start event), 10.5.6 (event subprocesses), 10.7 (what a
    compensation boundary event is connected to).
    """
    following = successors(model)
    for throwing, catching in links_of(model).items():
        following[throwing].append(catching)
    for scope, elements in inside(model).items():
        if scope is not None:
            following[scope] += [each.id for each in elements if _begins(each) or _in_any_order(model, each)]
    for element in model.elements.values():
        handler = element.reference if element.type == "boundaryEvent" else None
        if element.event == "compensate" and handler in following:
            following[element.id].append(handler)
    return following


def _begins(element: Element) -> bool:
    return element.type == "startEvent" or element.triggered


def _in_any_order(model: Model, element: Element) -> bool:
    scope = model.elements.get(element.scope or "")
    return scope is not None and scope.type == "adHocSubProcess" and not element.incoming


def _first(lost: list[str], following: dict[str, list[str]]) -> Iterator[str]:
    """Of elements that nothing leads to those that lead to the others; of a circle its first in the file."""
    led_to = {each for id_ in lost for each in following[id_]}
    seen = set[str]()
    for id_ in sorted(lost, key=led_to.__contains__):
        if id_ not in seen:
            yield id_
            seen |= reached([id_], following)
