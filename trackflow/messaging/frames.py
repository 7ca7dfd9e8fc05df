"""Keeps a worker alive when the properties of a message cannot be decoded, or are too large.

py-amqp decodes properties and headers while it reads frames, before any consumer sees the message. An id
that is no UTF-8, a time after the year 9999 or a table nested a thousand deep, which any client can send,
raises in the middle of the worker's loop. Celery calls that unrecoverable, and the next worker dies of the
same message. Here it arrives without them, marked, so that the broker's own dead-lettering can keep it.
"""

from __future__ import annotations

from struct import unpack_from
from typing import Any
from uuid import uuid4

from amqp import Message
from kombu import Connection

# The mark: a header, whose value says why. Nobody else knows its name, so nobody can forge it.
UNDECODABLE = f"trackflow-undecodable-{uuid4().hex}"

# Properties travel in one frame, of 128 KiB by RabbitMQ's default. A copy for the dead letters has more
# headers than what came, and RabbitMQ closes the connection of whoever sends a longer frame.
MAX_PROPERTIES = 64 * 1024  # bytes

_message: Any = Message  # the stubs lack what reads and writes a frame
_CONTENT_HEADER = 2  # a frame's type; AMQP 0-9-1, section 4.2.6.1
_FIXED = 12  # bytes of it before the properties: class, weight, size of the body


def tolerate_undecodable(connection: Connection) -> None:
    """Have an open connection survive messages whose properties cannot be decoded; in memory all can."""
    if connection.transport.driver_type != "amqp":
        return
    opened: Any = connection.connection
    on_frame = opened.on_inbound_frame

    def on_checked_frame(frame: tuple[int, int, Any]) -> Any:
        kind, channel, content = frame
        if kind != _CONTENT_HEADER:
            return on_frame(frame)
        if len(content) > MAX_PROPERTIES:
            why = f"{len(content)} bytes, the limit is {MAX_PROPERTIES}"
            return on_frame((kind, channel, _marked(content, why)))
        if _has_no_body(content):  # then this frame completes the message: an error could be its consumer's
            return on_frame((kind, channel, _decodable(content)))
        try:
            return on_frame(frame)
        except Exception as exc:  # py-amqp lets out whatever the standard library raises
            return on_frame((kind, channel, _marked(content, repr(exc))))

    opened.on_inbound_frame = on_checked_frame


def _has_no_body(content: Any) -> bool:
    (size,) = unpack_from(">4xQ", content)
    return bool(size == 0)


def _decodable(content: Any) -> Any:
    try:
        _message().inbound_header(content)
    except Exception as exc:
        return _marked(content, repr(exc))
    return content


def _marked(content: Any, why: str) -> bytes:
    mark = _message("", application_headers={UNDECODABLE: why[:255]})
    properties: bytes = mark._serialize_properties()
    return bytes(content[:_FIXED]) + properties
