"""How an expectation is checked, and what it says when it fails."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn, Self

from trackflow.projection.flows import has_passed
from trackflow.testing.order import Order
from trackflow.testing.situation import situation
from trackflow.tracking.orders import Event


class ExpectationFailed(AssertionError):
    """An order is not as a test expects it."""


class Checked:
    """One order, asked in the words of a test. Its frames are left out of pytest's tracebacks."""

    def __init__(self, order: Order) -> None:
        self._order = order

    def _check(self, holds: bool, expected: str, but: str) -> Self:
        __tracebackhide__ = True
        if not holds:
            self._fail(expected, but)
        return self

    def _fail(self, expected: str, but: str) -> NoReturn:
        __tracebackhide__ = True
        order = self._order
        raise ExpectationFailed(f"order {order.key!r} should {expected}, but {but}\n{situation(order)}")

    def _events(self, events: Iterable[str]) -> set[str]:
        __tracebackhide__ = True
        return set(map(self._order.names.event, events))  # in a comprehension a frame would show

    def _elements(self, elements: Iterable[str]) -> set[str]:
        __tracebackhide__ = True
        return set(map(self._order.names.element, elements))

    def _flows(self, flows: Iterable[str]) -> set[str]:
        __tracebackhide__ = True
        return set(map(self._order.names.flow, flows))

    def _of(self, event: str) -> list[Event]:
        return [each for each in self._order.events if each.event == event]

    def _passed(self) -> set[str]:
        return {
            step.element
            for instance in self._order.instances
            for step in instance.path
            if has_passed(step, self._order.model_of(instance))
        }

    def _ends(self) -> list[str]:
        ends = []
        for instance in self._order.instances:
            elements = self._order.model_of(instance).elements
            ends += [each.element for each in instance.path if elements[each.element].type == "endEvent"]
        return ends


def listed(names: Iterable[str], nothing: str = "nothing") -> str:
    """Names in quotes, with commas between them."""
    return ", ".join(map(repr, names)) or nothing
