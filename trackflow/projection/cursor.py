"""Where a list that is read by keys goes on: opaque for whoever carries it, checked when it comes back."""

from __future__ import annotations

import base64
import json
import math
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from trackflow.errors import FilterError
from trackflow.message import short_text

SORTS = ("started", "updated", "key", "since")
NEWEST = "-started"


class Position(NamedTuple):
    """Of an order in a list: the value that is sorted by ("" for the key itself), then the key."""

    value: float | str
    key: str


@dataclass(frozen=True, slots=True)
class Sorting:
    """How a list is sorted.

    Attributes:
        by: one of `SORTS`: when it began, when its last event came, its key, when it came to the element.
        descending: the newest, or the last, first.
    """

    by: str
    descending: bool

    @classmethod
    def of(cls, text: str) -> Self:
        """Of a URL: `started`, or `-started` for the newest first. Raises FilterError."""
        by = text.removeprefix("-")
        if by not in SORTS:
            raise FilterError(
                f"sort={text[:80]!r}: should be {', '.join(SORTS)}, or one of these after a '-'"
            )
        return cls(by, text.startswith("-"))

    def __str__(self) -> str:
        return f"-{self.by}" if self.descending else self.by


@dataclass(frozen=True, slots=True)
class Cursor:
    """Goes on behind a position, or backwards before it.

    Attributes:
        sorting: of the list; a cursor says nothing about another one.
        position: the order at which it stands; it need not exist any more.
        backwards: to what stands before it.
    """

    sorting: Sorting
    position: Position
    backwards: bool = False

    def __str__(self) -> str:
        content = [str(self.sorting), self.backwards, *self.position]
        raw = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    @classmethod
    def of(cls, text: str, sorting: Sorting) -> Self:
        """The cursor of a URL. Raises FilterError if it is none, or of another sorting."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            sort, backwards, value, key = json.loads(raw)
            made_for = Sorting.of(sort)
            position = _position(made_for, value, short_text(key))
            if not isinstance(backwards, bool):
                raise TypeError(backwards)
        except (ValueError, TypeError, AttributeError, OverflowError, RecursionError, FilterError):
            raise FilterError(f"cursor={text[:80]!r}: is none that a list has given") from None
        if made_for != sorting:
            raise FilterError(f"cursor={text[:80]!r}: is of a list sorted by {made_for}, not by {sorting}")
        return cls(sorting, position, backwards)


def _position(sorting: Sorting, value: Any, key: str) -> Position:
    if sorting.by == "key":
        if value != "":
            raise ValueError(value)
    elif isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError(value)
    else:
        value = float(value)
    return Position(value, key)
