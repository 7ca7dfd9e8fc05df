"""Numbers and durations in words, as a person would say them."""

from __future__ import annotations

from collections.abc import Iterable


def span(seconds: float) -> str:
    """A duration in the unit that a person would use."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms" if seconds >= 0.0009995 else f"{seconds * 1000:.1f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    value, unit = _in_largest_unit(seconds, "s", "min", "h", "d")
    return f"{value:.0f} {unit}"


def age(seconds: float) -> str:
    """How long ago, in a column: `12s`, `5m`, `3h`, `2d`."""
    value, unit = _in_largest_unit(max(0.0, seconds), "s", "m", "h", "d")
    return f"{value:.0f}{unit}"


def counted(number: int, noun: str) -> str:
    """`1 order`, `2 orders`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def joined(words: Iterable[str], nothing: str = "–") -> str:
    """Words with commas between them."""
    return ", ".join(words) or nothing


def _in_largest_unit(seconds: float, *units: str) -> tuple[float, str]:
    value = seconds
    for size, unit in zip((60, 60, 24), units, strict=False):
        if value < size - 0.5:  # what rounds up to 60 s is a minute
            return value, unit
        value /= size
    return value, units[-1]
