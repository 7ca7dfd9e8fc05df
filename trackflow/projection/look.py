"""Looks for one page of a list: along a stretch of an index, and never further than is bearable."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from trackflow.projection.cursor import Cursor, Position, Sorting
from trackflow.projection.filters import Filter
from trackflow.projection.listed import Listed, fits_alone
from trackflow.projection.listed_rows import listed, rows_of
from trackflow.projection.payload_fields import with_payload
from trackflow.projection.ranges import Range, ranges_of
from trackflow.projection.tables import standings

SMALL = 500  # orders of a stretch that is read whole, whatever the list is sorted by
CHUNK = 250  # orders that are looked at together
LOOK = 2000  # orders that one page looks at, at most
LOOK_SECONDS = 0.1  # after which a page looks no further
MOST = 500  # orders of a page

Found = list[tuple[Position, Listed]]


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list.

    Attributes:
        orders: in the list's order.
        next: goes on; None at the end.
        previous: goes back; None on the first page, or if nothing is on this one.
        looked_to: how far was looked, if that is why the page is not full; `next` looks on from there.
    """

    orders: tuple[Listed, ...]
    next: Cursor | None
    previous: Cursor | None
    looked_to: Position | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """One page, being looked for, within a transaction. `now` is what ages are measured by."""

    connection: Connection
    tenant: str
    wanted: Filter
    sorting: Sorting
    cursor: Cursor | None
    now: float

    def page(self, limit: int) -> Page:
        """At most so many orders."""
        ranges = ranges_of(self.tenant, self.wanted, self.now)
        walked = next(each for each in ranges if each.sort == self.sorting.by)
        if not self.wanted.given <= walked.decides and (keys := self._small(ranges)) is not None:
            return self._page(self._sorted(keys), None, limit)
        return self._walk(walked, limit)

    def _small(self, ranges: Sequence[Range]) -> list[str] | None:
        """The keys of a stretch that is so short that it can be read whole."""
        for each in ranges:
            if each.decides:
                keys = each.keys(self.connection, SMALL + 1)
                if len(keys) <= SMALL:
                    return keys
        return None

    def _sorted(self, keys: Sequence[str]) -> Found:
        """What is behind the cursor of all orders with these keys."""
        found = [
            (order.position(self.sorting.by, self.wanted.element), order) for order in self._wanted(keys)
        ]
        found.sort(key=lambda each: each[0], reverse=self._direction.descending)
        after, descending = self._after, self._direction.descending
        if after is None:
            return found
        return [each for each in found if (each[0] < after if descending else each[0] > after)]

    def _walk(self, walked: Range, limit: int) -> Page:
        """Along a stretch, until the page is full or the look has been long enough."""
        found: Found = []
        after, looked = self._after, 0
        deadline, size = time.monotonic() + LOOK_SECONDS, limit + 1
        while len(found) <= limit:
            if looked and (looked >= LOOK or time.monotonic() > deadline):
                return self._page(found, after, limit)
            chunk = walked.positions(self.connection, self._direction, after, size)
            orders = {order.business_key: order for order in self._wanted([each.key for each in chunk])}
            found += [(each, orders[each.key]) for each in chunk if each.key in orders]
            if len(chunk) < size:
                break
            after, looked, size = chunk[-1], looked + size, CHUNK
        return self._page(found, None, limit)

    def _page(self, found: Found, looked_to: Position | None, limit: int) -> Page:
        """Of what was found, which is one more than fits if there is more."""
        onward = found[limit - 1][0] if len(found) > limit else looked_to
        if len(found) > limit:
            looked_to = None
        found = found[:limit]
        backward = found[0][0] if found and self.cursor else None
        if self.cursor and self.cursor.backwards:
            found, onward, backward = found[::-1], found[0][0] if found else None, onward
        return Page(
            orders=tuple(order for _, order in found),
            next=onward and Cursor(self.sorting, onward),
            previous=backward and Cursor(self.sorting, backward, backwards=True),
            looked_to=looked_to,
        )

    @property
    def _after(self) -> Position | None:
        return None if self.cursor is None else self.cursor.position

    @property
    def _direction(self) -> Sorting:
        """In which the reading goes: backwards it is the other one."""
        if self.cursor is None or not self.cursor.backwards:
            return self.sorting
        return replace(self.sorting, descending=not self.sorting.descending)

    def _wanted(self, keys: Sequence[str]) -> Iterator[Listed]:
        """Those of these orders that the filter wants, in any order."""
        started = self.wanted.started(self.now)
        found = rows_of(self.connection, self.tenant, standings, keys)
        rows = [row for row in found if fits_alone(row, self.wanted, started)]
        orders = [order for order in listed(self.connection, self.tenant, rows) if order.fits(self.wanted)]
        if orders and self.wanted.payload:
            some = [order.business_key for order in orders]
            have = with_payload(self.connection, self.tenant, some, self.wanted)
            orders = [order for order in orders if order.business_key in have]
        yield from orders
