"""The broker of eager mode: no server, the same bindings, the same JSON.

With `task_always_eager` an emitted event runs every task that its queues would have reached, and the events
that these emit, first in first out as at a broker, before `emit` returns. So a unit test runs the whole
choreography in its own thread.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from celery import Celery

from trackflow.message import Message
from trackflow.messaging import envelope
from trackflow.messaging.choreography import Choreography
from trackflow.messaging.delivery import Delivery


class EagerBroker:
    """Applies the subscribed tasks in order."""

    def __init__(self, app: Celery, choreography: Choreography) -> None:
        self._app = app
        self._choreography = choreography
        self._thread = threading.local()

    def deliver(self, event: Message, properties: dict[str, Any]) -> None:
        """Run whoever hears the event. Within a task: after the tasks that are already due."""
        waiting: deque[tuple[Message, dict[str, Any]]] | None = getattr(self._thread, "waiting", None)
        if waiting is not None:
            waiting.append((event, properties))
            return
        waiting = self._thread.waiting = deque([(event, properties)])
        try:
            while waiting:
                self._apply(*waiting.popleft())
        finally:
            del self._thread.waiting

    def _apply(self, event: Message, properties: dict[str, Any]) -> None:
        body = event.body()
        for subscription in self._choreography.listeners(event.event):
            if subscription.name not in self._app.tasks:
                self._app.loader.import_default_modules()  # as a worker does when it starts
            delivery: Delivery = {
                "queue": subscription.name,
                # Read for each: one listener must not see what another has done to the payload.
                "event": envelope.read(body, properties, properties["headers"]),
                "body": body,
                "properties": properties,
                "headers": properties["headers"],
                "ladder": (),
            }
            self._app.tasks[subscription.name].apply(headers={"trackflow": delivery})  # type: ignore[dict-item]
