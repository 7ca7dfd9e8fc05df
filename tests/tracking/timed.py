"""A clock that a test moves, and trackers that go by it."""

from typing import Any

import sqlalchemy as sa

from tests.tracking.world import TENANT, message
from trackflow.bpmn import Model
from trackflow.engines.answers import Answer, Instance
from trackflow.engines.embedded import EmbeddedEngine, create_tables
from trackflow.engines.port import Turn
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.tables import cases
from trackflow.tracking.tracker import Tracker, open_tracker

HOUR = 3600.0
BEGAN = 1_800_000_000.0  # epoch seconds, when a test's clock starts


class Hand:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> float:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += seconds


class Timed:
    """A tracker and the embedded engine on a ledger, by one clock."""

    def __init__(
        self, ledger: Ledger, clock: Hand | None = None, starts: frozenset[str] = frozenset({"Order_Placed"})
    ) -> None:
        self.ledger = ledger
        self.clock = clock or Hand()
        ledger.create(create_tables)
        self.engine = EmbeddedEngine(ledger.database)
        self._starts = starts
        self.tracker = self.another()

    def deploy(self, *models: Model) -> None:
        self.engine.deploy(models, TENANT)

    def again(self) -> "Timed":
        """As after a restart, or on another host."""
        return Timed(self.ledger, self.clock, self._starts)

    def another(self) -> Tracker:
        """One more tracker of the same tenant."""
        return open_tracker(self.ledger, self.engine, TENANT, self._starts, clock=self.clock)

    def hear(self, event: str, key: str = "4711", payload: Any = None) -> str:
        return self.tracker.handle(message(event, key, payload=payload))

    def sweep_all(self) -> int:
        """How often there was something to do."""
        number = 0
        while self.tracker.sweep():
            number += 1
        return number

    def instance(self, key: str = "4711") -> Instance:
        (found,) = self.engine.history(TENANT, key)
        return found

    def passed(self, key: str = "4711") -> list[str]:
        """The elements that it came to."""
        return [step.element for step in self.instance(key).path]

    def case(self, key: str = "4711") -> Any:
        with self.ledger.reading() as transaction:
            return transaction.execute(sa.select(cases).where(cases.c.business_key == key)).one()


class Witness(EmbeddedEngine):
    """Writes down each timer that it fires, in the same transaction."""

    fired = sa.Table(
        "fired",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("business_key", sa.String(255)),
    )

    @classmethod
    def create_tables(cls, connection: sa.Connection) -> None:
        cls.fired.create(connection)

    def fire(
        self,
        tenant: str,
        business_key: str,
        transaction: sa.Connection,
        now: float | None = None,
        turn: Turn | None = None,
    ) -> Answer:
        answer = super().fire(tenant, business_key, transaction, now, turn)
        transaction.execute(sa.insert(self.fired).values(business_key=business_key))
        return answer
