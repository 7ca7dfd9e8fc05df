"""As CSV (RFC 4180), a row for each event, for people who open it in a spreadsheet.

It begins with a byte order mark: without one, Excel takes UTF-8 for the code page of the machine. A cell that
a spreadsheet would take for a formula has an apostrophe before it, which spreadsheets do not show
(https://owasp.org/www-community/attacks/CSV_Injection). Programs read JSON better.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from csv import writer
from io import StringIO
from typing import Any

from trackflow.projection.export.reading import Exported
from trackflow.tracking.orders import Event

_MARK = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_OF_ORDER = ("businessKey", "tenant", "state", "process", "version")
_OF_EVENT = ("event", "id", "cause", "outcome", "reason", "deliveries")
_TIMES = ("publishedAt", "receivedAt", "correlatedAt")
COLUMNS = (*_OF_ORDER, *_OF_EVENT, *_TIMES, "payload")


def csv(orders: Iterable[Exported]) -> Iterator[str]:
    """The pieces of the file."""
    yield _MARK + _rows([COLUMNS])
    for each in orders:
        order = each.order.as_json()
        first = [order[name] for name in _OF_ORDER]
        yield _rows([*first, *_cells(event)] for event in each.events)


def _cells(event: Event) -> list[Any]:
    fields = event.as_json()
    payload = "" if event.payload is None else json.dumps(event.payload, ensure_ascii=False)
    return [*(fields[name] for name in (*_OF_EVENT, *_TIMES)), payload]


def _rows(rows: Iterable[Sequence[Any]]) -> str:
    text = StringIO(newline="")
    writer(text, lineterminator="\r\n").writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
