"""The one connection through which a process writes to SQLite."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine


class Writer:
    """Begins transactions, one after the other.

    To take a connection from the pool and to give it back costs more than an empty transaction, and SQLite
    has one writer anyway. After an error the next transaction has a new connection.
    """

    def __init__(self, database: Engine) -> None:
        self._database = database
        self._connection: Connection | None = None
        self._lock = threading.Lock()

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction that commits at its end, or rolls back after an error."""
        with self._lock:
            if self._connection is None:
                self._connection = self._database.connect()
            try:
                with self._connection.begin():
                    yield self._connection
            except BaseException:
                self._give_back()
                raise

    def close(self) -> None:
        """Give the connection back, after the transaction that is open."""
        with self._lock:
            self._give_back()

    def _give_back(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
