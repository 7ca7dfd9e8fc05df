"""A tracker at work, and a look at what it wrote."""

from typing import Any, Generic, TypeVar
from uuid import uuid4

import sqlalchemy as sa

from tests.tracking.order_engines import STARTS, LedgerOrders, RemoteOrders
from trackflow.message import Message
from trackflow.tracking.asking import Job
from trackflow.tracking.lease import Timing
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.remote import RemoteTeller
from trackflow.tracking.tables import OPEN, cases, events
from trackflow.tracking.tracker import open_tracker

TENANT, KEY = "showcase", "4711"
E = TypeVar("E", RemoteOrders, LedgerOrders)


def message(event: str, key: str = KEY, **fields: Any) -> Message:
    return Message.new(tenant=TENANT, business_key=key, event=event, **{"id": uuid4().hex, **fields})


class World(Generic[E]):
    """One tracker, its engine and its ledger."""

    def __init__(self, ledger: Ledger, engine: E, timing: Timing | None = None) -> None:
        self.ledger = ledger
        self.engine: E = engine
        self.timing = timing
        self.tracker = open_tracker(ledger, engine, TENANT, STARTS, timing)

    def another(self) -> "World[E]":
        """A second tracker on the same ledger and engine, as in another process."""
        return World(self.ledger, self.engine, self.timing)

    def hear(self, event: str, key: str = KEY, **fields: Any) -> str:
        return self.tracker.handle(message(event, key, **fields))

    @property
    def teller(self) -> RemoteTeller:
        teller = self.tracker._teller
        assert isinstance(teller, RemoteTeller)
        return teller

    def claim(self, told: Message) -> Job:
        """Record an event and claim its case, as a tracker that dies (or sleeps) right after that."""
        _, job = self.teller.record(told)
        assert job is not None
        return job

    def sweep(self, key: str = KEY) -> bool:
        """Sweep as one does when the time has come."""
        self.time_passes(key)
        return self.tracker.sweep()

    def time_passes(self, key: str = KEY) -> None:
        """The lease, the quarantine or the pause of the case is over."""
        with self.ledger.writing() as transaction:
            transaction.execute(
                sa.update(cases)
                .where(cases.c.business_key == key)
                .values(
                    claimed_until=sa.case((cases.c.claimed_until.is_not(None), 0.0)),
                    due_at=sa.case((cases.c.due_at.is_not(None), 0.0)),
                )
            )

    def row(self, event: Message) -> Any:
        with self.ledger.reading() as transaction:
            return transaction.execute(sa.select(events).where(events.c.event_id == event.id)).one()

    def outcome(self, event: Message) -> str:
        outcome: str = self.row(event).outcome
        return outcome

    def outcomes(self, key: str = KEY) -> dict[str, str]:
        """Event name → outcome."""
        with self.ledger.reading() as transaction:
            rows = transaction.execute(sa.select(events).where(events.c.business_key == key)).all()
        return {row.name: row.outcome for row in rows}

    def case(self, key: str = KEY) -> Any:
        with self.ledger.reading() as transaction:
            return transaction.execute(sa.select(cases).where(cases.c.business_key == key)).one()

    def check_invariants(self) -> None:
        """In every case `open` counts the open events, and one that has any is due."""
        is_open = events.c.outcome.in_([outcome.value for outcome in OPEN])
        counted = (
            sa.select(sa.func.count())
            .where(events.c.business_key == cases.c.business_key, is_open)
            .scalar_subquery()
        )
        with self.ledger.reading() as transaction:
            for case in transaction.execute(sa.select(cases, counted.label("counted"))):
                assert case.open == case.counted, case
                assert (case.due_at is not None) == (case.open > 0 or case.token is not None), case
