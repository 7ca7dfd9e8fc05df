"""Names that a test says, looked up in the models. One that they do not know is an error with a hint."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from trackflow.bpmn.tokens import holds_expression
from trackflow.errors import ChoreographyError, ModelError

if TYPE_CHECKING:
    from trackflow.bpmn import Element, Flow, Model


class Names:
    """The names that the models, and the choreography if there is one, know."""

    def __init__(self, models: Sequence[Model], events: Iterable[str] | None = None) -> None:
        self._models = models
        messages = frozenset[str]().union(*(model.messages for model in models))
        # Of a name that is an expression nobody knows the values.
        self._any_event = events is None and any(map(holds_expression, messages))
        self._events = sorted(messages.union(events or ()))

    def event(self, name: str) -> str:
        """An event's name. Raises ChoreographyError: nothing knows it."""
        __tracebackhide__ = True
        if name in self._events or self._any_event:
            return name
        known = f"known are {', '.join(self._events) or 'none'}"
        raise ChoreographyError(
            f"event {name!r}, which nothing awaits{_suggestion(name, self._events)} ({known})"
        )

    def element(self, name: str) -> str:
        """The id of the element that a test calls by its id or its label. Raises ModelError."""
        __tracebackhide__ = True
        return self._found(
            "element", name, (each for model in self._models for each in model.elements.values())
        )

    def flow(self, name: str) -> str:
        """The id of the sequence flow, likewise."""
        __tracebackhide__ = True
        return self._found(
            "sequence flow", name, (each for model in self._models for each in model.flows.values())
        )

    def _found(self, kind: str, name: str, things: Iterable[Element | Flow]) -> str:
        __tracebackhide__ = True
        labels = defaultdict[str, list[str]](list)
        ids = []
        for thing in things:
            ids.append(thing.id)
            if thing.name:
                labels[" ".join(thing.name.split())].append(thing.id)
        if name in ids:
            return name
        if len(labels.get(name, ())) == 1:
            return labels[name][0]
        files = ", ".join(model.file for model in self._models)
        if name in labels:
            raise ModelError(f"{files}: {kind} {name!r}: several have this label: {', '.join(labels[name])}")
        raise ModelError(f"{files}: there is no {kind} {name!r}{_suggestion(name, [*ids, *labels])}")


def _suggestion(name: str, known: Iterable[str]) -> str:
    lowered = {each.lower(): each for each in known}
    near = get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    return f": did you mean {lowered[near[0]]!r}?" if near else ""
