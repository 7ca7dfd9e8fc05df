"""The ledger: the database that holds every event and case, SQLite or PostgreSQL."""

from __future__ import annotations

import os
import sqlite3
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import Pool, QueuePool

from trackflow.errors import LedgerError
from trackflow.tracking import upgrade
from trackflow.tracking.group_commit import GroupCommit
from trackflow.tracking.writer import Writer

T = TypeVar("T")

BUSY = 30  # seconds that a writer waits for another process to commit (SQLite)
CONNECT = 10  # seconds to reach a server
CONNECTIONS = 20  # kept open: a worker's usual threads and the sweepers
MORE_CONNECTIONS = 44  # for worker processes with more threads, closed after use
_CREATION = 0x7472_6163  # the advisory lock under which tables are created (PostgreSQL)


class Ledger:
    """An open ledger, for any thread. Its tables exist.

    In memory (`sqlite://`) all threads share the one connection and take turns at it: connections to a shared
    cache would fail at each other's locks at once instead of waiting.

    Attributes:
        database: the SQLAlchemy engine. On SQLite its transactions take the write lock when they begin,
            unless the execution option `reading` is true.
    """

    def __init__(self, url: str, *, survives_power_cut: bool = True) -> None:
        """Open the ledger, and create what is missing. Raises LedgerError.

        A delivery is acked once it is in the ledger, so the ledger must survive a power cut. Where the
        broker's messages do not (in memory), SQLite need not wait for the disk at each commit; a crash of the
        process loses nothing either way (https://www.sqlite.org/pragma.html#pragma_synchronous).
        """
        self._url = _url(url)
        self._synchronous = "FULL" if survives_power_cut else "NORMAL"
        self.database = self._open()
        self._set_up_writing()
        self._reader = self.database.execution_options(reading=True)
        self.create(upgrade.create_tables)
        _at_fork(self)

    def __str__(self) -> str:
        """Its URL, without the password."""
        return self._url.set(query={}).render_as_string(hide_password=True)

    @property
    def is_in_memory(self) -> bool:
        """Whether no other process can ever see it."""
        return self._url.drivername == "sqlite" and self._url.database in (None, "", ":memory:")

    def create(self, create_tables: Callable[[Connection], Any]) -> None:
        """Let somebody create tables, one process at a time. Raises LedgerError."""
        with self.writing() as transaction:
            if self.database.dialect.name == "postgresql":
                transaction.execute(text(f"SELECT pg_advisory_xact_lock({_CREATION})"))
            create_tables(transaction)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that commits at its end. Raises LedgerError."""
        with self.translated(), self.database.begin() as transaction:
            yield transaction

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run the work in a transaction; its result, once that is committed. Raises LedgerError.

        On SQLite the threads of a process share transactions (see `GroupCommit`): the fast way for much
        traffic, where `writing` is the plain one.
        """
        with self.translated():
            if self._group is not None:
                return self._group.write(work)
            with self.database.begin() as transaction:
                return work(transaction)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads, and keeps no writer waiting. Raises LedgerError."""
        with self.translated(), self._reader.begin() as transaction:
            yield transaction

    @contextmanager
    def translated(self) -> Iterator[None]:
        """The one seam where the database's errors become ours. Raises LedgerError."""
        try:
            yield
        except (SQLAlchemyError, self.database.dialect.loaded_dbapi.Error, UnicodeEncodeError) as exc:
            raise self.error(exc) from exc

    def error(self, exc: Exception) -> LedgerError:
        """The database's error as ours, without parameters: they are private."""
        words = str(exc.orig if isinstance(exc, DBAPIError) and exc.orig else exc)
        return LedgerError(f"ledger {self}: {' '.join(words.split())}")

    def close(self) -> None:
        """Close the connections that nobody uses."""
        if self._writer is not None:
            self._writer.close()
        self.database.dispose()

    def start_afresh(self) -> None:
        """In a forked child: use no connection and no lock of the parent's."""
        _inherited.append((self.database.pool, self._writer))
        self.database.dispose(close=False)
        self._set_up_writing()

    def _set_up_writing(self) -> None:
        """PostgreSQL groups its commits itself, and has many writers."""
        self._writer: Writer | None = None
        self._group: GroupCommit | None = None
        if self.is_in_memory:
            self._group = GroupCommit(self.database.begin)
        elif self._url.drivername == "sqlite":
            self._writer = Writer(self.database)
            self._group = GroupCommit(self._writer.begin)

    def _open(self) -> Engine:
        try:
            return self._sqlite() if self._url.drivername == "sqlite" else self._postgresql()
        except ModuleNotFoundError as exc:
            raise LedgerError(
                f"ledger {self}: the driver {exc.name} is missing: pip install 'trackflow[postgresql]'"
            ) from exc

    def _sqlite(self) -> Engine:
        database = create_engine(
            self._url,
            poolclass=QueuePool,
            pool_size=1 if self.is_in_memory else CONNECTIONS,
            max_overflow=0 if self.is_in_memory else MORE_CONNECTIONS,
            pool_use_lifo=True,  # the connection used last has the pages of the last transaction in its cache
            connect_args={"check_same_thread": False, "timeout": BUSY},
            hide_parameters=True,
        )
        event.listen(database, "connect", self._prepare_sqlite)
        event.listen(database, "begin", _begin_sqlite)
        return database

    def _prepare_sqlite(self, connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin transactions by itself
        _in_wal_mode(connection)  # readers and the writer do not wait for each other
        connection.execute(f"PRAGMA synchronous={self._synchronous}")

    def _postgresql(self) -> Engine:
        # No ping before each use: after a restart of the server one transaction fails, its delivery comes
        # again, and the pool drops the connections that it had.
        return create_engine(
            self._url,
            pool_size=CONNECTIONS,
            max_overflow=MORE_CONNECTIONS,
            isolation_level="READ COMMITTED",
            connect_args={"connect_timeout": CONNECT},
            hide_parameters=True,
        )


# Kept open to the end of a forked child: closing one would talk to the server in the parent's name.
_inherited: list[tuple[Pool, Writer | None]] = []


def _at_fork(ledger: Ledger) -> None:
    opened = weakref.ref(ledger)  # the registration outlives every ledger

    def in_child() -> None:
        if (ledger := opened()) is not None:
            ledger.start_afresh()

    os.register_at_fork(after_in_child=in_child)


def _url(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as exc:
        raise LedgerError("the ledger's URL is none: it should be like sqlite:///trackflow.db") from exc
    if url.drivername not in ("sqlite", "postgresql+psycopg"):
        raise LedgerError(
            f"ledger {url.set(query={}).render_as_string(hide_password=True)}: "
            "should begin with sqlite:// or postgresql+psycopg://"
        )
    return url


def _in_wal_mode(connection: sqlite3.Connection) -> None:
    """Switch to WAL. SQLite does not wait at this when another process opens the file at the same time."""
    deadline = time.monotonic() + BUSY
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as exc:
            if "locked" not in str(exc) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes then would fail if somebody wrote in between.
    reading = connection.get_execution_options().get("reading")
    # Straight to the driver: this is half of an empty transaction's cost.
    connection.connection.cursor().execute("BEGIN" if reading else "BEGIN IMMEDIATE")
