"""The values of expressions, and how one type is read as another.

The rules are JUEL's, the expression language of Camunda 7, Operaton and CIB seven (its `TypeConverterImpl`).
What is called Long, Double and Boolean there is int, float and bool here. Each column says what becomes of
the value on the left where the type above is needed; `-` is an error.

    value     | Long                    | Double             | Boolean         | String
    ----------+-------------------------+--------------------+-----------------+--------------------------
    null, ''  | 0                       | 0.0                | false           | ''
    Boolean   | -                       | -                  | itself          | true, false
    Long      | itself                  | the nearest        | -               | its digits
    Double    | cut, kept in 64 bits,   | itself             | -               | as Java writes it: 1.0,
              | NaN is 0                |                    |                 | 1.0E10, NaN, -Infinity
    String    | digits with a sign that | as Java reads it:  | whether it is   | itself
              | fit into 64 bits        | 1, 1.5e3, Infinity | true, TRUE, …   |
    list, map | -                       | -                  | -               | -

Other than JUEL, no String is read as a hexadecimal Double, and no list or map is written as a String.

A variable has a JSON value. An int that does not fit into 64 bits is a Double, as for the engines
(`trackflow.engines.camunda.words`). Every fault is a ValueError whose text says what is wrong with the value.
"""

from __future__ import annotations

import math
import re
import unicodedata
from decimal import Decimal

_DIGITS = re.compile(r"[+-]?\d+")
_DOUBLE = re.compile(r"[+-]?(?:NaN|Infinity|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fFdD]?)")
_LONGEST = 20  # characters of a Long with its sign
_LONG = 1 << 63
_INTEGER = 1 << 31
BLANKS = "".join(map(chr, range(33)))  # what Java's trim() takes away


class Integer(int):
    """A Java `Integer`, as lengths and indices are: `equals` tells it from a `Long`."""


class Missing(ValueError):
    """There is nothing of this name: the one fault that only makes a conditional event's condition false."""


def shown(value: object) -> str:
    """The value for an error's text: never longer than a line can bear."""
    if isinstance(value, list | dict):
        return f"a {'list' if isinstance(value, list) else 'map'} of {len(value)}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if not isinstance(value, str):
        return text(value)
    return repr(value) if len(value) <= 40 else f"{value[:36]!r}..."


def of_variable(value: object) -> object:
    """A variable's value as the engines are given it: an int that no Long can hold becomes a Double."""
    if type(value) is not int or -_LONG <= value < _LONG:
        return value
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def is_number(value: object) -> bool:
    """Whether it is a number; to Python a Boolean is one too, to Java it is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def whole(value: object) -> int:
    """The value as a Java `Long`."""
    if value is None or value == "":
        return 0
    if isinstance(value, str):
        return _parsed(value, _LONG)
    if isinstance(value, float):
        return 0 if math.isnan(value) else int(max(-_LONG, min(value, _LONG - 1)))
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{shown(value)} is no whole number")  # noqa: TRY004
    return value


def index(value: object) -> int:
    """The value as a Java `Integer`: of a Long, the lower 32 bits."""
    if isinstance(value, str) and value:
        return _parsed(value, _INTEGER)
    if isinstance(value, float):
        return max(-_INTEGER, min(whole(value), _INTEGER - 1))
    return wrapped(whole(value), _INTEGER)


def wrapped(number: int, half: int = _LONG) -> int:
    """The number as a register of twice `half` values keeps it, as Java's arithmetic does."""
    return (number + half) % (2 * half) - half


def _parsed(string: str, half: int) -> int:
    """As Java's `parseLong`: digits of any script, and no blanks."""
    # Its digits are single UTF-16 units.
    if not _DIGITS.fullmatch(string) or (not string.isascii() and max(string) > "\uffff"):
        raise ValueError(f"{shown(string)} is no whole number")
    sign = string[0] if string[0] in "+-" else ""
    digits = string.removeprefix(sign)
    if not digits.isascii():
        digits = "".join(str(unicodedata.decimal(digit)) for digit in digits)
    digits = digits.lstrip("0") or "0"
    number = int(sign + digits) if len(digits) < _LONGEST else _LONG
    if not -half <= number < half:
        raise ValueError(f"{shown(string)} does not fit into {half.bit_length()} bits")
    return number


def decimal(value: object) -> float:
    """The value as a Java `Double`."""
    if isinstance(value, float):
        return value
    if isinstance(value, str) and value:
        number = value.strip(BLANKS)
        if not _DOUBLE.fullmatch(number):
            raise ValueError(f"{shown(value)} is no number")
        return float(number.rstrip("fFdD"))
    return float(whole(value))


def boolean(value: object) -> bool:
    """The value as a Boolean."""
    if isinstance(value, bool):
        return value
    if value is None or isinstance(value, str):
        return value is not None and len(value) == 4 and value.lower() == "true"
    raise ValueError(f"{shown(value)} is no Boolean")


def text(value: object) -> str:
    """The value as a String."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return _double(value)
    raise ValueError(f"{shown(value)} is no text")


def _double(number: float) -> str:
    """As Java's `Double.toString`: the fewest digits that tell it, but two at least.

    Before Java 19 some numbers had a digit more there; the engine's image has a newer one.
    """
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    sign = "-" if math.copysign(1, number) < 0 else ""
    _, digits, _ = Decimal(repr(number)).normalize().as_tuple()
    shortest = f"{abs(number):.{max(len(digits) - 1, 1)}e}"
    mantissa, _, exponent = shortest.partition("e")
    if number == 0 or -3 <= int(exponent) < 7:
        places = max(len(digits) - 1 - int(exponent), 1)
        return f"{sign}{abs(number):.{places}f}"
    return f"{sign}{mantissa}E{int(exponent)}"
