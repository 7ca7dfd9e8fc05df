"""Work that takes longer than a page: it shows how far it is, can be stopped, and ends in words."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from fastapi import HTTPException
from fastapi.testclient import TestClient

from tests.board.conftest import Signed
from tests.waiting import until
from trackflow.board.context import Board
from trackflow.board.repair.operations import Operation, Operations
from trackflow.errors import LedgerError

SECONDS = 60


@pytest.fixture
def operations() -> Iterator[Operations]:
    made = Operations()
    yield made
    made.close()


def over(operation: Operation) -> Operation:
    until(lambda: operation.is_over, SECONDS, "the operation is over")
    return operation


class Steps:
    """Work of some steps, each of which waits until it is let."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.begun = threading.Event()
        self.let = threading.Semaphore(0)

    def __call__(self, operation: Operation) -> str:
        for _ in range(self.steps):
            self.begun.set()
            assert self.let.acquire(timeout=SECONDS)
            if operation.is_to_stop:
                return f"Stopped after {operation.done}."
            operation.done += 1
        return f"All {operation.done} are done."


def test_an_operation_says_how_far_it_is_and_what_became_of_it(operations: Operations) -> None:
    steps = Steps(4)
    operation = operations.start("replay", "Replay 4 letters", 4, steps, "ada@board", "the bank is back")

    steps.let.release(3)
    until(lambda: operation.done == 3, SECONDS, "three are done")
    assert (operation.state, operation.share, operation.result) == ("running", 75, "")
    steps.let.release()

    assert over(operation).state == "done"
    assert (operation.share, operation.result) == (100, "All 4 are done.")
    assert operation.who == "ada@board"
    assert operation.started_at is not None
    assert operation.ended_at is not None
    assert operations.find(operation.id) is operation


def test_a_stopped_operation_keeps_what_it_has_done(operations: Operations) -> None:
    steps = Steps(4)
    operation = operations.start("replay", "Replay 4 letters", 4, steps, "ada@board")
    steps.let.release()
    until(lambda: operation.done == 1, SECONDS, "one is done")

    operation.stop()
    steps.let.release()

    assert over(operation).state == "stopped"
    assert (operation.done, operation.result) == (1, "Stopped after 1.")


def test_stopped_too_late_it_is_done(operations: Operations) -> None:
    def work(operation: Operation) -> str:
        operation.done = 1
        operation.stop()
        return "All is done."

    assert over(operations.start("replay", "Replay 1 letter", 1, work, "ada@board")).state == "done"


def test_an_error_of_ours_ends_it_in_words(operations: Operations) -> None:
    def work(operation: Operation) -> str:
        operation.done = 500
        raise LedgerError("ledger sqlite:///x: is locked")

    operation = over(operations.start("discard", "Discard all", 1000, work, "ada@board"))

    assert operation.state == "failed"
    assert operation.result == (
        "ledger sqlite:///x: is locked. 500 were done before; what is not done stands as it stood."
    )


def test_a_bug_ends_it_without_details(operations: Operations) -> None:
    def work(_: Operation) -> str:
        raise KeyError("secret")

    operation = over(operations.start("discard", "Discard all", None, work, "ada@board"))

    assert operation.state == "failed"
    assert "secret" not in operation.result


def test_those_that_would_disturb_each_other_come_one_after_the_other(operations: Operations) -> None:
    # Given a replay that goes on
    first, second, elsewhere = Steps(1), Steps(1), Steps(1)
    replay = operations.start("replay", "Replay", 1, first, "ada@board")
    assert first.begun.wait(SECONDS)
    # When a discard and a retry are started
    discard = operations.start("discard", "Discard", 1, second, "ada@board")
    retry = operations.start("retry", "Retry", 1, elsewhere, "ada@board")
    # Then the retry runs beside it, and the discard waits for its turn
    assert elsewhere.begun.wait(SECONDS)
    assert (discard.state, second.begun.is_set()) == ("waiting", False)
    assert operations.running() == [retry, discard, replay]
    for steps in (first, second, elsewhere):
        steps.let.release()
    assert [over(each).state for each in (replay, discard, retry)] == ["done"] * 3


def test_one_that_is_stopped_while_it_waits_does_nothing(operations: Operations) -> None:
    first, second = Steps(1), Steps(1)
    replay = operations.start("replay", "Replay", 1, first, "ada@board")
    discard = operations.start("discard", "Discard", 1, second, "ada@board")

    discard.stop()
    first.let.release()

    assert over(discard).state == "stopped"
    assert not second.begun.is_set()
    assert over(replay).state == "done"


def test_only_so_many_wait(operations: Operations) -> None:
    steps = Steps(1)
    waiting = [operations.start("replay", str(number), 1, steps, "ada@board") for number in range(20)]

    with pytest.raises(HTTPException) as refused:
        operations.start("replay", "one more", 1, steps, "ada@board")

    assert refused.value.status_code == 429
    steps.let.release(20)
    assert {over(operation).state for operation in waiting} == {"done"}


def test_the_oldest_are_forgotten_but_none_that_goes_on(
    operations: Operations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trackflow.board.repair.operations._KEPT", 5)
    steps = Steps(1)
    long = operations.start("retry", "long", 1, steps, "ada@board")
    for number in range(8):
        over(operations.start("replay", str(number), 1, lambda _: "", "ada@board"))

    assert len(operations.newest()) == 5
    assert operations.newest()[0].description == "7"
    assert operations.find(long.id) is long
    steps.let.release()


def test_closing_stops_what_goes_on() -> None:
    operations, steps = Operations(), Steps(3)
    operation = operations.start("replay", "Replay", 3, steps, "ada@board")
    assert steps.begun.wait(SECONDS)
    steps.let.release(3)

    operations.close()

    assert operation.is_over


# ---- pages and API ---------------------------------------------------------------------------------------


def test_everybody_sees_an_operation_and_operators_stop_it(board: Board, operator: Signed) -> None:
    steps = Steps(10)
    operation = board.operations.start("replay", "Replay <b>10</b>", 10, steps, "ada@board", "why </p>")
    assert steps.begun.wait(SECONDS)

    shown = operator.client.get(f"/operations/{operation.id}")
    assert "Replay &lt;b&gt;10&lt;/b&gt;" in shown.text
    assert "why &lt;/p&gt;" in shown.text
    assert f'hx-get="/operations/{operation.id}/progress"' in shown.text
    assert operator.client.get("/api/operations").json()[0]["state"] == "running"
    assert operation.id in operator.client.get("/operations").text

    stopped = operator.client.post(f"/operations/{operation.id}/stop", headers=operator.headers)
    assert stopped.status_code == 303
    steps.let.release(10)
    assert over(operation).state == "stopped"
    fragment = operator.client.get(f"/operations/{operation.id}/progress").text
    assert "hx-get" not in fragment
    assert "Stopped after 0." in fragment


def test_a_reader_cannot_stop_it(board: Board, client: TestClient) -> None:
    steps = Steps(1)
    operation = board.operations.start("replay", "Replay", 1, steps, "ada@board")

    for path in (f"/operations/{operation.id}/stop", f"/api/operations/{operation.id}/stop"):
        assert client.post(path).status_code == 403
    assert not operation.is_to_stop
    assert "Stop" not in client.get(f"/operations/{operation.id}").text
    steps.let.release()


@pytest.mark.parametrize("path", ["/operations/none", "/operations/none/progress", "/api/operations/none"])
def test_one_that_is_not_there_is_404(path: str, client: TestClient) -> None:
    assert client.get(path).status_code == 404


def test_without_any_the_page_says_what_would_be_here(client: TestClient) -> None:
    assert "No operations" in client.get("/operations").text
