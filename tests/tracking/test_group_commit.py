import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.waiting import until
from trackflow.tracking.group_commit import GroupCommit

SECONDS = 10


class Transactions:
    """Counts commits and rollbacks. `held` keeps the first transaction open until it is set."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.held = threading.Event()
        self.begun = threading.Event()

    @contextmanager
    def begin(self) -> Iterator[Any]:
        self.begun.set()
        assert self.held.wait(SECONDS)
        try:
            yield self
        except BaseException:
            self.log.append("rollback")
            raise
        self.log.append("commit")


@pytest.fixture
def transactions() -> Transactions:
    return Transactions()


@pytest.fixture
def group(transactions: Transactions) -> GroupCommit:
    return GroupCommit(transactions.begin)


def _in_threads(
    group: GroupCommit, works: list[Callable[[Any], Any]]
) -> tuple[list[Any], list[threading.Thread]]:
    """What each work returned, or raised, in the order of the works."""
    results: list[Any] = [None] * len(works)

    def write(place: int) -> None:
        try:
            results[place] = group.write(works[place])
        except Exception as exc:
            results[place] = exc

    threads = [threading.Thread(target=write, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    return results, threads


def _while_the_first_commits(
    group: GroupCommit, transactions: Transactions, works: list[Callable[[Any], Any]]
) -> list[Any]:
    """The works come while another thread's transaction is open."""
    leader = threading.Thread(target=group.write, args=(lambda _: None,))
    leader.start()
    assert transactions.begun.wait(SECONDS)
    results, threads = _in_threads(group, works)
    until(lambda: len(group._waiting) == len(works), SECONDS, "all works wait")
    transactions.held.set()
    for thread in (leader, *threads):
        thread.join(SECONDS)
        assert not thread.is_alive()
    return results


def test_a_single_work_has_a_transaction_of_its_own(group: GroupCommit, transactions: Transactions) -> None:
    transactions.held.set()
    assert group.write(lambda transaction: transaction is transactions)
    assert transactions.log == ["commit"]


def test_works_that_come_together_share_a_commit(group: GroupCommit, transactions: Transactions) -> None:
    works = [lambda _, n=n: n for n in range(10)]
    assert _while_the_first_commits(group, transactions, works) == list(range(10))
    assert transactions.log == ["commit", "commit"]


def test_a_work_that_fails_fails_alone(group: GroupCommit, transactions: Transactions) -> None:
    def fails(_: Any) -> None:
        raise ValueError("mine")

    works: list[Callable[[Any], Any]] = [lambda _: "a", fails, lambda _: "b"]
    a, error, b = _while_the_first_commits(group, transactions, works)

    assert (a, b) == ("a", "b")
    assert isinstance(error, ValueError)
    # The shared transaction was rolled back, and each work had one of its own
    assert sorted(transactions.log) == ["commit", "commit", "commit", "rollback", "rollback"]


def test_after_an_error_the_next_work_is_committed(group: GroupCommit, transactions: Transactions) -> None:
    transactions.held.set()
    with pytest.raises(ZeroDivisionError):
        group.write(lambda _: 1 / 0)
    assert group.write(lambda _: "next") == "next"


def test_nobody_waits_for_a_leader_that_was_ended(group: GroupCommit, transactions: Transactions) -> None:
    def ended(_: Any) -> None:
        raise SystemExit

    transactions.held.set()
    with pytest.raises(SystemExit):
        group.write(ended)
    assert group.write(lambda _: "next") == "next"


def test_no_result_is_given_before_its_commit(group: GroupCommit, transactions: Transactions) -> None:
    given = threading.Event()

    def write() -> None:
        group.write(lambda _: None)
        given.set()

    thread = threading.Thread(target=write)
    thread.start()
    assert transactions.begun.wait(SECONDS)
    assert not given.is_set()
    transactions.held.set()
    assert given.wait(SECONDS)
    assert transactions.log == ["commit"]
    thread.join()


def test_many_threads_lose_no_work(group: GroupCommit, transactions: Transactions) -> None:
    transactions.held.set()
    total = 0

    def add(_: Any) -> None:
        nonlocal total
        total += 1  # one work at a time: no lock needed

    def many(_: int) -> None:
        for _again in range(200):
            group.write(add)

    threads = [threading.Thread(target=many, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert total == 1600
