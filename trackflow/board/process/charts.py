"""The geometry of charts over time: figures in, places and words out. `templates/charts.html` draws them.

Across, places are percent of the drawing's width, so that text keeps its size on every screen; down, they are
pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from trackflow.projection.period import Period
from trackflow.projection.tables import DAY, HOUR
from trackflow.words import span

TOP, BOTTOM = 34, 176  # of the plot: above it a point says its values, below it stand the times
_ROWS = 3  # lines of the grid above zero, at most
_TIMES = 5  # words on the axis of time, at most: so many fit on a phone

_MINUTE = 60
# What people count durations by, seconds.
_STEPS = tuple(
    step * unit
    for unit, steps in (
        (0.001, (1, 2, 5, 10, 20, 50, 100, 200, 500)),
        (1, (1, 2, 5, 10, 15, 20, 30)),
        (_MINUTE, (1, 2, 5, 10, 15, 20, 30)),
        (HOUR, (1, 2, 3, 4, 6, 8, 12)),
        (DAY, (1, 2, 3, 5, 7, 10, 15, 20, 30, 60, 90, 180, 365)),
    )
    for step in steps
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the grid."""

    y: float
    words: str


@dataclass(frozen=True, slots=True)
class TimeMark:
    """A word on the axis of time."""

    x: float
    words: str
    anchor: str  # of the text: start, middle or end


@dataclass(frozen=True, slots=True)
class Point:
    """What is known of one hour, day or week.

    Attributes:
        start: epoch seconds.
        end: likewise.
        x: where its column begins.
        width: of its column.
        when: which hour, day or week it is.
        words: all of its values.
        values: in words, in the order of the chart's series.
        unfinished: it is not over.
    """

    start: int
    end: int
    x: float
    width: float
    when: str
    words: str
    values: Sequence[str]
    unfinished: bool

    @property
    def middle(self) -> float:
        """Of its column."""
        return round(self.x + self.width / 2, 3)

    @property
    def moments(self) -> dict[str, str]:
        """As a URL has them."""
        first, last = Period(self.start, self.end, HOUR).moments
        return {"from": first, "to": last}


@dataclass(frozen=True, slots=True)
class Series:
    """One row of values.

    Attributes:
        ys: where each value is, down; None where there is none.
        path: a line through them, for a box that is 1000 wide and as tall as the plot.
    """

    name: str
    ys: Sequence[float | None]
    path: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that is drawn."""

    title: str
    words: str
    series: Sequence[Series]
    points: Sequence[Point]
    lines: Sequence[Line]
    times: Sequence[TimeMark]


class Values(NamedTuple):
    """One row of figures, in the order of time; None where there is none.

    Attributes:
        name: in the legend.
        says: what a point says of it: `{} ended`.
    """

    name: str
    says: str
    values: Sequence[float | None]


def count_chart(title: str, words: str, period: Period, rows: Sequence[Values], now: float) -> Chart:
    """Of numbers of orders."""
    return _chart(title, words, period, rows, now, _count_step, lambda value: f"{value:,.0f}")


def duration_chart(title: str, words: str, period: Period, rows: Sequence[Values], now: float) -> Chart:
    """Of seconds."""
    return _chart(title, words, period, rows, now, _duration_step, span)


def _chart(
    title: str,
    words: str,
    period: Period,
    rows: Sequence[Values],
    now: float,
    step_of: Callable[[float], float],
    worded: Callable[[float], str],
) -> Chart:
    most = max((value for row in rows for value in row.values if value), default=0.0)
    step = step_of(most)
    levels = max(1, math.ceil(most / step - 1e-9))
    top = step * levels
    return Chart(
        title=title,
        words=words,
        series=[_series(row, top) for row in rows],
        points=_points(period, rows, now, worded),
        lines=[
            Line(_y(step * level, top), worded(step * level) if level else "0") for level in range(levels + 1)
        ],
        times=_times(period),
    )


def _series(row: Values, top: float) -> Series:
    ys = [None if value is None else _y(value, top) for value in row.values]
    column = 1000 / max(len(ys), 1)
    path, pen_is_down = "", False
    for place, y in enumerate(ys):
        if y is not None:
            path += f"{'L' if pen_is_down else 'M'}{(place + 0.5) * column:.1f} {y - TOP:.1f}"
        pen_is_down = y is not None
    return Series(row.name, ys, path)


def _y(value: float, top: float) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * value / top, 1)


def _points(
    period: Period, rows: Sequence[Values], now: float, worded: Callable[[float], str]
) -> list[Point]:
    starts = list(period.buckets())
    width = 100 / len(starts)
    points = []
    for place, start in enumerate(starts):
        end = min(start + period.bucket, period.end)
        values = ["–" if (value := row.values[place]) is None else worded(value) for row in rows]
        facts = ", ".join(row.says.format(value) for row, value in zip(rows, values, strict=True))
        when = bucket_words(start, end) + (" so far" if start <= now < end else "")
        points.append(
            Point(
                start=start,
                end=end,
                x=round(place * width, 3),
                width=round(width, 3),
                when=when,
                words=f"{when}: {facts}",
                values=values,
                unfinished=start <= now < end,
            )
        )
    return points


def bucket_words(start: int, end: int) -> str:
    """An hour, day or week, UTC: `Tue 24 Nov, 14:00`, `Tue 24 Nov`, `24 – 30 Nov`."""
    first, last = datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end - 1, UTC)
    if end - start <= HOUR:
        return f"{first:%a} {first.day} {first:%b}, {first:%H:%M}"
    if end - start <= DAY:
        return f"{first:%a} {first.day} {first:%b}"
    begin = f"{first.day}" if first.month == last.month else f"{first.day} {first:%b}"
    return f"{begin} – {last.day} {last:%b}"


def _times(period: Period) -> list[TimeMark]:
    starts = list(period.buckets())
    every = math.ceil(len(starts) / _TIMES)
    marks = []
    for place in range(0, len(starts), every):
        x = (place + 0.5) * 100 / len(starts)
        anchor = "start" if x < 6 else "end" if x > 90 else "middle"
        marks.append(
            TimeMark(
                round({"start": 0.0, "end": 100.0}.get(anchor, x), 2), _time(starts[place], period), anchor
            )
        )
    return marks


def _time(start: int, period: Period) -> str:
    at = datetime.fromtimestamp(start, UTC)
    if period.bucket >= DAY:
        return f"{at.day} {at:%b}"
    return f"{at:%H:%M}" if period.seconds <= DAY else f"{at:%a} {at:%H:%M}"


def _count_step(most: float) -> float:
    size = 1
    while True:
        for step in (1, 2, 5):
            if most <= step * size * _ROWS:
                return step * size
        size *= 10


def _duration_step(most: float) -> float:
    return next((step for step in _STEPS if most <= step * _ROWS), math.ceil(most / DAY / _ROWS) * DAY)
