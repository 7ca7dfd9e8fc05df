"""The versions of a tenant's processes: what runs on them, what moves between them, what starts no more."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from sqlalchemy import Connection

from trackflow.bpmn import Model, parse
from trackflow.engines.answers import Migrated, Running, Version
from trackflow.engines.embedded import listeners, store
from trackflow.engines.embedded.listeners import Position
from trackflow.engines.embedded.migration import Migration
from trackflow.engines.embedded.steps.state import State
from trackflow.errors import EngineRefused

_PAGE = 500  # instances that are read at once


class Versions:
    """Of all tenants in one database. Migrations are kept: there are many instances on few versions."""

    def __init__(self) -> None:
        self._migrations: dict[tuple[str, str, int, int], Migration] = {}

    def all(self, connection: Connection, tenant: str) -> list[Version]:
        """See `Engine.versions`."""
        rows = connection.execute(store.all_versions, {"tenant": tenant})
        running = {
            (row.process, row.version): row.running
            for row in connection.execute(store.count_running, {"tenant": tenant})
        }
        return [Version(row.process, row.version, running.get((row.process, row.version), 0)) for row in rows]

    def page(
        self, connection: Connection, tenant: str, process: str, version: int, after: Running | None
    ) -> list[Running]:
        """So many of a version's running instances, by business key."""
        place = {"after_key": after.business_key, "after_id": after.id} if after else _FIRST
        chosen = {"tenant": tenant, "process": process, "version": version, "most": _PAGE}
        rows = connection.execute(store.running_on, chosen | place)
        return [Running(row.id, row.business_key, process, version) for row in rows]

    def could_migrate(
        self, connection: Connection, tenant: str, instance: Running, to: int, now: float
    ) -> Migrated:
        """See `Engine.could_migrate`."""
        return self._migrate(connection, tenant, instance, to, now, lambda *_: None)

    def migrate(
        self, transaction: Connection, tenant: str, instance: Running, to: int, now: float
    ) -> Migrated:
        """See `TransactionalEngine.migrate`, without `due_at`."""

        def save(before: Position, after: Position) -> None:
            values = {"instance": instance.id, "state": after[1].to_json(), "to": to}
            transaction.execute(store.move_instance, values)
            listener = {"tenant": tenant, "business_key": instance.business_key, "id": instance.id}
            listeners.moved(transaction, listener, before, after)

        return self._migrate(transaction, tenant, instance, to, now, save)

    def withdraw(self, transaction: Connection, tenant: str, process: str) -> bool:
        """See `Engine.withdraw`."""
        store.lock_models(transaction)
        chosen = {"tenant": tenant, "process": process}
        if transaction.execute(store.count_versions, chosen).scalar_one() == 0:
            raise EngineRefused(f"process {process!r} is not deployed for {tenant!r}")
        if process in self.withdrawn(transaction, tenant):
            return False
        transaction.execute(store.insert_withdrawn, chosen | {"withdrawn_at": time.time()})
        return True

    def withdrawn(self, connection: Connection, tenant: str) -> frozenset[str]:
        """See `Engine.withdrawn`."""
        return frozenset(connection.execute(store.all_withdrawn, {"tenant": tenant}).scalars())

    def _migrate(
        self,
        connection: Connection,
        tenant: str,
        instance: Running,
        to: int,
        now: float,
        save: Callable[[Position, Position], None],
    ) -> Migrated:
        found = connection.execute(
            store.one_running, {"tenant": tenant, "instance": instance.id, "version": instance.version}
        ).one_or_none()
        if found is None:
            return Migrated(is_gone=True)
        migration, state = self._migration(connection, tenant, instance, to), State.from_json(found.state)
        moved = migration.moved(state, now, instance.business_key)
        if not isinstance(moved, State):
            return Migrated(moved)
        save((migration.before, state), (migration.after, moved))
        return Migrated()

    def _migration(self, connection: Connection, tenant: str, instance: Running, to: int) -> Migration:
        key = (tenant, instance.process, instance.version, to)
        if key not in self._migrations:
            old, new = (_model(connection, tenant, instance.process, each) for each in (instance.version, to))
            self._migrations[key] = Migration(old, new)
        return self._migrations[key]


_FIRST = {"after_key": "", "after_id": ""}


def _model(connection: Connection, tenant: str, process: str, version: int) -> Model:
    chosen = {"tenant": tenant, "process": process, "version": version}
    row = connection.execute(store.one_model, chosen).one_or_none()
    if row is None:
        raise EngineRefused(f"no version {version} of process {process!r} is deployed for {tenant!r}")
    return parse(row.source, row.file, deployed=True)


def pages(page: Callable[[Running | None], list[Running]]) -> Iterator[list[Running]]:
    """Page after page, each in a transaction of its own, until there is none."""
    found = page(None)
    while found:
        yield found
        found = page(found[-1])
