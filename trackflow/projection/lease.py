"""Who projects a tenant: one of however many boards there are. The others wait for its lease to end."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import Connection, bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from trackflow.projection.tables import projectors
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.tables import Now, cases

SECONDS = 30.0  # without a sign of life; longer than any step takes

_OURS = projectors.c.tenant == bindparam("t")
_MINE = projectors.c.token == bindparam("mine")
_FREE = or_(_MINE, projectors.c.token.is_(None), projectors.c.claimed_until <= Now())
_UNTIL = Now() + SECONDS
_NEW = {
    dialect: insert(projectors)
    .values(tenant=bindparam("t"))
    .on_conflict_do_nothing()
    .returning(projectors.c.tenant)  # nothing, if the row is there
    for dialect, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}
# The projection is new, or somebody has emptied it.
_NOTHING_IS_SHOWN = (
    update(cases)
    .where(cases.c.tenant == bindparam("t"), cases.c.unshown.is_(None), cases.c.first_at.is_not(None))
    .values(unshown=cases.c.first_at)
)
_TAKE = update(projectors).where(_OURS, _FREE).values(token=bindparam("mine"), claimed_until=_UNTIL)
_RENEW = update(projectors).where(_OURS, _MINE).values(claimed_until=_UNTIL)
_GIVE_BACK = update(projectors).where(_OURS, _MINE).values(token=None, claimed_until=None)
_IS_MINE = select(projectors.c.tenant).where(_OURS, _MINE)


class LeaseLost(Exception):
    """Another board projects now: this one was silent for too long. Nothing was written."""


class Lease:
    """The right to write one tenant's projection. Its methods raise LedgerError."""

    def __init__(self, ledger: Ledger, tenant: str) -> None:
        self._ledger = ledger
        self._key = {"t": tenant, "mine": uuid4().hex}

    def take(self) -> bool:
        """Take it if it is free, or keep it. False: another board has it."""
        with self._ledger.writing() as transaction:
            of_tenant = {"t": self._key["t"]}
            if transaction.execute(_NEW[transaction.dialect.name], of_tenant).first() is not None:
                transaction.execute(_NOTHING_IS_SHOWN, of_tenant)
            return bool(transaction.execute(_TAKE, self._key).rowcount)

    def is_mine(self) -> bool:
        """Whether nobody else has taken it. Who took it with `take` keeps it until then."""
        with self._ledger.reading() as transaction:
            return transaction.execute(_IS_MINE, self._key).first() is not None

    def renew(self, transaction: Connection) -> None:
        """First in whatever is written: it is locked until the end. Raises LeaseLost."""
        if not transaction.execute(_RENEW, self._key).rowcount:
            raise LeaseLost

    def give_back(self) -> None:
        """Let another board have it at once."""
        with self._ledger.writing() as transaction:
            transaction.execute(_GIVE_BACK, self._key)
