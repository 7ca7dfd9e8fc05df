"""The only sender. An event counts as emitted when the broker has confirmed it and some queue has it.

It publishes through connections of its own: confirms on the worker's connections hang the worker together
with worker events (see celery/celery#10500).
"""

from __future__ import annotations

import os
import threading
from typing import Any

from amqp.exceptions import ChannelError, MessageNacked
from celery import Celery
from kombu import Connection
from kombu.exceptions import OperationalError
from kombu.pools import ProducerPool

from trackflow.errors import PublishError
from trackflow.message import MAX_BODY, Message
from trackflow.messaging import envelope
from trackflow.messaging.choreography import Choreography
from trackflow.messaging.eager import EagerBroker

CONFIRM = 10  # seconds; a broker under a memory alarm takes connections but confirms nothing
CONNECTIONS = 64  # at most, a process: more than any sensible worker concurrency
# A broker that refuses connections is tried again for about 17 s; one that takes them and confirms nothing,
# for CONFIRM each time. Then the delivery that caused the event goes back to its queue.
RETRIES = {"max_retries": 20, "interval_start": 0.1, "interval_step": 0.2, "interval_max": 1}

_UNROUTABLE, _NOT_FOUND = 312, 404


class Publisher:
    """Publishes events to the tenant's exchange and raw messages to single queues; for any thread."""

    def __init__(self, app: Celery, choreography: Choreography, tenant: str) -> None:
        self._app = app
        self._choreography = choreography
        self._tenant = tenant
        self._eager = EagerBroker(app, choreography)
        self._lock = threading.Lock()
        self._pools: dict[int, ProducerPool] = {}  # by process: a socket must not be inherited by a fork

    @property
    def is_amqp(self) -> bool:
        """Whether the broker is a real one: it has confirms and time limits."""
        return bool(self._app.connection_for_write().transport.driver_type == "amqp")

    def emit(self, event: Message, app_id: str | None = None) -> Message:
        """Publish an event; returns it as published, with its time.

        `app_id` names the emitting service. In eager mode the subscribed tasks run before this returns.

        Raises:
            ChoreographyError: the event is not in the choreography.
            PublishError: another tenant's event, one that is too long, or no queue is bound for it.
            kombu.exceptions.OperationalError: the broker is away.
        """
        routing_key = self._choreography.routing_key(event.event)
        if event.tenant != self._tenant:
            raise PublishError(f"{event}: tenant {event.tenant!r} on the exchange of {self._tenant!r}")
        body = event.body()
        if (size := len(body.encode())) > MAX_BODY:  # every consumer would refuse it
            raise PublishError(f"{event}: body of {size} bytes, the limit is {MAX_BODY}")
        event = event.published_now()
        properties = envelope.properties_of(event, app_id)
        if self._app.conf.task_always_eager:
            self._eager.deliver(event, properties)
        else:
            self._publish(body, self._tenant, routing_key, properties)
        return event

    def send(self, queue: str, body: str | bytes, **properties: Any) -> None:
        """Publish a raw message to one queue, and to nobody else. Raises as `emit`."""
        properties.setdefault("content_type", "application/octet-stream")
        properties.setdefault("content_encoding", "binary")
        properties["delivery_mode"] = envelope.PERSISTENT
        # Not by Kombu, which would encode text as the property says, and that is the sender's, or "binary".
        raw = body.encode() if isinstance(body, str) else body
        self._publish(raw, "", queue, properties)

    def close(self) -> None:
        """Close this process's connections."""
        with self._lock:
            pool = self._pools.pop(os.getpid(), None)
        if pool is not None:
            pool.force_close_all()  # type: ignore[attr-defined]  # missing in the stubs
            pool.connections.force_close_all()

    def _publish(
        self, body: str | bytes, exchange: str, routing_key: str, properties: dict[str, Any]
    ) -> None:
        with self._producers().acquire(block=True) as producer:
            try:
                producer.publish(
                    body,
                    exchange=exchange,
                    routing_key=routing_key,
                    mandatory=True,
                    confirm_timeout=CONFIRM,
                    retry=True,
                    retry_policy=RETRIES,
                    **properties,
                )
            # With any error Kombu replaces the connection (`Producer.__exit__`): its confirm may still be
            # unread, and would be taken for that of the next message.
            except ChannelError as exc:
                raise PublishError(self._in_words(exc, exchange, routing_key)) from exc
            except OperationalError as exc:
                if isinstance(exc.__cause__, MessageNacked):  # which Kombu passes on without a word
                    raise OperationalError(
                        f"the broker did not take a message to {_where(exchange, routing_key)}"
                    ) from exc
                raise

    def _producers(self) -> ProducerPool:
        with self._lock:
            pool = self._pools.get(os.getpid())
            if pool is None:
                connections = self._connection().Pool(limit=CONNECTIONS)
                pool = self._pools[os.getpid()] = ProducerPool(connections, limit=CONNECTIONS)
            return pool

    def _connection(self) -> Connection:
        options = dict(self._app.conf.broker_transport_options or {})
        if self.is_amqp:
            options |= {"confirm_publish": True, "read_timeout": CONFIRM, "write_timeout": CONFIRM}
        return self._app.connection_for_write(heartbeat=0, transport_options=options)

    @staticmethod
    def _in_words(error: ChannelError, exchange: str, routing_key: str) -> str:
        where = _where(exchange, routing_key)
        hint = "`celery -A tasks track deploy` declares what is missing"
        if error.reply_code == _UNROUTABLE:
            return f"no queue takes what is published to {where}; {hint}"
        if error.reply_code == _NOT_FOUND:
            return f"the broker knows no {where}; {hint}"
        return f"the broker refused a message to {where}: {error.reply_text}"


def _where(exchange: str, routing_key: str) -> str:
    return f"exchange {exchange!r}, routing key {routing_key!r}" if exchange else f"queue {routing_key!r}"
