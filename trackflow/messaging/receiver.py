"""Turns a plain event into a message that Celery understands, or keeps it as a dead letter and says why."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Protocol

from trackflow.errors import MessageError
from trackflow.message import MAX_BODY, Message
from trackflow.messaging import envelope
from trackflow.messaging.choreography import Choreography
from trackflow.messaging.delivery import Delivery, Incoming, attempts_before
from trackflow.messaging.event_queue import EventQueue
from trackflow.messaging.frames import UNDECODABLE
from trackflow.messaging.recovery import Recovery

logger = logging.getLogger(__name__)

# Foreign clients often set no content type, or Kombu's for plain text; the JSON parser has the last word.
_CONTENT_TYPES = frozenset({"application/json", "text/plain", "application/octet-stream"})
_ENCODINGS = frozenset({"utf-8", "utf8", "us-ascii", "ascii", "binary"})
# Celery's protocol 2 (https://docs.celeryq.dev/en/stable/internals/protocol.html), without arguments and
# callbacks: what the task needs travels in a header, which Celery neither encodes nor decodes.
_BODY = json.dumps([[], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}])


class EventReceiver:
    """The `receiver` of every event queue of one tenant."""

    def __init__(self, tenant: str, choreography: Choreography, recovery: Recovery) -> None:
        self._tenant = tenant
        self._choreography = choreography
        self._recovery = recovery
        self._stale = set[tuple[str, str]]()  # queue and routing key of the bindings that were reported

    def __call__(self, queue: EventQueue, message: Any) -> bool:
        """Translate a delivery in place; False if it is settled already and not for Celery.

        Nothing but a lost connection may leave this method as an error: Celery would end the worker, and the
        next worker would die of the same message.
        """
        incoming = Incoming(message)
        if UNDECODABLE in incoming.headers:
            logger.error("%s: undecodable properties: %s", queue.name, incoming.headers[UNDECODABLE])
            incoming.reject()
            return False
        try:
            body, event = read_event(incoming, self._tenant, self._choreography)
            heard = event.event in queue.hears
            if heard:
                self._translate(incoming, body, event, queue)
            else:
                self._check_bystander(incoming, event, queue)
        except MessageError as exc:
            self._bury(incoming, queue, exc)
            return False
        except Exception as exc:
            logger.exception("%s: cannot translate a delivery", queue.name)
            self._bury(incoming, queue, exc)
            return False
        if not heard:  # shares its routing key with one that is heard
            incoming.ack()
        return heard

    def _check_bystander(self, incoming: Incoming, event: Message, queue: EventQueue) -> None:
        """An event that is not heard may only come because it shares its routing key with one that is.

        Under another's key, or straight to this queue, it is a mistake of its publisher's: those who do hear
        it did not get it, and nobody would see that it is lost.
        """
        key = self._choreography.routing_key(event.event)
        if incoming.routing_key != key:
            raise MessageError(
                f"{queue.task} does not hear {event.event!r}, which came with the routing key "
                f"{incoming.routing_key!r} instead of {key!r}"
            )
        if key not in {self._choreography.routing_key(heard) for heard in queue.hears}:
            self._report_stale_binding(queue, key)

    def _report_stale_binding(self, queue: EventQueue, key: str) -> None:
        """Once: it brings one event after the other."""
        if (queue.name, key) not in self._stale:
            self._stale.add((queue.name, key))
            logger.warning(
                "%s: a stale binding brings what has the routing key %r and is not heard; "
                "`celery -A tasks track deploy` removes it",
                queue.name,
                key,
            )

    def _translate(self, incoming: Incoming, body: str, event: Message, queue: EventQueue) -> None:
        delivery: Delivery = {
            "queue": queue.name,
            "event": event,
            "body": body,
            "properties": incoming.properties,
            "headers": incoming.headers,
            "ladder": queue.ladder,
        }
        headers = {
            "lang": "py",
            "task": queue.task,
            "id": _task_id(queue, event),
            "root_id": event.business_key,
            "parent_id": None,
            "group": None,
            "retries": attempts_before(incoming.headers),
            "eta": None,
            "expires": None,
            "timelimit": [None, None],
            "argsrepr": str(event),
            "kwargsrepr": "",
            "origin": incoming.properties.get("app_id", ""),
            "ignore_result": True,
            # As in eager mode. Among the others Celery would search them all for it, with every event.
            "headers": {"trackflow": delivery},
        }
        incoming.replace(_BODY, headers, queue.name)

    def _bury(self, incoming: Incoming, queue: EventQueue, error: Exception) -> None:
        delivery: Delivery = {
            "queue": queue.name,
            "event": None,
            "body": incoming.body,
            "properties": incoming.properties,
            "headers": incoming.headers,
            "ladder": (),
        }
        try:
            self._recovery.bury(delivery, "unreadable", error)
        except Exception as exc:
            logger.error("%s: cannot keep a dead letter myself, the broker does: %s", queue.name, exc)
            incoming.reject()
        else:
            incoming.ack()


class Readable(Protocol):
    """A message as some client sent it: a delivery, or one that lies in a queue."""

    @property
    def body(self) -> str | bytes:
        """As it came."""

    @property
    def properties(self) -> Mapping[str, Any]:
        """AMQP's, by py-amqp's names, without the headers."""

    @property
    def headers(self) -> Mapping[Any, Any]:
        """The table of headers."""


def read_event(message: Readable, tenant: str, choreography: Choreography) -> tuple[str, Message]:
    """The text of a message and the event that it is, if the wire contract allows it. Raises MessageError."""
    body = _text(message)
    event = envelope.read(body, message.properties, message.headers)
    if event.tenant != tenant:
        raise MessageError(f"tenant {event.tenant!r} on the exchange of {tenant!r}")
    if event.event not in choreography.events:
        raise MessageError(f"event {event.event!r} is not in the choreography")
    return body, event


def _task_id(queue: EventQueue, event: Message) -> str:
    """Several tasks hear one event, and Flower keys tasks by id: so an id for each queue, always the same."""
    return sha256(f"{queue.name}\n{event.id}".encode()).hexdigest()[:32]


def _text(incoming: Readable) -> str:
    """The body as text, if it is what the wire contract allows. Raises MessageError."""
    properties, body = incoming.properties, incoming.body
    if "task" in incoming.headers:
        raise MessageError("a Celery message on an event queue")
    if len(body) > MAX_BODY:
        raise MessageError(f"body of {len(body)} bytes, the limit is {MAX_BODY}")
    if incoming.headers.get("compression"):
        raise MessageError("compressed body")
    content_type = str(properties.get("content_type", "application/json")).partition(";")[0].strip().lower()
    if content_type not in _CONTENT_TYPES:
        raise MessageError(f"content type {content_type[:80]!r}")
    encoding = str(properties.get("content_encoding", "utf-8")).lower()
    if encoding not in _ENCODINGS:
        raise MessageError(f"content encoding {encoding[:80]!r}")
    if isinstance(body, str):
        return body
    try:
        return bytes(body).decode()
    except UnicodeDecodeError as exc:
        raise MessageError(f"body is not UTF-8: {exc.reason} at byte {exc.start}") from exc
