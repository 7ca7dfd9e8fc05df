"""All that is known of one order at one moment: what its story is told from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from trackflow.bpmn import Model
from trackflow.engines.answers import Instance, newest
from trackflow.messaging.choreography import queue_name
from trackflow.projection.conformance import Deviation
from trackflow.projection.last_known import LastKnown, Place
from trackflow.projection.services import Services
from trackflow.tracking.audit import Act
from trackflow.tracking.orders import Event, Order
from trackflow.upkeep.letter import Letter
from trackflow.words import span


@dataclass(frozen=True, slots=True)
class Queue:
    """A work queue: how many events wait in it, and how many consumers it has; None: that is not known."""

    messages: int
    consumers: int | None


@dataclass(frozen=True, slots=True)
class Silence:
    """A part that does not answer: since when (UTC), and why, in words."""

    since: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Facts:
    """One order.

    Attributes:
        order: its events without payloads, and its instances, if the engine answers.
        now: UTC.
        services: of its choreography.
        deviations: how it left its model's way.
        model: of its newest instance.
        last_known: what the projection shows of it.
        usual: by element, how many seconds 95 % of ended orders were there at most.
        letters: dead letters of it.
        queues: by service.
        broker, engine: None: it answers.
        starts: names of the events that start a process.
        acts: what people did about it, the oldest first.
        app: how the Celery app is called, for commands.
    """

    order: Order
    now: datetime
    services: Services
    deviations: Collection[Deviation] = ()
    model: Model | None = None
    last_known: LastKnown | None = None
    usual: Mapping[str, float] = field(default_factory=dict)
    letters: Sequence[Letter] = ()
    queues: Mapping[str, Queue] = field(default_factory=dict)
    broker: Silence | None = None
    engine: Silence | None = None
    starts: Collection[str] = ()
    acts: Sequence[Act] = ()
    app: str = "tasks"

    @property
    def events(self) -> Sequence[Event]:
        """In the order of arrival, each after its cause."""
        return self.order.events or ()

    @property
    def instance(self) -> Instance | None:
        """The newest that no other called; None: there is none, or the engine does not answer."""
        return newest(self.order.instances)

    @property
    def state(self) -> str:
        """The engine's word; while it does not answer, what was known last."""
        if self.order.engine_error is not None and self.last_known is not None:
            return self.last_known.state
        return self.order.state

    @property
    def awaiting(self) -> tuple[str, ...]:
        """What the order waits for, likewise."""
        if self.order.engine_error is not None and self.last_known is not None:
            return self.last_known.awaiting
        return self.order.awaiting

    @property
    def ended_at(self) -> datetime | None:
        """When it ended, likewise (UTC)."""
        if self.instance is not None:
            return self.instance.ended
        return self.last_known.ended_at if self.last_known else None

    @property
    def places(self) -> Sequence[Place]:
        """Where it is, likewise, the longest ago first. Only the projection knows limits."""
        known = self.last_known.places if self.last_known else {}
        if self.order.engine_error is not None:
            return sorted(known.values(), key=lambda place: place.since)
        active = (place for each in self.order.instances for place in _places(each))
        found = [known.get(each.element, each) for each in active]
        return sorted(found, key=lambda place: place.since)

    def queue_of(self, service: str) -> str:
        """The work queue of a service."""
        return queue_name(self.order.tenant, service)

    def label(self, element: str) -> str:
        """What people call an element."""
        found = self.model.elements.get(element) if self.model else None
        return " ".join(((found and found.name) or element).split())

    def of(self, outcome: str) -> list[Event]:
        """The events with this outcome."""
        return [event for event in self.events if event.outcome == outcome]

    def ago(self, moment: datetime) -> str:
        """How long ago that was, in words."""
        return span(max(0.0, (self.now - moment).total_seconds()))


def _places(instance: Instance) -> Iterator[Place]:
    entered = {step.element: step.entered for step in instance.path if step.left is None}
    for element in instance.active:
        yield Place(element, entered.get(element, instance.started), None, late=False)
