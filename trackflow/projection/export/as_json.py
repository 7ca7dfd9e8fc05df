"""As a JSON array (RFC 8259), an order on each line: as the API lists it, with its events and their payloads.

A file that does not end in `]` is not complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from json import dumps

from trackflow.projection.export.reading import Exported


def json(orders: Iterable[Exported]) -> Iterator[str]:
    """The pieces of the file."""
    yield "["
    between = "\n"
    for each in orders:
        found = [event.as_json() | {"payload": event.payload} for event in each.events]
        yield between + dumps(each.order.as_json() | {"events": found}, ensure_ascii=False)
        between = ",\n"
    yield "\n]\n"
