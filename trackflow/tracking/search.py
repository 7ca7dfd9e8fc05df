"""Finds events in the ledger. Nothing here changes anything or keeps a writer waiting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from trackflow.tracking.ledger import Ledger
from trackflow.tracking.orders import Event
from trackflow.tracking.tables import Outcome, cases, events

PAGE = 200  # events that are read at once where there may be many
RETRIABLE = (Outcome.REFUSED, Outcome.WAITING)

_OF_EVENT = tuple(column for column in events.c if column.name != "body")
_OPEN = select(func.coalesce(func.sum(cases.c.open), 0))
_BY_ORDER = (events.c.business_key, events.c.event_id)  # an index has the first


class Found(NamedTuple):
    """An event, without its payload, and the order that it belongs to."""

    business_key: str
    event: Event

    def as_json(self) -> dict[str, Any]:
        """As `events --json` prints it."""
        return {"businessKey": self.business_key, **self.event.as_json()}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events. What is None chooses nothing.

    Attributes:
        outcomes: one of these.
        name: of this name.
        business_keys: of one of these orders.
        reason: with this text in their reason, in any case of its letters (of ASCII).
        since: recorded at this time or later.
        event_ids: one of these.
    """

    outcomes: Sequence[Outcome] | None = None
    name: str | None = None
    business_keys: Sequence[str] | None = None
    reason: str | None = None
    since: datetime | None = None
    event_ids: Sequence[str] | None = None

    @property
    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """As SQL."""
        if self.outcomes is not None:
            yield events.c.outcome.in_([outcome.value for outcome in self.outcomes])
        if self.name is not None:
            yield events.c.name == self.name
        if self.business_keys is not None:
            yield events.c.business_key.in_(self.business_keys)
        if self.reason is not None:
            yield events.c.reason.icontains(self.reason, autoescape=True)
        if self.since is not None:
            yield events.c.received_at >= self.since.timestamp()
        if self.event_ids is not None:
            yield events.c.event_id.in_(self.event_ids)


class Search:
    """Over one tenant's events. All methods raise LedgerError."""

    def __init__(self, ledger: Ledger, tenant: str) -> None:
        self._ledger = ledger
        self._tenant = tenant

    def newest(self, wanted: Wanted, limit: int) -> list[Found]:
        """At most so many, the newest first."""
        # Of a few orders there are few events, but SQLite would look for them in the index of all times.
        time = events.c.received_at if wanted.business_keys is None else events.c.received_at + 0
        newest = self._chosen(wanted, *_OF_EVENT).order_by(time.desc(), events.c.event_id).limit(limit)
        return self._found(newest)

    def by_order(self, wanted: Wanted) -> Iterator[list[Found]]:
        """All of them in pages: order by order, those of one as they came. They may change meanwhile."""
        pages = self._chosen(wanted, *_OF_EVENT).order_by(*_BY_ORDER).limit(PAGE)
        page = self._found(pages)
        while page:
            yield sorted(page, key=lambda each: (each.business_key, each.event.received_at))
            key, event_id = page[-1].business_key, page[-1].event.id
            further = and_(  # the first part is for the index
                events.c.business_key >= key,
                or_(events.c.business_key > key, events.c.event_id > event_id),
            )
            page = self._found(pages.where(further))

    def count(self, wanted: Wanted) -> int:
        """How many there are."""
        with self._ledger.reading() as transaction:
            number: int = transaction.execute(self._chosen(wanted, func.count())).scalar_one()
            return number

    def open(self) -> int:
        """How many events are still to be told: those that came early, and a backlog."""
        # By the index of what a sweeper is to look at: few rows, however many there are.
        due = (cases.c.tenant == self._tenant, cases.c.due_at.is_not(None))
        with self._ledger.reading() as transaction:
            return int(transaction.execute(_OPEN.where(*due)).scalar_one())

    def outcomes(self, business_key: str) -> dict[str, int]:
        """What has become of an order's events: how many by outcome. Empty: no event of it ever came."""
        wanted = Wanted(business_keys=(business_key,))
        counted = self._chosen(wanted, events.c.outcome, func.count().label("number")).group_by(
            events.c.outcome
        )
        with self._ledger.reading() as transaction:
            return {row.outcome: row.number for row in transaction.execute(counted)}

    def _chosen(self, wanted: Wanted, *columns: Any) -> Select[Any]:
        return select(*columns).where(events.c.tenant == self._tenant, *wanted.conditions)

    def _found(self, statement: Select[Any]) -> list[Found]:
        with self._ledger.reading() as transaction:
            return [Found(row.business_key, Event.from_row(row)) for row in transaction.execute(statement)]
