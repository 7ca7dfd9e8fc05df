"""What the projection knows of one order: where it was seen last, since when, and its limit there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from trackflow.projection.tables import NO_PROCESS, awaited, places, standings

_STANDING, _PLACES, _AWAITED = (
    select(table).where(table.c.tenant == bindparam("t"), table.c.business_key == bindparam("key"))
    for table in (standings, places, awaited)
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a running order is.

    Attributes:
        element: id of the element.
        since: when it got there (UTC).
        late_at: when its limit passes, or passed; None: it has none.
        late: its limit has passed.
    """

    element: str
    since: datetime
    late_at: datetime | None
    late: bool

    @property
    def limit(self) -> float | None:
        """Seconds that an order may be there."""
        return None if self.late_at is None else (self.late_at - self.since).total_seconds()


@dataclass(frozen=True, slots=True)
class LastKnown:
    """An order, as the projection shows it.

    Attributes:
        state: as `tracking.orders.Order.state`.
        process: id of its process; None: no instance of it was seen.
        version: of that process.
        ended_at: when its newest instance ended (UTC).
        asked_at: when the engine answered last about it (UTC).
        awaiting: the events that it waits for, sorted.
        places: by element.
    """

    state: str
    process: str | None
    version: int
    instance_id: str | None
    ended_at: datetime | None
    asked_at: datetime | None
    awaiting: tuple[str, ...]
    places: Mapping[str, Place]


def last_known(transaction: Connection, tenant: str, business_key: str) -> LastKnown | None:
    """One order; None if the projection does not show it yet."""
    key = {"t": tenant, "key": business_key}
    row = transaction.execute(_STANDING, key).first()
    if row is None:
        return None
    return LastKnown(
        state=row.state,
        process=None if row.process == NO_PROCESS else row.process,
        version=row.version,
        instance_id=row.instance_id,
        ended_at=_moment(row.ended_at),
        asked_at=_moment(row.asked_at),
        awaiting=tuple(sorted(each.event for each in transaction.execute(_AWAITED, key))),
        places={each.element: _place(each) for each in transaction.execute(_PLACES, key)},
    )


def _place(row: Any) -> Place:
    return Place(row.element, datetime.fromtimestamp(row.since, UTC), _moment(row.late_at), bool(row.late))


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
