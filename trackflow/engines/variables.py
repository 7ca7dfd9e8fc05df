"""Which parts of an event's payload a BPMN engine is given. The same on every engine."""

from __future__ import annotations

import json

from pydantic import JsonValue

Scalar = str | int | float | bool | None


def variables_of(payload: JsonValue, wanted: frozenset[str]) -> dict[str, Scalar]:
    """The process variables that an event sets.

    An object's fields become variables of the same names, any other payload the variable `payload`. Only
    those in `wanted` are kept: a process engine is no place for customer data. A list or an object as a value
    becomes its JSON text: every engine has strings, but their types for structures differ.
    """
    fields = payload if isinstance(payload, dict) else {"payload": payload}
    return {name: _scalar(fields[name]) for name in wanted & fields.keys()}


def _scalar(value: JsonValue) -> Scalar:
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return value
