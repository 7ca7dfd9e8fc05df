"""Where charts draw what, and what people read on them."""

from datetime import UTC, datetime

import pytest

from trackflow.board.process.charts import BOTTOM, TOP, Values, bucket_words, count_chart, duration_chart
from trackflow.projection.period import Period
from trackflow.projection.tables import DAY, HOUR

MIDNIGHT = int(datetime(2026, 11, 24, tzinfo=UTC).timestamp())
WEEK = Period(MIDNIGHT - 6 * DAY, MIDNIGHT + DAY, DAY)


@pytest.mark.parametrize(
    ("most", "levels"),
    [
        (0, ["0", "1"]),
        (1, ["0", "1"]),
        (3, ["0", "1", "2", "3"]),
        (4, ["0", "2", "4"]),
        (937, ["0", "500", "1,000"]),
        (10_001, ["0", "5,000", "10,000", "15,000"]),
    ],
)
def test_numbers_are_measured_by_round_ones(most: int, levels: list[str]) -> None:
    chart = count_chart("", "", WEEK, [Values("ended", "{} ended", [0] * 6 + [most])], MIDNIGHT)

    assert [line.words for line in chart.lines] == levels


@pytest.mark.parametrize(
    ("most", "levels"),
    [
        (0.004, ["0", "2 ms", "4 ms"]),
        (50, ["0", "20 s", "40 s", "1 min"]),
        (5 * HOUR, ["0", "2 h", "4 h", "6 h"]),
        (40 * DAY, ["0", "15 d", "30 d", "45 d"]),
        (4000 * DAY, ["0", "1334 d", "2668 d", "4002 d"]),
    ],
)
def test_durations_are_measured_as_people_count_them(most: float, levels: list[str]) -> None:
    chart = duration_chart("", "", WEEK, [Values("p50", "half under {}", [None] * 6 + [most])], MIDNIGHT)

    assert [line.words for line in chart.lines] == levels


def test_the_greatest_value_is_at_the_top_and_nothing_is_at_the_bottom() -> None:
    chart = count_chart("", "", WEEK, [Values("ended", "{} ended", [0, 5, 10, 0, 0, 0, 0])], MIDNIGHT)

    assert chart.series[0].ys[:3] == [BOTTOM, (TOP + BOTTOM) / 2, TOP]


def test_where_nothing_is_known_the_line_has_a_gap() -> None:
    row = Values("p50", "half under {}", [60, 60, None, 60, None, 60, 60])
    chart = duration_chart("", "", WEEK, [row], MIDNIGHT)

    assert chart.series[0].path.count("M") == 3
    assert chart.points[2].words == "Fri 20 Nov: half under –"


def test_the_day_that_runs_is_not_over() -> None:
    chart = count_chart("", "", WEEK, [Values("ended", "{} ended", range(7))], MIDNIGHT + HOUR)

    assert [point.unfinished for point in chart.points] == [False] * 6 + [True]
    assert chart.points[-1].words == "Tue 24 Nov so far: 6 ended"
    assert chart.points[-1].moments == {"from": "2026-11-24", "to": "2026-11-24"}


@pytest.mark.parametrize("hours", [1, 2, 24, 25, 71, 72, 24 * 30, 24 * 90, 24 * 366])
def test_the_axis_has_few_words_and_the_columns_fill_it(hours: int) -> None:
    size = DAY if hours >= 72 else HOUR
    period = Period(MIDNIGHT - hours * HOUR, MIDNIGHT, size)
    values = [1.0] * len(list(period.buckets()))
    chart = count_chart("", "", period, [Values("ended", "{} ended", values)], MIDNIGHT)

    assert 1 <= len(chart.times) <= 5
    assert len(chart.points) <= 72
    assert sum(point.width for point in chart.points) == pytest.approx(100, abs=0.1)
    assert chart.points[-1].end == period.end


@pytest.mark.parametrize(
    ("length", "words"),
    [(HOUR, "Tue 24 Nov, 00:00"), (DAY, "Tue 24 Nov"), (7 * DAY, "24 – 30 Nov"), (8 * DAY, "24 Nov – 1 Dec")],
)
def test_a_point_is_named_as_people_name_it(length: int, words: str) -> None:
    assert bucket_words(MIDNIGHT, MIDNIGHT + length) == words
