"""The projection's tables, in the ledger's database. Only the projector writes them; times are epoch seconds.

They can be dropped at any time: the projector fills them again from the ledger and the engine. (But for
`alarms`: it remembers what was told of whom.)
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Double,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    bindparam,
)

from trackflow.message import SHORT
from trackflow.tracking.tables import partial_index

metadata = MetaData()

# Compared byte by byte on every database: so a prefix is a range of an index.
_KEY = String(SHORT).with_variant(String(SHORT, collation="C"), "postgresql")
NO_PROCESS = ""  # of an order that has no instance

# One order, as lists and filters need it.
standings = Table(
    "standings",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("business_key", _KEY, primary_key=True),
    Column("process", String(SHORT), nullable=False),  # of its newest instance, or NO_PROCESS
    Column("version", Integer, nullable=False),  # of that model; 0 without one
    Column("instance_id", String(SHORT)),
    Column("state", String(12), nullable=False),  # as `tracking.orders.Order.state`
    Column("last_event", String(SHORT), nullable=False),
    Column("started_at", Double, nullable=False),  # its first event came
    Column("updated_at", Double, nullable=False),  # its last event came
    Column("ended_at", Double),  # its newest instance ended
    # How many of its events have this outcome.
    Column("received", Integer, nullable=False),
    Column("waiting", Integer, nullable=False),
    Column("duplicate", Integer, nullable=False),
    Column("unmatched", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("deviates", Boolean, nullable=False),  # it did not follow its model, see `conformance`
    Column("deviations", Text),  # how: a JSON array of "kind:event or element"; None if it did not
    Column("late_at", Double),  # when the first of its places reaches its limit
    Column("late", Boolean, nullable=False),  # that moment has passed
    Column("measured", Boolean, nullable=False),  # its end is counted in `measures`
    Column("asked_at", Double),  # when the engine answered last about it
)
_newest = (standings.c.started_at, standings.c.business_key)
Index("standings_started", standings.c.tenant, *_newest)
Index("standings_updated", standings.c.tenant, standings.c.updated_at, standings.c.business_key)
Index("standings_state", standings.c.tenant, standings.c.state, *_newest)
Index("standings_last_event", standings.c.tenant, standings.c.last_event, *_newest)
for _name in ("received", "waiting", "duplicate", "unmatched", "refused"):
    partial_index(f"standings_{_name}", standings.c.tenant, *_newest, where=standings.c[_name] > 0)
for _flag in (standings.c.late, standings.c.deviates):
    partial_index(f"standings_{_flag.name}", standings.c.tenant, *_newest, where=_flag.is_(True))
# Timers and people move an instance too: whoever may still move is asked about again, the longest ago first.
# (What a partial index is made of must stand in a statement as it is: a parameter could be anything.)
may_move = standings.c.state.in_(
    bindparam("moving", ("running", "unknown", "waiting"), expanding=True, literal_execute=True)
)
partial_index("standings_asked", standings.c.tenant, standings.c.asked_at, where=may_move)

# Where running orders are: an order has a row for each element that is active.
places = Table(
    "places",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("business_key", _KEY, primary_key=True),
    Column("element", String(SHORT), primary_key=True),
    Column("process", String(SHORT), nullable=False),
    Column("version", Integer, nullable=False),
    Column("since", Double, nullable=False),  # it was entered
    Column("late_at", Double),  # its limit is reached then; None: it has none
    Column("late", Boolean, nullable=False),
)
Index("places_element", places.c.tenant, places.c.element, places.c.since, places.c.business_key)
partial_index(
    "places_late_at",
    places.c.tenant,
    places.c.late_at,
    where=places.c.late_at.is_not(None) & places.c.late.is_(False),
)

# What running orders wait for: a row for each event that would be accepted now.
awaited = Table(
    "awaited",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("business_key", _KEY, primary_key=True),
    Column("event", String(SHORT), primary_key=True),
    Column("started_at", Double, nullable=False),  # of the order
    # The primary key is the table: SQLite would else read all of `awaited_event`, which has every column.
    sqlite_with_rowid=False,
)
Index("awaited_event", awaited.c.tenant, awaited.c.event, awaited.c.started_at, awaited.c.business_key)

# Counts of now, kept: how many orders are in a state, at an element, late at an element, …
tallies = Table(
    "tallies",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("process", String(SHORT), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("kind", String(12), primary_key=True),  # see `Tally`
    Column("name", String(SHORT), primary_key=True),
    Column("number", Integer, nullable=False),
)

# Counts of the past, by hour and by day (UTC).
measures = Table(
    "measures",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("process", String(SHORT), primary_key=True),
    Column("size", Integer, primary_key=True),  # seconds: HOUR or DAY
    Column("start", Integer, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("kind", String(12), primary_key=True),  # see `Measure`
    Column("name", String(SHORT), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("histogram", Text),  # of durations, see `histogram`
)

# Orders that were found waiting too long: each place is told of once.
alarms = Table(
    "alarms",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("business_key", _KEY, primary_key=True),
    Column("element", String(SHORT), primary_key=True),
    Column("since", Double, primary_key=True),  # of the place
    Column("limit_seconds", Double, nullable=False),
    Column("raised_at", Double, nullable=False),
    Column("fired_at", Double),  # the hook was called, or given up
    Column("result", Text),  # of the hook, in words
)
partial_index("alarms_unfired", alarms.c.tenant, alarms.c.raised_at, where=alarms.c.fired_at.is_(None))

# Who projects a tenant now: one of however many boards there are. No row: nothing is shown yet.
projectors = Table(
    "projectors",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("token", String(32)),
    Column("claimed_until", Double),
    Column("reached_at", Double),  # everything up to then is shown; None: still the first time
)

HOUR, DAY = 3600, 86_400


class Tally:
    """The kinds of `tallies`; `name` in brackets."""

    STATE = "state"  # orders in this state (the state)
    ELEMENT = "element"  # places at this element (its id)
    LATE = "late"  # places at this element that are late (its id)
    REFUSED = "refused"  # orders with a refused event ("")
    LATE_ORDERS = "late orders"  # orders that are late ("")


class Measure:
    """The kinds of `measures`; `name` in brackets. An order is counted in the hour of its end, or start."""

    STARTED = "started"  # orders whose first event came ("")
    ENDED = "ended"  # orders that ended, with the time from their first event to it (how: their state)
    ELEMENT = "element"  # visits of elements in ended orders, with how long each took (the element's id)
    VISITED = "visited"  # ended orders that visited this element, however often (the element's id)
    FLOW = "flow"  # how often one element directly followed another in ended orders ("from>to")
    FOLLOWED = "followed"  # ended orders that followed their model ("")
    DEVIATION = "deviation"  # ended orders that did not ("kind:event or element", see `conformance`)


def create_tables(connection: Connection) -> None:
    """Create what is missing; whoever opens a projection calls it."""
    metadata.create_all(connection)
