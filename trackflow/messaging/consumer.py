"""Celery's consumer, taught what event queues need."""

from __future__ import annotations

import logging
from typing import Any

from amqp.exceptions import ChannelError
from celery.exceptions import WorkerShutdown
from celery.worker.consumer import consumer as celery_consumer
from kombu import Connection

from trackflow.messaging.event_queue import EventQueue
from trackflow.messaging.frames import tolerate_undecodable

logger = logging.getLogger(__name__)

# It would declare 28 queues that nobody uses here: events wait in queues of our own.
_DELAYED_DELIVERY = "celery.worker.consumer.delayed_delivery:DelayedDelivery"
_STEPS = celery_consumer.Consumer.Blueprint.default_steps
# Workers that only share a broker need not know each other; asking around takes a second at the start.
_ALONE = {"without_mingle": True, "without_gossip": True}


class Consumer(celery_consumer.Consumer):
    """A worker's consumer."""

    class Blueprint(celery_consumer.Consumer.Blueprint):  # type: ignore[valid-type,misc]
        """Celery's steps, without native delayed delivery."""

        default_steps = tuple(step for step in _STEPS if step != _DELAYED_DELIVERY)

    def __init__(self, on_task_request: Any, worker_options: Any = None, **kwargs: Any) -> None:
        options = {**(worker_options or {}), **_ALONE}
        super().__init__(on_task_request, worker_options=options, **kwargs)

    def connect(self) -> Any:
        """As Celery's, and the whole choreography is declared; called again after each lost connection.

        So no event is lost to a consumer that has not started yet: its queue is there, whoever starts first.
        It is no step of the blueprint: Celery sorts those, and might let the worker consume before it.
        """
        connection = super().connect()
        tolerate_undecodable(connection)
        for queue in self.app.trackflow.queues:  # type: ignore[attr-defined]
            _declare(queue, connection)
        return connection

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        """Reject what cannot be decoded, so that the queue's dead-lettering keeps it. Celery would ack it."""
        logger.error("cannot decode a message of type %.80r: %s", message.content_type, exc)
        message.reject_log_error(logger, self.connection_errors)  # type: ignore[attr-defined]


def _declare(queue: EventQueue, connection: Connection) -> None:
    try:
        queue(connection.default_channel).declare()
    except ChannelError as exc:  # it has other arguments at the broker, or we may not declare it
        hint = "`celery -A tasks track check` says how it differs, `deploy --migrate` replaces it"
        logger.critical("cannot declare queue %s, or one behind it: %s; %s", queue.name, exc.reply_text, hint)
        raise WorkerShutdown(1) from exc
