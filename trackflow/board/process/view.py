"""What the page of one process shows of a selection, in the form in which its template takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trackflow.board.process.charts import Chart, Values, count_chart, duration_chart
from trackflow.board.process.words import Elements, duration, element_took, percent, took
from trackflow.projection.period import WEEK
from trackflow.projection.statistics import Deviation, ElementFigures, Statistics
from trackflow.projection.tables import DAY, HOUR


@dataclass(frozen=True, slots=True)
class ElementRow:
    """One element of the table, which says what the diagram shows."""

    name: str
    figures: ElementFigures
    words: str
    p50: str
    p95: str


@dataclass(frozen=True, slots=True)
class DeviationRow:
    """One way in which orders deviated, and what finds such orders."""

    words: str
    orders: int
    share: str
    filter: Mapping[str, str]


def element_rows(figures: Statistics, elements: Elements, sort: str | None) -> list[ElementRow]:
    """The elements in the order of the model, or by a column, with `-` before it descending."""
    rows = [
        ElementRow(
            name=elements.element(each.id),
            figures=each,
            words=element_took(each, elements),
            p50=duration(each.took.p50),
            p95=duration(each.took.p95),
        )
        for each in figures.elements.values()
    ]
    if not sort:
        return sorted(rows, key=lambda row: elements.place(row.figures.id))
    return sorted(rows, key=lambda row: _sort_key(row, sort.lstrip("-")), reverse=sort.startswith("-"))


def _sort_key(row: ElementRow, by: str) -> float | str:
    figures = row.figures
    keys: Mapping[str, float | str] = {
        "name": row.name.casefold(),
        "visits": figures.visits,
        "share": figures.share,
        "p50": figures.took.p50 or 0.0,
        "p95": figures.took.p95 or 0.0,
    }
    return keys[by]


def deviation_rows(
    figures: Statistics, elements: Elements, process: str, version: int | None
) -> list[DeviationRow]:
    """The commonest first."""
    return [
        DeviationRow(
            words=elements.deviation(each.name),
            orders=each.orders,
            share=percent(each.share),
            filter=_filter(each, process, version),
        )
        for each in figures.deviations
    ]


def _filter(deviation: Deviation, process: str, version: int | None) -> dict[str, str]:
    chosen = {"process": process, "deviation": deviation.name}
    return chosen if version is None else chosen | {"version": str(version)}


def charts(figures: Statistics, now: float) -> Sequence[Chart]:
    """Throughput and lead time."""
    period, buckets = figures.period, figures.buckets
    through = count_chart(
        f"Orders per {_EACH[period.bucket]}",
        f"{figures.started:,} orders started and {figures.ended:,} ended.",
        period,
        [
            Values("ended", "{} ended", [bucket.ended for bucket in buckets]),
            Values("started", "{} started", [bucket.started for bucket in buckets]),
        ],
        now,
    )
    lead = duration_chart(
        "From the first event to the end",
        took(figures.took, "took") or "No order ended.",
        period,
        [
            Values("half took less than", "half under {}", [bucket.took.p50 for bucket in buckets]),
            Values("95 % less than", "95 % under {}", [bucket.took.p95 for bucket in buckets]),
        ],
        now,
    )
    return through, lead


_EACH = {HOUR: "hour", DAY: "day", WEEK: "week"}
