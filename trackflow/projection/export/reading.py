"""Reads orders with their events, as many as there are, a few at a time.

Each few are read in a transaction of their own: an export that takes an hour, or whose reader is slow, keeps
nobody from anything. Events that come meanwhile may or may not be among them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice

from sqlalchemy import select

from trackflow.masking import Mask
from trackflow.projection.cursor import NEWEST, Sorting
from trackflow.projection.filters import Filter
from trackflow.projection.listed import Listed
from trackflow.projection.listing import Listing
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.orders import Event
from trackflow.tracking.tables import events

_PAGE = 100  # orders that are listed at once
_WITH_BODIES = 10  # orders whose events are in memory at once: a body may have 1 MiB

Emitter = Callable[[str, str | None], str | None]  # of an event and the name of its cause: a service


@dataclass(frozen=True, slots=True)
class Exported:
    """An order with its events in the order of arrival, their payloads masked."""

    order: Listed
    events: Sequence[Event]

    def emitter(self, event: Event, emitter: Emitter) -> str | None:
        """The service that emitted an event, if it is known."""
        cause = next((each.event for each in self.events if each.id == event.cause), None)
        return emitter(event.event, cause)


class Exporter:
    """Of one tenant's orders. All methods raise LedgerError, while they are read."""

    def __init__(self, ledger: Ledger, tenant: str, mask: Mask) -> None:
        self._ledger = ledger
        self._tenant = tenant
        self._mask = mask
        self._listing = Listing(ledger, tenant)

    def filtered(self, wanted: Filter) -> Iterator[Exported]:
        """All orders of a filter, the newest first."""
        return self._with_events(self._all(wanted))

    def chosen(self, keys: Sequence[str]) -> Iterator[Exported]:
        """The orders with these business keys, in any order."""
        return self._with_events(self._listing.some(keys))

    def keys(self, wanted: Filter) -> Iterator[Sequence[str]]:
        """The business keys of all orders of a filter, some at a time."""
        orders = self._all(wanted)
        while some := [order.business_key for order in islice(orders, _PAGE)]:
            yield some

    def _all(self, wanted: Filter) -> Iterator[Listed]:
        sorting, now = Sorting.of(NEWEST), time.time()
        page = self._listing.page(wanted, sorting, None, _PAGE, now)
        yield from page.orders
        while page.next is not None:
            page = self._listing.page(wanted, sorting, page.next, _PAGE, now)
            yield from page.orders

    def _with_events(self, orders: Iterable[Listed]) -> Iterator[Exported]:
        orders = iter(orders)
        while some := list(islice(orders, _WITH_BODIES)):
            found = self._events([order.business_key for order in some])
            for order in some:
                yield Exported(order, found.get(order.business_key, ()))

    def _events(self, keys: Sequence[str]) -> dict[str, list[Event]]:
        mine = (events.c.tenant == self._tenant, events.c.business_key.in_(keys))
        with self._ledger.reading() as transaction:
            rows = transaction.execute(select(events).where(*mine)).all()
        rows = sorted(rows, key=lambda row: (row.business_key, row.received_at, row.event_id))
        return {
            key: [self._event(row) for row in of_order]
            for key, of_order in groupby(rows, lambda row: row.business_key)
        }

    def _event(self, row: object) -> Event:
        event = Event.from_row(row)
        return replace(event, payload=self._mask.masked(json.loads(row.body)["payload"]))  # type: ignore[attr-defined]
