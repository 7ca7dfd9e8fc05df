"""Which orders of a process a page or the API is asked about: a period and a version, from the URL."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends, Query

from trackflow.errors import FilterError
from trackflow.projection.period import PRESETS, Period, moment

USUAL = "7d"

_VERSION = Query(ge=0, lt=2**31, description="Of the process's model; all versions without it.")
_FROM = "Begin of a period: `2026-01-31`, or `2026-01-31T12:00` (UTC). Widened to whole hours or days."
_TO = "Its end; a day counts to its end. Now without it."


@dataclass(frozen=True, slots=True)
class Selection:
    """Orders that started or ended in a period, of one version of the model or of all.

    Attributes:
        preset: the name of the period, if it has one: then it moves on with the time.
        version: None: all.
    """

    period: Period
    preset: str | None = None
    version: int | None = None

    @classmethod
    def of(
        cls, preset: str | None, first: str | None, last: str | None, version: int | None, now: float
    ) -> Selection:
        """What the words of a URL choose; USUAL if they choose no period. Raises FilterError."""
        if preset and (first or last):
            raise FilterError(f"period={preset[:40]}: from and to say already which period it is")
        if first:
            until = moment(last, ends=True).timestamp() if last else now
            return cls(Period.between(moment(first).timestamp(), until), None, version)
        if last:
            raise FilterError(f"to={last[:40]}: from is missing")
        return cls(Period.preset(preset or USUAL, now), preset or USUAL, version)

    def before(self) -> Selection:
        """The period of the same length before."""
        return Selection(self.period.before(), version=self.version)

    @property
    def parameters(self) -> dict[str, str]:
        """As a URL has them."""
        chosen = {"period": self.preset} if self.preset else self.moments
        return chosen | ({} if self.version is None else {"version": str(self.version)})

    @property
    def moments(self) -> dict[str, str]:
        """The period's begin and end, as a URL has them."""
        return dict(zip(("from", "to"), self.period.moments, strict=True))


def selection(
    period: Annotated[
        str | None, Query(description=f"One of {', '.join(PRESETS)}; {USUAL} without it.")
    ] = None,
    first: Annotated[str | None, Query(alias="from", description=_FROM)] = None,
    last: Annotated[str | None, Query(alias="to", description=_TO)] = None,
    version: Annotated[int | None, _VERSION] = None,
) -> Selection:
    """The selection of a request. Raises FilterError."""
    return Selection.of(period, first, last, version, time.time())


Selected = Annotated[Selection, Depends(selection)]


def other(
    selected: Selected,
    first: Annotated[str | None, Query(alias="other_from", description=_FROM)] = None,
    last: Annotated[str | None, Query(alias="other_to", description=_TO)] = None,
    version: Annotated[
        int | None, Query(alias="other_version", ge=0, lt=2**31, description="Of the model.")
    ] = None,
) -> Selection | None:
    """What it is compared with: another period, or the same period of another version. Raises FilterError."""
    if first or last:
        given = Selection.of(None, first, last, version, time.time())
        return replace(given, version=selected.version if version is None else version)
    return None if version is None else replace(selected, version=version)


Other = Annotated[Selection | None, Depends(other)]
