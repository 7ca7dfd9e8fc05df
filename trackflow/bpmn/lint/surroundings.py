"""What there is around the models: the events that the choreography knows, and who emits them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Of all models.

    Attributes:
        events: names of the events of the choreography, in its order.
        emits: by service the names of the events that it emits.
        ignored: events that the models knowingly do not await.
    """

    events: Collection[str]
    emits: Mapping[str, Collection[str]]
    ignored: Collection[str] = ()

    @property
    def emitted(self) -> frozenset[str]:
        """What any service emits."""
        return frozenset(event for events in self.emits.values() for event in events)
