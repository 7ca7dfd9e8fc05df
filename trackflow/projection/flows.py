"""Which sequence flows an instance took: engines keep the elements that were entered, not the way between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from trackflow.bpmn import Flow, Model
from trackflow.bpmn.graph import links_of
from trackflow.engines.answers import Step


def has_passed(step: Step, model: Model) -> bool:
    """Whether a step is over and was not interrupted, so that it may have led on.

    An event-based gateway is canceled by the event that it waited for (so the engine family calls it).
    """
    element = model.elements.get(step.element)
    races = element is not None and element.type == "eventBasedGateway"
    return step.left is not None and (races or not step.canceled)


def flows_taken(path: Sequence[Step], model: Model) -> Iterator[Flow]:
    """The flows between the steps of a path, in the order in which they were taken.

    Of several that may have led to a step it is the one whose source was left last and has not led on to the
    same element before. A step that no flow leads to (the first; one that a person began at) adds none. A
    link leaves no step in any engine's history: what leads to it and away from it counts as one way.
    """
    left = defaultdict[str, list[Step]](list)  # by element the steps that were left already
    used = set[tuple[int, str]]()
    for step in path:
        candidates = [
            (source.left, way, id(source))
            for way in _ways_to(step.element, model)
            for source in left[way[0].source]
            if source.left is not None and source.left <= step.entered and (id(source), way[0].id) not in used
        ]
        if candidates:
            _, way, source_id = max(candidates, key=lambda each: each[0])
            used.add((source_id, way[0].id))
            yield from way
        if has_passed(step, model):
            left[step.element].append(step)


def _ways_to(element: str, model: Model, over: frozenset[str] = frozenset()) -> Iterator[tuple[Flow, ...]]:
    """The flows that lead to an element, each with those that lead to it over a link.

    `over`: the links that were followed already, as some may lead round in a circle.
    """
    found = model.elements.get(element)
    for flow in (model.flows[id_] for id_ in (found.incoming if found else ())):
        throws = [throw for throw, catch in links_of(model).items() if catch == flow.source]
        if not throws:
            yield (flow,)
        for throw in throws:
            if throw not in over:
                yield from ((*way, flow) for way in _ways_to(throw, model, over | {throw}))
