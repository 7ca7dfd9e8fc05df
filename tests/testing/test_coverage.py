"""What is counted: elements entered and flows taken, never more than there are."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from tests.testing.picture import MODEL, PICTURE, picture
from trackflow.bpmn import read
from trackflow.engines.answers import Instance, Step
from trackflow.testing import Given, UseModels
from trackflow.testing.coverage import Coverage, Covered, Share
from trackflow.testing.coverage_report import lines
from trackflow.testing.project import Project
from trackflow.testing.stage import Stage

REMINDER = read(MODEL)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


class Paths:
    """Stands where a bench does: instances that went any way at all."""

    models = (REMINDER,)

    def __init__(self, paths: list[list[str]]) -> None:
        self._paths = paths

    def instances(self):
        for path in self._paths:
            times = [BEGIN + timedelta(seconds=second) for second in range(len(path) + 1)]
            steps = [Step(each, None, times[at], times[at + 1]) for at, each in enumerate(path)]
            process = REMINDER.process
            yield REMINDER, Instance("i", process, 1, "completed", (), (), tuple(steps), BEGIN, BEGIN)


any_path = st.lists(st.sampled_from([*REMINDER.elements, "nowhere"]), max_size=40)


def covered(coverage: Coverage) -> Covered:
    (only,) = coverage
    return only


@settings(deadline=None)
@for_all(st.lists(any_path, max_size=5))
def test_no_path_covers_more_than_all_or_what_is_not_there(paths: list[list[str]]) -> None:
    coverage = Coverage()
    coverage.add(Paths(paths))
    only = covered(coverage)
    assert 0 <= only.elements.percent <= 100
    assert 0 <= only.flows.percent <= 100
    assert set(only.counts) <= {*REMINDER.elements, *REMINDER.flows}
    assert only.elements.done == len({each for path in paths for each in path} - {"nowhere"})


@settings(deadline=None)
@for_all(st.lists(any_path, max_size=6), st.integers(0, 6))
def test_workers_together_count_as_one_would(paths: list[list[str]], share: int) -> None:
    whole, first, second, merged = Coverage(), Coverage(), Coverage(), Coverage()
    whole.add(Paths(paths))
    first.add(Paths(paths[:share]))
    second.add(Paths(paths[share:]))
    merged.merge(second.as_data())
    merged.merge(first.as_data())
    assert covered(merged).counts == covered(whole).counts


@settings(deadline=None)
@for_all(st.lists(any_path, max_size=3), any_path)
def test_another_order_covers_no_less(paths: list[list[str]], further: list[str]) -> None:
    few, more = Coverage(), Coverage()
    few.add(Paths(paths))
    more.add(Paths([*paths, further]))
    assert covered(few).elements.done <= covered(more).elements.done
    assert covered(few).flows.done <= covered(more).flows.done


def test_what_ran_on_the_engine_is_counted_as_often_as_it_ran() -> None:
    coverage = Coverage()
    for _ in range(3):
        stage = Stage(Project(None, str(MODEL), Path.cwd()), coverage.add)
        stage.given("Order_Placed", payload={"amount": 150})
        stage.given("Order_Placed", payload={"amount": 150}).gets("Payment_Done")
        stage.close()
    only = covered(coverage)
    assert only.counts == Counter(
        order_placed=6, await_payment=6, is_large=3, approved=3,
        order_placed_to_await_payment=6, await_payment_to_is_large=3, is_large_to_approved=3,
    )  # fmt: skip
    assert (only.elements, only.flows) == (Share(4, 11), Share(3, 9))


def test_a_test_that_asks_for_nothing_counts_nothing(model: UseModels, given: Given) -> None:
    coverage = Coverage()
    Stage(Project(None, str(MODEL), Path.cwd()), coverage.add).close()
    assert not coverage
    assert coverage.total.percent == 0
    assert [line.text for line in lines(coverage)] == ["no test has run a model"]


def test_only_all_is_100_percent() -> None:
    assert str(Share(999, 1000)) == "99 %"
    assert str(Share(0, 0)) == "100 %"


def test_the_picture_of_the_documents_is_what_its_suite_covers() -> None:
    assert PICTURE.read_text(encoding="utf-8") == picture(), "python -m tests.testing.picture draws it anew"
