"""Which parts of an event's payload a BPMN engine is given. The same on every engine."""

from __future__ import annotations

import json

from pydantic import JsonValue

Scalar = str | int | float | bool | None

_TEXT = 4000  # as long as the engines' column, in UTF-16 code units on H2, characters elsewhere


def variables_of(payload: JsonValue, wanted: frozenset[str]) -> dict[str, Scalar]:
    """The process variables that an event sets.

    An object's fields become variables of the same names, any other payload the variable `payload`. Only
    those in `wanted` are kept: a process engine is no place for customer data. A list or an object as a value
    becomes its JSON text: every engine has strings, but their types for structures differ. Texts are cut to
    what every database of every engine can keep: an event must not fail for ever for its length.
    """
    fields = payload if isinstance(payload, dict) else {"payload": payload}
    return {name: _scalar(fields[name]) for name in wanted & fields.keys()}


def _scalar(value: JsonValue) -> Scalar:
    if isinstance(value, list | dict):
        value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _fitting(value) if isinstance(value, str) else value


def _fitting(text: str) -> str:
    """Cut after 4000 UTF-16 code units, without NUL, which PostgreSQL cannot store, nor half characters."""
    text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return text.encode("utf-16-le", "replace")[: 2 * _TEXT].decode("utf-16-le", "ignore")
