"""Two small engines of the real port that run the order process, and do wrong only what a test asks for.

Order_Placed starts an instance; Payment_Done, Goods_Fetched and Goods_Shipped move it, in this order, to the
end.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

import sqlalchemy as sa

from trackflow.bpmn import Model
from trackflow.engines.answers import Answer, Deployment, Instance, Migrated, Outcome, Running, Step, Version
from trackflow.engines.port import Engine, RemoteEngine, TransactionalEngine, Turn
from trackflow.errors import AnswerUnknown, EngineUnreachable
from trackflow.message import Message

STEPS = ("Order_Placed", "Payment_Done", "Goods_Fetched", "Goods_Shipped")
STARTS = frozenset(STEPS[:1])
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
NOT_AWAITED = Answer(Outcome.NOT_AWAITED, "no process definition or execution matches")


class _Deploys(Engine):
    def ping(self) -> str:
        return "order engine"

    def deploy(self, models: Sequence[Model], tenant: str) -> list[Deployment]:
        raise NotImplementedError

    def deployed(self, models: Sequence[Model], tenant: str) -> Mapping[str, bool]:
        raise NotImplementedError

    def source(self, tenant: str, process: str, version: int) -> bytes | None:
        return None

    def versions(self, tenant: str) -> list[Version]:
        raise NotImplementedError

    def running_on(self, tenant: str, process: str, version: int) -> Iterator[list[Running]]:
        raise NotImplementedError

    def could_migrate(self, tenant: str, instance: Running, to: int) -> Migrated:
        raise NotImplementedError

    def migrate(self, tenant: str, instance: Running, to: int, *_: object) -> Migrated:
        raise NotImplementedError

    def withdraw(self, tenant: str, process: str) -> bool:
        raise NotImplementedError

    def withdrawn(self, tenant: str) -> frozenset[str]:
        return frozenset()


@dataclass
class Run:
    """A process instance of the remote engine."""

    business_key: str
    number: int
    id: str = field(default_factory=lambda: uuid4().hex)
    taken: int = 1  # events
    state: str = "running"

    @property
    def awaits(self) -> str | None:
        return STEPS[self.taken] if self.state == "running" else None

    def as_instance(self, *, path: bool) -> Instance:
        return Instance(
            id=self.id,
            process="order",
            version=1,
            state=self.state,
            awaiting=(self.awaits,) if self.awaits else (),
            active=(self.awaits,) if self.awaits else (),
            path=tuple(Step(name, name, _BEGAN, None) for name in STEPS[: self.taken]) if path else (),
            started=_BEGAN,
            ended=None if self.state == "running" else _BEGAN,
        )


Fault = Callable[[Message], Answer]


class RemoteOrders(_Deploys, RemoteEngine):
    """Keeps its instances in memory.

    Attributes:
        faults: what the next requests meet instead of the engine, one each.
        told: every event that it was told, in order.
        deployed_starts: what starts an instance; empty: nothing is deployed.
        is_away: whether it answers nothing at all.
    """

    request_seconds = 13.0

    def __init__(self) -> None:
        self.faults: deque[Fault] = deque()
        self.told: list[str] = []
        self.asked: list[str] = []
        self.deployed_starts = STARTS
        self.is_away = False
        self._lock = threading.RLock()
        self._runs: list[Run] = []
        self._effects: dict[str, Run] = {}  # event id → the instance that took it
        self._under_way: list[Message] = []

    # -- the port

    def correlate(self, event: Message) -> Answer:
        with self._lock:
            self._must_be_there()
            self.told.append(event.event)
        if self.faults:
            return self.faults.popleft()(event)
        return self.take(event)

    def happened(self, event: Message) -> bool:
        with self._lock:
            self._must_be_there()
            self.asked.append("happened")
            return event.id in self._effects

    def running(self, event: Message) -> bool | None:
        with self._lock:
            self._must_be_there()
            self.asked.append("running")
            runs = self.of(event.business_key)
            return any(run.state == "running" for run in runs) if runs else None

    def end_twins(self, start: Message) -> int:
        with self._lock:
            self._must_be_there()
            self.asked.append("end_twins")
            twins = [run for run in self.of(start.business_key) if run.state == "running"][1:]
            for twin in twins:
                twin.state = "terminated"
            return len(twins)

    def instances(self, tenant: str, business_keys: Iterable[str]) -> dict[str, list[Instance]]:
        self._must_be_there()
        self.asked.append("instances")
        return {key: [run.as_instance(path=False) for run in self.of(key)] for key in business_keys}

    def histories(self, tenant: str, business_keys: Iterable[str]) -> dict[str, list[Instance]]:
        self._must_be_there()
        return {key: [run.as_instance(path=True) for run in self.of(key)] for key in business_keys}

    # -- what a test does with it

    def take(self, event: Message) -> Answer:
        """What a healthy engine does."""
        with self._lock:
            waiting = [run for run in self.of(event.business_key) if run.awaits == event.event]
            if len(waiting) > 1:
                return Answer(Outcome.AMBIGUOUS, f"{len(waiting)} executions match")
            if waiting:
                self.move(waiting[0])
                self._effects[event.id] = waiting[0]
                return Answer(Outcome.ACCEPTED)
            if event.event in self.deployed_starts:
                self._effects[event.id] = self.start(event.business_key)
                return Answer(Outcome.ACCEPTED)
            return NOT_AWAITED

    def start(self, business_key: str) -> Run:
        run = Run(business_key, len(self._runs))
        self._runs.append(run)
        return run

    def move(self, run: Run) -> None:
        run.taken += 1
        if run.taken == len(STEPS):
            run.state = "completed"

    def of(self, business_key: str) -> list[Run]:
        return [run for run in self._runs if run.business_key == business_key]

    def states(self, business_key: str) -> list[str]:
        return [run.state for run in self.of(business_key)]

    def land(self) -> None:
        """What is still under way takes effect now."""
        while self._under_way:
            self.take(self._under_way.pop(0))

    # -- faults

    def answer_is_lost(self, event: Message) -> Answer:
        """The event takes effect, and nobody hears of it."""
        self.take(event)
        raise AnswerUnknown("connection lost after sending")

    def request_is_lost(self, event: Message) -> Answer:
        """It may have taken effect, as far as the asker can tell; it has not."""
        raise AnswerUnknown("read time limit")

    def request_is_late(self, event: Message) -> Answer:
        """It will take effect when the test says so."""
        self._under_way.append(event)
        raise AnswerUnknown("read time limit")

    def cannot_be_reached(self, event: Message) -> Answer:
        raise EngineUnreachable("connection refused")

    def fails(self, event: Message) -> Answer:
        return Answer(Outcome.FAILED, "no expression evaluator")

    def refuses(self, event: Message) -> Answer:
        return Answer(Outcome.REFUSED, "no flow can be taken")

    def _must_be_there(self) -> None:
        if self.is_away:
            raise EngineUnreachable("connection refused")


_metadata = sa.MetaData()
_runs = sa.Table(
    "order_runs",
    _metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("business_key", sa.String(255), nullable=False),
    sa.Column("taken", sa.Integer, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
)


class LedgerOrders(_Deploys, TransactionalEngine):
    """Keeps its instances in the ledger's database, so that a rollback undoes a step."""

    def __init__(self, database: sa.Engine) -> None:
        self._database = database
        self.told: list[str] = []
        self.faults: deque[Fault] = deque()
        self.deployed_starts = STARTS

    @staticmethod
    def create_tables(connection: sa.Connection) -> None:
        _metadata.create_all(connection)

    def correlate(
        self, event: Message, transaction: sa.Connection, now: float | None = None, turn: Turn | None = None
    ) -> Answer:
        self.told.append(event.event)
        if self.faults:
            return self.faults.popleft()(event)
        place = STEPS.index(event.event) if event.event in STEPS else -1
        of_key = _runs.c.business_key == event.business_key
        waiting = (
            transaction.execute(sa.select(_runs.c.id).where(of_key, _runs.c.taken == place)).scalars().all()
        )
        if place > 0 and waiting:
            transaction.execute(sa.update(_runs).where(_runs.c.id == waiting[0]).values(taken=place + 1))
            return Answer(Outcome.ACCEPTED)
        if event.event in self.deployed_starts:
            number = transaction.execute(sa.select(sa.func.count()).select_from(_runs)).scalar_one()
            run = {"id": uuid4().hex, "business_key": event.business_key, "taken": 1, "number": number}
            transaction.execute(sa.insert(_runs).values(run))
            return Answer(Outcome.ACCEPTED)
        return NOT_AWAITED

    def fire(
        self,
        tenant: str,
        business_key: str,
        transaction: sa.Connection,
        now: float | None = None,
        turn: Turn | None = None,
    ) -> Answer:
        return Answer(Outcome.NOT_AWAITED, "it has no timers")

    def resume(self, tenant: str, business_key: str, transaction: sa.Connection) -> int:
        return 0

    def running(self, event: Message, transaction: sa.Connection) -> bool | None:
        of_key = sa.select(_runs.c.taken).where(_runs.c.business_key == event.business_key)
        taken = transaction.execute(of_key).scalars().all()
        return any(each < len(STEPS) for each in taken) if taken else None

    def instances(self, tenant: str, business_keys: Iterable[str]) -> dict[str, list[Instance]]:
        return self.histories(tenant, business_keys)

    def histories(self, tenant: str, business_keys: Iterable[str]) -> dict[str, list[Instance]]:
        return {key: self._runs_of(key) for key in business_keys}

    def _runs_of(self, business_key: str) -> list[Instance]:
        of_key = sa.select(_runs).where(_runs.c.business_key == business_key).order_by(_runs.c.number)
        with self._database.execution_options(reading=True).begin() as connection:
            rows = connection.execute(of_key).all()
        return [
            Run(
                row.business_key,
                row.number,
                row.id,
                row.taken,
                "completed" if row.taken == len(STEPS) else "running",
            ).as_instance(path=True)
            for row in rows
        ]

    def states(self, business_key: str) -> list[str]:
        return [instance.state for instance in self.history("showcase", business_key)]
