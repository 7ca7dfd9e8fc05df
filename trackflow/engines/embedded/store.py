"""The tables of the embedded engine, in the ledger's database, and every statement on them.

Statements are values, built once: SQLAlchemy then compiles each of them once.
"""

from __future__ import annotations

from sqlalchemy import (
    BindParameter,
    Column,
    Connection,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    bindparam,
    case,
    delete,
    exists,
    false,
    func,
    insert,
    select,
    text,
    update,
)

from trackflow.message import SHORT
from trackflow.prepared import Prepared

_metadata = MetaData()

models = Table(
    "engine_models",
    _metadata,
    Column("tenant", String(64), primary_key=True),
    Column("process", String(SHORT), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("digest", String(64), nullable=False),  # SHA-256 of the source
    Column("file", Text, nullable=False),
    Column("deployed_at", Double, nullable=False),  # epoch seconds
    Column("source", LargeBinary, nullable=False),
)

instances = Table(
    "engine_instances",
    _metadata,
    Column("id", String(32), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("business_key", String(SHORT), nullable=False),
    Column("process", String(SHORT), nullable=False),
    Column("version", Integer, nullable=False),
    Column("started", Double, nullable=False),  # epoch seconds
    Column("ended", Double),  # null while it runs
    Column("how", String(12)),  # it ended: "completed", or "terminated" by its caller
    Column("state", Text, nullable=False),  # last: SQLite reads a long row's end only when asked for it
    Index("engine_instances_by_key", "tenant", "business_key"),
)
# Who asks what runs on a version must not read what has ended.
_is_running = instances.c.ended.is_(None)
_running = Index(
    "engine_instances_running",
    *(instances.c[name] for name in ("tenant", "process", "version", "business_key", "id")),
    sqlite_where=_is_running,
    postgresql_where=_is_running,
)


# Processes that start no more. They are deployed, and what runs of them goes on.
withdrawn = Table(
    "engine_withdrawn",
    _metadata,
    Column("tenant", String(64), primary_key=True),
    Column("process", String(SHORT), primary_key=True),
    Column("withdrawn_at", Double, nullable=False),  # epoch seconds
)


# Who listens for a signal: running instances only. What a state says is said here again, to be found by it.
listeners = Table(
    "engine_listeners",
    _metadata,
    Column("tenant", String(64), primary_key=True),
    Column("signal", String(SHORT), primary_key=True),
    Column("business_key", String(SHORT), primary_key=True),
    Column("instance", String(32), primary_key=True),
)
# Which instances others have called. A state says it, too, but of an ended one it is not read.
called = Table(
    "engine_called",
    _metadata,
    Column("instance", String(32), primary_key=True),
    Column("caller", String(32), nullable=False),  # id of the calling instance
)


def create_tables(connection: Connection) -> None:
    """Create what is missing; whoever opens the ledger calls it."""
    _metadata.create_all(connection)
    _running.create(connection, checkfirst=True)  # the table may be an earlier version's


def lock_models(connection: Connection) -> None:
    """Let nobody else deploy until the end of the transaction; reading goes on."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE engine_models IN SHARE ROW EXCLUSIVE MODE"))
    else:  # SQLite locks with the first write, even one that changes nothing
        connection.execute(update(models).where(false()).values(version=0))


_of_tenant = models.c.tenant == bindparam("tenant")
_of_key = (instances.c.tenant == bindparam("tenant")) & (
    instances.c.business_key == bindparam("business_key")
)
_oldest_first = (instances.c.started, instances.c.id)

# Newest version of each process of a tenant.
newest_versions = Prepared(
    select(models.c.process, func.max(models.c.version).label("version"))
    .where(_of_tenant)
    .group_by(models.c.process)
)
# The same of those that start.
starting_versions = Prepared(
    select(models.c.process, func.max(models.c.version).label("version"))
    .where(
        _of_tenant,
        ~exists().where(withdrawn.c.tenant == models.c.tenant, withdrawn.c.process == models.c.process),
    )
    .group_by(models.c.process)
)
one_model = select(models.c.source, models.c.file, models.c.digest).where(
    _of_tenant, models.c.process == bindparam("process"), models.c.version == bindparam("version")
)
insert_model = insert(models)

running_instances = Prepared(
    select(instances.c.id, instances.c.process, instances.c.version, instances.c.state)
    .where(_of_key, instances.c.ended.is_(None))
    .order_by(*_oldest_first)
)
insert_instance = Prepared(insert(instances))
update_instance = Prepared(
    update(instances)
    .where(instances.c.id == bindparam("instance"))
    .values({name: bindparam(name) for name in ("state", "ended", "how")})
)
insert_called = Prepared(insert(called))
# By business key, so that whoever locks several does it in the same order.
listening = Prepared(
    select(listeners.c.business_key)
    .where(listeners.c.tenant == bindparam("tenant"), listeners.c.signal == bindparam("signal"))
    .group_by(listeners.c.business_key)
    .order_by(listeners.c.business_key)
)
_listener: dict[Column[str], BindParameter[str]] = {
    listeners.c.tenant: bindparam("tenant"),
    listeners.c.signal: bindparam("heard"),
    listeners.c.business_key: bindparam("business_key"),
    listeners.c.instance: bindparam("id"),
}
insert_listener = Prepared(
    insert(listeners).values({column.name: value for column, value in _listener.items()})
)
delete_listener = Prepared(delete(listeners).where(*(column == value for column, value in _listener.items())))
count_instances = Prepared(
    select(func.count().label("total"), func.count(instances.c.ended).label("ended")).where(_of_key)
)

_summary = (
    instances.c.id,
    instances.c.business_key,
    instances.c.process,
    instances.c.version,
    instances.c.started,
    instances.c.ended,
    instances.c.how,
    called.c.caller,
)
_with_caller = instances.outerjoin(called, called.c.instance == instances.c.id)
_of_keys = (instances.c.tenant == bindparam("tenant")) & instances.c.business_key.in_(
    bindparam("business_keys", expanding=True)
)
# Of an ended instance the state holds only the path, which is long and not wanted here.
instances_of_keys = (
    select(*_summary, case((instances.c.ended.is_(None), instances.c.state)).label("state"))
    .select_from(_with_caller)
    .where(_of_keys)
    .order_by(*_oldest_first)
)
instances_with_path = (
    select(*_summary, instances.c.state).select_from(_with_caller).where(_of_keys).order_by(*_oldest_first)
)

# ---- versions ----------------------------------------------------------------------------------------

all_versions = (
    select(models.c.process, models.c.version).where(_of_tenant).order_by(models.c.process, models.c.version)
)
count_versions = select(func.count()).where(_of_tenant, models.c.process == bindparam("process"))
_runs_of_tenant = (instances.c.tenant == bindparam("tenant")) & _is_running
count_running = (
    select(instances.c.process, instances.c.version, func.count().label("running"))
    .where(_runs_of_tenant)
    .group_by(instances.c.process, instances.c.version)
)
running_on = (
    select(instances.c.id, instances.c.business_key)
    .where(
        _runs_of_tenant,
        instances.c.process == bindparam("process"),
        instances.c.version == bindparam("version"),
        # One comparison of both would be no condition for an index of SQLite's.
        instances.c.business_key >= bindparam("after_key"),
        (instances.c.business_key > bindparam("after_key")) | (instances.c.id > bindparam("after_id")),
    )
    .order_by(instances.c.business_key, instances.c.id)
    .limit(bindparam("most"))
)
one_running = select(instances.c.state).where(
    _runs_of_tenant, instances.c.id == bindparam("instance"), instances.c.version == bindparam("version")
)
move_instance = (
    update(instances)
    .where(instances.c.id == bindparam("instance"))
    .values(state=bindparam("state"), version=bindparam("to"))
)
all_withdrawn = select(withdrawn.c.process).where(withdrawn.c.tenant == bindparam("tenant"))
insert_withdrawn = insert(withdrawn)
bring_back = delete(withdrawn).where(
    withdrawn.c.tenant == bindparam("tenant"), withdrawn.c.process == bindparam("process")
)
