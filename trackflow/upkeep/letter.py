"""What a dead letter says of itself. Any client can put anything into a queue, so nothing in it is believed.

Recovery wrote down why (headers `trackflow-*`) or, when the broker moved the message itself, the broker did
(`x-death`, https://www.rabbitmq.com/docs/dlx#effects). What is shown is printable: a terminal obeys control
characters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import blake2b
from typing import Any

from trackflow.message import MAX_BODY, short_text
from trackflow.messaging.recovery import is_brokers
from trackflow.upkeep.raw import RawMessage

# Characters that are shown.
_REASON, _ERROR, _TEXT = 40, 80, 500
_OURS = "trackflow-"


@dataclass(frozen=True)
class Letter:
    """One dead letter.

    Attributes:
        queue: the work queue that it belongs to.
        raw: the message as it is.
    """

    queue: str
    raw: RawMessage

    @cached_property
    def id(self) -> str:
        """Its `message_id` if that can be typed; otherwise a hash of its content, which copies share."""
        identity = self.raw.properties.get("message_id")
        return str(identity) if _is_usable(identity) else self._content_id

    @cached_property
    def content(self) -> tuple[str, str]:
        """Equal for two letters that are one event: a broker killed between publish and ack leaves both."""
        return self.id, self.digest

    @cached_property
    def digest(self) -> str:
        """Of the body, in hexadecimal."""
        return blake2b(self.raw.body, digest_size=16).hexdigest()

    @property
    def cause(self) -> str:
        """Why it died, on one line: the reason, the error and what that said."""
        return ": ".join(each for each in (self.reason, self.error, self.message) if each)

    @cached_property
    def reason(self) -> str:
        """Recovery's (`unreadable`, …), the broker's (`delivery_limit`, …), `undecodable` or `unknown`."""
        if self.raw.undecodable is not None:
            return "undecodable"
        said = self._death.get("reason") or self.raw.headers.get("trackflow-reason")
        return printable(said, _REASON) or "unknown"

    @property
    def error(self) -> str | None:
        """The type of the error."""
        return None if self._death else printable(self.raw.headers.get("trackflow-error"), _ERROR)

    @property
    def message(self) -> str | None:
        """What the error said, or what was wrong."""
        if self.raw.undecodable is not None:
            return printable(self.raw.undecodable, _TEXT)
        return None if self._death else printable(self.raw.headers.get("trackflow-message"), _TEXT)

    @property
    def attempts(self) -> int | None:
        """How often its task was tried."""
        value = self.raw.headers.get("trackflow-attempts")
        return value if type(value) is int and 0 <= value < 2**31 else None

    @cached_property
    def at(self) -> datetime | None:
        """When it died, UTC."""
        if self._death:
            time = self._death.get("time")  # py-amqp decodes it in UTC, without saying so
            return time.replace(tzinfo=UTC) if isinstance(time, datetime) else None
        try:
            said = datetime.fromisoformat(self.raw.headers.get("trackflow-at"))  # type: ignore[arg-type]
            return said.astimezone(UTC)
        except (TypeError, ValueError, OverflowError):
            return None

    @property
    def event(self) -> str | None:
        """The event's name, if it can be read."""
        return printable(self._fields.get("event") or self.raw.properties.get("type"))

    @property
    def business_key(self) -> str | None:
        """What the event is about, if it can be read."""
        return printable(self._fields.get("businessKey") or self.raw.properties.get("correlation_id"))

    @property
    def headers(self) -> dict[Any, Any]:
        """What the headers were before it died."""
        return {
            name: value
            for name, value in self.raw.headers.items()
            if not is_brokers(name) and str(name)[: len(_OURS)] != _OURS
        }

    @cached_property
    def _death(self) -> Mapping[str, Any]:
        """What the broker wrote when it moved the message here from its work queue itself."""
        deaths = self.raw.headers.get("x-death")
        for death in deaths if isinstance(deaths, list) else ():
            if isinstance(death, dict) and death.get("queue") == self.queue:
                return death
        return {}

    @cached_property
    def _fields(self) -> Mapping[str, Any]:
        if len(self.raw.body) > MAX_BODY:
            return {}
        try:
            fields = json.loads(self.raw.body)
        except (ValueError, RecursionError):
            return {}
        return fields if isinstance(fields, dict) else {}

    @property
    def _content_id(self) -> str:
        content = blake2b(self.raw.body, digest_size=8)
        # The size of what could not be decoded grows by the broker's own count of deliveries.
        undecodable = re.sub(r"\d+", "", self.raw.undecodable or "")
        properties = {**self.raw.properties, "headers": self.headers, "undecodable": undecodable}
        content.update(repr(sorted(properties.items())).encode(errors="replace"))
        return content.hexdigest()


def printable(value: Any, most: int = 255) -> str | None:
    """The beginning of a text without what a terminal would obey; None if it is no text, or empty."""
    if not isinstance(value, str) or not value:
        return None
    value = value[:most]
    return value if value.isprintable() else "".join(each if each.isprintable() else "�" for each in value)


def _is_usable(identity: Any) -> bool:
    if not isinstance(identity, str) or identity != identity.strip():
        return False
    try:
        return short_text(identity).isprintable()
    except ValueError:
        return False
