"""Where one test runs its models: real ledger, embedded engine and tracker, in memory, by its own clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import bindparam, func, select

from trackflow.bpmn import Model, parse
from trackflow.engines.answers import Instance
from trackflow.engines.embedded import EmbeddedEngine, create_tables
from trackflow.message import Message
from trackflow.testing.clock import Clock
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.queries import Queries
from trackflow.tracking.tables import cases
from trackflow.tracking.tracker import open_tracker

_ALL = 1_000_000  # orders: more than any test has
_NEXT_TIMER = select(func.min(cases.c.timer_at)).where(cases.c.timer_at > bindparam("after"))


class Bench:
    """One test's own. Nothing of it is in a file, nothing outlives it.

    Attributes:
        models: what was deployed when it was opened.
        ledger, engine, tracker, queries: as a project's `Trackflow` has them.
    """

    def __init__(
        self, models: Sequence[Model], clock: Clock, tenant: str, variables: frozenset[str] | None = None
    ) -> None:
        """Raises ModelError: the embedded engine cannot run one of the models."""
        self.models = tuple(models)
        self.tenant = tenant
        self.ledger = Ledger("sqlite://", survives_power_cut=False)
        self.ledger.create(create_tables)
        self.engine = EmbeddedEngine(self.ledger.database, variables, clock)
        self.engine.deploy(models, tenant)
        starts = frozenset[str]().union(*(model.starts for model in models))
        self.tracker = open_tracker(self.ledger, self.engine, tenant, starts, clock=clock)
        self.queries = Queries(self.ledger, self.engine, tenant)

    def handle(self, message: Message) -> None:
        """Let the tracker hear an event."""
        self.tracker.handle(message)

    def work_what_is_due(self) -> None:
        """Do what the tracker's sweeper does, until nothing is due."""
        while self.tracker.sweep():
            pass

    def next_timer(self, after: float) -> float | None:
        """When a timer of any order is due next after some time (epoch seconds); None: none is."""
        with self.ledger.reading() as transaction:
            due: float | None = transaction.execute(_NEXT_TIMER, {"after": after}).scalar_one()
        return due

    def keys(self) -> list[str]:
        """Every order that an event came of."""
        return [order.business_key for order in self.queries.orders(limit=_ALL)]

    def instances(self) -> Iterator[tuple[Model, Instance]]:
        """Every process instance with its path, and the model that it is on."""
        for instances in self.engine.histories(self.tenant, self.keys()).values():
            for instance in instances:
                yield self.model_of(instance), instance

    def model_of(self, instance: Instance) -> Model:
        """The model that an instance is on."""
        if instance.version == 1:  # deployed when the bench was opened
            return next(model for model in self.models if model.process == instance.process)
        source = self.engine.source(self.tenant, instance.process, instance.version)
        assert source is not None
        return parse(source, f"version {instance.version} of process {instance.process!r}", deployed=True)

    def close(self) -> None:
        """Forget everything."""
        self.ledger.close()
