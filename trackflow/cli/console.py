"""How things look: tables and colours where a person reads, the same without them in a pipe."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import click
from rich.console import Console
from rich.table import Table

# A pipe has no width. So wide that nothing is wrapped there: a business key in two pieces is no key.
_PIPE_WIDTH = 10_000

# What JSON need not escape, though it moves the cursor, turns the direction of writing or cannot be encoded.
_OBEYED = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def console(stderr: bool = False) -> Console:
    """Where to print for a person. `NO_COLOR`, and Celery's `--no-color`, are respected."""
    stream = sys.stderr if stderr else sys.stdout
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")  # a terminal that cannot show ● shows ?
    context = click.get_current_context(silent=True)
    no_color = bool(context and getattr(context.obj, "no_color", False)) or None
    made = Console(stderr=stderr, no_color=no_color, highlight=False, markup=False, emoji=False)
    if not made.is_terminal:
        made.width = _PIPE_WIDTH
    return made


def print_json(document: Any) -> None:
    """Exactly one JSON document on stdout, with nothing in it that a terminal would obey."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    click.echo(_OBEYED.sub(lambda match: f"\\u{ord(match[0]):04x}", text))


def table(*columns: str, wraps: str | None = None) -> Table:
    """A table without frames, in which only the column `wraps` is broken where the terminal is too narrow."""
    made = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for column in columns:
        made.add_column(column, no_wrap=column != wraps, overflow="fold")
    return made
