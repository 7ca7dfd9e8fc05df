"""What a period's figures are: held against a plain computation from every single visit."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

import pytest

from tests.projection.measured import PROCESS, TENANT, PastOrder, Visit, fill, random_orders
from trackflow.errors import FilterError
from trackflow.projection.comparison import Change, comparison
from trackflow.projection.period import PRESETS, Period, moment
from trackflow.projection.processes import nearest, orders_by_version
from trackflow.projection.statistics import Durations, Row, Statistics, read, statistics
from trackflow.projection.tables import DAY, HOUR, Measure
from trackflow.tracking.ledger import Ledger

NOON = int(datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp())
MIDNIGHT = NOON - 12 * HOUR
CLOSE = 0.051  # a histogram's quantile is right to 5 %


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    opened = Ledger("sqlite://")
    fill(opened, [])
    yield opened
    opened.close()


def figures(ledger: Ledger, period: Period, version: int | None = None) -> Statistics:
    with ledger.reading() as transaction:
        return statistics(read(transaction, TENANT, PROCESS, period, version), period)


def at(text: str) -> int:
    return int(moment(text).timestamp())


def exact(values: Sequence[float], share: float) -> float | None:
    """The duration that this share did not exceed."""
    return sorted(values)[max(1, math.ceil(share * len(values))) - 1] if values else None


def close(value: float | None) -> object:
    return None if value is None else pytest.approx(value, rel=CLOSE)


def close_durations(took: Durations, values: Sequence[float]) -> bool:
    return (took.p50, took.p95) == (close(exact(values, 0.5)), close(exact(values, 0.95)))


PERIODS = [
    Period(NOON - 2 * HOUR, NOON, HOUR),
    Period(NOON - DAY, NOON, HOUR),
    Period(MIDNIGHT - 7 * DAY, MIDNIGHT, DAY),
    Period(MIDNIGHT - 120 * DAY, MIDNIGHT, DAY),
]


@pytest.mark.parametrize("period", PERIODS, ids=lambda each: f"{each.seconds // HOUR}h")
@pytest.mark.parametrize("version", [None, 2])
@pytest.mark.parametrize("seed", range(4))
def test_all_figures_are_those_of_the_single_visits(
    ledger: Ledger, seed: int, version: int | None, period: Period
) -> None:
    orders = random_orders(seed, 300, period.start - period.seconds / 3, period.end + period.seconds / 3)
    fill(ledger, orders)

    shown = figures(ledger, period, version)

    wanted = [order for order in orders if version in (None, order.version)]
    started = [order for order in wanted if period.start <= order.started < period.end]
    ended = [order for order in wanted if order.ended and period.start <= order.ended < period.end]
    assert (shown.started, shown.ended) == (len(started), len(ended))
    assert close_durations(shown.took, [order.ended - order.started for order in ended if order.ended])
    assert {each.state: each.number for each in shown.endings} == Counter(order.state for order in ended)
    for ending in shown.endings:
        assert close_durations(
            ending.took,
            [each.ended - each.started for each in ended if each.ended and each.state == ending.state],
        )
    visits = [visit for order in ended for visit in order.visits]
    assert set(shown.elements) == {visit.element for visit in visits}
    for name, element in shown.elements.items():
        mine = [visit.seconds for visit in visits if visit.element == name]
        visitors = sum(any(visit.element == name for visit in order.visits) for order in ended)
        assert (element.visits, element.orders) == (len(mine), visitors)
        assert element.share == pytest.approx(visitors / len(ended))
        assert element.per_order == pytest.approx(len(mine) / len(ended))
        assert close_durations(element.took, mine)
    assert {(flow.source, flow.target): flow.number for flow in shown.flows} == Counter(
        (one.element, other.element)
        for order in ended
        for one, other in zip(order.visits, order.visits[1:], strict=False)
    )
    assert shown.followed == sum(not order.deviations for order in ended)
    assert {each.name: each.orders for each in shown.deviations} == Counter(
        name for order in ended for name in order.deviations
    )


@pytest.mark.parametrize("period", PERIODS, ids=lambda each: f"{each.seconds // HOUR}h")
def test_the_points_of_the_charts_add_up_to_the_figures_and_each_is_right(
    ledger: Ledger, period: Period
) -> None:
    orders = random_orders(7, 400, period.start, period.end)
    fill(ledger, orders)

    shown = figures(ledger, period)

    assert 0 < len(shown.buckets) <= 72
    assert sum(bucket.started for bucket in shown.buckets) == shown.started
    assert sum(bucket.ended for bucket in shown.buckets) == shown.ended
    for bucket in shown.buckets:
        end = min(bucket.start + period.bucket, period.end)
        took = [
            each.ended - each.started for each in orders if each.ended and bucket.start <= each.ended < end
        ]
        assert bucket.ended == len(took)
        assert close_durations(bucket.took, took)


def test_a_period_without_orders_has_no_shares_and_no_durations(ledger: Ledger) -> None:
    shown = figures(ledger, Period.preset("24h", NOON))

    assert shown.empty
    assert (shown.took, shown.share_followed) == (Durations(None, None), None)
    assert [bucket.started for bucket in shown.buckets] == [0] * 24


def test_orders_of_others_are_not_counted(ledger: Ledger) -> None:
    order = PastOrder(NOON - HOUR, NOON - HOUR / 2)
    fill(ledger, [order], process="returns")
    fill(ledger, [order], tenant="other")

    assert figures(ledger, Period.preset("24h", NOON)).empty


def test_an_order_that_comes_to_an_element_again_is_one_order_with_two_visits(ledger: Ledger) -> None:
    fill(
        ledger,
        [PastOrder(NOON - 60, NOON - 1, visits=(Visit("wait", 20), Visit("check", 5), Visit("wait", 34)))],
    )

    wait = figures(ledger, Period.preset("1h", NOON)).elements["wait"]

    assert (wait.visits, wait.orders, wait.share, wait.per_order) == (2, 1, 1.0, 2.0)


def test_what_was_taken_back_is_not_shown() -> None:
    period = Period.preset("24h", NOON)
    rows = [
        Row(period.start, 1, Measure.ENDED, "completed", 1, None),
        Row(period.start, 1, Measure.DEVIATION, "early:Paid", 1, None),
        Row(period.start + HOUR, 1, Measure.DEVIATION, "early:Paid", -1, None),
    ]

    assert statistics(rows, period).deviations == []


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("now", [NOON, NOON + 1, NOON + 1799.5, MIDNIGHT - 0.001])
def test_a_preset_holds_now_in_whole_hours_or_days(name: str, now: float) -> None:
    period = Period.preset(name, now)

    assert (period.start % period.size, period.end % period.size, period.seconds) == (0, 0, PRESETS[name])
    assert period.end - period.size < now <= period.end


def test_a_long_period_is_read_by_days_and_a_short_one_by_hours() -> None:
    first = at("2026-11-01T10:30")

    assert Period.between(first, at("2026-11-03T10:20")).size == HOUR
    assert Period.between(first, at("2026-11-04T10:30")) == Period(at("2026-11-01"), at("2026-11-05"), DAY)


def test_a_day_is_meant_to_its_end_and_is_utc() -> None:
    day = Period.between(at("2026-03-29"), moment("2026-03-29", ends=True).timestamp())

    # In Berlin this day has 23 hours.
    assert (day.seconds, day.start % DAY) == (DAY, 0)
    assert moment("2026-03-29T02:00+02:00") == moment("2026-03-29T00:00Z") == moment("2026-03-29")


@pytest.mark.parametrize(
    "text", ["", "x", "2026-02-30", "2026-01-01T25:00", "1969-12-30", "9999-12-31", "٢٠٢٦-01-01"]
)
def test_what_is_no_time_is_refused_in_words(text: str) -> None:
    with pytest.raises(FilterError, match="should be"):
        moment(text, ends=True)


@pytest.mark.parametrize(
    ("first", "last"),
    [("2026-01-02", "2026-01-01"), ("2026-01-01", "2026-01-01"), ("2024-01-01", "2026-01-01")],
)
def test_a_period_that_ends_before_it_begins_or_is_too_long_is_refused(first: str, last: str) -> None:
    with pytest.raises(FilterError, match="should"):
        Period.between(at(first), at(last))


@pytest.mark.parametrize(
    "period", [*PERIODS, Period.preset("1h", NOON), Period(MIDNIGHT, MIDNIGHT + DAY, HOUR)]
)
def test_a_period_is_the_same_after_it_was_written_into_a_url(period: Period) -> None:
    first, last = period.moments

    assert Period.between(at(first), moment(last, ends=True).timestamp()) == period


def test_an_unknown_preset_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(FilterError, match="'9y': should be one of 1h, 24h, 7d, 30d"):
        Period.preset("9y", NOON)


@pytest.mark.parametrize(
    ("past", "expected"),
    [
        ((20, 40), 20),  # the last before it
        ((), None),
        ((-3, -9), -9 + 6),  # else the first after it, which a week of seven days begins with
    ],
)
def test_an_empty_period_names_the_nearest_in_which_something_happened(
    ledger: Ledger, past: Sequence[int], expected: int | None
) -> None:
    week = Period.preset("7d", NOON)
    fill(ledger, [PastOrder(NOON - days * DAY) for days in past if days > 0])
    later = [PastOrder(NOON - days * DAY) for days in past if days < 0]
    fill(ledger, later)

    with ledger.reading() as transaction:
        found = nearest(transaction, TENANT, PROCESS, week)

    if expected is None:
        assert found is None
        return
    assert found is not None
    assert (found.seconds, found.size) == (week.seconds, week.size)
    assert not figures(ledger, found).empty
    at_the_edge = (found.start if later else found.end - DAY) + 12 * HOUR
    assert at_the_edge in [order.started for order in later] + [NOON - days * DAY for days in past]


def test_the_versions_of_a_process_are_those_that_had_orders(ledger: Ledger) -> None:
    fill(
        ledger, [PastOrder(NOON, version=1), PastOrder(NOON, NOON + 1, version=1), PastOrder(NOON, version=3)]
    )

    with ledger.reading() as transaction:
        found = orders_by_version(transaction, TENANT)

    assert found == {PROCESS: {1: 2, 3: 1}}


def two_weeks(ledger: Ledger, slow: Callable[[int], float]) -> tuple[Statistics, Statistics]:
    """Ten orders a day for two weeks, which wait for so long; the figures of both weeks."""
    orders = [
        PastOrder(at, at + slow(day), visits=(Visit("wait", slow(day)),), version=1 + (day >= 7))
        for day in range(14)
        for at in range(MIDNIGHT - (14 - day) * DAY, MIDNIGHT - (13 - day) * DAY - 2 * HOUR, 8000)
    ]
    fill(ledger, orders)
    week = Period(MIDNIGHT - 7 * DAY, MIDNIGHT, DAY)
    return figures(ledger, week.before()), figures(ledger, week)


def test_what_takes_twice_as_long_is_a_hundred_percent_slower(ledger: Ledger) -> None:
    before, after = two_weeks(ledger, lambda day: 60 if day < 7 else 120)

    differences = comparison(before, after, NOON)

    wait = differences.elements["wait"]
    assert (wait.p50.before, wait.p50.after) == (close(60), close(120))
    assert wait.p50.relative == pytest.approx(1, abs=0.21)
    assert not wait.p50.is_noise
    assert (wait.share.relative, wait.per_order.is_noise) == (0, True)
    assert differences.started == Change(before.started, after.started)
    assert differences.followed == Change(1, 1)


def test_a_period_that_is_not_over_is_compared_by_the_day(ledger: Ledger) -> None:
    before, after = two_weeks(ledger, lambda _day: 60)

    half_over = comparison(before, after, after.period.start + after.period.seconds / 2)

    assert half_over.started.relative == 0
    assert half_over.started_per_day.relative == pytest.approx(1)


def test_what_only_one_selection_has_is_in_the_comparison(ledger: Ledger) -> None:
    fill(
        ledger,
        [
            PastOrder(NOON - 30 * HOUR, NOON - 29 * HOUR, visits=(Visit("old", 1), Visit("wait", 1))),
            PastOrder(
                NOON - 3 * HOUR,
                NOON - HOUR,
                "terminated",
                visits=(Visit("new", 1),),
                deviations=("early:Paid",),
            ),
        ],
    )
    day = Period.preset("24h", NOON)

    differences = comparison(figures(ledger, day.before()), figures(ledger, day), NOON)

    assert {name: (each.share.before, each.share.after) for name, each in differences.elements.items()} == {
        "new": (0.0, 1.0),
        "old": (1.0, 0.0),
        "wait": (1.0, 0.0),
    }
    assert [(each.name, each.share) for each in differences.deviations] == [("early:Paid", Change(0.0, 1.0))]
    assert {each.name: each.share for each in differences.endings} == {
        "completed": Change(1.0, 0.0),
        "terminated": Change(0.0, 1.0),
    }
    assert [(each.source, each.target, each.per_order) for each in differences.flows] == [
        ("old", "wait", Change(1.0, 0.0))
    ]


@pytest.mark.parametrize(
    ("change", "relative", "strength", "is_noise"),
    [
        (Change(100, 150), 0.5, pytest.approx(0.585, abs=0.001), False),
        (Change(100, 25), -0.75, -1.0, False),
        (Change(100, 109), pytest.approx(0.09), pytest.approx(0.124, abs=0.001), True),
        (Change(100, 110), pytest.approx(0.1), pytest.approx(0.138, abs=0.001), True),  # neighbouring buckets
        (Change(0, 5), None, 1.0, False),
        (Change(5, 0), -1.0, -1.0, False),
        (Change(0, 0), None, 0.0, True),
        (Change(None, 5), None, 0.0, True),
        (Change(5, None), None, 0.0, True),
    ],
)
def test_how_much_a_figure_changed(
    change: Change, relative: object, strength: object, is_noise: bool
) -> None:
    assert (change.relative, change.strength, change.is_noise) == (relative, strength, is_noise)
