"""Orders that wait too long: a row for each place that reached its limit, and the call of the hook, once.

The hook is called outside any transaction, and what came of it is written after that. A crash in between
calls it again when the next projector starts: at least once, and once for almost all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from trackflow.projection.standing import Row, Shown
from trackflow.projection.tables import alarms, awaited, places
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.orders import iso
from trackflow.tracking.tables import Now

NO_HOOK = "no hook is set"
TOO_OLD = "stuck for more than a day when it was found: not told"
# What has been stuck for longer when it is found is on the overview, but nobody is told: a board that is
# opened for the first time would tell of years.
HORIZON = 86_400.0
AT_ONCE = 20  # alarms read at once

_UNFIRED = (
    select(alarms, places.c.process, places.c.version)
    .outerjoin(
        places,
        (places.c.tenant == alarms.c.tenant)
        & (places.c.business_key == alarms.c.business_key)
        & (places.c.element == alarms.c.element)
        & (places.c.since == alarms.c.since),
    )
    .where(alarms.c.tenant == bindparam("t"), alarms.c.fired_at.is_(None))
    .order_by(alarms.c.raised_at)
    .limit(AT_ONCE)
)
_AWAITED = (
    select(awaited.c.event)
    .where(awaited.c.tenant == bindparam("t"), awaited.c.business_key == bindparam("key"))
    .order_by(awaited.c.event)
)
_FIRED = (
    update(alarms)
    .where(
        alarms.c.tenant == bindparam("t"),
        alarms.c.business_key == bindparam("key"),
        alarms.c.element == bindparam("at"),
        alarms.c.since == bindparam("from"),
    )
    .values(fired_at=Now(), result=bindparam("what"))
)


def raised(before: Shown | None, after: Shown, now: float, *, has_hook: bool) -> Iterator[Row]:
    """A row of `alarms` for each place that is late now and was not."""
    known = before.places if before is not None else {}
    for element, place in after.places.items():
        earlier = known.get(element)
        if not place["late"] or (earlier and earlier["late"] and earlier["since"] == place["since"]):
            continue
        is_old = place["late_at"] < now - HORIZON
        result = (TOO_OLD if is_old else None) if has_hook else NO_HOOK
        yield {
            "tenant": place["tenant"],
            "business_key": place["business_key"],
            "element": element,
            "since": place["since"],
            "limit_seconds": place["late_at"] - place["since"],
            "raised_at": now,
            "fired_at": None if result is None else now,
            "result": result,
        }


@dataclass(frozen=True, slots=True)
class Alarm:
    """An order that is stuck, as the hook is told of it.

    Attributes:
        name: the element's label, if it has one.
        awaiting: names of the events that the order would accept now.
        since: when it came to the element (UTC).
        url: of the order on the board; without its address if the board does not know it.
    """

    business_key: str
    tenant: str
    process: str | None
    element: str
    name: str | None
    awaiting: tuple[str, ...]
    since: datetime
    limit_seconds: float
    url: str

    def as_json(self) -> dict[str, Any]:
        """As the hook gets it."""
        return {
            "businessKey": self.business_key,
            "tenant": self.tenant,
            "process": self.process,
            "element": self.element,
            "name": self.name,
            "awaiting": list(self.awaiting),
            "since": iso(self.since),
            "limitSeconds": round(self.limit_seconds, 3),
            "url": self.url,
        }


# Tells of it, and says in words what came of that; None: another board is to tell of it. Raises nothing.
Fire = Callable[[Alarm], str | None]
NameOf = Callable[[str, int, str], str | None]  # process, version, element → its label


class Alarms:
    """Tells a hook of one tenant's stuck orders. All methods raise LedgerError."""

    def __init__(
        self, ledger: Ledger, tenant: str, fire: Fire, name_of: NameOf, url_of: Callable[[str], str]
    ) -> None:
        self._ledger = ledger
        self._tenant = tenant
        self._fire = fire
        self._name_of = name_of
        self._url_of = url_of

    def fire(self, goes_on: Callable[[], bool] = lambda: True) -> int:
        """Tell of those that nobody was told of yet, the oldest first, while `goes_on`; how many it were."""
        number = 0
        for row in self._unfired():
            result = self._fire(self._alarm(row)) if goes_on() else None
            if result is None:
                break
            of_alarm = {"t": self._tenant, "key": row.business_key, "at": row.element, "from": row.since}
            with self._ledger.writing() as transaction:
                transaction.execute(_FIRED, of_alarm | {"what": result})
            number += 1
        return number

    def _unfired(self) -> list[Any]:
        with self._ledger.reading() as transaction:
            return list(transaction.execute(_UNFIRED, {"t": self._tenant}))

    def _alarm(self, row: Any) -> Alarm:
        with self._ledger.reading() as transaction:
            waits = transaction.execute(_AWAITED, {"t": self._tenant, "key": row.business_key})
            awaiting = tuple(waits.scalars())
        name = None if row.process is None else self._name_of(row.process, row.version, row.element)
        return Alarm(
            business_key=row.business_key,
            tenant=self._tenant,
            process=row.process,
            element=row.element,
            name=name,
            awaiting=awaiting,
            since=datetime.fromtimestamp(row.since, UTC),
            limit_seconds=row.limit_seconds,
            url=self._url_of(row.business_key),
        )
