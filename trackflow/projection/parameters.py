"""How each value of a filter is written in a URL: read, checked, and written again."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from trackflow.message import SHORT, short_text
from trackflow.projection.conformance import Kind

STATES = ("running", "completed", "terminated", "waiting", "refused", "unknown")
OUTCOMES = ("refused", "waiting", "received", "duplicate", "unmatched")  # that an order's events may have

_AGE = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_UNITS = {"d": 86_400, "h": 3600, "m": 60, "s": 1}  # seconds
_VERSIONS = 2**31 - 1  # of an integer in PostgreSQL


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value of a filter.

    Attributes:
        label: as people are shown it.
        says: what it chooses, for the API's documentation.
        read: from the URL's text; ValueError says in words what it should be.
        write: to the text that `read` takes.
        schema: of JSON, for the API's documentation.
        many: it may be given several times; any of them will do.
    """

    label: str
    says: str
    read: Callable[[str], Any] = short_text
    write: Callable[[Any], str] = str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string", "maxLength": 255})
    many: bool = False


def _one_of(words: Sequence[str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"should be {', '.join(words[:-1])} or {words[-1]}")
        return text

    return read


def _version(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 11 and int(text) <= _VERSIONS):
        raise ValueError("should be a whole number")
    return int(text)


def _flag(text: str) -> bool:
    return _one_of(("true", "false"))(text) == "true"


def _deviation(text: str) -> str:
    kind, _, name = text.partition(":")
    if kind not in frozenset(Kind) or not name:
        raise ValueError(f"should be like early:Payment_Done; its kinds are {', '.join(Kind)}")
    short_text(name)
    return text


def _age(text: str) -> timedelta:
    age = _AGE.fullmatch(text)
    if age is None:
        raise ValueError("should be an age like 30s, 15m, 2h or 3d")
    return timedelta(seconds=int(age[1]) * _UNITS[age[2]])


def _age_text(age: timedelta) -> str:
    seconds = int(age.total_seconds())
    unit = next((unit for unit, size in _UNITS.items() if seconds and seconds % size == 0), "s")
    return f"{seconds // _UNITS[unit]}{unit}"


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            "should be a time like 2026-01-31T12:00, which is UTC unless it says otherwise"
        ) from None


def _moment_text(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(
        timespec="auto" if moment.second or moment.microsecond else "minutes"
    )


def _words(words: Sequence[str]) -> Mapping[str, Any]:
    return {"type": "string", "enum": list(words)}


_TIME = {"type": "string", "format": "date-time"}
_SPAN = {"type": "string", "pattern": r"^\d{1,6}[smhd]$"}
_FLAG = {"type": "boolean"}

PARAMETERS: Mapping[str, Parameter] = {
    "key": Parameter("key", "Business keys that begin with this."),
    "state": Parameter("state", "The order's state.", _one_of(STATES), schema=_words(STATES), many=True),
    "process": Parameter("process", "Id of the process of its newest instance."),
    "version": Parameter(
        "version",
        "Of that process's model.",
        _version,
        schema={"type": "integer", "minimum": 0, "maximum": _VERSIONS},
    ),
    "last_event": Parameter("last event", "The event that came last."),
    "awaits": Parameter("awaits", "An event that would be accepted now."),
    "element": Parameter("at", "Id of an element that is active."),
    "outcome": Parameter(
        "has an event",
        "Some event of the order has this outcome.",
        _one_of(OUTCOMES),
        schema=_words(OUTCOMES),
    ),
    "late": Parameter(
        "late", "It waits longer than its limit.", _flag, lambda flag: str(flag).lower(), _FLAG
    ),
    "deviates": Parameter(
        "deviates", "It did not follow its model.", _flag, lambda flag: str(flag).lower(), _FLAG
    ),
    "deviation": Parameter(
        "deviation",
        f"How it did not follow its model: `early:Payment_Done`. The kinds are {', '.join(Kind)}; behind the "
        "colon is the event's name or the element's id.",
        _deviation,
        schema={"type": "string", "maxLength": SHORT, "pattern": f"^({'|'.join(Kind)}):"},
    ),
    "older_than": Parameter("older than", "It began longer ago: 30s, 15m, 2h, 3d.", _age, _age_text, _SPAN),
    "younger_than": Parameter("younger than", "It began since: 30s, 15m, 2h, 3d.", _age, _age_text, _SPAN),
    "started_from": Parameter("started from", "It began then or later.", _moment, _moment_text, _TIME),
    "started_before": Parameter("started before", "It began earlier.", _moment, _moment_text, _TIME),
}
