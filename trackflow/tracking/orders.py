"""What is known of an order, in the form in which people and programs are shown it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from trackflow.engines.answers import Instance, Timer, awaited, newest
from trackflow.tracking.open_event import moment


@dataclass(frozen=True, slots=True)
class Event:
    """One event of an order. Times are UTC."""

    id: str
    event: str
    cause: str | None
    outcome: str  # see `trackflow.tracking.tables.Outcome`
    reason: str | None  # in words
    deliveries: int
    published_at: datetime | None  # by the publisher's clock
    received_at: datetime
    correlated_at: datetime | None
    payload: Any = None
    taken_at: datetime | None = None  # its service took up the cause, by that service's clock
    attempts: int | None = None  # at which try that was
    seen_version: int = -1  # of its case, when nothing waited for it
    failures: int = 0  # of the engine, at this event

    @property
    def name(self) -> str:
        """As the ledger calls it."""
        return self.event

    @classmethod
    def from_row(cls, row: Any, payload: Any = None) -> Event:
        """The event of a row of the ledger."""
        return cls(
            id=row.event_id,
            event=row.name,
            cause=row.cause,
            outcome=row.outcome,
            reason=row.reason,
            deliveries=row.deliveries,
            published_at=moment(row.published_at),
            received_at=datetime.fromtimestamp(row.received_at, UTC),
            correlated_at=moment(row.correlated_at),
            payload=payload,
            taken_at=moment(row.taken_at),
            attempts=row.attempts,
            seen_version=row.seen_version,
            failures=row.failures,
        )

    def as_json(self) -> dict[str, Any]:
        """As `show --json` prints it."""
        return {
            "id": self.id,
            "event": self.event,
            "cause": self.cause,
            "outcome": self.outcome,
            "reason": self.reason,
            "deliveries": self.deliveries,
            "publishedAt": iso(self.published_at),
            "receivedAt": iso(self.received_at),
            "correlatedAt": iso(self.correlated_at),
        }


@dataclass(frozen=True, slots=True)
class Order:
    """One order: what the ledger has of it, and where its process instances are.

    Attributes:
        state: "running", "completed" or "terminated", as the engine says; without an instance "waiting" while
            events wait for one and "refused" if none does; "unknown" while the engine is away, or when it has
            forgotten the instance.
        awaiting: names of the events that would be accepted now.
        last_event: name of the event that came last.
        started_at: when its first event came.
        updated_at: when its last event came.
        engine_error: why the engine could not be asked.
        events: in the order of arrival, but each after its cause; None in a list.
        instances: oldest first; with their paths, except in a list.
    """

    business_key: str
    tenant: str
    state: str
    last_event: str | None
    started_at: datetime
    updated_at: datetime
    engine_error: str | None = None
    events: tuple[Event, ...] | None = None
    instances: tuple[Instance, ...] = ()

    @property
    def instance_id(self) -> str | None:
        """Of the newest instance that no other called."""
        found = newest(self.instances)
        return None if found is None else found.id

    @property
    def awaiting(self) -> tuple[str, ...]:
        """What its instances wait for."""
        return awaited(self.instances)

    @property
    def timers(self) -> tuple[Timer, ...]:
        """What is set in its instances, by due times."""
        set_ = (timer for each in self.instances for timer in each.timers)
        return tuple(sorted(set_, key=lambda timer: timer.due))

    @property
    def next_timer(self) -> Timer | None:
        """The one that fires first; None: none is set, or none can fire."""
        return next((timer for timer in self.timers if timer.trouble is None), None)

    def as_json(self) -> dict[str, Any]:
        """As `show --json` prints it; in a list with what a list needs instead of the events."""
        order = {
            "businessKey": self.business_key,
            "tenant": self.tenant,
            "state": self.state,
            "instanceId": self.instance_id,
            "awaiting": list(self.awaiting),
            "timers": [
                {"element": each.element, "dueAt": iso(each.due), "trouble": each.trouble}
                for each in self.timers
            ],
        }
        if self.engine_error is not None:
            order["engineError"] = self.engine_error
        if self.events is not None:
            return order | {"events": [event.as_json() for event in self.events]}
        return order | {
            "lastEvent": self.last_event,
            "startedAt": iso(self.started_at),
            "updatedAt": iso(self.updated_at),
        }


def iso(time: datetime | None) -> str | None:
    """ISO 8601, UTC, milliseconds: `2026-01-31T12:00:00.000Z`."""
    return (
        None
        if time is None
        else time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def causes_first(events: Sequence[Event]) -> tuple[Event, ...]:
    """The events in their order, but each after its cause: a tracker's threads may record an effect first."""
    by_id = {event.id: event for event in events}
    placed: dict[str, Event] = {}
    for event in events:
        chain: dict[str, Event] = {}  # from the event back to its first cause that is not placed yet
        while event.id not in placed and event.id not in chain:  # a forged cause may lead in a circle
            chain[event.id] = event
            event = by_id.get(event.cause or "", event)  # noqa: PLW2901
        placed.update(reversed(chain.items()))
    return tuple(placed.values())
