"""Where an order is, for the message of an expectation that failed: all that one would look for next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trackflow.bpmn import Element, Model
from trackflow.engines.answers import Instance, Timer
from trackflow.testing.order import Order
from trackflow.tracking.orders import Event
from trackflow.words import joined


def situation(order: Order) -> str:
    """The order's process instances, its path, what it awaits, and its events with what became of them."""
    events, instances = order.events, order.instances
    lines = [line for instance in instances for line in _of_instance(instance, order.model_of(instance))]
    if not instances:
        lines.append(_line("process", "none has started"))
    return "\n".join([*lines, *_of_events(events)])


def _of_instance(instance: Instance, model: Model) -> Iterator[str]:
    state = instance.state if instance.ended else "running"
    yield _line("process", f"{instance.process} ({model.file}), {state}")
    if not instance.ended:
        yield _line("is at", joined(_named(each, model) for each in instance.active))
        yield _line("awaits", joined(instance.awaiting, "no event"))
    if instance.timers:
        yield _line("timers", "; ".join(map(_timer, instance.timers)))
    steps = [f"{step.element} (canceled)" if step.canceled else step.element for step in instance.path]
    yield _line("path", " → ".join(steps) or "–")


def _of_events(events: Sequence[Event]) -> Iterator[str]:
    if not events:
        yield _line("events", "none has come")
        return
    width = max(len(event.event) for event in events)
    for place, event in enumerate(events):
        why = f": {event.reason}" if event.reason else ""
        yield _line("" if place else "events", f"{event.event:{width}}  {event.outcome}{why}")


def _timer(timer: Timer) -> str:
    trouble = f" cannot fire: {timer.trouble}" if timer.trouble else ""
    return f"{timer.element} at {timer.due:%Y-%m-%d %H:%M:%S} UTC{trouble}"


def _named(identity: str, model: Model) -> str:
    element: Element | None = model.elements.get(identity)
    label = " ".join((element.name or "").split()) if element else ""
    return f"{identity} ({label})" if label else identity


def _line(what: str, words: str) -> str:
    return f"  {what:9} {words}"
