"""The part of an event that travels beside its body: AMQP properties and headers.

| AMQP             | `Message`               |
|------------------|-------------------------|
| `message_id`     | `id`                    |
| `correlation_id` | `business_key`          |
| `type`           | `event`                 |
| `timestamp`      | `published_at`, whole seconds, as AMQP has it |
| header `published-at` | `published_at`, RFC 3339 with microseconds |
| header `cause`   | `cause`                 |
| headers `cause-taken-at`, `cause-attempts` | `cause_taken_at` (RFC 3339 again), `cause_attempts` |
| headers `traceparent`, `tracestate` | the same: W3C trace context |
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from trackflow.errors import MessageError
from trackflow.message import SHORT, Message, short_text

PERSISTENT = 2
_MOST = 2**31  # what the ledger's column holds
TRACESTATE = 512  # bytes; what W3C Trace Context, section 3.3.1.5, asks everybody to pass on


def properties_of(message: Message, app_id: str | None) -> dict[str, Any]:
    """The AMQP properties of an event, `headers` among them, as `kombu.Producer.publish` takes them."""
    headers = {
        "cause": message.cause,
        "published-at": message.published_at and message.published_at.isoformat(),
        "cause-taken-at": message.cause_taken_at and message.cause_taken_at.isoformat(),
        "cause-attempts": message.cause_attempts,
        "traceparent": message.traceparent,
        "tracestate": message.tracestate,
    }
    properties = {
        "message_id": message.id,
        "correlation_id": message.business_key,
        "type": message.event,
        "timestamp": message.published_at and int(message.published_at.timestamp()),
        "app_id": app_id,
    }
    return {
        "content_type": "application/json",
        "content_encoding": "utf-8",
        "delivery_mode": PERSISTENT,
        "headers": _without_none(headers),
        **_without_none(properties),
    }


def read(body: str, properties: Mapping[str, Any], headers: Mapping[str, Any]) -> Message:
    """The event of a delivery. Raises MessageError.

    A foreign client may put anything into a header: one that is not as expected counts as absent, since the
    event itself is good. Only a `message_id` must be right if there is one: it is the event's identity.
    """
    envelope: dict[str, Any] = {
        "cause": _text(headers.get("cause")),
        "published_at": _time(headers.get("published-at"), properties.get("timestamp")),
        "cause_taken_at": _time(headers.get("cause-taken-at"), None),
        "cause_attempts": _count(headers.get("cause-attempts")),
        "traceparent": _text(headers.get("traceparent")),
        "tracestate": _text(headers.get("tracestate"), most=TRACESTATE),
    }
    if identity := properties.get("message_id"):
        envelope["id"] = _identity(identity)
    return Message.from_body(body, **envelope)


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _identity(value: Any) -> str:
    if not isinstance(value, str):
        raise MessageError("message_id: should be a string")
    try:
        return short_text(value)
    except ValueError as exc:
        raise MessageError(f"message_id: {exc}") from exc


def _text(value: Any, most: int = SHORT) -> str | None:
    if not isinstance(value, str) or not value.isprintable():  # so it has no lone surrogate
        return None
    return value if 0 < len(value.encode()) <= most else None


def _count(value: Any) -> int | None:
    # `True` is an `int` too.
    return value if type(value) is int and 0 < value < _MOST else None


def _time(precise: Any, seconds: Any) -> datetime | None:
    try:
        if isinstance(precise, str):
            time = datetime.fromisoformat(precise)
            return time.astimezone(UTC) if time.tzinfo else None  # RFC 3339 asks for the zone
        if isinstance(seconds, datetime):  # py-amqp decodes the property; in UTC, without saying so
            return seconds.replace(tzinfo=UTC)
        if isinstance(seconds, int | float):
            return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None
