"""The inbox: which events a service has handled, and what it emitted, so that nothing is done twice.

A service with `once=True` runs through `Inbox.once`. Its event's id is committed together with what it writes
through `trackflow.transaction()`, and its effects with both; they are published after that. Whoever gets the
event again, after a crash in between, finds them and publishes the same once more.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from sqlite3 import SQLITE_ERROR
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, bindparam, event, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from trackflow.errors import LedgerError, TransactionError
from trackflow.message import Message
from trackflow.messaging.transaction import offering
from trackflow.prepared import Prepared
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.tables import Now, inbox

_JSON = TypeAdapter(list[Message])
_NOT_YOURS = "a service must not end its transaction(): that is done when it returns"

_KEY: dict[str, Any] = {"tenant": bindparam("t"), "service": bindparam("s"), "event_id": bindparam("e")}
_THIS = [inbox.c[name] == value for name, value in _KEY.items()]
_FIND = Prepared(select(inbox.c.effects).where(*_THIS))
# By SQLAlchemy itself, which notices a lost connection.
_SAVE = update(inbox).where(*_THIS).values(effects=bindparam("saved"))


def _claim(insert: Callable[..., Any]) -> Prepared:
    values = {**_KEY, "effects": bindparam("saved"), "handled_at": Now()}
    return Prepared(insert(inbox).values(values).on_conflict_do_nothing())


# Changes nothing if the event was handled. Waits for a transaction that has claimed it and is still open.
_CLAIM = {"sqlite": _claim(sqlite.insert), "postgresql": _claim(postgresql.insert)}


class Inbox:
    """One tenant's, for any thread."""

    def __init__(self, ledger: Ledger, tenant: str) -> None:
        self._ledger = ledger
        self._tenant = tenant

    def once(self, service: str, event: Message, run: Callable[[], list[Message]]) -> list[Message]:
        """The event's effects: those of an earlier run if it was handled already, otherwise of this one.

        Raises:
            LedgerError: the ledger is away. The event must come again: then it is seen whether it was done.
            Exception: what `run` raises, or the database at the commit of what it wrote. Then nothing was
                written.
        """
        key = {"t": self._tenant, "s": service, "e": event.id}
        earlier = self._find(key)
        if earlier is not None:
            return earlier
        with suppress(_HandledByTwin), closing(_Handling(self._ledger, key)) as handling:
            effects = handling.run(run)
            handling.commit(effects)
            return effects
        twins = self._find(key)
        if twins is None:
            raise LedgerError(f"ledger {self._ledger}: event {event.id} was handled, and is forgotten again")
        return twins

    def _find(self, key: dict[str, str]) -> list[Message] | None:
        """The stored effects, or None if the event was not handled."""
        with self._ledger.reading() as transaction:
            row = _FIND.first(transaction, key)
        return None if row is None else _JSON.validate_json(row.effects)


class _HandledByTwin(BaseException):
    """Leaves a service's function: another delivery of its event has come first.

    It is no `Exception`: the function has not failed, and must not mend or report anything.
    """


class _Handling:
    """One run of a service. Closed without a commit, it is rolled back."""

    def __init__(self, ledger: Ledger, key: dict[str, str]) -> None:
        self._ledger = ledger
        self._key = key
        self._claim = _CLAIM[ledger.database.dialect.name]
        self._connection: Connection | None = None
        self._is_ending = False

    def run(self, function: Callable[[], list[Message]]) -> list[Message]:
        """What the function returns; it may use `transaction()`."""
        try:
            with offering(self._transaction):
                return function()
        except Exception as exc:
            if self._connection is not None and _is_away(self._connection, exc):
                raise self._ledger.error(exc) from exc
            raise

    def commit(self, effects: list[Message]) -> None:
        """Commit the event's id, its effects, and what the function wrote. Raises _HandledByTwin."""
        saved = {**self._key, "saved": _JSON.dump_json(effects, by_alias=True).decode()}
        if self._connection is not None:
            self._is_ending = True
            self._end(self._connection, saved)
        elif not self._ledger.write(lambda transaction: self._claim.run(transaction, saved)):
            raise _HandledByTwin

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is None:
            return
        self._is_ending = True
        # What fails here is lost or closed already, and its server rolls back by itself.
        with suppress(LedgerError), self._ledger.translated(), closing(self._connection):
            # By the driver: after a failed commit SQLAlchemy holds that there is nothing to roll back.
            self._connection.connection.rollback()

    def _transaction(self) -> Connection:
        """Begun when first asked for; the id is claimed first, so that no twin writes beside us."""
        if self._connection is None:
            with self._ledger.translated():
                self._connection = self._begin()
        return self._connection

    def _begin(self) -> Connection:
        connection = self._ledger.database.connect()
        try:
            connection.begin()
            if not self._claim.run(connection, {**self._key, "saved": "[]"}):
                raise _HandledByTwin
            for ending in ("commit", "rollback"):
                event.listen(connection, ending, self._refuse)
        except BaseException:
            connection.close()
            raise
        return connection

    def _refuse(self, _connection: Connection) -> None:
        if not self._is_ending:
            raise TransactionError(_NOT_YOURS)

    def _end(self, connection: Connection, saved: dict[str, str]) -> None:
        try:
            if not connection.execute(_SAVE, saved).rowcount:
                raise TransactionError(_NOT_YOURS)
            connection.commit()
        except SQLAlchemyError as exc:
            if _is_away(connection, exc):
                raise self._ledger.error(exc) from exc
            raise  # a constraint that is checked at the commit, say: it will be refused again


def _is_away(connection: Connection, error: Exception) -> bool:
    """Whether an error says something about the database, and nothing about what the function does.

    A lost connection, no space, a deadlock. SQLite also calls a wrong statement operational.
    """
    if isinstance(error, OperationalError):
        return getattr(error.orig, "sqlite_errorcode", None) != SQLITE_ERROR
    return connection.invalidated
