"""What the engine refused, in groups by cause: forty thousand refused events have few causes.

An engine's words name executions, orders and lines. Two reasons are one cause if they differ in nothing
else: numbers, ids and what stands in quotation marks count as `…`. A model's expression stays as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, func, literal, or_, select

from trackflow.tracking.ledger import Ledger
from trackflow.tracking.orders import Event
from trackflow.tracking.tables import Outcome, events

MOST = 50_000  # refused events, the newest, that are grouped: as many as half a second reads
GROUPS = 200  # causes that are told apart; the rest counts as OTHERS
OTHERS = "other causes"
NO_REASON = "no reason is known"
SAMPLES = 3  # orders that a group names
_CAUSE = 300  # characters of a cause

# An expression, which stays (1); quoted text; a word with a digit in it (an id, a number, a business key, a
# UUID) that is not an engine's code.
_CHANGING = re.compile(
    r"(['\"]?[$#]\{[^}]*\}['\"]?)"
    r"|(?<![\w-])(?:'[^']*'|\"[^\"]*\"|(?!ENGINE-)[\w@#%./:+-]*\d(?:[\w@#%./:+-]*\w)?)"
)
# Written out: SQLite takes a partial index only for what it can see when it plans.
_IS_REFUSED = events.c.outcome == literal(Outcome.REFUSED.value, literal_execute=True)
_REFUSED = (events.c.tenant == bindparam("t"), _IS_REFUSED)
_NEWEST = (
    select(events.c.name, events.c.reason, events.c.received_at, events.c.business_key)
    .where(*_REFUSED)
    .order_by(events.c.received_at.desc())
    .limit(MOST)
    .subquery()
)
_BY_REASON = select(
    _NEWEST.c.name,
    _NEWEST.c.reason,
    func.count().label("number"),
    func.min(_NEWEST.c.received_at).label("first"),
    func.max(_NEWEST.c.received_at).label("last"),
    func.max(_NEWEST.c.business_key).label("sample"),
).group_by(_NEWEST.c.name, _NEWEST.c.reason)


@dataclass(slots=True)
class Refusal:
    """Refused events of one name and one cause. Times are UTC, when they were recorded.

    Attributes:
        event: their name.
        cause: in the engine's words, with `…` in place of what differs.
        example: one reason as it is.
        orders: some of their orders.
    """

    event: str
    cause: str
    example: str
    count: int
    first: datetime
    last: datetime
    orders: list[str]

    def add(self, other: Refusal) -> None:
        """Count some more of the same."""
        self.count += other.count
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)
        self.orders += other.orders[: SAMPLES - len(self.orders)]


class Place(NamedTuple):
    """Where an event stands in the list of its group."""

    at: float  # when it was recorded, seconds since 1970
    event_id: str


class Refused(NamedTuple):
    """A refused event and its order."""

    business_key: str
    event: Event
    place: Place


_PAGE = 500  # events that are read at once
_EVENTS = (
    select(*(column for column in events.c if column.name != "body"))
    .where(*_REFUSED, events.c.name == bindparam("name"))
    .order_by(events.c.received_at.desc(), events.c.event_id)
    .limit(_PAGE)
)


class Refusals:
    """Of one tenant. All methods raise LedgerError."""

    def __init__(self, ledger: Ledger, tenant: str) -> None:
        self._ledger = ledger
        self._tenant = tenant

    def groups(self) -> list[Refusal]:
        """By event and cause, the largest first; of the newest MOST refused events."""
        groups: dict[tuple[str, str], Refusal] = {}
        with self._ledger.reading() as transaction:
            for row in transaction.execute(_BY_REASON, {"t": self._tenant}):
                found = _refusal(row)
                key = found.event, found.cause
                if key not in groups and len(groups) >= GROUPS:
                    found.event, found.cause = key = "", OTHERS
                if key in groups:
                    groups[key].add(found)
                else:
                    groups[key] = found
        return sorted(groups.values(), key=lambda group: (-group.count, group.event, group.cause))

    def events(self, event: str, cause: str, limit: int, before: Place | None = None) -> list[Refused]:
        """At most so many events of a group, the newest first; those behind a place."""
        found: list[Refused] = []
        for _ in range(MOST // _PAGE):
            page = self._page(event, before)
            found += [each for each in page if cause_of(each.event.reason) == cause]
            if len(page) < _PAGE or len(found) >= limit:
                break
            before = page[-1].place
        return found[:limit]

    def _page(self, event: str, before: Place | None) -> list[Refused]:
        statement: Select[Any] = _EVENTS
        if before is not None:
            statement = statement.where(
                events.c.received_at <= before.at,  # this is for the index
                or_(events.c.received_at < before.at, events.c.event_id > before.event_id),
            )
        with self._ledger.reading() as transaction:
            rows = transaction.execute(statement, {"t": self._tenant, "name": event})
            return [
                Refused(row.business_key, Event.from_row(row), Place(row.received_at, row.event_id))
                for row in rows
            ]


def cause_of(reason: str | None) -> str:
    """A reason without what differs from order to order."""
    return _CHANGING.sub(lambda found: found[1] or "…", (reason or NO_REASON)[: 2 * _CAUSE])[:_CAUSE]


def literal_part(cause: str) -> str | None:
    """The longest text that every reason of this cause has; None if there is none."""
    part: str = max(cause.split("…"), key=len).strip()
    return part or None


def _refusal(row: Any) -> Refusal:
    return Refusal(
        event=row.name,
        cause=cause_of(row.reason),
        example=row.reason or "",
        count=row.number,
        first=datetime.fromtimestamp(row.first, UTC),
        last=datetime.fromtimestamp(row.last, UTC),
        orders=[row.sample],
    )
