"""Which elements a token can come from to an inclusive gateway.

As Operaton's `InclusiveGatewayActivityBehavior.isReachable` walks: along the flows; from an element that no
flow leaves, to the subprocess that it lies in. Boundary events are no way there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from trackflow.bpmn import Element, Model
from trackflow.bpmn.graph import links_of, reached


def reach(model: Model) -> dict[str, frozenset[str]]:
    """By inclusive gateway, the ids of these elements, its own among them."""
    before = defaultdict[str, list[str]](list)
    for element in model.elements.values():
        for following in _following(model, element):
            before[following].append(element.id)
    return {
        element.id: frozenset(reached([element.id], before))
        for element in model.elements.values()
        if element.type == "inclusiveGateway" and len(element.incoming) > 1
    }


def _following(model: Model, element: Element) -> Iterable[str]:
    if element.id in links_of(model):
        return [links_of(model)[element.id]]
    if element.outgoing:
        return [model.flows[flow].target for flow in element.outgoing]
    return [element.scope] if element.scope else []
