"""Who emits which event, and who hears it. Plain values, read from the project once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from trackflow.messaging import Choreography


@dataclass(frozen=True, slots=True)
class Services:
    """The services of a choreography.

    Attributes:
        choreography: the table.
        emits: what each service says that it emits, by its name; a service that is not known is absent.
        trackers: those that only tell the engine.
    """

    choreography: Choreography
    emits: Mapping[str, Sequence[str]] = field(default_factory=dict)
    trackers: frozenset[str] = frozenset()

    def emitter(self, event: str, cause: str | None = None) -> str | None:
        """The service that emits an event, after a cause if that is known; None: it comes from outside.

        A service that is not known is taken for one that emits what has its name as routing key: the
        department that the event comes from.
        """
        emitting = [name for name, emitted in self.emits.items() if event in emitted]
        hearing = [name for name in emitting if cause in self.heard(name)]
        found = (hearing or emitting or self._department(event))[:1]
        return found[0] if found else None

    def listeners(self, event: str) -> list[str]:
        """The services that hear an event, in the order of the table, trackers left out."""
        names = [each.name for each in self.choreography.listeners(event)]
        return [name for name in names if name not in self.trackers]

    def heard(self, service: str) -> frozenset[str]:
        """The events that a service hears; none if the choreography does not know it."""
        known = any(each.name == service for each in self.choreography.subscriptions)
        return self.choreography.heard_by(service) if known else frozenset()

    def ladder(self, service: str) -> Sequence[int]:
        """Seconds after which a service tries an event again that failed for a passing reason."""
        return next((each.ladder for each in self.choreography.subscriptions if each.name == service), ())

    def _department(self, event: str) -> list[str]:
        key = self.choreography.events.get(event)
        names = [each.name for each in self.choreography.subscriptions]
        return [name for name in names if name == key and name not in self.emits]
