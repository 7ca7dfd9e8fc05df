"""Answers that are shared for a short time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from trackflow.board import kept
from trackflow.board.kept import Kept
from trackflow.errors import LedgerError


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands; `clock[0] += 1` lets a second pass."""
    now = [1000.0]
    monkeypatch.setattr(kept, "monotonic", lambda: now[0])
    return now


def away() -> str:
    raise LedgerError("ledger: away")


def test_an_answer_is_made_once_for_its_time(clock: list[float]) -> None:
    made = iter(range(10))
    answers = Kept()

    assert [answers.get("a", 5, lambda: next(made)) for _ in range(3)] == [0, 0, 0]
    clock[0] += 5
    assert answers.get("a", 5, lambda: next(made)) == 1
    assert answers.get("b", 5, lambda: next(made)) == 2


def test_twenty_who_ask_at_the_same_time_cost_as_much_as_one() -> None:
    answers, made, all_ask = Kept(), [], threading.Barrier(20)

    def ask() -> str:
        all_ask.wait()
        return answers.get("a", 3600, lambda: made.append(1) or "answer")

    with ThreadPoolExecutor(20) as people:
        found = [each.result() for each in [people.submit(ask) for _ in range(20)]]

    assert found == ["answer"] * 20
    assert len(made) == 1


def test_one_that_is_slow_keeps_nobody_waiting_who_asks_something_else() -> None:
    answers, may_end = Kept(), threading.Event()
    with ThreadPoolExecutor(1) as people:
        slow = people.submit(answers.get, "slow", 1, lambda: may_end.wait(60))
        assert answers.get("fast", 1, lambda: "answer") == "answer"
        may_end.set()
        assert slow.result() is True


def test_what_cannot_be_made_is_answered_as_it_was_last(clock: list[float]) -> None:
    answers = Kept()
    answers.get("a", 1, lambda: "before")
    clock[0] += 60
    assert answers.get("a", 1, away) == "before"
    assert answers.get("a", 1, lambda: "after") == "after"
    assert answers.last("a") == "after"


def test_what_was_never_made_is_an_error() -> None:
    answers = Kept()
    with pytest.raises(LedgerError):
        answers.get("a", 1, away)
    assert answers.last("a") is None


def test_while_nothing_would_answer_nobody_waits_for_it(clock: list[float]) -> None:
    is_away = [False]
    answers = Kept(is_away=lambda: is_away[0])
    answers.get("a", 1, lambda: "before")
    clock[0] += 60
    is_away[0] = True
    assert answers.get("a", 1, lambda: pytest.fail("it was asked")) == "before"


def test_a_mistake_of_ours_is_not_hidden(clock: list[float]) -> None:
    answers = Kept()
    answers.get("a", 1, lambda: "before")
    clock[0] += 60
    with pytest.raises(ZeroDivisionError):
        answers.get("a", 1, lambda: 1 // 0)


def test_whoever_thinks_of_ever_new_filters_does_not_fill_the_memory() -> None:
    answers = Kept()
    for number in range(2000):
        answers.get(number, 1, lambda: "answer")
    assert len(answers._slots) == kept._MOST
