"""Keeps a worker alive when the properties of a message cannot be decoded.

py-amqp decodes properties and headers while it reads frames, before any consumer sees the message. An id
that is no UTF-8, a time after the year 9999 or a table nested a thousand deep, which any client can send,
raises in the middle of the worker's loop. Celery calls that unrecoverable, and the next worker dies of the
same message. Here it arrives without them, marked, so that the broker's own dead-lettering can keep it.
"""

from __future__ import annotations

from typing import Any

from amqp import Message
from kombu import Connection

UNDECODABLE = "trackflow-undecodable"  # the mark: a header, whose value says why

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
        if kind == _CONTENT_HEADER:
            content = _decodable(content)
        return on_frame((kind, channel, content))

    opened.on_inbound_frame = on_checked_frame


def _decodable(content: Any) -> Any:
    try:
        _message().inbound_header(content)
    except Exception as exc:  # py-amqp lets out whatever the standard library raises
        mark = _message("", application_headers={UNDECODABLE: repr(exc)[:255]})
        return bytes(content[:_FIXED]) + mark._serialize_properties()
    return content
