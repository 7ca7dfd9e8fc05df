"""One dead letter in full. Its headers and body may hold anything; what is printed is printable."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from math import isfinite
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from trackflow.cli.console import counted, table
from trackflow.cli.letters import letter_as_json
from trackflow.tracking.audit import Act
from trackflow.tracking.orders import iso
from trackflow.upkeep.letter import Letter, printable
from trackflow.upkeep.raw_writer import why_not_copied

_TEXT = 10_000  # characters of a body that are shown
_DUMPED = 256  # bytes of a body that is no text
_VALUE = 1000  # characters of a header
_DEEP = 20  # levels of a header that are shown


def portrait(letter: Letter, acts: Sequence[Act] | str) -> RenderableType:
    """The letter for a person; `acts` is what was done to it, or why that is not known."""
    return Group(
        _facts(letter),
        Text(),
        _headers(letter),
        Text(),
        Text(f"Body, {counted(len(letter.raw.body), 'byte')}", "dim"),
        Text(_shown(letter.raw.body)),
        Text(),
        Text("On replay", "dim"),
        Text(fate(letter)),
        *_history(acts),
    )


def full_as_json(letter: Letter, acts: Sequence[Act] | str) -> dict[str, Any]:
    """The letter as `dead show --json` prints it; a body that is no text is in `bodyBase64`."""
    text = _as_text(letter.raw.body)
    return {
        **letter_as_json(letter),
        "properties": _plain(letter.raw.properties),
        "headers": _plain(letter.raw.headers),
        "body": text,
        "bodyBase64": base64.b64encode(letter.raw.body).decode() if text is None else None,
        "onReplay": fate(letter),
        "acts": None if isinstance(acts, str) else [act.as_json() for act in acts],
    }


def fate(letter: Letter) -> str:
    """What would happen if the letter were replayed."""
    why = why_not_copied(letter.raw, letter.headers)
    if why is not None:
        return f"It cannot be replayed: {printable(why, _VALUE)}. It can be discarded."
    there = f"It goes to the queue {letter.queue} and nowhere else"
    if letter.reason == "unreadable":
        return f"{there}, and comes back unless its worker has learnt to read it."
    return f"{there}, and its task handles it as if it were new."


def _facts(letter: Letter) -> Table:
    facts = table("", "", wraps="")
    facts.show_header = False
    headers = letter.raw.headers
    for name, value in (
        ("id", letter.id),
        ("died in", letter.queue),
        ("at", iso(letter.at)),
        ("reason", letter.reason),
        ("error", letter.error),
        ("message", letter.message),
        ("attempts", letter.attempts),
        ("event", letter.event),
        ("order", letter.business_key),
        ("sent by", printable(letter.raw.properties.get("app_id"))),
        ("caused by", printable(headers.get("cause"))),
        ("published at", printable(headers.get("published-at"))),
    ):
        if value is not None:
            facts.add_row(Text(name, "dim"), str(value))
    return facts


def _headers(letter: Letter) -> Table:
    rows = table("property or header", "value", wraps="value")
    for values in (letter.raw.properties, letter.raw.headers):
        for name, value in sorted(_plain(values).items()):
            rows.add_row(name, printable(str(value), _VALUE) or "–")
    return rows


def _history(acts: Sequence[Act] | str) -> Iterator[RenderableType]:
    if not acts:
        return
    yield Text()
    yield Text("Done before", "dim")
    if isinstance(acts, str):
        yield Text(f"unknown: {acts}")
        return
    for act in acts:
        where = f" from {act.entry.queue}" if act.entry.queue else ""
        why = f": {printable(act.why)}" if act.why else ""
        yield Text(f"{iso(act.at)} {act.action}{where} by {act.who}{why}")


def _shown(body: bytes) -> str:
    text = _as_text(body)
    if text is None:
        return _hexdump(body)
    return text if len(text) <= _TEXT else f"{text[:_TEXT]}\n… {counted(len(text) - _TEXT, 'more character')}"


def _as_text(body: bytes) -> str | None:
    """The body, if it is text that a terminal only prints."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return text if all(line.replace("\t", "").isprintable() for line in _lines(text)) else None


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").split("\n")


def _hexdump(body: bytes) -> str:
    lines = []
    for start in range(0, min(len(body), _DUMPED), 16):
        row = body[start : min(start + 16, _DUMPED)]
        seen = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{start:08x}  {row.hex(' '):<47}  {seen}")
    if len(body) > _DUMPED:
        lines.append(f"… {counted(len(body) - _DUMPED, 'more byte')}")
    return "\n".join(lines)


def _plain(value: Any, depth: int = 0) -> Any:
    """A value of AMQP as JSON has it, as near as it can be."""
    if depth > _DEEP:
        return "…"
    if isinstance(value, Mapping):
        return {_plain_text(name): _plain(each, depth + 1) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each, depth + 1) for each in value]
    if isinstance(value, datetime):  # py-amqp decodes it in UTC, without saying so
        return f"{value.isoformat()}Z"
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and isfinite(value)):
        return value
    return _plain_text(value)


def _plain_text(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    return printable(text, len(text)) or ""
