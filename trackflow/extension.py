"""Trackflow on a Celery app, as Flask extensions do it: `Trackflow(app, choreography, settings)`.

The app then consumes the choreography's queues, and everything else is found on the app: services publish
through `app.trackflow`, and `celery -A tasks track …` reads it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from uuid import uuid4

from celery import Celery
from pydantic import JsonValue

from trackflow.message import Message
from trackflow.messaging import Choreography, Publisher
from trackflow.messaging.event_queue import EventQueue, event_queue
from trackflow.messaging.receiver import EventReceiver
from trackflow.messaging.recovery import Recovery
from trackflow.messaging.shutdown import Ending
from trackflow.workers import watch_workers

# The tracker's rooms are imported when they are used: a worker that only ships goods needs no database driver
# and no XML parser, starts faster and stays smaller.
if TYPE_CHECKING:
    from trackflow.bpmn import Model
    from trackflow.engines.port import Engine
    from trackflow.tracking.inbox import Inbox
    from trackflow.tracking.ledger import Ledger
    from trackflow.tracking.queries import Queries
    from trackflow.tracking.tracker import Tracker

T = TypeVar("T")


class Settings(Protocol):
    """What an adopter's settings must hold; `config/settings.py` shows how they are read."""

    @property
    def amqp_url(self) -> str:
        """The broker: `amqp://…`, `amqps://…` or `memory://`; several nodes separated by `;`."""

    @property
    def tenant(self) -> str:
        """Exchange, prefix of the queues, and the engine's tenant id."""

    @property
    def engine_url(self) -> str:
        """`embedded`, or the base of the engine's REST API."""

    @property
    def ledger_url(self) -> str:
        """An SQLAlchemy URL."""


@dataclass(frozen=True, slots=True)
class InMemory:
    """Settings that need no server."""

    tenant: str
    ledger_url: str
    amqp_url: str = "memory://"
    engine_url: str = "embedded"


class opened_once(cached_property[T]):  # noqa: N801  (it is used as `property` is)
    """As `cached_property`, which since Python 3.12 lets two threads open the same thing twice."""

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """The value, made by the first who asks."""
        if instance is None:
            return self
        with instance._opening:
            return super().__get__(instance, owner)


class Trackflow:
    """One tenant's choreography on one Celery app.

    Attributes:
        publisher: emits events.
        recovery: keeps failed events.
        queues: the queue of each subscription, in the order of the table.
    """

    def __init__(
        self, app: Celery, choreography: Choreography, settings: Settings, models: Path | str = "bpmn"
    ) -> None:
        self._opening = threading.RLock()
        self.app = app
        self.choreography = choreography
        self.settings: Settings = settings
        self.models_folder = Path(models)
        self.publisher = Publisher(app, choreography, settings.tenant)
        self.recovery = Recovery(self.publisher)
        receiver = EventReceiver(settings.tenant, choreography, self.recovery)
        self.queues: Sequence[EventQueue] = tuple(
            event_queue(choreography, subscription, settings.tenant, receiver)
            for subscription in choreography.subscriptions
        )
        app.trackflow = self  # type: ignore[attr-defined]
        app.conf.update(
            task_queues=self.queues,
            task_create_missing_queues=False,  # `-Q paymnet` is a mistake, not a new queue
            worker_consumer="trackflow.messaging.consumer:Consumer",
        )
        app.steps["worker"].add(Ending)
        watch_workers(self)

    def move_into_memory(self, ledger_url: str) -> None:
        """Run on `memory://` and the embedded engine, whatever the settings say; only before the first use.

        The choreography, its services and models stay the user's own.
        """
        self.settings = InMemory(tenant=self.settings.tenant, ledger_url=ledger_url)
        # There is no push: an idle consumer looks for messages this often (seconds).
        options = {"polling_interval": 0.005}
        self.app.conf.update(broker_url=self.settings.amqp_url, broker_transport_options=options)

    def emit(self, event: str, business_key: str | None = None, payload: JsonValue = None) -> Message:
        """Publish an event that nothing of ours caused: the first of an order, say.

        Without a business key a new one is made. Raises as `Publisher.emit`, and MessageError.
        """
        key = uuid4().hex if business_key is None else business_key
        message = Message.new(business_key=key, tenant=self.settings.tenant, event=event, payload=payload)
        return self.publisher.emit(message)

    @cached_property
    def models(self) -> Sequence[Model]:
        """The BPMN models of the models folder, in the order of their file names. Raises ModelError."""
        from trackflow.bpmn import read

        return tuple(read(path) for path in sorted(self.models_folder.glob("*.bpmn")))

    @opened_once
    def ledger(self) -> Ledger:
        """Every event and case. Raises LedgerError."""
        from trackflow.tracking.ledger import Ledger

        in_memory = self.settings.amqp_url.startswith("memory:")
        return Ledger(self.settings.ledger_url, survives_power_cut=not in_memory)

    @opened_once
    def inbox(self) -> Inbox:
        """What services with `once=True` have handled. Raises LedgerError."""
        from trackflow.tracking.inbox import Inbox

        return Inbox(self.ledger, self.settings.tenant)

    @opened_once
    def engine(self) -> Engine:
        """The BPMN engine that `engine_url` names. Does not connect yet."""
        if self.settings.engine_url == "embedded":
            from trackflow.engines.embedded import EmbeddedEngine, create_tables

            self.ledger.create(create_tables)
            return EmbeddedEngine(self.ledger.database, self.choreography.variables)
        from trackflow.engines.camunda import CamundaEngine

        return CamundaEngine(self.settings.engine_url, self.variables)

    @opened_once
    def tracker(self) -> Tracker:
        """Tells the engine every event once."""
        from trackflow.tracking.tracker import open_tracker

        starts = frozenset[str]().union(*(model.starts for model in self.models))
        return open_tracker(self.ledger, self.engine, self.settings.tenant, starts)

    @cached_property
    def queries(self) -> Queries:
        """What the command line asks about orders."""
        from trackflow.tracking.queries import Queries

        return Queries(self.ledger, self.engine, self.settings.tenant)

    @property
    def opened_tracker(self) -> Tracker | None:
        """The tracker, if this process has opened one."""
        return self.__dict__.get("tracker")

    @property
    def variables(self) -> frozenset[str]:
        """Names of the payload fields that the engine is given."""
        if self.choreography.variables is not None:
            return self.choreography.variables
        return frozenset[str]().union(*(model.variables for model in self.models))
