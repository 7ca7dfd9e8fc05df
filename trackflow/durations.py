"""Durations as BPMN models and the choreography have them: ISO 8601, like PT10M, P1DT12H, P2W, P1M."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import datetime, timedelta
from typing import NamedTuple

_WHOLE = r"(\d{1,9})"
_NUMBER = r"(\d{1,12}(?:\.\d{1,9})?)"
_ISO = re.compile(
    rf"P(?:{_WHOLE}Y)?(?:{_WHOLE}M)?(?:{_NUMBER}W)?(?:{_NUMBER}D)?"
    rf"(?:T(?=\d)(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?",
    re.ASCII,
)
_SECONDS = (604_800, 86_400, 3_600, 60, 1)


class Period(NamedTuple):
    """A duration, with what has no fixed length kept apart."""

    years: int
    months: int
    seconds: float

    @property
    def is_fixed(self) -> bool:
        """Whether it is as long whenever it begins."""
        return not (self.years or self.months)

    def after(self, start: datetime) -> datetime:
        """The end of the period that begins then: the years first, then the months, then the rest.

        As `javax.xml.datatype.Duration.addTo(Calendar)` does it: a day that a month has not is its last.

        Raises OverflowError beyond the year 9999.
        """
        try:
            later = _months_after(_months_after(start, 12 * self.years), self.months)
        except ValueError as exc:
            raise OverflowError("beyond the year 9999") from exc
        return later + timedelta(seconds=self.seconds)


def period_of(text: str) -> Period:
    """The period that a text says, which may be of no length, as PT0S is. Raises ValueError: it says none."""
    found = _ISO.fullmatch(text.strip())
    if found is None or not any(found.groups()):
        raise ValueError("should be a duration like PT10M, PT2H30M or P1D")
    years, months, *rest = found.groups(default="0")
    seconds = sum(float(part) * unit for part, unit in zip(rest, _SECONDS, strict=True))
    return Period(int(years), int(months), seconds)


def seconds_of(text: str) -> float:
    """How many seconds a duration has.

    Raises ValueError: it is none, is nothing, or has years or months, which have no fixed length.
    """
    period = period_of(text)
    if not period.is_fixed or not period.seconds:
        raise ValueError("should be a duration like PT10M, PT2H30M or P1D")
    return period.seconds


def _months_after(start: datetime, months: int) -> datetime:
    years, month = divmod(start.month - 1 + months, 12)
    year, month = start.year + years, month + 1
    return start.replace(year=year, month=month, day=min(start.day, monthrange(min(year, 9999), month)[1]))
