"""Messages that two tokens may await at the same time: no engine could tell whose an event is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trackflow.bpmn.graph import inside, scopes_of
from trackflow.bpmn.lint.concurrency import Concurrency
from trackflow.bpmn.lint.finding import Finding, warning
from trackflow.bpmn.model import Element, Model
from trackflow.bpmn.tokens import holds_expression

AMBIGUOUS = warning("ambiguous-wait")


@dataclass(frozen=True, slots=True)
class _Wait:
    """An element that takes a message, and what must be active for that.

    Attributes:
        element: the one that takes it.
        holder: id of the element whose token awaits it; None: the process itself.
        around: whether the holder is a scope, and everything in it goes on meanwhile.
    """

    element: Element
    holder: str | None
    around: bool


def ambiguous(model: Model) -> Iterator[Finding]:
    """Each element whose message another one, or itself, may await at the same time."""
    waits = defaultdict[str, list[_Wait]](list)
    for wait in _waits(model):
        waits[wait.element.message or ""].append(wait)
    looking = _Looking(model)
    for message, found in waits.items():
        for position, wait in enumerate(found):
            other = looking.partner(wait, found[:position])
            if other is not None:
                words = f"awaits {message!r}, which {_other(wait, other)} may await at the same time"
                yield AMBIGUOUS.at(model, wait.element, words, message)


def _other(wait: _Wait, other: _Wait) -> str:
    return "another token at it" if other is wait else str(other.element)


def _waits(model: Model) -> Iterator[_Wait]:
    """Without the starts of the process: an instance that waits goes before a start."""
    for element in model.elements.values():
        if element.event != "message" or element.message is None:
            continue
        match element.type:
            case "receiveTask":
                yield _Wait(element, element.id, False)
            case "intermediateCatchEvent":
                yield from (_Wait(element, holder, False) for holder in _gateways(model, element))
            case "boundaryEvent" if element.attached_to is not None:
                yield _Wait(element, element.attached_to, True)
            case "startEvent" if element.scope is not None and model.elements[element.scope].triggered:
                yield _Wait(element, model.elements[element.scope].scope, True)


def _gateways(model: Model, catching: Element) -> Sequence[str]:
    """The event-based gateways before a catch event; if there are none it waits itself."""
    before = [model.flows[flow].source for flow in catching.incoming]
    found = [each for each in before if model.elements[each].type == "eventBasedGateway"]
    return found or [catching.id]


class _Looking:
    """For waits that may be there at the same time."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._inside = inside(model)
        self._concurrency = Concurrency(model)
        self._scopes_of = dict[str, list[str]]()

    def partner(self, wait: _Wait, others: Sequence[_Wait]) -> _Wait | None:
        """The first of the others that may be there too; the wait itself if it may be there twice."""
        found = next((other for other in self._likely(wait, others) if self._together(wait, other)), None)
        return wait if found is None and self._twice(wait) else found

    def _likely(self, wait: _Wait, others: Sequence[_Wait]) -> Iterator[_Wait]:
        """Without those that surely are there at another time: most of a long model's, told quickly."""
        if (
            wait.around
            or wait.holder is None
            or any(map(self._concurrency.several, self._scopes(wait.holder)))
        ):
            yield from others
            return
        scope, beside = self._model.elements[wait.holder].scope, self._concurrency.beside(wait.holder)
        for other in others:
            holder = other.holder
            is_near = holder is not None and not other.around and self._model.elements[holder].scope == scope
            if not is_near or holder in beside or holder == wait.holder:
                yield other

    def _together(self, one: _Wait, other: _Wait) -> bool:
        if one.holder == other.holder:
            return one.element is not other.element
        for outer, inner in ((one, other), (other, one)):
            if outer.holder is None or (
                inner.holder is not None and outer.holder in self._scopes(inner.holder)
            ):
                return outer.around and not self._ended_by(outer, inner)
        return bool(one.holder and other.holder and self._concurrency.together(one.holder, other.holder))

    def _ended_by(self, outer: _Wait, inner: _Wait) -> bool:
        """Whether what is inside runs only when the outer wait is over: in an interrupting event subprocess.

        In the engine family that ends the boundary events of its scope, too.
        """
        for scope in [
            *([inner.holder] if inner.around and inner.holder else []),
            *self._scopes(inner.holder),
        ]:
            found = self._model.elements[scope]
            if found.scope == outer.holder and found.triggered:
                starts = [each for each in self._inside.get(scope, ()) if each.type == "startEvent"]
                return all(each.interrupting for each in starts)
        return False

    def _twice(self, wait: _Wait) -> bool:
        """Whether its holder may be there twice, each awaiting the same name."""
        if wait.holder is None or holds_expression(wait.element.message):
            return False
        scopes = self._scopes(wait.holder)
        # A boundary event of a multi-instance element is one for all its repetitions.
        is_boundary = wait.element.type == "boundaryEvent"
        several = self._concurrency.doubled if is_boundary else self._concurrency.several
        return several(wait.holder) or any(map(self._concurrency.several, scopes))

    def _scopes(self, element: str | None) -> list[str]:
        if element is None:
            return []
        if element not in self._scopes_of:
            self._scopes_of[element] = scopes_of(self._model, element)
        return self._scopes_of[element]
