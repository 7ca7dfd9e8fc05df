"""The overview: its numbers are the ledger's, whatever is away, and it says in words what is wrong."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from tests.board.conftest import asking, caught_up
from tests.board.orders import STEPS, tell
from tests.waiting import until
from trackflow import Trackflow
from trackflow.board.context import Board, open_board
from trackflow.tracking.orders import Order

PROCESS = "order_fulfillment"
AWAY = "http://127.0.0.1:9/engine-rest"  # "discard": nobody listens


def asked(client: TestClient) -> dict[str, Any]:
    response = client.get("/api/overview")
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def page(client: TestClient) -> str:
    """What a person reads, without markup."""
    response = client.get("/")
    assert response.status_code == 200, response.text
    text = re.sub(r"<script\b.*?</script>|<[^>]+>", " ", response.text, flags=re.DOTALL)
    return " ".join(unescape(text).split())


def process(answer: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in answer["processes"] if each["process"] == name)
    return found


def orders_of(trackflow: Trackflow) -> list[Order]:
    """All orders, as the command line finds them: counted one by one."""
    return trackflow.queries.orders(limit=10_000)


def states(orders: list[Order]) -> Counter[str]:
    return Counter(order.state for order in orders)


def test_states_are_as_many_as_there_are_orders_in_them(client: TestClient, trackflow: Trackflow) -> None:
    answer = asked(client)

    counted = Counter[str]()
    for each in (*answer["processes"], answer["withoutProcess"]):
        counted.update(each["states"])
    assert counted == states(orders_of(trackflow))


def test_elements_hold_as_many_orders_as_are_active_there(client: TestClient, trackflow: Trackflow) -> None:
    answer = asked(client)

    shown = Counter[str]()
    for each in answer["processes"]:
        shown.update(each["elements"])
    active = Counter(
        element for order in orders_of(trackflow) if order.instances for element in order.instances[-1].active
    )
    assert shown == active


def test_the_page_shows_the_numbers_of_the_api(reading: TestClient) -> None:
    answer = asked(reading)

    text = page(reading)

    fulfillment = process(answer, PROCESS)
    running = sum(each["states"].get("running", 0) for each in answer["processes"])
    assert f"{running:,} running" in text
    assert f"Order fulfillment Version {fulfillment['version']}" in text
    assert f"Running {fulfillment['states']['running']}" in text
    assert f"Oldest {fulfillment['oldestKey']}" in re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d ", "", text)


def test_the_diagram_is_given_a_count_of_every_element(reading: TestClient) -> None:
    html = reading.get("/").text

    marks = re.search(rf'id="marks-{PROCESS}">(.*?)</script>', html)
    assert marks is not None
    assert json.loads(marks[1])["counts"] == process(asked(reading), PROCESS)["elements"]


def test_the_oldest_running_order_is_the_one_that_began_first(
    client: TestClient, trackflow: Trackflow
) -> None:
    running = [order for order in orders_of(trackflow) if order.state == "running"]

    oldest = min(
        (order for order in running if order.instances[-1].process == PROCESS),
        key=lambda order: (order.started_at, order.business_key),
    )
    assert process(asked(client), PROCESS)["oldestKey"] == oldest.business_key


def test_an_order_that_ends_is_counted_at_once(
    client: TestClient, trackflow: Trackflow, board: Board
) -> None:
    # Given what had ended before
    before = asked(client)
    ended = sum(process(before, PROCESS)["ended"])

    # When two more orders end
    for number in range(2):
        tell(trackflow, f"new-{number}", *STEPS)
    caught_up(board)

    # Then the overview counts them, as soon as it reads the figures again
    until(lambda: sum(process(asked(client), PROCESS)["ended"]) == ended + 2, 30, "the two are counted")
    completed = process(before, PROCESS)["states"]["completed"]
    assert process(asked(client), PROCESS)["states"]["completed"] == completed + 2


def test_refused_orders_need_somebody_and_lead_to_their_list(
    client: TestClient, trackflow: Trackflow
) -> None:
    answer = asked(client)

    refused = [
        order
        for order in orders_of(trackflow)
        if any(event.outcome == "refused" for event in _events(trackflow, order))
    ]
    claims = process(answer, "claim")
    assert claims["refused"] == len(refused)
    need = next(need for need in answer["needs"] if "refused" in need["words"])
    assert need["words"].startswith(f"{len(refused)} orders of ")
    assert client.get(need["href"]).status_code == 200


def test_an_empty_ledger_says_what_to_do(project: Callable[..., Trackflow]) -> None:
    with asking(open_board(project())) as client:
        until(lambda: asked(client)["verdict"]["level"] == "empty", 30, "the tables are there")
        text = page(client)

    assert "No order has come yet." in text
    assert "celery -A tasks track emit Order_Placed" in text
    assert "celery -A tasks track demo" in text


def test_the_numbers_stay_while_the_engine_is_away(
    project: Callable[..., Trackflow], trackflow: Trackflow
) -> None:
    # Given the same ledger, and an engine that does not answer
    with asking(open_board(trackflow)) as client:
        before = asked(client)
    board = open_board(project(ledger_url=trackflow.settings.ledger_url, engine_url=AWAY))

    with asking(board) as client:
        board.health.look("engine")
        answer, text = asked(client), page(client)

    # Then it is said first, and every count is what it was
    assert answer["verdict"]["words"] == "Something is stuck: the engine is away."
    assert "The engine is away." in text
    assert answer["processes"] == before["processes"]


def test_a_ledger_that_was_never_reached_is_said_to_be_away(
    project: Callable[..., Trackflow], tmp_path: Path
) -> None:
    board = open_board(project(ledger_url=f"sqlite:///{tmp_path}/no/such/folder.db"))

    with asking(board) as client:
        board.health.look("ledger")
        answer, text = asked(client), page(client)

    assert answer["verdict"]["words"] == "Something is stuck: the ledger is away."
    assert (answer["asOf"], answer["processes"]) == (None, [])
    assert "The ledger is away." in text


def test_the_last_numbers_stay_when_the_ledger_goes_away(
    client: TestClient, board: Board, trackflow: Trackflow
) -> None:
    # Given figures that were read
    before = asked(client)

    # When the ledger can be read no more
    with sqlite3.connect(trackflow.settings.ledger_url.removeprefix("sqlite:///")) as database:
        for table in ("tallies", "cases"):
            database.execute(f"DROP TABLE {table}")
    board.health.look("ledger")

    # Then they are shown, and of when they are
    answer = asked(client)
    assert answer["isStale"]
    assert (answer["asOf"], answer["processes"]) == (before["asOf"], before["processes"])
    assert "As of" in page(client)


def _events(trackflow: Trackflow, order: Order) -> Any:
    found = trackflow.queries.order(order.business_key)
    assert found is not None
    return found.events
