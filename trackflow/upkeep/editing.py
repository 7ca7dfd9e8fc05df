"""A dead letter with another body. What is put back is an event that its queue can read, or nothing is.

It keeps its `message_id` and its headers, and gets `edited-by`: who did it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import JsonValue

from trackflow.errors import MessageError
from trackflow.message import MAX_BODY, Message
from trackflow.messaging.choreography import Choreography
from trackflow.messaging.event_queue import EventQueue
from trackflow.messaging.receiver import read_event
from trackflow.upkeep.letter import Letter
from trackflow.upkeep.letter_text import plain
from trackflow.upkeep.raw import RawMessage

EDITED_BY = "edited-by"


class Editor:
    """Edits the letters of one queue."""

    def __init__(self, queue: EventQueue, tenant: str, choreography: Choreography) -> None:
        self._queue = queue
        self._tenant = tenant
        self._choreography = choreography

    def event(self, letter: Letter) -> Message | None:
        """The event that a letter is; None if it is none, and so was unreadable."""
        return self._read(replace(letter.raw, headers=letter.headers))

    def with_payload(self, letter: Letter, payload: JsonValue, who: str) -> RawMessage:
        """The letter with another payload. Raises MessageError."""
        event = self._require(letter)
        return self._checked(letter, Message.new(**{**dict(event), "payload": payload}).body(), who)

    def with_body(self, letter: Letter, text: str, who: str) -> RawMessage:
        """The letter with another body, if that is an event that its queue hears. Raises MessageError."""
        return self._checked(letter, text, who)

    def _require(self, letter: Letter) -> Message:
        event = self.event(letter)
        if event is None:
            raise MessageError("the letter is no event, so only its whole body can be edited")
        return event

    def _checked(self, letter: Letter, text: str, who: str) -> RawMessage:
        if letter.raw.undecodable is not None:
            raise MessageError(f"its properties cannot be decoded: {letter.raw.undecodable}")
        before = self.event(letter)
        properties = {
            **letter.raw.properties,
            "content_type": "application/json",
            "content_encoding": "utf-8",
        }
        if before is not None:  # an id that is derived from the payload would become another
            properties["message_id"] = before.id
        headers = {name: value for name, value in letter.headers.items() if name not in _OF_OLD_BODY}
        edited = replace(
            letter.raw, body=_encoded(text), properties=properties, headers={**headers, EDITED_BY: who}
        )
        _, event = read_event(edited, self._tenant, self._choreography)
        if event.event not in self._queue.hears:
            raise MessageError(f"{self._queue.task} does not hear {event.event!r}")
        return edited

    def _read(self, message: RawMessage) -> Message | None:
        try:
            return read_event(message, self._tenant, self._choreography)[1]
        except MessageError:
            return None


# Headers that say how the body that is no more was to be read: Kombu's compression, Celery's task.
_OF_OLD_BODY = ("compression", "task")


def original(letter: Letter) -> str:
    """A letter as JSON text: body (`bodyBase64` if it is no UTF-8), properties and headers."""
    body = letter.raw.body
    try:
        kept: Mapping[str, Any] = {"body": body.decode()}
    except UnicodeDecodeError:
        kept = {"bodyBase64": base64.b64encode(body).decode()}
    rest = {"properties": plain(letter.raw.properties), "headers": plain(letter.raw.headers)}
    return json.dumps({**kept, **rest}, ensure_ascii=False)


def _encoded(text: str) -> bytes:
    try:
        body = text.encode()
    except UnicodeEncodeError as exc:
        raise MessageError(f"the body cannot be encoded: {exc.reason}") from exc
    if len(body) > MAX_BODY:
        raise MessageError(f"body of {len(body):,} bytes, the limit is {MAX_BODY:,}")
    return body
