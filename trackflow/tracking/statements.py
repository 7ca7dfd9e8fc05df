"""The tracker's SQL. Each statement is built once and finds few rows by an index, whatever a case's size.

All of them run within a transaction that has locked the case first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Double, String, and_, bindparam, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from trackflow.prepared import Prepared
from trackflow.tracking.tables import OPEN, Now, Outcome, cases, events

# ---- cases -------------------------------------------------------------------------------------------

KEYS = ("tenant", "business_key")
CHANGING = tuple(column.name for column in cases.c if column.name not in KEYS)
_THIS_CASE = and_(cases.c.tenant == bindparam("t"), cases.c.business_key == bindparam("key"))

# The time of the tracker's own clock, if it was given one; else the database's, which all trackers share.
_NOW = func.coalesce(bindparam("now", type_=Double), Now())

LOCK_CASE = Prepared(select(cases, _NOW.label("now")).where(_THIS_CASE).with_for_update())
# Whoever locks the most overdue case leaves the next one to the others (SQLite has one writer anyway).
LOCK_OVERDUE = Prepared(
    select(cases, _NOW.label("now"))
    .where(cases.c.tenant == bindparam("t"), cases.c.due_at <= _NOW)
    .where(or_(cases.c.claimed_until.is_(None), cases.c.claimed_until <= _NOW))
    .order_by(cases.c.due_at)
    .limit(1)
    .with_for_update(skip_locked=True)
)
# PostgreSQL only: until the end of the transaction no other one locks several of the tenant's cases.
_CROSSING = 0x7472_6166
CROSS = Prepared(
    select(func.pg_advisory_xact_lock(bindparam("crossing", _CROSSING), func.hashtext(bindparam("t"))))
)
SAVE_CASE = Prepared(update(cases).where(_THIS_CASE).values({name: bindparam(name) for name in CHANGING}))


def _new_case(insert: Callable[..., Any]) -> Prepared:
    fresh = {"version": 0, "ended": False, "idle": 0, "open": 0}
    return Prepared(
        insert(cases)
        .values(tenant=bindparam("t"), business_key=bindparam("key"), **fresh)
        .on_conflict_do_nothing()
        .returning(cases, _NOW.label("now"))
    )


# Inserts a case and locks it; no row if somebody else has inserted it meanwhile.
NEW_CASE: Mapping[str, Prepared] = {
    "sqlite": _new_case(sqlite.insert),
    "postgresql": _new_case(postgresql.insert),
}

# ---- record an event ---------------------------------------------------------------------------------


def _record(insert: Callable[..., Any]) -> Prepared:
    given: dict[str, Any] = {
        column.name: bindparam(column.name) for column in events.c if column.name not in _BEGIN
    }
    return Prepared(
        insert(events)
        .values(**given, **_BEGIN)
        .on_conflict_do_update(
            index_elements=["tenant", "event_id"], set_={"deliveries": events.c.deliveries + 1}
        )
        .returning(events.c.outcome, events.c.deliveries, events.c.business_key, events.c.name)
    )


_BEGIN = {
    "outcome": Outcome.RECEIVED.value,
    "reason": None,
    "correlated_at": None,
    "seen_version": -1,
    "deliveries": 1,
    "failures": 0,
}
# Inserts an event, or counts one more delivery of it: then nothing else of it changes.
RECORD: Mapping[str, Prepared] = {"sqlite": _record(sqlite.insert), "postgresql": _record(postgresql.insert)}

# ---- the next event to tell --------------------------------------------------------------------------

NEVER = 2**31 - 1  # a `seen_version`: told again only when the case is looked at as a whole

_EVENT = and_(events.c.tenant == bindparam("t"), events.c.event_id == bindparam("event"))
_OF_CASE = and_(events.c.tenant == bindparam("t"), events.c.business_key == bindparam("key"))
_WAITS = events.c.outcome == Outcome.WAITING.value
_IS_OPEN = or_(*(events.c.outcome == outcome.value for outcome in OPEN))
# While a start event is told or waits, other ones are kept in reserve: the first may yet be refused.
_start = bindparam("start", type_=String)
_NOT_IN_RESERVE = or_(events.c.starts.is_(False), _start.is_(None), events.c.event_id == _start)
_TOLD = select(
    events.c.tenant,
    events.c.business_key,
    events.c.event_id,
    events.c.name,
    events.c.cause,
    events.c.body,
    events.c.traceparent,
    events.c.published_at,
    events.c.starts,
    events.c.outcome,
    events.c.attempted,
    events.c.failures,
)


def _first(*conditions: Any) -> Prepared:
    order = (events.c.starts.desc(), events.c.received_at, events.c.event_id)
    return Prepared(_TOLD.where(_OF_CASE, *conditions).order_by(*order).limit(1))


NEXT_RECEIVED = _first(events.c.outcome == Outcome.RECEIVED.value, _NOT_IN_RESERVE)
NEXT_WAITING = _first(_WAITS, events.c.seen_version < bindparam("version"), _NOT_IN_RESERVE)
ANY_OPEN = _first(_IS_OPEN)
START_EVENT = Prepared(
    _TOLD.join(
        cases, and_(cases.c.tenant == events.c.tenant, cases.c.start_event_id == events.c.event_id)
    ).where(_THIS_CASE)
)
OUTCOME = Prepared(select(events.c.outcome).where(_EVENT))
STANDING = Prepared(select(events.c.outcome, events.c.reason).where(_EVENT))

# ---- what becomes of an event ------------------------------------------------------------------------

ATTEMPT = Prepared(update(events).where(_EVENT).values(attempted=True))

FINISH = Prepared(
    update(events)
    .where(_EVENT, _IS_OPEN)
    .values(
        outcome=bindparam("to"),
        reason=bindparam("why"),
        correlated_at=bindparam("at"),
        attempted=False,
    )
)
# The engine's word comes late, and the ledger had given the event up.
CORRECT = Prepared(
    update(events)
    .where(_EVENT, events.c.outcome != Outcome.CORRELATED.value)
    .values(outcome=Outcome.CORRELATED.value, reason=None, correlated_at=bindparam("at"), attempted=False)
)
WAIT = Prepared(
    update(events)
    .where(_EVENT, _IS_OPEN)
    .values(
        outcome=Outcome.WAITING.value,
        reason=bindparam("why"),
        attempted=bindparam("doubt"),
        seen_version=bindparam("seen"),
        failures=bindparam("failed"),
    )
)
DELAY = Prepared(
    update(events).where(_EVENT, _IS_OPEN).values(reason=bindparam("why"), attempted=bindparam("doubt"))
)
# At somebody's wish. What was given up may have taken effect all the same: it is told as one in doubt.
_AFRESH = {"seen_version": -1, "failures": 0}
REOPEN = Prepared(
    update(events)
    .where(_EVENT, events.c.outcome == Outcome.REFUSED.value)
    .values(outcome=Outcome.RECEIVED.value, reason=None, attempted=True, **_AFRESH)
    .returning(*_TOLD.selected_columns)
)
REMIND = Prepared(update(events).where(_EVENT, _WAITS).values(**_AFRESH))
EXPLAIN = Prepared(update(events).where(_EVENT).values(reason=bindparam("why")))

# ---- what becomes of the others of its case ----------------------------------------------------------

# A name is awaited or it is not: what one event was told holds for all that wait under its name.
SEEN = Prepared(
    update(events)
    .where(_OF_CASE, _WAITS, events.c.name == bindparam("named"), events.c.attempted.is_(False))
    .where(events.c.seen_version < bindparam("seen"))
    .values(seen_version=bindparam("seen"))
)
WAKE = Prepared(update(events).where(_OF_CASE, _WAITS).values(seen_version=-1))
# What is in doubt, or may start a new process, is told once more before it is given up.
END = Prepared(
    update(events)
    .where(_OF_CASE, _WAITS, events.c.attempted.is_(False), events.c.starts.is_(False))
    .values(outcome=Outcome.UNMATCHED.value, reason=bindparam("why"))
)
DUPLICATES = Prepared(
    update(events)
    .where(_OF_CASE, _IS_OPEN, events.c.starts.is_(True), events.c.event_id != bindparam("first"))
    .values(
        outcome=Outcome.DUPLICATE.value,
        reason=literal("a second ") + events.c.name + "; the first was " + bindparam("first", type_=String),
        attempted=False,
    )
)
