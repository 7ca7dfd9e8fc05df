"""What a service with `once=True` writes through, so that its rows and the event's id are one commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from trackflow.errors import TransactionError

if TYPE_CHECKING:  # a service without an inbox needs no database driver
    from sqlalchemy import Connection

_begin: ContextVar[Callable[[], Connection] | None] = ContextVar("trackflow.transaction", default=None)


def transaction() -> Connection:
    """The transaction of the service that is running, on the ledger's database; begun when first asked for.

        @app.task(base=Service, name="payment", emits=("Payment_Done",), once=True)
        def payment(order: Message) -> Message:
            transaction().execute(insert(payments).values(order=order.business_key))
            return order.followed_by("Payment_Done")

    It is committed when the function has returned, together with the event's id and what it emits, and rolled
    back if it raises. Only savepoints (`begin_nested`) are the function's own. From its first use on, another
    delivery of the same event waits.

    SQLite has one writer: from here to the end of the function nobody else writes to that file, trackers
    included. So ask for it late, do the slow part before, or use PostgreSQL.

    Raises:
        TransactionError: not called by the function of a service with `once=True`, in its own thread.
        LedgerError: the database is away; let it out, and the event is tried again until it is back.
    """
    begin = _begin.get()
    if begin is None:
        raise TransactionError("transaction() is for the function of a service with once=True, in its thread")
    return begin()


@contextmanager
def offering(begin: Callable[[], Connection]) -> Iterator[None]:
    """Let `transaction()` give what `begin` gives, within the block and this thread."""
    token = _begin.set(begin)
    try:
        yield
    finally:
        _begin.reset(token)
