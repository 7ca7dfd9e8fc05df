"""A process's figures as sentences."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from trackflow.board.process.selections import Selection
from trackflow.board.process.words import (
    Elements,
    difference,
    duration,
    element_took,
    length_words,
    percent,
    period_words,
    share_difference,
    sides,
    took,
)
from trackflow.bpmn import read
from trackflow.projection.comparison import Change
from trackflow.projection.conformance import Kind
from trackflow.projection.period import Period
from trackflow.projection.statistics import Durations, ElementFigures
from trackflow.projection.tables import DAY, HOUR

MODEL = read(Path(__file__).parents[2] / "bpmn" / "track-flow.bpmn")
MIDNIGHT = int(datetime(2026, 11, 24, tzinfo=UTC).timestamp())
WEEK = Period(MIDNIGHT - 6 * DAY, MIDNIGHT + DAY, DAY)


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (None, "–"),
        (0.0, "0 %"),
        (0.0001, "under 0.1 %"),
        (0.012, "1.2 %"),
        (0.05, "5 %"),
        (0.5, "50 %"),
        (0.973, "97.3 %"),
        (0.9999, "99.9 %"),
        (1.0, "100 %"),
    ],
)
def test_a_share_is_never_rounded_to_none_or_all(share: float | None, words: str) -> None:
    assert percent(share) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"),
        (0.0002, "at once"),
        (0.25, "250 ms"),
        (42, "42 s"),
        (186, "3.1 min"),
        (120, "2 min"),
        (45 * 60, "45 min"),
        (5.25 * HOUR, "5.2 h"),
        (2 * DAY, "2 d"),
        (59.7, "1 min"),
        (3599, "1 h"),
        (86_399, "1 d"),
    ],
)
def test_a_duration_is_told_in_one_unit(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("durations", "words"),
    [
        (Durations(None, None), ""),
        (Durations(0.0001, 0.0001), "Orders pass at once."),
        (Durations(120, 540), "Half of the orders took less than 2 min, 95 % less than 9 min."),
        (Durations(0.0001, 540), "Half of the orders passed at once, 95 % took less than 9 min."),
        (Durations(120, 120), "Nearly all of the orders took about 2 min."),
    ],
)
def test_percentiles_are_a_sentence(durations: Durations, words: str) -> None:
    assert took(durations, "took") == words


def test_an_order_waits_for_an_event_and_is_at_anything_else() -> None:
    def told(element: str) -> str:
        return element_took(ElementFigures(element, 1, 1, 1.0, 1.0, Durations(120, 540)), Elements(MODEL))

    assert told("payment_done").startswith("Half of the orders waited here less than 2 min")
    assert told("order_fulfilled").startswith("Half of the orders were here less than 2 min")


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_of_deviation_has_words(kind: Kind) -> None:
    what = "goods_fetched" if kind in (Kind.REPEATED, Kind.SKIPPED, Kind.TERMINATED) else "Goods_Fetched"

    words = Elements(MODEL).deviation(f"{kind}:{what}")

    assert ("‘Goods fetched’" if what == "goods_fetched" else "Goods_Fetched") in words


def test_what_the_model_has_not_is_called_by_its_id() -> None:
    assert Elements(None).element("goods_fetched") == "goods_fetched"
    assert Elements(MODEL).element("of another version") == "of another version"
    assert Elements(MODEL).deviation("something:else") == "something:else"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Change(100, 174), "74 % slower"),
        (Change(100, 50), "50 % faster"),
        (Change(100, 105), "about the same"),
        (Change(0, 5), "slower"),
        (Change(0, 0), "the same"),
        (Change(None, 5), "only now"),
        (Change(5, None), "only before"),
        (Change(None, None), ""),
    ],
)
def test_a_difference_is_told_in_words(change: Change, words: str) -> None:
    assert difference(change, "slower", "faster") == words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Change(0.984, 0.961), "2.3 points less"),
        (Change(0.1, 0.2), "10 points more"),
        (Change(0.984, 0.982), "about the same"),
        (Change(None, 0.5), ""),
    ],
)
def test_shares_differ_by_points(change: Change, words: str) -> None:
    assert share_difference(change) == words


@pytest.mark.parametrize(
    ("period", "words"),
    [
        (WEEK, "18 – 24 Nov 2026"),
        (Period(MIDNIGHT, MIDNIGHT + DAY, HOUR), "24 Nov 2026"),
        (Period(MIDNIGHT - 30 * DAY, MIDNIGHT, DAY), "25 Oct – 23 Nov 2026"),
        (Period(MIDNIGHT - 365 * DAY, MIDNIGHT, DAY), "24 Nov 2025 – 23 Nov 2026"),
        (Period(MIDNIGHT + 14 * HOUR, MIDNIGHT + 16 * HOUR, HOUR), "24 Nov 2026, 14:00 – 16:00"),
        (Period(MIDNIGHT - HOUR, MIDNIGHT + 23 * HOUR, HOUR), "23 Nov, 23:00 – 24 Nov 2026, 23:00"),
    ],
)
def test_a_period_is_told_in_days_and_hours(period: Period, words: str) -> None:
    assert period_words(period) == words


def test_a_period_that_runs_goes_until_now() -> None:
    assert period_words(WEEK, MIDNIGHT) == "18 Nov 2026 until now"
    assert period_words(Period(MIDNIGHT + HOUR, MIDNIGHT + 3 * HOUR, HOUR), MIDNIGHT + 7300) == (
        "24 Nov 2026, 01:00 until now"
    )
    assert period_words(WEEK, MIDNIGHT + 9 * DAY) == "18 – 24 Nov 2026"


@pytest.mark.parametrize(
    ("seconds", "size", "words"), [(HOUR, HOUR, "hour"), (DAY, HOUR, "24 hours"), (7 * DAY, DAY, "7 days")]
)
def test_how_long_a_period_is(seconds: int, size: int, words: str) -> None:
    assert length_words(Period(0, seconds, size)) == words


def test_what_is_compared_has_names() -> None:
    assert sides(Selection(WEEK.before()), Selection(WEEK)) == ("before", "now")
    assert sides(Selection(WEEK, version=1), Selection(WEEK, version=2)) == ("in version 1", "in version 2")
    assert sides(Selection(WEEK), Selection(WEEK.before())) == ("later", "earlier")
