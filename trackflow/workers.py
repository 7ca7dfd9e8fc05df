"""What a Celery worker of the app is told as it starts and ends, by Celery's signals.

https://docs.celeryq.dev/en/stable/userguide/signals.html
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from celery import Celery, signals

from trackflow.errors import LedgerError
from trackflow.messaging import Choreography
from trackflow.messaging.event_queue import EventQueue
from trackflow.messaging.pools import choose_pool

if TYPE_CHECKING:
    from trackflow.tracking.tracker import Tracker

logger = logging.getLogger(__name__)

_LEDGER_AWAY = 1.0  # seconds between two tries to open it


class Settings(Protocol):
    """As far as a worker asks for them."""

    @property
    def amqp_url(self) -> str:
        """The broker."""


class Host(Protocol):
    """What is on the app: `Trackflow`."""

    app: Celery
    choreography: Choreography
    queues: Sequence[EventQueue]

    @property
    def settings(self) -> Settings:
        """They may change until the first use."""

    @property
    def tracker(self) -> Tracker:
        """Opened when it is first asked for. Raises LedgerError."""

    @property
    def opened_tracker(self) -> Tracker | None:
        """The tracker, if this process has opened one."""


def watch_workers(host: Host) -> None:
    """Look after every worker of the host's app in this process."""
    watch = _Watch(host)
    # Not weakly: the handlers live as long as the app.
    signals.celeryd_init.connect(watch.refuse_memory, weak=False)
    signals.celeryd_init.connect(watch.refuse_unknown_queues, weak=False)
    signals.worker_init.connect(watch.begins, weak=False)
    signals.worker_ready.connect(watch.ready, weak=False)
    signals.worker_process_init.connect(watch.process_ready, weak=False)
    signals.worker_shutting_down.connect(watch.shutting_down, weak=False)
    signals.worker_process_shutdown.connect(watch.shutting_down, weak=False)
    signals.worker_shutdown.connect(watch.has_ended, weak=False)


class _Watch:
    """The handlers. Signals are Celery's own, for all apps of a process: each looks whose worker it is."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._has_worker = False
        self._ending = threading.Event()

    def refuse_memory(self, instance: Any, **_: Any) -> None:
        if instance.app is self._host.app and self._host.settings.amqp_url.startswith("memory:"):
            raise SystemExit(
                "AMQP_URL is memory://, which lives within one process, so no other could reach this worker: "
                "set AMQP_URL=amqp://…, or see everything in one process with `celery -A tasks track demo`"
            )

    def refuse_unknown_queues(self, instance: Any, options: Any, **_: Any) -> None:
        if instance.app is not self._host.app:
            return
        known = [queue.task for queue in self._host.queues]  # also each one's alias
        names = {*known, *(queue.name for queue in self._host.queues)}
        if unknown := set(options.get("queues") or ()) - names:
            raise SystemExit(f"-Q {','.join(sorted(unknown))}: no such queue; there are {', '.join(known)}")

    def begins(self, sender: Any, **_: Any) -> None:
        if sender.app is self._host.app:
            self._has_worker = True
            self._ending.clear()
            choose_pool(sender, self._host.choreography)

    def ready(self, sender: Any, **_: Any) -> None:
        if sender.app is self._host.app and "prefork" not in type(sender.pool).__module__:
            self._start_sweeping()

    def process_ready(self, **_: Any) -> None:
        """A forked one, of many: each has a tracker of its own. The pool "solo" says it too."""
        if self._has_worker:  # the signal does not say of which app
            self._start_sweeping(most=1)

    def has_ended(self, sender: Any, **_: Any) -> None:
        if sender.app is self._host.app:
            self._has_worker = False
            self.shutting_down()

    def shutting_down(self, **_: Any) -> None:
        self._ending.set()
        tracker = self._host.opened_tracker
        if tracker is not None:
            tracker.stop()

    def _start_sweeping(self, most: int | None = None) -> None:
        """Where the tracker runs, look after the events that wait, also those of an earlier run."""
        from trackflow.tracking.service import TrackingService

        app = self._host.app
        consumed = app.amqp.queues.consume_from.values()
        tasks = (app.tasks.get(getattr(queue, "task", "")) for queue in consumed)
        if any(isinstance(task, TrackingService) for task in tasks):
            # In a thread: if the ledger is away now, somebody must sweep as soon as it is back.
            threading.Thread(target=self._sweep, args=(most,), name="opens-ledger", daemon=True).start()

    def _sweep(self, most: int | None) -> None:
        while not self._ending.is_set():
            try:
                self._host.tracker.start_sweeping(most)
                return
            except LedgerError as exc:
                logger.warning("the ledger is away, trying again: %s", exc)
                self._ending.wait(_LEDGER_AWAY)
