"""One dead letter in full. Its headers and body may hold anything; what is printed is printable."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from trackflow.cli.console import table
from trackflow.cli.letters import letter_as_json
from trackflow.tracking.audit import Act
from trackflow.tracking.orders import iso
from trackflow.upkeep.letter import Letter, printable
from trackflow.upkeep.letter_text import as_text, fate, hexdump, plain
from trackflow.words import counted

_TEXT = 10_000  # characters of a body that are shown
_VALUE = 1000  # characters of a header


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
    text = as_text(letter.raw.body)
    return {
        **letter_as_json(letter),
        "properties": plain(letter.raw.properties),
        "headers": plain(letter.raw.headers),
        "body": text,
        "bodyBase64": base64.b64encode(letter.raw.body).decode() if text is None else None,
        "onReplay": fate(letter),
        "acts": None if isinstance(acts, str) else [act.as_json() for act in acts],
    }


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
        for name, value in sorted(plain(values).items()):
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
    text = as_text(body)
    if text is None:
        return hexdump(body)
    return text if len(text) <= _TEXT else f"{text[:_TEXT]}\n… {counted(len(text) - _TEXT, 'more character')}"
