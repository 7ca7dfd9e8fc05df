"""What people ask about orders. Nothing here changes anything or keeps a writer waiting."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Row, and_, bindparam, or_, select

from trackflow.engines.answers import Instance, newest
from trackflow.engines.port import Engine
from trackflow.errors import EngineError
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.orders import Event, Order, causes_first
from trackflow.tracking.tables import cases, events

CHUNK = 200  # cases about which the engine is asked at once

_CASE = select(
    cases.c.tenant, cases.c.business_key, cases.c.version, cases.c.open, cases.c.first_at, cases.c.last_at
).where(cases.c.tenant == bindparam("t"), cases.c.first_at.is_not(None))  # without: only a lock

_NEWEST = (
    _CASE.add_columns(events.c.name.label("last_event"))
    .join(
        events,
        and_(
            events.c.tenant == cases.c.tenant,
            events.c.business_key == cases.c.business_key,
            events.c.received_at == cases.c.last_at,
        ),
    )
    .order_by(cases.c.first_at.desc(), cases.c.business_key.desc())
    .limit(bindparam("chunk"))
)
_OLDER = _NEWEST.where(
    or_(
        cases.c.first_at < bindparam("first_at"),
        and_(cases.c.first_at == bindparam("first_at"), cases.c.business_key < bindparam("key")),
    )
)
_ONE = _CASE.where(cases.c.business_key == bindparam("key"))
_OF_ORDER = (events.c.tenant == bindparam("t"), events.c.business_key == bindparam("key"))
_EVENTS = select(events).where(*_OF_ORDER).order_by(events.c.received_at, events.c.event_id)
# A body can be a megabyte, and a forged order can have any number of events.
_BARE = select(*(column for column in events.c if column.name != "body"))
_NEWEST_BARE = (
    _BARE.where(*_OF_ORDER)
    # Of one order there are few events, but SQLite would look for them in the index of all times.
    .order_by((events.c.received_at + 0).desc(), events.c.event_id.desc())
    .limit(bindparam("most"))
)
_KEYS: BindParameter[str] = bindparam("keys", expanding=True)
_THESE = _CASE.where(cases.c.business_key.in_(_KEYS))
_BARE_OF_THESE = _BARE.where(events.c.tenant == bindparam("t"), events.c.business_key.in_(_KEYS)).order_by(
    events.c.received_at, events.c.event_id
)
_BODY = select(events.c.body).where(*_OF_ORDER, events.c.event_id == bindparam("event"))
# What the ledger alone can rule out.
_MAY_BE = {
    "waiting": cases.c.open > 0,
    "refused": and_(cases.c.open == 0, cases.c.version == 0),
}


class Found(NamedTuple):
    """A payload, which may be null."""

    payload: Any


class Queries:
    """Answers about one tenant's orders. All methods raise LedgerError; none raises if the engine is away."""

    def __init__(self, ledger: Ledger, engine: Engine, tenant: str) -> None:
        self._ledger = ledger
        self._engine = engine
        self._tenant = tenant

    def orders(self, state: str | None = None, limit: int = 20) -> list[Order]:
        """The newest orders, newest first, without their events; if a state is given only those in it.

        While the engine is away it cannot be told which are in the state: then all are answered whose state
        is "unknown".
        """
        found: list[Order] = []
        for chunk in self._chunks(state, limit):
            found += [
                order for order in self._listed(chunk) if state in (None, order.state) or order.engine_error
            ]
            if len(found) >= limit:
                break
        return found[:limit]

    def order(self, business_key: str) -> Order | None:
        """One order with its events and the paths of its instances; None if no event of it ever came."""
        of_case = {"t": self._tenant, "key": business_key}
        with self._ledger.reading() as transaction:
            case = transaction.execute(_ONE, of_case).first()
            rows = transaction.execute(_EVENTS, of_case).all()
        if case is None:
            return None
        try:
            instances, error = self._engine.history(self._tenant, business_key), None
        except EngineError as exc:
            instances, error = [], str(exc)
        found = [Event.from_row(row, payload=json.loads(row.body)["payload"]) for row in rows]
        return _order(case, rows[-1].name, instances, error, causes_first(found))

    def known(self, business_keys: Sequence[str]) -> list[Order]:
        """Those of these orders that the ledger has, in their order; without payloads and paths."""
        return [
            order
            for first in range(0, len(business_keys), CHUNK)
            for order in self._known(business_keys[first : first + CHUNK])
        ]

    def outline(self, business_key: str, most: int, silence: str | None = None) -> Order | None:
        """As `order`, without payloads, and of its events only so many, the newest.

        `silence` says why the engine is not to be asked, if it is known not to answer.
        """
        of_case = {"t": self._tenant, "key": business_key}
        with self._ledger.reading() as transaction:
            case = transaction.execute(_ONE, of_case).first()
            rows = transaction.execute(_NEWEST_BARE, {**of_case, "most": most}).all()
        if case is None:
            return None
        instances: list[Instance] = []
        if silence is None:
            try:
                instances = self._engine.history(self._tenant, business_key)
            except EngineError as exc:
                silence = str(exc)
        found = causes_first([Event.from_row(row) for row in reversed(rows)])
        return _order(case, rows[0].name, instances, silence, found)

    def payload(self, business_key: str, event_id: str) -> Found | None:
        """The payload of an event of an order, in its `payload`; None if there is no such event."""
        chosen = {"t": self._tenant, "key": business_key, "event": event_id}
        with self._ledger.reading() as transaction:
            body = transaction.execute(_BODY, chosen).scalar_one_or_none()
        return None if body is None else Found(json.loads(body)["payload"])

    def _chunks(self, state: str | None, limit: int) -> Iterator[Sequence[Row[*tuple[Any, ...]]]]:
        size = min(limit, CHUNK) if state is None else CHUNK
        statement, place = _NEWEST, {"t": self._tenant, "chunk": size}
        while True:
            if state in _MAY_BE:
                statement = statement.where(_MAY_BE[state])
            with self._ledger.reading() as transaction:
                rows = transaction.execute(statement, place).all()
            if not rows:
                return
            yield rows
            statement = _OLDER
            place |= {"first_at": rows[-1].first_at, "key": rows[-1].business_key}

    def _listed(self, rows: Sequence[Row[*tuple[Any, ...]]]) -> Iterator[Order]:
        instances, error = self._instances([row.business_key for row in rows])
        for row in rows:
            yield _order(row, row.last_event, instances.get(row.business_key, []), error)

    def _known(self, keys: Sequence[str]) -> Iterator[Order]:
        these = {"t": self._tenant, "keys": keys}
        of_key: dict[str, list[Event]] = {key: [] for key in keys}
        with self._ledger.reading() as transaction:
            found = {row.business_key: row for row in transaction.execute(_THESE, these)}
            for row in transaction.execute(_BARE_OF_THESE, these):
                of_key[row.business_key].append(Event.from_row(row))
        instances, error = self._instances(list(found))
        for key, told in of_key.items():
            if key in found:
                yield _order(found[key], told[-1].name, instances.get(key, []), error, causes_first(told))

    def _instances(self, keys: Sequence[str]) -> tuple[Mapping[str, Sequence[Instance]], str | None]:
        """Of each key, or why the engine cannot say."""
        try:
            return self._engine.instances(self._tenant, keys), None
        except EngineError as exc:
            return {}, str(exc)


def _order(
    row: Row[*tuple[Any, ...]],
    last_event: str,
    instances: Sequence[Instance],
    error: str | None,
    events: tuple[Event, ...] | None = None,
) -> Order:
    return Order(
        business_key=row.business_key,
        tenant=row.tenant,
        state="unknown" if error is not None else state_of(row, instances),
        last_event=last_event,
        started_at=datetime.fromtimestamp(row.first_at, UTC),
        updated_at=datetime.fromtimestamp(row.last_at, UTC),
        engine_error=error,
        events=events,
        instances=tuple(instances),
    )


def state_of(case: Any, instances: Sequence[Instance]) -> str:
    """An order's state (see `Order`), of its case's `open` and `version`, and of what the engine says."""
    if (found := newest(instances)) is not None:
        return found.state
    if case.open:
        return "waiting"
    return "unknown" if case.version else "refused"
