"""The ledger's tables: every event, the case that it belongs to, and what must be remembered beside them.

A case is what one business key names within a tenant: one order. Times are seconds since 1970 by the
database's clock, except `published_at`, which is the publisher's.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import Boolean, Column, ColumnElement, Double, Index, Integer, MetaData, String, Table, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from trackflow.message import SHORT


class Outcome(StrEnum):
    """What has become of an event. The first two are open: it is still to be told, or told again."""

    RECEIVED = "received"  # not told yet
    WAITING = "waiting"  # told, and nothing waits for it yet
    CORRELATED = "correlated"  # it started an instance or moved one
    DUPLICATE = "duplicate"  # a second start of a case that has started
    UNMATCHED = "unmatched"  # its case had ended
    REFUSED = "refused"  # the engine will never take it


OPEN = (Outcome.RECEIVED, Outcome.WAITING)

metadata = MetaData()

events = Table(
    "events",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("event_id", String(SHORT), primary_key=True),
    Column("business_key", String(SHORT), nullable=False),
    Column("name", String(SHORT), nullable=False),
    Column("starts", Boolean, nullable=False),  # a process starts with it, by the models of who recorded it
    Column("cause", String(SHORT)),
    Column("body", Text, nullable=False),  # the JSON of the wire
    Column("traceparent", String(SHORT)),
    Column("published_at", Double),
    Column("taken_at", Double),  # the service that emitted it took up the cause then, by that service's clock
    Column("attempts", Integer),  # at which try it did
    Column(
        "received_at", Double, nullable=False
    ),  # strictly later than the case's event before: the order of arrival
    Column("correlated_at", Double),
    Column("outcome", String(12), nullable=False),
    Column("reason", Text),  # in words for people
    Column("attempted", Boolean, nullable=False),  # it may have been told, and the answer is not known
    Column("seen_version", Integer, nullable=False),  # of the case, when nothing waited for the event
    Column("deliveries", Integer, nullable=False),
    Column("failures", Integer, nullable=False),  # of the engine, at this event
)

cases = Table(
    "cases",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("business_key", String(SHORT), primary_key=True),
    # How often its instances changed: by an event that was correlated, a timer, or a migration.
    Column("version", Integer, nullable=False),
    Column(
        "start_event_id", String(SHORT)
    ),  # the start event that was told; bars others while it is not refused
    Column("ended", Boolean, nullable=False),
    Column("token", String(32)),  # of whoever holds the case
    Column("claimed_until", Double),
    Column("due_at", Double),  # when a sweeper is to look at it; set while an event is open or a timer is set
    Column(
        "idle", Integer, nullable=False
    ),  # how often in a row a look at its waiting events changed nothing
    Column("open", Integer, nullable=False),  # how many of its events are open
    Column("first_at", Double),  # when its first event came; none yet: the row is only a lock
    Column("last_at", Double),  # when its last event came
    # When it changed, if that is not shown on the board yet; no two changes have the same value in a row.
    Column("unshown", Double),
    # When the first timer of its instances is due, of an engine in the ledger. It needs no index: `due_at` is
    # never later, so that one index finds all there is to do, in the order in which it is due.
    Column("timer_at", Double),
)

# What a service with `once=True` has handled, and what it emitted then: a redelivery emits the same again.
inbox = Table(
    "inbox",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("service", String(64), primary_key=True),
    Column("event_id", String(SHORT), primary_key=True),
    Column("effects", Text, nullable=False),  # a JSON array of events
    Column("handled_at", Double, nullable=False),
)

# What people did to events: written before it is done, so that nothing is done unseen.
audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("at", Double, nullable=False),
    Column("who", String(SHORT), nullable=False),  # user@host, or name@board
    Column("why", Text),  # in their words, if they said
    Column("action", String(12), nullable=False),  # `trackflow.tracking.audit.Action`
    Column("queue", String(SHORT)),  # whose dead letter it was; None: the event was in the ledger
    Column("event_id", String(SHORT), nullable=False),  # of a dead letter its id, as `dead list` shows it
    Column("business_key", String(SHORT)),
    Column("reason", Text),  # why the event was there
    Column("original", Text),  # of an edited letter what it was, as JSON
)

# What was bound when the choreography was deployed last: AMQP has no question for it. Without a routing key
# it is the queue itself, which is bound to the default exchange.
bindings = Table(
    "bindings",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("queue", String(SHORT), primary_key=True),
    Column("routing_key", String(SHORT), primary_key=True),
    Column("deployed_at", Double, nullable=False),
)


def partial_index(name: str, *columns: Any, where: ColumnElement[bool]) -> None:
    """An index of those rows for which the condition holds."""
    Index(name, *columns, sqlite_where=where, postgresql_where=where)


# The next event to tell is the first of its kind in this order, whatever the number of events.
Index(
    "events_case",
    events.c.tenant,
    events.c.business_key,
    events.c.outcome,
    events.c.starts.desc(),
    events.c.received_at,
)
partial_index("cases_due", cases.c.tenant, cases.c.due_at, where=cases.c.due_at.is_not(None))
partial_index("cases_unshown", cases.c.tenant, cases.c.unshown, where=cases.c.unshown.is_not(None))
Index("audit_event", audit.c.tenant, audit.c.event_id)
Index("audit_order", audit.c.tenant, audit.c.business_key)
Index("audit_newest", audit.c.tenant, audit.c.id)
Index("audit_who", audit.c.tenant, audit.c.who, audit.c.id)
Index("events_newest", events.c.tenant, events.c.received_at)
partial_index(
    "events_refused",
    events.c.tenant,
    events.c.outcome,  # it is always the same, but without it SQLite would as soon take `events_newest`
    events.c.received_at,
    where=events.c.outcome == Outcome.REFUSED.value,
)
Index("cases_newest", cases.c.tenant, cases.c.first_at, cases.c.business_key)


class Now(FunctionElement[float]):
    """The database's time, in seconds since 1970."""

    type = Double()
    inherit_cache = True


@compiles(Now, "sqlite")
def _now_sqlite(_element: Now, _compiler: Any, **_: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(Now, "postgresql")
def _now_postgresql(_element: Now, _compiler: Any, **_: Any) -> str:
    return "extract(epoch from statement_timestamp())::float8"
