"""One order of a list: what the projection knows of it, and whether a filter wants it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trackflow.projection.cursor import Position
from trackflow.projection.filters import Filter
from trackflow.projection.parameters import OUTCOMES
from trackflow.tracking.open_event import moment
from trackflow.tracking.orders import iso


@dataclass(frozen=True, slots=True)
class Place:
    """Where an order is: an active element, since when, and whether that is longer than its limit."""

    element: str
    since: float
    late: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """One order, as the projector saw it last. Times are epoch seconds, as in the tables.

    Attributes:
        state: see `tracking.orders.Order.state`.
        process: of its newest instance; "" if it has none.
        version: of that model.
        counts: how many of its events have which outcome.
        places: the longest first.
        awaiting: names of the events that would be accepted now.
    """

    business_key: str
    tenant: str
    state: str
    process: str
    version: int
    instance_id: str | None
    last_event: str
    started_at: float
    updated_at: float
    ended_at: float | None
    counts: dict[str, int]
    late: bool
    deviates: bool
    places: tuple[Place, ...]
    awaiting: tuple[str, ...]

    def since(self, element: str | None) -> float | None:
        """When it came to an element; None if it is not there."""
        return next((place.since for place in self.places if place.element == element), None)

    def fits(self, wanted: Filter) -> bool:
        """Whether it is where the filter wants it."""
        is_there = wanted.element is None or self.since(wanted.element) is not None
        return is_there and (wanted.awaits is None or wanted.awaits in self.awaiting)

    def position(self, sort: str, element: str | None) -> Position:
        """Where it stands in a list that is sorted by this; by "since" only if it is at the element."""
        if sort == "key":
            return Position("", self.business_key)
        if sort == "since":
            return Position(self.since(element) or 0.0, self.business_key)
        return Position(self.started_at if sort == "started" else self.updated_at, self.business_key)

    @classmethod
    def from_rows(cls, row: Any, places: Sequence[Any], awaited: Sequence[Any]) -> Listed:
        """Of the projection's rows about one order."""
        at = [Place(each.element, each.since, each.late) for each in places]
        return cls(
            business_key=row.business_key,
            tenant=row.tenant,
            state=row.state,
            process=row.process,
            version=row.version,
            instance_id=row.instance_id,
            last_event=row.last_event,
            started_at=row.started_at,
            updated_at=row.updated_at,
            ended_at=row.ended_at,
            counts={outcome: getattr(row, outcome) for outcome in OUTCOMES},
            late=row.late,
            deviates=row.deviates,
            places=tuple(sorted(at, key=lambda place: (place.since, place.element))),
            awaiting=tuple(sorted(each.event for each in awaited)),
        )

    def as_json(self) -> dict[str, Any]:
        """As `list --json` prints an order, and what the projection knows beside."""
        return {
            "businessKey": self.business_key,
            "tenant": self.tenant,
            "state": self.state,
            "process": self.process or None,
            "version": self.version or None,
            "instanceId": self.instance_id,
            "awaiting": list(self.awaiting),
            "lastEvent": self.last_event,
            "startedAt": _iso(self.started_at),
            "updatedAt": _iso(self.updated_at),
            "endedAt": _iso(self.ended_at),
            "elements": [
                {"element": place.element, "since": _iso(place.since), "late": place.late}
                for place in self.places
            ],
            "late": self.late,
            "deviates": self.deviates,
            "counts": dict(self.counts),
        }


def fits_alone(row: Any, wanted: Filter, started: tuple[float, float]) -> bool:
    """Whether a row of standings is what the filter wants, places and payloads aside."""
    return all(
        (
            wanted.key is None or row.business_key.startswith(wanted.key),
            not wanted.state or row.state in wanted.state,
            wanted.process in (None, row.process),
            wanted.version in (None, row.version),
            wanted.last_event in (None, row.last_event),
            wanted.late in (None, row.late),
            wanted.deviates in (None, row.deviates),
            wanted.deviation is None or wanted.deviation in json.loads(row.deviations or "[]"),
            wanted.outcome is None or getattr(row, wanted.outcome) > 0,
            started[0] <= row.started_at < started[1],
        )
    )


def _iso(time: float | None) -> str | None:
    return iso(moment(time))
