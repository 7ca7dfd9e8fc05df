"""Trackflow on a Celery app, as Flask extensions do it: `Trackflow(app, choreography, settings)`.

The app then consumes the choreography's queues, and everything else is found on the app: services publish
through `app.trackflow`, and `celery -A tasks track …` reads it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from celery import Celery, signals
from pydantic import JsonValue

from trackflow.errors import LedgerError
from trackflow.message import Message
from trackflow.messaging import Choreography, Publisher
from trackflow.messaging.event_queue import EventQueue, event_queue
from trackflow.messaging.pools import choose_pool
from trackflow.messaging.receiver import EventReceiver
from trackflow.messaging.recovery import Recovery
from trackflow.messaging.shutdown import Ending

# The tracker's rooms are imported when they are used: a worker that only ships goods needs no database driver
# and no XML parser, starts faster and stays smaller.
if TYPE_CHECKING:
    from trackflow.bpmn import Model
    from trackflow.engines.port import Engine
    from trackflow.tracking.inbox import Inbox
    from trackflow.tracking.ledger import Ledger
    from trackflow.tracking.queries import Queries
    from trackflow.tracking.tracker import Tracker

logger = logging.getLogger(__name__)

_LEDGER_AWAY = 1.0  # seconds between two tries to open it


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
        self._connect_signals()

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

    @cached_property
    def ledger(self) -> Ledger:
        """Every event and case. Raises LedgerError."""
        from trackflow.tracking.ledger import Ledger

        in_memory = self.settings.amqp_url.startswith("memory:")
        return Ledger(self.settings.ledger_url, survives_power_cut=not in_memory)

    @cached_property
    def inbox(self) -> Inbox:
        """What services with `once=True` have handled. Raises LedgerError."""
        from trackflow.tracking.inbox import Inbox

        return Inbox(self.ledger, self.settings.tenant)

    @cached_property
    def engine(self) -> Engine:
        """The BPMN engine that `engine_url` names. Does not connect yet."""
        if self.settings.engine_url == "embedded":
            from trackflow.engines.embedded import EmbeddedEngine, create_tables

            self.ledger.create(create_tables)
            return EmbeddedEngine(self.ledger.database, self.choreography.variables)
        from trackflow.engines.camunda import CamundaEngine

        return CamundaEngine(self.settings.engine_url, self.variables)

    @cached_property
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
    def variables(self) -> frozenset[str]:
        """Names of the payload fields that the engine is given."""
        if self.choreography.variables is not None:
            return self.choreography.variables
        return frozenset[str]().union(*(model.variables for model in self.models))

    def _connect_signals(self) -> None:
        # Not weakly: the handlers live as long as the app.
        signals.celeryd_init.connect(self._refuse_memory, weak=False)
        signals.celeryd_init.connect(self._refuse_unknown_queues, weak=False)
        signals.worker_init.connect(self._choose_pool, weak=False)
        signals.worker_ready.connect(self._worker_ready, weak=False)
        signals.worker_process_init.connect(self._process_ready, weak=False)
        signals.worker_shutting_down.connect(self._shutting_down, weak=False)
        signals.worker_process_shutdown.connect(self._shutting_down, weak=False)

    def _refuse_memory(self, instance: Any, **_: Any) -> None:
        if instance.app is self.app and self.settings.amqp_url.startswith("memory:"):
            raise SystemExit(
                "AMQP_URL is memory://, which lives within one process, so no other could reach this worker: "
                "set AMQP_URL=amqp://…, or see everything in one process with `celery -A tasks track demo`"
            )

    def _refuse_unknown_queues(self, instance: Any, options: Any, **_: Any) -> None:
        if instance.app is not self.app:
            return
        known = [queue.task for queue in self.queues]  # also each one's alias
        unknown = set(options.get("queues") or ()) - {*known, *(queue.name for queue in self.queues)}
        if unknown:
            raise SystemExit(f"-Q {','.join(sorted(unknown))}: no such queue; there are {', '.join(known)}")

    def _choose_pool(self, sender: Any, **_: Any) -> None:
        if sender.app is self.app:
            choose_pool(sender, self.choreography)

    def _worker_ready(self, sender: Any, **_: Any) -> None:
        if sender.app is self.app and "prefork" not in type(sender.pool).__module__:
            self._start_sweeping()

    def _process_ready(self, **_: Any) -> None:  # a forked one, of many: each has a tracker of its own
        self._start_sweeping(most=1)

    def _start_sweeping(self, most: int | None = None) -> None:
        """Where the tracker runs, look after the events that wait, also those of an earlier run."""
        from trackflow.tracking.service import TrackingService

        consumed = self.app.amqp.queues.consume_from.values()
        tasks = (self.app.tasks.get(getattr(queue, "task", "")) for queue in consumed)
        if any(isinstance(task, TrackingService) for task in tasks):
            # In a thread: if the ledger is away now, somebody must sweep as soon as it is back.
            threading.Thread(target=self._sweep, args=(most,), name="opens-ledger", daemon=True).start()

    def _sweep(self, most: int | None) -> None:
        while True:
            try:
                self.tracker.start_sweeping(most)
                return
            except LedgerError as exc:
                logger.warning("the ledger is away, trying again: %s", exc)
                time.sleep(_LEDGER_AWAY)

    def _shutting_down(self, **_: Any) -> None:
        if "tracker" in self.__dict__:
            self.tracker.stop()
