"""The values of expressions: coercions and operators, as JUEL has them.

JUEL is the expression language of Camunda 7, Operaton and CIB seven. The rules are those of its
`TypeConverterImpl`, `BooleanOperations` and `NumberOperations`: null and the empty string count as 0, number
strings count as numbers, whole numbers are Java's `Long`, ordering anything against null is false.

A value is a JSON value. Every fault is a ValueError whose text says what is wrong with the value.
"""

from __future__ import annotations

import math
import re

_WHOLE = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*")
_LONG = 1 << 63


def shown(value: object) -> str:
    """The value for an error's text: never longer than a line can bear."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:36]} ..."


def is_number(value: object) -> bool:
    """Whether it is a number; to Python a Boolean is one too, to Java it is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def whole(value: object) -> int:
    """The value as a Java `Long`."""
    if value is None or value == "":
        return 0
    if isinstance(value, str) and len(value) <= 20 and _WHOLE.fullmatch(value):
        value = int(value)
    if isinstance(value, float) and math.isfinite(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{shown(value)} is no whole number")  # noqa: TRY004
    if not -_LONG <= value < _LONG:
        raise ValueError(f"{shown(value)} does not fit into 64 bits")
    return value


def decimal(value: object) -> float:
    """The value as a Java `Double`."""
    if isinstance(value, float):
        return value
    if isinstance(value, str) and value:
        if not _DECIMAL.fullmatch(value):
            raise ValueError(f"{shown(value)} is no number")
        return float(value)
    return float(whole(value))


def boolean(value: object) -> bool:
    """The value as a Boolean: null and every string but "true" are false; a number is an error."""
    if isinstance(value, bool):
        return value
    if value is None or isinstance(value, str):
        return value is not None and value.lower() == "true"
    raise ValueError(f"{shown(value)} is no Boolean")


def text(value: object) -> str:
    """The value as a string."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise ValueError(f"{shown(value)} is no text")


def _numbers(left: object, right: object) -> tuple[int, int] | tuple[float, float]:
    """Both as decimals if one of them looks like one, else both as whole numbers."""
    if any(isinstance(x, float) or (isinstance(x, str) and set(".eE") & set(x)) for x in (left, right)):
        return decimal(left), decimal(right)
    return whole(left), whole(right)


def _fit(number: int | float) -> int | float:
    """Whole numbers wrap at 64 bits, as Java's do."""
    return number if isinstance(number, float) else (number + _LONG) % (2 * _LONG) - _LONG


def add(left: object, right: object) -> object:
    """`+`: numbers only; JUEL does not join strings."""
    a, b = _numbers(left, right)
    return _fit(a + b)


def subtract(left: object, right: object) -> object:
    """`-`."""
    a, b = _numbers(left, right)
    return _fit(a - b)


def multiply(left: object, right: object) -> object:
    """`*`."""
    a, b = _numbers(left, right)
    return _fit(a * b)


def divide(left: object, right: object) -> object:
    """`/`: always decimal, and by zero infinite, as in Java."""
    if left is None and right is None:
        return 0
    a, b = decimal(left), decimal(right)
    if b == 0:
        return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1, b)
    return a / b


def remainder(left: object, right: object) -> object:
    """`%`: has the sign of the dividend, as in Java."""
    if left is None and right is None:
        return 0
    a, b = _numbers(left, right)
    if isinstance(a, float):
        return math.nan if b == 0 or math.isinf(a) else math.fmod(a, b)
    if b == 0:
        raise ValueError("division by zero")
    return int(math.copysign(1, a)) * (abs(a) % abs(b))


def equal(left: object, right: object) -> bool:
    """`==`: null equals null only; otherwise the more special type decides how both are read."""
    if left is None or right is None:
        return left is right
    if isinstance(left, float) or isinstance(right, float):
        return decimal(left) == decimal(right)
    if is_number(left) or is_number(right):
        return whole(left) == whole(right)
    if isinstance(left, bool) or isinstance(right, bool):
        return boolean(left) == boolean(right)
    if isinstance(left, str) or isinstance(right, str):
        return text(left) == text(right)
    return left == right


def less(left: object, right: object) -> bool:
    """`<`: false if either is null."""
    if left is None or right is None:
        return False
    if isinstance(left, float) or isinstance(right, float):
        return decimal(left) < decimal(right)
    if is_number(left) or is_number(right):
        return whole(left) < whole(right)
    if isinstance(left, str) or isinstance(right, str):
        return text(left) < text(right)
    if isinstance(left, bool) and isinstance(right, bool):
        return left < right
    raise ValueError(f"{shown(left)} cannot be compared with {shown(right)}")


def less_or_equal(left: object, right: object) -> bool:
    """`<=`: true if both are null, false if one is."""
    if left is None or right is None:
        return left is right
    return not less(right, left)


def is_empty(value: object) -> bool:
    """`empty`: null, or a string, list or map with nothing in it."""
    return value is None or (isinstance(value, str | list | dict) and not value)
