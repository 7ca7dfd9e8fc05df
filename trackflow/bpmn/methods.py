"""What can be asked of a value in an expression: the properties and methods that only look.

Nothing is reached through Python's attributes. Every fault is a ValueError whose text says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from trackflow.bpmn.values import is_empty, shown, text, whole

_BLANKS = "".join(map(chr, range(33)))  # what Java's trim() takes away


def item(base: object, key: object) -> object:
    """`base.key` and `base[key]`: of a map or a list, null where there is none. Nothing else has any."""
    if base is None or key is None:
        return None
    if isinstance(base, dict):
        return base.get(key) if isinstance(key, str) else None
    if isinstance(base, list):
        index = whole(key)
        return base[index] if 0 <= index < len(base) else None
    raise ValueError(f"{shown(base)} has no property {shown(key)}")


class _Method(NamedTuple):
    call: Callable[..., object]
    parameters: Sequence[Callable[[object], object]] = ()  # how each argument is coerced
    optional: int = 0  # so many of the last arguments may be missing


def _same(value: object) -> object:
    return value


def _substring(string: str, begin: int, end: int | None = None) -> str:
    stop = len(string) if end is None else end
    if not 0 <= begin <= stop <= len(string):
        raise ValueError(f"{shown(string)} has no part from {begin} to {stop}")
    return string[begin:stop]


def _element(values: list[object], index: int) -> object:
    if not 0 <= index < len(values):
        raise ValueError(f"a list of {len(values)} has no element {index}")
    return values[index]


# As Java's methods of the same names.
_METHODS: dict[type, dict[str, _Method]] = {
    str: {
        "equals": _Method(lambda s, other: isinstance(other, str) and s == other, (_same,)),
        "equalsIgnoreCase": _Method(lambda s, other: s.lower() == other.lower(), (text,)),
        "contains": _Method(lambda s, part: part in s, (text,)),
        "startsWith": _Method(lambda s, part: s.startswith(part), (text,)),
        "endsWith": _Method(lambda s, part: s.endswith(part), (text,)),
        "indexOf": _Method(lambda s, part: s.find(part), (text,)),
        "substring": _Method(_substring, (whole, whole), optional=1),
        "length": _Method(len),
        "isEmpty": _Method(is_empty),
        "toLowerCase": _Method(lambda s: s.lower()),
        "toUpperCase": _Method(lambda s: s.upper()),
        "trim": _Method(lambda s: s.strip(_BLANKS)),
    },
    list: {
        "contains": _Method(lambda values, value: value in values, (_same,)),
        "get": _Method(_element, (whole,)),
        "indexOf": _Method(lambda values, value: values.index(value) if value in values else -1, (_same,)),
        "isEmpty": _Method(is_empty),
        "size": _Method(len),
    },
    dict: {
        "containsKey": _Method(lambda mapping, key: key in mapping, (text,)),
        "get": _Method(lambda mapping, key: mapping.get(key), (text,)),
        "isEmpty": _Method(is_empty),
        "size": _Method(len),
    },
}
METHOD_NAMES = frozenset(name for methods in _METHODS.values() for name in methods)


def call(base: object, name: str, arguments: Sequence[object]) -> object:
    """`base.name(arguments)`: one of the methods above."""
    method = _METHODS.get(type(base), {}).get(name)
    if method is None:
        raise ValueError(f"{shown(base)} has no method {name!r}")
    most = len(method.parameters)
    if not most - method.optional <= len(arguments) <= most:
        raise ValueError(f"{name!r} takes {most} arguments, not {len(arguments)}")
    return method.call(
        base, *(coerce(value) for coerce, value in zip(method.parameters, arguments, strict=False))
    )
