"""The engine that lives in the ledger's database and changes in the caller's transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection
from sqlalchemy import Engine as Database
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from trackflow.bpmn import Model
from trackflow.engines.answers import Answer, Deployment, Instance, Migrated, Running, Version
from trackflow.engines.embedded import store
from trackflow.engines.embedded.deployments import Deployments
from trackflow.engines.embedded.reached import Reached
from trackflow.engines.embedded.report import instance
from trackflow.engines.embedded.runs import Tenant
from trackflow.engines.embedded.telling import Telling, fire
from trackflow.engines.embedded.trouble import resumed, standing
from trackflow.engines.embedded.versions import Versions, pages
from trackflow.engines.port import TransactionalEngine, Turn
from trackflow.errors import EngineUnreachable
from trackflow.message import Message

_KEYS_AT_ONCE = 500  # in one statement: SQLite may allow as few as 999 parameters


class EmbeddedEngine(TransactionalEngine):
    """Runs BPMN models inside the database of the ledger. Its tables are made by `create_tables`.

    Running instances stay on the version that they started with; new ones take the newest. The caller sees to
    it that the events of one business key come one after the other (the tracker locks the case's row first).
    """

    def __init__(
        self,
        database: Database,
        variables: frozenset[str] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`variables` are kept of an event's payload; None: those that its model, or one in a call, names.

        `clock` is read where the caller of a step gives no time: epoch seconds.
        """
        self._database = database
        # The ledger's word for: keep no writer waiting.
        self._reads = database.execution_options(reading=True)
        self._deployments = Deployments()
        self._versions = Versions()
        self._variables = variables
        self._clock = clock

    def ping(self) -> str:
        """The engine and its database, for people. Raises EngineUnreachable."""
        with _transaction(self._reads) as connection:
            version = ".".join(map(str, connection.dialect.server_version_info or ()))
            return f"embedded engine on {connection.dialect.name} {version}"

    def deploy(self, models: Sequence[Model], tenant: str) -> list[Deployment]:
        """Make the models known for the tenant: all or none, in one transaction.

        Raises:
            ModelError: an element that is not supported, two models of one process, or a message that would
                start two processes.
            EngineUnreachable: the database is away.
        """
        with _transaction(self._database) as connection:
            return self._deployments.deploy(connection, tenant, models)

    def deployed(self, models: Sequence[Model], tenant: str) -> Mapping[str, bool]:
        """For each model's process id: whether exactly this content is what is deployed last."""
        with _transaction(self._reads) as connection:
            return self._deployments.unchanged(connection, tenant, models)

    def correlate(
        self, event: Message, transaction: Connection, now: float | None = None, turn: Turn | None = None
    ) -> Answer:
        """Tell the engine an event, in the caller's transaction. Who waits for it goes before a start."""
        reached = self._reached(transaction, event.tenant, event.business_key, now, turn)
        answer = Telling(event, reached, self._variables).tell(
            lambda: self._deployments.started_by(transaction, event.tenant, event.event)
        )
        return replace(answer, due_at=reached.runs.due_at())

    def fire(
        self,
        tenant: str,
        business_key: str,
        transaction: Connection,
        now: float | None = None,
        turn: Turn | None = None,
    ) -> Answer:
        """See `TransactionalEngine.fire`."""
        reached = self._reached(transaction, tenant, business_key, now, turn)
        return replace(fire(reached), due_at=reached.runs.due_at())

    def resume(self, tenant: str, business_key: str, transaction: Connection) -> int:
        """See `TransactionalEngine.resume`."""
        runs = Tenant(transaction, self._deployments, tenant).runs(business_key)
        number = 0
        for run in runs:
            if of_run := standing(run.state):
                number += of_run
                runs.save(run, resumed(run.state), self._clock())
        return number

    def running(self, event: Message, transaction: Connection) -> bool | None:
        """Whether any instance of the event's business key still runs; None if there never was one."""
        count = store.count_instances.first(transaction, _key(event))
        return count.ended < count.total if count.total else None

    def instances(self, tenant: str, business_keys: Iterable[str]) -> dict[str, list[Instance]]:
        """The instances of some business keys, oldest first, without their paths.

        Every asked key is in the answer. Raises EngineUnreachable.
        """
        return self._found(store.instances_of_keys, tenant, business_keys, path=False)

    def histories(self, tenant: str, business_keys: Iterable[str]) -> dict[str, list[Instance]]:
        """The same with their paths."""
        return self._found(store.instances_with_path, tenant, business_keys, path=True)

    def source(self, tenant: str, process: str, version: int) -> bytes | None:
        """The BPMN file of a version of a process; None if it is not there. Raises EngineUnreachable."""
        key = {"tenant": tenant, "process": process, "version": version}
        with _transaction(self._reads) as connection:
            row = connection.execute(store.one_model, key).one_or_none()
        return None if row is None else bytes(row.source)

    # ---- versions ------------------------------------------------------------------------------------

    def versions(self, tenant: str) -> list[Version]:
        """See `Engine.versions`."""
        with _transaction(self._reads) as connection:
            return self._versions.all(connection, tenant)

    def running_on(self, tenant: str, process: str, version: int) -> Iterator[list[Running]]:
        """See `Engine.running_on`."""

        def page(after: Running | None) -> list[Running]:
            with _transaction(self._reads) as connection:
                return self._versions.page(connection, tenant, process, version, after)

        return pages(page)

    def could_migrate(self, tenant: str, instance: Running, to: int) -> Migrated:
        """See `Engine.could_migrate`. Raises also EngineRefused: there is no such version."""
        with _transaction(self._reads) as connection:
            return self._versions.could_migrate(connection, tenant, instance, to, self._clock())

    def migrate(
        self, tenant: str, instance: Running, to: int, transaction: Connection, now: float | None = None
    ) -> Migrated:
        """See `TransactionalEngine.migrate`. Raises also EngineRefused: there is no such version."""
        moment = self._clock() if now is None else now
        migrated = self._versions.migrate(transaction, tenant, instance, to, moment)
        runs = Tenant(transaction, self._deployments, tenant).runs(instance.business_key)
        return replace(migrated, due_at=runs.due_at())

    def withdraw(self, tenant: str, process: str) -> bool:
        """See `Engine.withdraw`."""
        with _transaction(self._database) as connection:
            return self._versions.withdraw(connection, tenant, process)

    def withdrawn(self, tenant: str) -> frozenset[str]:
        """See `Engine.withdrawn`."""
        with _transaction(self._reads) as connection:
            return self._versions.withdrawn(connection, tenant)

    def _reached(
        self, transaction: Connection, tenant: str, business_key: str, now: float | None, turn: Turn | None
    ) -> Reached:
        tenants = Tenant(transaction, self._deployments, tenant)
        return Reached(tenants, business_key, self._clock() if now is None else now, turn)

    def _found(
        self, statement: Any, tenant: str, business_keys: Iterable[str], *, path: bool
    ) -> dict[str, list[Instance]]:
        found: dict[str, list[Instance]] = {key: [] for key in business_keys}
        keys = list(found)
        with _transaction(self._reads) as connection:
            for first in range(0, len(keys), _KEYS_AT_ONCE):
                chunk = {"tenant": tenant, "business_keys": keys[first : first + _KEYS_AT_ONCE]}
                for row in connection.execute(statement, chunk).all():
                    process = self._deployments.process(connection, tenant, row.process, row.version)
                    found[row.business_key].append(instance(row, process, path=path))
        return found


@contextmanager
def _transaction(database: Database) -> Iterator[Connection]:
    """One of our own. Whatever is asked in it can be asked again, so a failure is an absence."""
    try:
        with database.begin() as connection:
            yield connection
    except SQLAlchemyError as exc:  # never with the parameters: they are private
        words = str(exc.orig if isinstance(exc, DBAPIError) else exc)
        raise EngineUnreachable(f"embedded engine: {' '.join(words.split())}") from exc


def _key(event: Message) -> dict[str, str]:
    return {"tenant": event.tenant, "business_key": event.business_key}
