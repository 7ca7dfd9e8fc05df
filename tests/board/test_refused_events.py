"""What the engine refused: shown by cause, and told again when the cause is mended. No broker is needed."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from tests.board.conftest import Signed
from tests.waiting import until
from trackflow.board.context import Board
from trackflow.board.repair.failures import failures
from trackflow.board.repair.letters import LetterBox
from trackflow.board.repair.operations import Operation
from trackflow.board.repair.repairs import By, Repairs
from trackflow.board.repair.shelf import MOST_READ, Shelf
from trackflow.board.security.people import Person
from trackflow.errors import LedgerError
from trackflow.tracking.audit import Act, Audit, Entry
from trackflow.tracking.tables import events

SECONDS = 60
SOMEBODY = By(Person("ada", "operator"), "mended")
CAUSE = "the engine refused it: '${amount >= 100}', character …: … is no whole number"


def post(operator: Signed, board: Board, **fields: Any) -> Operation:
    answer = operator.client.post("/failures/retry", data=fields, headers=operator.headers)
    assert answer.status_code == 303, answer.text
    operation = board.operations.find(answer.headers["location"].rpartition("/")[2])
    assert operation is not None
    until(lambda: operation.is_over, SECONDS, "it is over")
    return operation


def mend(board: Board) -> None:
    """Make what is refused acceptable, as a corrected model would."""
    with board.trackflow.ledger.writing() as transaction:
        changed = sa.func.replace(events.c.body, '"?"', "150")
        transaction.execute(sa.update(events).where(events.c.outcome == "refused").values(body=changed))


def outcomes(board: Board) -> list[str]:
    with board.trackflow.ledger.reading() as transaction:
        chosen = sa.select(events.c.outcome).where(
            events.c.business_key.like("claim-refused-%"), events.c.name == "Claim_Rated"
        )
        return list(transaction.scalars(chosen))


def acts(board: Board) -> list[Act]:
    return Audit(board.trackflow.ledger, board.trackflow.settings.tenant).newest(100)


def test_refused_events_are_a_group(client: TestClient, board: Board) -> None:
    (group,) = client.get("/api/failures").json()["groups"]

    assert (group["kind"], group["where"], group["cause"]) == ("refused", "Claim_Rated", CAUSE)
    assert group["count"] == len(outcomes(board))
    page = client.get("/failures").text
    assert "claim-refused-" in page
    assert "memory://" in page  # there is no broker that has dead letters
    assert "/failures/retry" not in page


def test_a_group_shows_its_events(reading: TestClient) -> None:
    page = reading.get("/failures/events", params={"event": "Claim_Rated", "cause": CAUSE})

    assert page.status_code == 200
    assert "claim-refused-1" in page.text
    assert "is no whole number" in page.text
    assert reading.get("/failures/events", params={"event": "Claim_Rated", "cause": "x"}).status_code == 404


def test_a_cause_that_is_mended_is_retried_as_a_whole(operator: Signed, board: Board) -> None:
    many = len(outcomes(board))
    mend(board)

    operation = post(operator, board, event="Claim_Rated", cause=CAUSE, why="the model is mended")

    assert (operation.state, operation.done) == ("done", many)
    assert operation.result == f"Told again: {many} took effect."
    assert set(outcomes(board)) == {"correlated"}
    assert {(act.action, act.who, act.why) for act in acts(board)} == {
        ("retry", operation.who, "the model is mended")
    }
    until(lambda: not failures(board).groups, SECONDS, "the group is gone")


def test_one_that_is_not_mended_is_refused_again(operator: Signed, board: Board) -> None:
    page = operator.client.get("/failures/events", params={"event": "Claim_Rated", "cause": CAUSE}).text
    identity = re.findall(r'name="id" value="([^"]*)"', page)[0]

    operation = post(operator, board, id=identity)

    assert (operation.result, operation.done) == ("Told again: 1 refused again.", 1)
    assert set(outcomes(board)) == {"refused"}
    assert [act.entry.event_id for act in acts(board)] == [identity]


def test_orders_are_retried_by_their_keys(operator: Signed, board: Board) -> None:
    mend(board)

    operation = post(operator, board, key=["claim-refused-0", "running-2", "nobody"])

    assert operation.result == "Told again: 1 took effect."
    assert sorted(outcomes(board)).count("correlated") == 1


def test_orders_of_a_filter_are_retried_page_by_page_and_can_be_stopped(board: Board) -> None:
    # Given pages of keys as a list of orders has them, and somebody who stops after the first
    mend(board)
    pages = iter([["claim-refused-0"], ["claim-refused-1"]])
    operation: list[Operation] = []

    def keys() -> Iterator[list[str]]:
        yield next(pages)
        operation[0].stop()
        yield next(pages)
        raise AssertionError("a stopped operation asks for no more")

    with held(board):
        operation.append(Repairs(board).retry_orders(keys(), "some orders", 3, SOMEBODY))
    until(lambda: operation[0].is_over, SECONDS, "it is over")

    assert operation[0].state == "stopped"
    assert "the rest stands as it stood" in operation[0].result
    board.operations.close()


@contextmanager
def held(board: Board) -> Iterator[None]:
    """Retries wait until the block ends, so that an operation is known before it runs."""
    ends = threading.Event()
    board.operations.start("retry", "hold", None, lambda _: str(ends.wait(SECONDS)), "ada@board")
    yield
    ends.set()


def test_without_the_ledger_the_page_says_so(client: TestClient, board: Board) -> None:
    with board.trackflow.ledger.writing() as transaction:
        transaction.exec_driver_sql("ALTER TABLE events RENAME TO hidden")

    page = client.get("/failures")

    assert page.status_code == 200
    assert "The ledger is away" in page.text
    assert client.get("/api/failures").json()["ledgerError"]


def test_the_ledger_is_away_since_a_moment(
    client: TestClient, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise LedgerError("ledger sqlite: disk I/O error")

    seen = client.get("/failures").text
    monkeypatch.setattr(board.trackflow.ledger, "reading", away)
    board.health.look("ledger")

    page = client.get("/failures").text

    assert "claim-refused-" in seen
    assert "claim-refused-" in page
    assert re.search("The ledger is away since <time", page)
    assert "shown as it was seen last" in page


def test_so_many_that_not_all_are_counted_are_said(
    client: TestClient, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = Shelf("showcase.payment", depth=250_000, count=MOST_READ)
    monkeypatch.setattr(LetterBox, "shelves", [long, Shelf("showcase.shipment", depth=3, count=3)])
    monkeypatch.setattr("trackflow.board.repair.failures.MOST_REFUSED", len(outcomes(board)))
    letters = "showcase.payment: counted are the first 100,000 letters of this queue, which has 250,000."
    events = f"Refused events: counted are the newest {len(outcomes(board))}."

    for page in (client.get("/failures").text, client.get("/failures/state").text):
        assert letters in page
        assert events in page
        assert "showcase.shipment: counted" not in page
    assert client.get("/api/failures").json()["limits"] == [letters, events]
    assert letters in client.get("/failures/letters", params={"queue": "payment"}).text
    assert letters not in client.get("/failures/letters", params={"queue": "shipment"}).text
    assert events in client.get("/failures/events", params={"event": "Claim_Rated", "cause": CAUSE}).text


# ---- audit -----------------------------------------------------------------------------------------------


def test_the_audit_is_read_page_by_page_and_filtered(client: TestClient, board: Board) -> None:
    audit = Audit(board.trackflow.ledger, board.trackflow.settings.tenant)
    audit.write(
        "replay", [Entry(f"id-{number}", f"<b>{number}</b>") for number in range(60)], who="ada@board"
    )
    audit.write("discard", [Entry("rubbish", queue="showcase.payment")], "<i>why</i>", "bob@board")

    first = client.get("/audit").text
    assert "rubbish" in first
    assert "&lt;i&gt;why&lt;/i&gt;" in first
    assert "<b>5" not in first
    before = re.findall(r"before=(\d+)", first)[0]
    rest = client.get("/audit", params={"before": before}).text
    assert "id-0" in rest
    assert "rubbish" not in rest
    assert "id-59" not in client.get("/audit", params={"who": "bob@board"}).text
    (act,) = client.get("/api/audit", params={"action": "discard"}).json()
    assert (act["who"], act["why"], act["queue"]) == ("bob@board", "<i>why</i>", "showcase.payment")
    assert [act["id"] for act in client.get("/api/audit", params={"key": "<b>7</b>"}).json()] == ["id-7"]
    assert len(client.get("/api/audit", params={"limit": 7}).json()) == 7


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/audit?action=nothing", 422),
        ("/api/audit?action=nothing", 422),
        ("/api/audit?before=x", 422),
        ("/api/audit?limit=0", 422),
        ("/api/audit?key=%00", 422),
        ("/audit?before=2147483648", 422),
        ("/failures/events?event=%00&cause=x", 422),
        ("/audit/original?number=1", 404),
    ],
)
def test_what_is_not_understood_is_said(path: str, status: int, reading: TestClient) -> None:
    assert reading.get(path).status_code == status


def test_an_empty_audit_says_what_would_be_here(reading: TestClient) -> None:
    assert "Nothing was done yet" in reading.get("/audit").text
    assert "that fits" in reading.get("/audit", params={"who": "nobody"}).text
