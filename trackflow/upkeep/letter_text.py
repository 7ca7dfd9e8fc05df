"""A dead letter in words: its headers and body may hold anything, and whoever looks at them wants text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from math import isfinite
from typing import Any

from trackflow.upkeep.letter import Letter, printable
from trackflow.upkeep.raw_writer import why_not_copied

_DUMPED = 256  # bytes of a body that is no text
_WORDS = 1000  # characters of an error
_DEEP = 20  # levels of a header that are shown


def fate(letter: Letter) -> str:
    """What would happen if the letter were replayed."""
    why = why_not_copied(letter.raw, letter.headers)
    if why is not None:
        return f"It cannot be replayed: {printable(why, _WORDS)}. It can be discarded."
    there = f"It goes to the queue {letter.queue} and nowhere else"
    if letter.reason == "unreadable":
        return f"{there}, and comes back unless its worker has learnt to read it."
    return f"{there}, and its task handles it as if it were new."


def as_text(body: bytes) -> str | None:
    """The body, if it is text that a terminal only prints."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    lines = text.replace("\r\n", "\n").split("\n")
    return text if all(line.replace("\t", "").isprintable() for line in lines) else None


def hexdump(body: bytes) -> str:
    """The beginning of a body in hexadecimal."""
    lines = []
    for start in range(0, min(len(body), _DUMPED), 16):
        row = body[start : min(start + 16, _DUMPED)]
        seen = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{start:08x}  {row.hex(' '):<47}  {seen}")
    if (more := len(body) - _DUMPED) > 0:
        lines.append(f"… {more:,} more {'byte' if more == 1 else 'bytes'}")
    return "\n".join(lines)


def plain(value: Any, depth: int = 0) -> Any:
    """A value of AMQP as JSON has it, as near as it can be."""
    if depth > _DEEP:
        return "…"
    if isinstance(value, Mapping):
        return {_plain_text(name): plain(each, depth + 1) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each, depth + 1) for each in value]
    if isinstance(value, datetime):  # py-amqp decodes it in UTC, without saying so
        return f"{value.isoformat()}Z"
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and isfinite(value)):
        return value
    return _plain_text(value)


def _plain_text(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    return printable(text, len(text)) or ""
