"""Durations as BPMN models and the choreography have them: ISO 8601, like PT10M, PT2H30M, P1DT12H, P2W."""

from __future__ import annotations

import re

_NUMBER = r"(\d+(?:\.\d+)?)"
# No years and months: they have no fixed length, and nobody should wait for one.
_ISO = re.compile(
    rf"P(?:{_NUMBER}W)?(?:{_NUMBER}D)?(?:T(?=\d)(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?", re.ASCII
)
_SECONDS = (604_800, 86_400, 3_600, 60, 1)


def seconds_of(text: str) -> float:
    """How many seconds a duration has. Raises ValueError: it is none, or is nothing."""
    found = _ISO.fullmatch(text.strip())
    parts = found.groups(default="0") if found else ()
    seconds = sum(float(part) * unit for part, unit in zip(parts, _SECONDS, strict=False))
    if not seconds or seconds == float("inf"):
        raise ValueError("should be a duration like PT10M, PT2H30M or P1D")
    return seconds
