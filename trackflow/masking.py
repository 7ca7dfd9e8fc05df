"""Hides fields of payloads that nobody should read: before they leave the server, wherever they go."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from pydantic import JsonValue

HIDDEN = "•••"


class Mask:
    """Patterns of field names, as `card*` or `*secret*`, in any case of their letters."""

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        self._patterns = tuple(pattern.casefold() for pattern in patterns)

    def hides(self, field: str) -> bool:
        """Whether a field of this name is hidden."""
        return any(fnmatchcase(field.casefold(), pattern) for pattern in self._patterns)

    def masked(self, value: JsonValue) -> JsonValue:
        """The value with every hidden field's value replaced, however deep it lies."""
        if isinstance(value, dict):
            return {name: HIDDEN if self.hides(name) else self.masked(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.masked(each) for each in value]
        return value
