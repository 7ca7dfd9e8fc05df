"""The operators of expressions, with JUEL's rules: its `NumberOperations` and `BooleanOperations`.

Whole numbers are Java's `Long` and wrap at 64 bits; null is 0 in arithmetic, and neither less nor greater
than anything. `trackflow.bpmn.values` says how other types are read. Every fault is a ValueError whose text
says what is wrong with the value.
"""

from __future__ import annotations

import math

from trackflow.bpmn.values import Integer, boolean, decimal, is_number, shown, text, whole, wrapped


def _is_decimal(value: object) -> bool:
    """Whether arithmetic with it is that of Doubles."""
    return isinstance(value, float) or (isinstance(value, str) and any(sign in value for sign in ".eE"))


def _numbers(left: object, right: object) -> tuple[int, int] | tuple[float, float]:
    """Both as Doubles if one of them looks like one, else both as Longs."""
    if _is_decimal(left) or _is_decimal(right):
        return decimal(left), decimal(right)
    return whole(left), whole(right)


def _fit(number: int | float) -> int | float:
    return number if isinstance(number, float) else wrapped(number)


def add(left: object, right: object) -> object:
    """`+`: numbers only; JUEL does not join strings."""
    a, b = _numbers(left, right)
    return _fit(a + b)


def subtract(left: object, right: object) -> object:
    """`-` between two values."""
    a, b = _numbers(left, right)
    return _fit(a - b)


def multiply(left: object, right: object) -> object:
    """`*`."""
    a, b = _numbers(left, right)
    return _fit(a * b)


def divide(left: object, right: object) -> object:
    """`/`: always a Double, and by zero infinite, as in Java."""
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
    return abs(a) % abs(b) * (-1 if a < 0 else 1)


def negate(value: object) -> object:
    """`-` before a value."""
    if isinstance(value, bool):
        raise ValueError(f"{shown(value)} is no number")  # noqa: TRY004
    if isinstance(value, Integer):
        return Integer(-value)
    return -decimal(value) if _is_decimal(value) else wrapped(-whole(value))


def equal(left: object, right: object) -> bool:
    """`==`: null equals null only; otherwise the more special type decides how both are read."""
    if left is None or right is None:
        return left is right
    if isinstance(left, float) or isinstance(right, float):
        return same(decimal(left), decimal(right))
    if is_number(left) or is_number(right):
        return whole(left) == whole(right)
    if isinstance(left, bool) or isinstance(right, bool):
        return boolean(left) == boolean(right)
    if isinstance(left, str) or isinstance(right, str):
        return text(left) == text(right)
    return left is right or _no_comparison(left, right)


def unequal(left: object, right: object) -> bool:
    """`!=`."""
    return not equal(left, right)


def same(left: object, right: object) -> bool:
    """As Java's `equals` of two values: of one type, NaN equals NaN, and 0.0 not -0.0."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list | dict):
        return left is right or _no_comparison(left, right)
    if isinstance(left, float) and isinstance(right, float):
        if math.isnan(left) or math.isnan(right):
            return math.isnan(left) and math.isnan(right)
        return left == right and math.copysign(1, left) == math.copysign(1, right)
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
        return _units(text(left)) < _units(text(right))
    if isinstance(left, bool) and isinstance(right, bool):
        return left < right
    return left is not right and _no_comparison(left, right)


def greater(left: object, right: object) -> bool:
    """`>`."""
    return less(right, left)


def less_or_equal(left: object, right: object) -> bool:
    """`<=`: what is not greater, even NaN; true if both are null, false if one is."""
    if left is None or right is None:
        return left is right
    return not less(right, left)


def greater_or_equal(left: object, right: object) -> bool:
    """`>=`."""
    return less_or_equal(right, left)


def is_empty(value: object) -> bool:
    """`empty`: null, or a string, list or map with nothing in it."""
    return value is None or (isinstance(value, str | list | dict) and not value)


def negation(value: object) -> bool:
    """`!`."""
    return not boolean(value)


def _units(string: str) -> bytes:
    """Java orders strings by their UTF-16 units."""
    return string.encode("utf-16-be", "surrogatepass")


def _no_comparison(left: object, right: object) -> bool:
    raise ValueError(f"{shown(left)} cannot be compared with {shown(right)}")
