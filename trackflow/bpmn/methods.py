"""What can be asked of a value in an expression: the properties and methods that only look.

Nothing is reached through Python's attributes. Every fault is a ValueError whose text says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from trackflow.bpmn.operators import is_empty, same
from trackflow.bpmn.values import BLANKS, Integer, Missing, index, shown, text


def item(base: object, key: object) -> object:
    """`base.key` and `base[key]`: of a map or a list, null where there is none. Nothing else has any."""
    if key is None:
        return None
    if isinstance(base, dict):
        return base.get(key) if isinstance(key, str) else None
    if isinstance(base, list):
        if key == "":
            raise ValueError("'' is no whole number")
        position = index(key)
        return base[position] if 0 <= position < len(base) else None
    raise Missing(f"{shown(base)} has no property {shown(key)}")


class _Method(NamedTuple):
    call: Callable[..., object]
    parameters: Sequence[Callable[[object], object]] = ()  # how each argument is read
    optional: int = 0  # so many of the last arguments may be missing


def _any(value: object) -> object:
    return value


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is no string")  # noqa: TRY004
    return value


def _length(string: str) -> Integer:
    """In UTF-16 units, as everything in Java that counts characters."""
    return Integer(len(string) if string.isascii() else len(string.encode("utf-16-le", "surrogatepass")) // 2)


def _place(string: str, units: int) -> int:
    """The index of the character that begins after so many UTF-16 units."""
    if string.isascii():
        return units
    begin = string.encode("utf-16-le", "surrogatepass")[: 2 * units]
    try:
        return len(begin.decode("utf-16-le"))
    except UnicodeDecodeError as exc:
        raise ValueError(f"{units} is within a character of {shown(string)}") from exc


def _substring(string: str, begin: int, end: int | None = None) -> str:
    length = _length(string)
    stop = length if end is None else end
    if not 0 <= begin <= stop <= length:
        raise ValueError(f"{shown(string)} has no part from {begin} to {stop}")
    return string[_place(string, begin) : _place(string, stop)]


def _index_of(string: str, part: str) -> Integer:
    found = string.find(part)
    return Integer(found) if found < 0 else _length(string[:found])


def _equals_ignoring_case(string: str, other: str) -> bool:
    return len(string) == len(other) and _without_case(string) == _without_case(other)


def _without_case(string: str) -> str:
    """Character by character, as Java: ß stays one character, and İ becomes an i."""
    return string.translate({ord(character): _lower(_upper(character)) for character in set(string)})


def _upper(character: str) -> str:
    return next((one for one in (character.upper(), character.title()) if len(one) == 1), character)


def _lower(character: str) -> str:
    return character.lower()[0]  # of İ alone there are two, and the first is Java's


def _element(values: list[object], position: int) -> object:
    if not 0 <= position < len(values):
        raise ValueError(f"a list of {len(values)} has no element {position}")
    return values[position]


def _position(values: list[object], value: object) -> Integer:
    return Integer(next((place for place, other in enumerate(values) if same(value, other)), -1))


_SCALAR = {"equals": _Method(same, (_any,)), "toString": _Method(text)}
# As Java's methods of the same names.
_METHODS: Mapping[type, Mapping[str, _Method]] = {
    bool: _SCALAR,
    int: _SCALAR,
    Integer: _SCALAR,
    float: _SCALAR,
    str: {
        **_SCALAR,
        "contains": _Method(lambda string, part: part in string, (_string,)),
        "endsWith": _Method(str.endswith, (text,)),
        "equalsIgnoreCase": _Method(_equals_ignoring_case, (text,)),
        "indexOf": _Method(_index_of, (_string,)),
        "isEmpty": _Method(is_empty),
        "length": _Method(_length),
        "startsWith": _Method(str.startswith, (text,)),
        "substring": _Method(_substring, (index, index), optional=1),
        "toLowerCase": _Method(str.lower),
        "toUpperCase": _Method(str.upper),
        "trim": _Method(lambda string: string.strip(BLANKS)),
    },
    list: {
        "contains": _Method(lambda values, value: _position(values, value) >= 0, (_any,)),
        "get": _Method(_element, (index,)),
        "indexOf": _Method(_position, (_any,)),
        "isEmpty": _Method(is_empty),
        "size": _Method(lambda values: Integer(len(values))),
    },
    dict: {
        "containsKey": _Method(lambda mapping, key: isinstance(key, str) and key in mapping, (_any,)),
        "get": _Method(lambda mapping, key: mapping.get(key) if isinstance(key, str) else None, (_any,)),
        "isEmpty": _Method(is_empty),
        "size": _Method(lambda mapping: Integer(len(mapping))),
    },
}
# How many arguments a method takes: the same on every type that has it.
ARGUMENTS: Mapping[str, range] = {
    name: range(len(method.parameters) - method.optional, len(method.parameters) + 1)
    for methods in _METHODS.values()
    for name, method in methods.items()
}


def call(base: object, name: str, arguments: Sequence[object]) -> object:
    """`base.name(arguments)`: one of the methods above, with so many arguments as `ARGUMENTS` says."""
    if base is None:
        raise Missing(f"null has no method {name!r}")
    method = _METHODS.get(type(base), {}).get(name)
    if method is None:
        raise ValueError(f"{shown(base)} has no method {name!r}")
    return method.call(
        base, *(read(value) for read, value in zip(method.parameters, arguments, strict=False))
    )
