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


class Concealed:
    """A value for a form, its hidden fields as marks: what comes back has them again where they were left.

    Attributes:
        value: with `•••`, `••• 2`, … in place of the hidden values.
    """

    def __init__(self, mask: Mask, value: JsonValue) -> None:
        self._mask = mask
        self._hidden: dict[str, JsonValue] = {}
        self.value = self._conceal(value)

    def reveal(self, edited: JsonValue) -> JsonValue:
        """The edited value with the hidden ones in place of their marks, each only in a field that is hidden.

        Raises ValueError: a mark stands elsewhere, where anybody could read the value, or is none of ours.
        """
        if isinstance(edited, dict):
            return {
                name: self._revealed(each) if self._mask.hides(name) else self.reveal(each)
                for name, each in edited.items()
            }
        if isinstance(edited, list):
            return [self.reveal(each) for each in edited]
        if _is_mark(edited):
            raise ValueError(f"{edited} stands for a hidden value, and this field is not hidden")
        return edited

    def _conceal(self, value: JsonValue) -> JsonValue:
        if isinstance(value, dict):
            return {
                name: self._mark(each) if self._mask.hides(name) else self._conceal(each)
                for name, each in value.items()
            }
        if isinstance(value, list):
            return [self._conceal(each) for each in value]
        return value

    def _mark(self, value: JsonValue) -> str:
        mark = f"{HIDDEN} {len(self._hidden) + 1}" if self._hidden else HIDDEN
        self._hidden[mark] = value
        return mark

    def _revealed(self, value: JsonValue) -> JsonValue:
        if isinstance(value, str) and _is_mark(value):
            if value not in self._hidden:
                raise ValueError(f"{value} stands for no value that was there")
            return self._hidden[value]
        return self.reveal(value)


def _is_mark(value: JsonValue) -> bool:
    return isinstance(value, str) and value.startswith(HIDDEN)
