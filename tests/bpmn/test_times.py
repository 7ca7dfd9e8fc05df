"""When timers fire. What is said of cycles was recorded from Operaton 1.0.3 (tests/engines/cases)."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackflow.bpmn import times

NOW = datetime(2030, 1, 31, 12, tzinfo=UTC).timestamp()


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("PT5S", "2030-01-31T12:00:05"),
        ("PT0.5S", "2030-01-31T12:00:00.500"),
        ("P1DT2H3M", "2030-02-01T14:03:00"),
        ("P2W", "2030-02-14T12:00:00"),
        ("P1M", "2030-02-28T12:00:00"),  # a day that a month has not is its last
        ("P1Y1M", "2031-02-28T12:00:00"),
        ("P0D", "2030-01-31T12:00:00"),
        ("R2/PT3S", "2030-01-31T12:00:03"),  # the engine family takes one, and its first time
        (" PT5S ", "2030-01-31T12:00:05"),
    ],
)
def test_a_duration_begins_when_the_wait_does(text: str, end: str) -> None:
    assert times.duration(text, NOW) == at(end)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2030-01-02T00:00:00", "2030-01-02T00:00:00"),
        ("2030-01-02T00:00:00Z", "2030-01-02T00:00:00"),
        ("2030-01-02T00:00:00+02:00", "2030-01-01T22:00:00"),
        ("2030-01-02", "2030-01-02T00:00:00"),
        ("2030-01-02T00:00", "2030-01-02T00:00:00"),
        ("2020-01-01T00:00:00", "2020-01-01T00:00:00"),  # long ago: it fires at once
        ("PT5S", "2030-01-31T12:00:05"),
    ],
)
def test_a_date_is_in_utc_unless_it_says_otherwise(text: str, moment: str) -> None:
    assert times.date(text, NOW) == at(moment)


def fired(cycle: str, *, late: float = 0.0, most: int = 6) -> list[float]:
    """Seconds after the wait began at which it fires, if each time somebody looks so much later."""
    found, read, due = list[float](), times.cycle(cycle), times.cycle(cycle).first(NOW)
    while len(found) < most:
        found.append(due - NOW)
        following = read.next(NOW, due + late + 0.001)
        if following is None:
            break
        due = following
    return found


@pytest.mark.parametrize(
    ("cycle", "seconds"),
    [
        ("R3/PT10S", [10, 20, 30]),
        ("R/PT5S", [5, 10, 15, 20, 25, 30]),
        ("R1/PT5S", [5]),
        ("R0/PT5S", [0]),
        ("R3/PT0S", [0]),
        ("R2/2030-01-31T12:00:20/PT5S", [20, 25, 30]),  # the start counts, too
        ("R2/PT5S/2030-01-31T12:01:00", [50, 55, 60]),
        ("R2/P1M", [28 * 86400, 56 * 86400]),  # 28 February, 28 March
    ],
)
def test_a_cycle_counts_from_its_start(cycle: str, seconds: list[float]) -> None:
    assert fired(cycle) == seconds


def test_what_a_cycle_missed_is_not_made_up_for() -> None:
    # Given that somebody looks 15 seconds late, each time
    assert fired("R3/PT10S", late=15) == [10, 30]
    assert fired("R/PT10S", late=15, most=4) == [10, 30, 50, 70]


def test_a_cycle_that_begins_now_fires_a_period_later() -> None:
    begins_now = times.cycle("R3/2030-01-31T12:00:00Z/PT5S")
    assert begins_now.first(NOW) == begins_now.next(NOW, NOW) == NOW + 5


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P1", "5 minutes", "PT5", "-PT5S", "P1S", "PT5H5H", "R3", "R/PT5S/x"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="should be"):
        times.duration(text, NOW)


@pytest.mark.parametrize(
    "text", ["PT5S", "R3/", "R3/PT5S/PT5S", "Rx/PT5S", "R-1/PT5S", "0 0/5 * * * ?", "R3/a/PT5S"]
)
def test_what_is_no_cycle_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="should be"):
        times.cycle(text)


@settings(deadline=None)  # speed is judged in bench/
@given(st.text(alphabet="RPT0123456789YMWDHS/.:-Z+ ", max_size=40))
def test_any_text_is_a_time_or_a_fault(text: str) -> None:
    for read in (times.duration, times.date):
        with suppress(ValueError, OverflowError):
            assert isinstance(read(text, NOW), float)


@settings(deadline=None)  # speed is judged in bench/
@given(st.integers(0, 10**6), st.integers(1, 10**6), st.floats(0, 10**9))
def test_a_cycle_fires_later_than_now_and_at_a_whole_number_of_periods(
    count: int, seconds: int, passed: float
) -> None:
    due = times.cycle(f"R{count}/PT{seconds}S").next(NOW, NOW + passed)
    assert due is None or (due > NOW + passed and (due - NOW) % seconds == pytest.approx(0, abs=1e-3))
    assert (due is None) == (int(passed // seconds) + 1 > count)


def test_a_period_under_a_millisecond_is_none() -> None:
    assert fired("R/PT0.0009S") == [0]
    assert fired("R/PT0.001S", most=2) == pytest.approx([0.001, 0.003], abs=1e-3)
