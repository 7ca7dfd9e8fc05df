"""A real Celery worker in a thread of this process, for the demo: all queues, on `memory://`."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from celery import Celery
from celery.app.trace import reset_worker_optimizations, setup_worker_optimizations
from celery.worker import state

from trackflow.messaging.consumer import Consumer

_WAIT = 0.05  # seconds until an idle worker notices that it should stop; Celery's own loop takes up to 4
_LONGEST = 10  # seconds for its start, and for its end


class LocalConsumer(Consumer):
    """Trackflow's consumer, with a loop that ends quickly."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.loop = _loop


@contextmanager
def local_worker(app: Celery) -> Iterator[threading.Thread]:
    """Run a worker until the block ends; gives its thread, which is alive as long as the worker is.

    One event at a time, in one thread: in memory nothing has to be waited for but the ledger, which has one
    writer anyway, and threads would only pass Python's lock to each other.
    """
    ready = threading.Event()
    setup_worker_optimizations(app, "demo")  # in every thread, the tasks' app is this one
    worker = app.WorkController(
        pool="solo",
        consumer_cls=LocalConsumer,
        ready_callback=lambda _: ready.set(),
        without_heartbeat=True,
    )
    thread = threading.Thread(target=worker.start, name="worker", daemon=True)
    thread.start()
    try:
        ready.wait(_LONGEST)
        yield thread
    finally:
        state.should_stop = 0  # type: ignore[assignment]  # the exit code of a warm shutdown
        thread.join(_LONGEST)
        state.should_stop = None
        reset_worker_optimizations(app)


def _loop(
    consumer: Any, connection: Any, tasks: Any, _blueprint: Any, _hub: Any, qos: Any, *_: Any, **__: Any
) -> None:
    """`celery.worker.loops.synloop`, the loop for transports without an event loop, in its essence."""
    tasks.on_message = consumer.create_task_handler()
    tasks.consume()
    consumer.on_ready()
    while True:
        state.maybe_shutdown()  # raises WorkerShutdown
        if qos.prev != qos.value:
            qos.update()
        consumer.perform_pending_operations()
        with suppress(socket.timeout):
            connection.drain_events(timeout=_WAIT)
