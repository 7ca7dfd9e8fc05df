"""The engine that lives in the ledger's database and changes in the caller's transaction."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import uuid4

from sqlalchemy import Connection
from sqlalchemy import Engine as Database
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from trackflow.bpmn import Model
from trackflow.engines.embedded import interpreter, store
from trackflow.engines.embedded.deployments import Deployments, Startable
from trackflow.engines.embedded.interpreter import Refusal, Wait
from trackflow.engines.embedded.process import Process
from trackflow.engines.embedded.report import instance
from trackflow.engines.embedded.state import State
from trackflow.engines.port import Answer, Deployment, Instance, Outcome, TransactionalEngine
from trackflow.engines.variables import Scalar, variables_of
from trackflow.errors import EngineUnreachable
from trackflow.message import Message

_KEYS_AT_ONCE = 500  # in one statement: SQLite may allow as few as 999 parameters


class _Waiting(NamedTuple):
    """A running instance that waits for the event at hand."""

    id: str
    process: Process
    state: State
    wait: Wait


class EmbeddedEngine(TransactionalEngine):
    """Runs BPMN models inside the database of the ledger. Its tables are made by `create_tables`.

    Running instances stay on the version that they started with; new ones take the newest. The caller sees to
    it that the events of one business key come one after the other (the tracker locks the case's row first).
    """

    def __init__(self, database: Database, variables: frozenset[str] | None = None) -> None:
        """`variables` are kept of an event's payload; None: those that its model names."""
        self._database = database
        # The ledger's word for: keep no writer waiting.
        self._reads = database.execution_options(reading=True)
        self._deployments = Deployments()
        self._variables = variables

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

    def correlate(self, event: Message, transaction: Connection) -> Answer:
        """Tell the engine an event, in the caller's transaction. Who waits for it goes before a start."""
        waiting = list(self._waiting(event, transaction))
        if len(waiting) > 1:
            places = ", ".join(sorted(f"{each.wait.element!r} of instance {each.id}" for each in waiting))
            return Answer(Outcome.AMBIGUOUS, f"{len(waiting)} executions await {_named(event)}: {places}")
        if waiting:
            return self._move(waiting[0], event, transaction)
        startable = self._deployments.started_by(transaction, event.tenant, event.event)
        if startable is not None:
            return self._start(startable, event, transaction)
        return Answer(
            Outcome.NOT_AWAITED,
            f"no process definition or execution of tenant {event.tenant!r} matches {_named(event)}",
        )

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

    def _waiting(self, event: Message, transaction: Connection) -> Iterator[_Waiting]:
        for row in store.running_instances.all(transaction, _key(event)):
            process = self._deployments.process(transaction, event.tenant, row.process, row.version)
            state = State.from_json(row.state)
            for wait in interpreter.awaited(process, state):
                if wait.message == event.event:
                    yield _Waiting(row.id, process, state, wait)

    def _start(self, startable: Startable, event: Message, transaction: Connection) -> Answer:
        process, now = startable.process, time.time()
        state = interpreter.start(process, event.event, self._variables_of(event, process), now)
        if isinstance(state, Refusal):
            return Answer(Outcome.REFUSED, state.reason)
        values = {"id": uuid4().hex, "process": process.id, "version": startable.version, "started": now}
        store.insert_instance.run(transaction, values | _key(event) | _outcome(state, now))
        return Answer(Outcome.ACCEPTED)

    def _move(self, waiting: _Waiting, event: Message, transaction: Connection) -> Answer:
        process, now = waiting.process, time.time()
        variables = self._variables_of(event, process)
        state = interpreter.take(process, waiting.state, waiting.wait, variables, now)
        if isinstance(state, Refusal):
            return Answer(Outcome.REFUSED, state.reason)
        store.update_instance.run(transaction, {"instance": waiting.id} | _outcome(state, now))
        return Answer(Outcome.ACCEPTED)

    def _variables_of(self, event: Message, process: Process) -> dict[str, Scalar]:
        wanted = process.variables if self._variables is None else self._variables
        return variables_of(event.payload, wanted)


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


def _outcome(state: State, now: float) -> dict[str, str | float | None]:
    return {"state": state.to_json(), "ended": now if state.end else None, "how": state.end}


def _named(event: Message) -> str:
    return f"message {event.event!r} and business key {event.business_key!r}"
