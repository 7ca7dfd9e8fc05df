"""A model's elements as a graph: what follows what, and what can be reached."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from trackflow.bpmn.model import Element, Model

# They take one of their flows; anything else with several takes them all, or some.
CHOOSE_ONE = frozenset({"exclusiveGateway", "eventBasedGateway"})
# They wait for the tokens of several flows, and go on with one.
_JOINS = frozenset({"parallelGateway", "inclusiveGateway"})


def joins(element: Element) -> bool:
    """Whether the element waits for the tokens of several flows."""
    return element.type in _JOINS and len(element.incoming) > 1


def successors(model: Model) -> dict[str, list[str]]:
    """By element those that its flows lead to, and its boundary events."""
    following = {
        id_: [model.flows[flow].target for flow in each.outgoing] for id_, each in model.elements.items()
    }
    for each in model.elements.values():
        if each.attached_to in following:
            following[each.attached_to].append(each.id)
    return following


def reached(
    starts: Iterable[str], following: Mapping[str, Sequence[str]], stops: Callable[[str], bool] | None = None
) -> set[str]:
    """These, and what comes after them; not what comes after where it stops."""
    found, to_do = set[str](), list(starts)
    while to_do:
        if (element := to_do.pop()) not in found:
            found.add(element)
            to_do += () if stops is not None and stops(element) else following[element]
    return found


@lru_cache(maxsize=64)
def links_of(model: Model) -> Mapping[str, str]:
    """By throwing link event the one that catches it: of the same name, beside it (BPMN 10.5.1)."""
    elements = model.elements.values()
    catching = {
        (each.scope, each.reference): each.id
        for each in elements
        if each.type == "intermediateCatchEvent" and each.event == "link"
    }
    return MappingProxyType(
        {
            each.id: catching[each.scope, each.reference]
            for each in elements
            if _throws_link(each) and (each.scope, each.reference) in catching
        }
    )


def inside(model: Model) -> Mapping[str | None, list[Element]]:
    """By scope (None: the process) the elements that lie directly in it."""
    found = defaultdict[str | None, list[Element]](list)
    for element in model.elements.values():
        found[element.scope].append(element)
    return found


def scopes_of(model: Model, element: str) -> list[str]:
    """The subprocesses that an element lies in, from the inside to the outside."""
    found, scope = [], model.elements[element].scope
    while scope is not None:
        found.append(scope)
        scope = model.elements[scope].scope
    return found


def _throws_link(element: Element) -> bool:
    return element.type == "intermediateThrowEvent" and element.event == "link"
