"""Processes that share orders: what they report, and how they end."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

import pytest

from tests.waiting import until
from trackflow.cli import shares
from trackflow.cli.errors import Failure
from trackflow.cli.shares import Ended
from trackflow.errors import LedgerError

KEYS = [str(number) for number in range(5)]


def test_each_process_does_its_share_and_says_how_far_it_is():
    ended: list[int] = []

    def work(share: Sequence[str], report: Ended) -> tuple[int, Sequence[str]]:
        for _ in share:
            report(1)
        return os.getpid(), share

    with shares.processes(work, [KEYS[:2], KEYS[2:]]) as at_work:
        found = shares.results(at_work, ended.append)

    assert sorted(share for _, share in found) == [KEYS[:2], KEYS[2:]]
    assert len({os.getpid(), *(process for process, _ in found)}) == 3
    assert sum(ended) == len(KEYS)


@pytest.mark.parametrize(
    "error", [Failure("no progress"), LedgerError("no progress")], ids=["ours", "ledger"]
)
def test_what_fails_in_one_process_is_said_in_one_line_and_ends_the_others(error, patiently):
    def work(share: Sequence[str], _: Ended) -> None:
        if share == ["fails"]:
            raise error
        patiently()

    assert _failure(work, [["fails"], ["waits"]]) == "no progress"


@pytest.mark.parametrize(
    ("death", "how"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "SIGKILL"),
        (lambda: os._exit(3), "exit code 3"),
    ],
    ids=["killed", "exits"],
)
def test_a_process_that_dies_is_a_failure_and_ends_the_others(death, how, patiently):
    def work(share: Sequence[str], _: Ended) -> None:
        if share == ["dies"]:
            death()
        patiently()

    assert _failure(work, [["waits"], ["dies"]]) == f"a process with a share of the orders died: {how}"


def test_ctrl_c_ends_all(patiently):
    def work(_: Sequence[str], report: Ended) -> None:
        os.kill(os.getpid(), signal.SIGINT)  # a terminal sends it to every process
        report(os.getpid())
        patiently()

    at_work: list[int] = []

    def interrupt(process: int) -> None:
        at_work.append(process)
        if len(at_work) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), shares.processes(work, [["a"], ["b"]]) as each:
        shares.results(each, interrupt)

    assert len(at_work) == 2
    for process in at_work:
        assert not _runs(process)


def test_none_goes_on_when_the_first_process_has_died(tmp_path, patiently):
    ended = tmp_path / "ended"

    def work(_: Sequence[str], report: Ended) -> None:
        try:
            until(lambda: report(1), 10, "nobody listens")
        except BrokenPipeError:
            ended.touch()
            raise

    first = os.fork()
    if first == 0:
        with shares.processes(work, [["a"]]) as at_work:
            at_work[0].report()
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(first, 0)

    until(ended.exists, 10, "the other one ends")


@pytest.mark.parametrize(
    ("cores", "keys", "sizes"),
    [(1, 100, [100]), (2, 100, [50, 50]), (2, 99, [99]), (8, 1001, [501, 500]), (2, 1, [1])],
)
def test_no_more_processes_than_cores_and_none_for_a_few_orders(monkeypatch, cores, keys, sizes):
    monkeypatch.setattr(shares, "_cores", lambda: cores)
    all_keys = [str(number) for number in range(keys)]

    dealt = shares.shares(all_keys, most=2, fewest=50)

    assert [len(share) for share in dealt] == sizes
    assert sorted(key for share in dealt for key in share) == sorted(all_keys)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def patiently():
    """Waits longer than any of these tests lasts."""
    return signal.pause


def _failure(work: shares.Work[None], shared: Sequence[Sequence[str]]) -> str:
    with pytest.raises(Failure) as failed, shares.processes(work, shared) as at_work:
        shares.results(at_work, lambda _: None)
    return failed.value.message
