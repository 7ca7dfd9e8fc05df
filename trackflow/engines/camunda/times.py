"""Times as the engine writes and reads them: 2026-11-24T09:53:05.289+0000."""

from __future__ import annotations

from datetime import UTC, datetime


def time(text: str) -> datetime:
    """A time of the engine's, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def time_or_none(text: str | None) -> datetime | None:
    """The same where there may be none."""
    return time(text) if text else None


def text(moment: datetime) -> str:
    """A time in UTC, for a question."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}+0000"
