"""Lists orders by filter: page by page, never more than a bounded look, however many there are."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import func, select

from trackflow.errors import FilterError
from trackflow.projection.cursor import Cursor, Sorting
from trackflow.projection.filters import Filter
from trackflow.projection.listed import Listed
from trackflow.projection.listed_rows import listed, rows_of
from trackflow.projection.look import Look, Page
from trackflow.projection.tables import Tally, standings, tallies
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.tables import cases


class Listing:
    """Of one tenant's orders. All methods raise LedgerError."""

    def __init__(self, ledger: Ledger, tenant: str) -> None:
        self._ledger = ledger
        self._tenant = tenant

    def page(
        self,
        wanted: Filter,
        sorting: Sorting,
        cursor: Cursor | None = None,
        limit: int = 50,
        now: float | None = None,
    ) -> Page:
        """At most `limit` orders, behind the cursor (or before it). `now` is what ages are measured by.

        What is inserted meanwhile neither moves an order to another page nor hides one, as long as what is
        sorted by stays; "updated" and "since" do not.

        Raises:
            FilterError: it should be sorted by "since", and no element is chosen.
        """
        if sorting.by == "since" and wanted.element is None:
            raise FilterError(f"sort={sorting}: only with an element")
        now = time.time() if now is None else now
        with self._ledger.reading() as connection:
            look = Look(connection, self._tenant, wanted, sorting, cursor, now)
            return look.page(limit)

    def total(self, wanted: Filter) -> int | None:
        """How many there are, if that is kept; None if somebody would have to count."""
        tally = _tally(wanted)
        if tally is None:
            return None
        kind, names = tally
        counted = select(func.coalesce(func.sum(tallies.c.number), 0)).where(
            tallies.c.tenant == self._tenant, tallies.c.kind == kind
        )
        if names:
            counted = counted.where(tallies.c.name.in_(names))
        for column, value in ((tallies.c.process, wanted.process), (tallies.c.version, wanted.version)):
            counted = counted if value is None else counted.where(column == value)
        with self._ledger.reading() as connection:
            return int(connection.execute(counted).scalar_one())

    def some(self, keys: Sequence[str]) -> list[Listed]:
        """Those of these orders that are projected, in any order."""
        with self._ledger.reading() as connection:
            rows = rows_of(connection, self._tenant, standings, keys)
            return list(listed(connection, self._tenant, rows))

    def exists(self, business_key: str) -> bool:
        """Whether there is exactly this order, even if it is not projected yet."""
        mine = (cases.c.tenant == self._tenant, cases.c.business_key == business_key)
        with self._ledger.reading() as connection:
            return (
                connection.execute(select(1).where(*mine, cases.c.first_at.is_not(None))).first() is not None
            )


def _tally(wanted: Filter) -> tuple[str, Sequence[str]] | None:
    """Its kind and names (none: all of the kind), if the filter is what is counted."""
    counted = wanted.given - {"process", "version"}
    if not counted:
        return Tally.STATE, ()
    if counted == {"state"}:
        return Tally.STATE, wanted.state
    if counted == {"element"} and wanted.element is not None:
        return Tally.ELEMENT, (wanted.element,)
    if counted == {"late"} and wanted.late:
        return Tally.LATE_ORDERS, ("",)
    if counted == {"outcome"} and wanted.outcome == "refused":
        return Tally.REFUSED, ("",)
    return None
