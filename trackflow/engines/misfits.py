"""What keeps a running instance out of another version of its model. The same on every engine.

The engine family maps an element to the one of the same id if both behave alike and their enclosing elements
are mapped, too (`DefaultMigrationInstructionGenerator` and its validators). Two of its ways are not followed:
a message event can become a timer event there, which then waits for nothing, and a subprocess an event
subprocess. Here both are misfits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trackflow.bpmn import Element, Model

_JOINS = ("parallelGateway", "inclusiveGateway")


@dataclass(frozen=True, slots=True)
class Misfit:
    """One reason why an instance has to stay on its version.

    Attributes:
        element: id of the element where it is; None if the reason is about the instance as a whole.
        name: of that element, its label.
        reason: in words that can stand behind the element's.
    """

    element: str | None
    name: str | None
    reason: str

    def __str__(self) -> str:
        if self.element is None:
            return self.reason
        label = f" ({' '.join(self.name.split())})" if self.name and self.name.strip() else ""
        return f"{self.element!r}{label} {self.reason}"

    def as_json(self) -> dict[str, str | None]:
        """As the command line prints it."""
        return {"element": self.element, "name": self.name, "reason": self.reason}


def misfits(old: Model, new: Model, active: Iterable[str]) -> list[Misfit]:
    """Why an instance that is at these elements of the old model cannot be at them in the new one.

    `active`: ids of the elements where something waits, and of the subprocesses around; each is asked once.
    """
    found = []
    for id_ in sorted(set(active)):
        element = old.elements[id_]
        reason = next(_reasons(old, new, element), None)
        if reason is not None:
            found.append(Misfit(id_, element.name, reason))
    return found


def undone_by(model: Model, handler: str) -> str:
    """The id of the boundary event through which an activity compensates another; of any other, its own.

    It stands for what can be compensated: the event's activities may be others in the new version.
    """
    events = (each for each in model.elements.values() if each.event == "compensate" and each.attached_to)
    return next((each.id for each in events if each.reference == handler), handler)


def renamed(old: Model, new: Model) -> frozenset[str]:
    """Ids of the elements whose message has another name in the new model: what waits there follows it."""
    return frozenset(
        id_
        for id_, each in new.elements.items()
        if continues(old, each) and _about(old, id_) != _about(new, id_)
    )


def continues(old: Model, element: Element) -> bool:
    """Whether the old model has an element of the new one, with the same kind of event at the same place."""
    before = old.elements.get(element.id)
    return before is not None and _kind(before) == _kind(element) and _place(before) == _place(element)


def _about(model: Model, element: str) -> tuple[str | None, str | None]:
    found = model.elements[element]
    return found.message, found.reference if found.event == "signal" else None


def _reasons(old: Model, new: Model, element: Element) -> Iterator[str]:
    after = new.elements.get(element.id)
    if after is None:
        yield "is not in it"
        return
    if _kind(element) != _kind(after):
        yield f"is a {_words(after)} there, not a {_words(element)}"
    if element.repetition is not None or after.repetition is not None:
        yield from _repetitions(element, after)
    if element.implementation != after.implementation:
        yield f"is run by {after.implementation!r} there, not by {element.implementation!r}"
    if element.scope != after.scope:
        yield f"is in {_scope(after)} there, not in {_scope(element)}"
    if element.scope is not None:
        outer = old.elements[element.scope]
        yield from (f"is in {outer.id!r}, which {reason}" for reason in _reasons(old, new, outer))
    if element.type in _JOINS and len(after.incoming) < len(element.incoming):  # `GatewayMappingValidator`
        yield f"joins {len(after.incoming)} flows there, not {len(element.incoming)}"


def _repetitions(element: Element, after: Element) -> Iterator[str]:
    if element.repetition is None:
        yield "is a multi-instance element there"
    elif after.repetition is None:
        yield "is no multi-instance element there"
    elif element.repetition.sequential != after.repetition.sequential:
        yield f"runs its instances {'in turn' if after.repetition.sequential else 'all at once'} there"


def _kind(element: Element) -> tuple[str, str | None, bool]:
    return element.type, element.event, element.triggered


def _place(element: Element) -> tuple[str | None, str | None]:
    return element.scope, element.attached_to


def _words(element: Element) -> str:
    about = f" with the event {element.event!r}" if element.event else ""
    return f"{element.type}{' of an event' if element.triggered else ''}{about}"


def _scope(element: Element) -> str:
    return "the process itself" if element.scope is None else repr(element.scope)
