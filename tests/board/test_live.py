"""The page Live: events as they pass, their payloads, and test events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from markupsafe import escape

from tests.board.conftest import Signed, asking, sign_in_by_link
from tests.board.orders import HOSTILE, HOSTILE_PAYLOAD, PAYLOAD, STEPS
from tests.waiting import until
from trackflow import Trackflow
from trackflow.board.context import Board, open_board
from trackflow.board.rendering import visible
from trackflow.board.settings import BoardSettings
from trackflow.cli.local_worker import local_worker
from trackflow.errors import LedgerError
from trackflow.masking import HIDDEN

PATIENCE = 60


def newest(client: TestClient, **filters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/api/events", params=filters).json()
    return found


def test_the_newest_events_are_on_top(reading: TestClient) -> None:
    found = newest(reading, limit=200)
    assert len(found) > 100
    times = [datetime.fromisoformat(each["receivedAt"]) for each in found]
    assert times == sorted(times, reverse=True)
    page = reading.get("/live").text
    assert page.index(str(escape(found[0]["id"]))) < page.index(str(escape(found[1]["id"])))


@pytest.mark.parametrize("key", HOSTILE)
def test_a_hostile_key_is_text(reading: TestClient, key: str) -> None:
    page = reading.get("/live", params={"key": key}).text
    assert f"<bdi>{visible(key)}</bdi>" in page
    assert {each["businessKey"] for each in newest(reading, key=key)} >= {key}


@pytest.mark.parametrize(
    ("filters", "fits"),
    [
        ({"event": "Claim_Rated"}, lambda each: each["event"] == "Claim_Rated"),
        ({"outcome": "refused"}, lambda each: each["outcome"] == "refused"),
        ({"key": "duplicate-"}, lambda each: each["businessKey"].startswith("duplicate-")),
        ({"key": "duplicate-", "outcome": "duplicate"}, lambda each: each["outcome"] == "duplicate"),
    ],
)
def test_events_are_filtered_by_the_url(
    reading: TestClient, filters: dict[str, str], fits: Callable[[dict[str, Any]], bool]
) -> None:
    found = newest(reading, limit=200, **filters)
    assert found
    assert all(fits(each) for each in found)
    assert len(found) == len([each for each in newest(reading, limit=200) if fits(each)])


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("outcome=lost", "outcome: should be 'received', 'waiting', 'correlated', 'duplicate'"),
        ("limit=0", "limit: should be greater than or equal to 1"),
        ("limit=many", "limit: should be a valid integer"),
        (f"key={'x' * 300}", "key: string should have at most 255 characters"),
    ],
)
def test_a_wrong_filter_is_told_in_words(reading: TestClient, query: str, words: str) -> None:
    answer = reading.get(f"/api/events?{query}")
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(words)
    if not query.startswith("limit"):
        page = reading.get(f"/live?{query}")
        assert page.status_code == 422
        assert str(escape(words)) in page.text


def test_nothing_found_says_what_to_do(reading: TestClient, project: Callable[..., Trackflow]) -> None:
    assert "None of the last 2,000 events matches" in reading.get("/live?key=no-such-order").text
    trackflow = project()
    trackflow.ledger.close()
    with asking(open_board(trackflow)) as client:
        assert "celery -A tasks track emit Order_Placed" in client.get("/live").text


def payload_of(client: TestClient, key: str) -> Any:
    event = newest(client, key=key)[0]
    found = client.get("/api/events/payload", params={"id": event["id"]}).json()
    assert (found["businessKey"], found["event"]) == (key, event["event"])
    return found["payload"]


def test_a_payload_is_shown_without_what_is_masked(reading: TestClient) -> None:
    assert payload_of(reading, "completed-0") == {**PAYLOAD, "card_number": HIDDEN}
    assert payload_of(reading, HOSTILE[0]) == {
        **HOSTILE_PAYLOAD,
        "password": HIDDEN,
        "deep": {"API_KEY": HIDDEN, "plain": "shown"},
    }


def test_what_is_masked_is_the_users_choice(trackflow: Trackflow) -> None:
    with asking(open_board(trackflow, BoardSettings(mask=("cust*", "sku")))) as client:
        assert payload_of(client, "completed-0") == {
            **PAYLOAD,
            "customer": HIDDEN,
            "lines": [{"sku": HIDDEN, "n": 2}],
        }


@pytest.mark.parametrize("identity", ["none", "../..", "<script>", "🦆", "' OR 1=1 --"])
def test_an_unknown_event_is_404(reading: TestClient, identity: str) -> None:
    answer = reading.get("/api/events/payload", params={"id": identity})
    assert (answer.status_code, set(answer.json())) == (404, {"detail"})


@pytest.fixture
def shop(project: Callable[..., Trackflow]) -> Iterator[tuple[Board, Signed]]:
    """A board with a worker in its process, and its operator."""
    trackflow = project()
    trackflow.engine.deploy(trackflow.models, "showcase")

    @trackflow.app.task(name="order_fulfillment", shared=False)
    def order_fulfillment(event: Any) -> None:
        trackflow.tracker.handle(event)

    board = open_board(trackflow, with_link=True, has_worker=True)
    with local_worker(trackflow.app), asking(board) as client:
        until(lambda: board.health.report.broker.state == "ok", PATIENCE, "the broker is seen")
        yield board, sign_in_by_link(board, client)


def test_an_operator_publishes_a_test_event_from_the_page(shop: tuple[Board, Signed]) -> None:
    _, operator = shop
    assert "Publish a test event" in operator.client.get("/live").text
    data = {"event": STEPS[0], "key": "<test>", "payload": '{"amount": 1}', "csrf_token": operator.token}

    answer = operator.client.post("/live", data=data)

    assert answer.status_code == 200
    assert "Published" in answer.text
    assert "&lt;test&gt;" in answer.text


def test_an_operator_publishes_a_test_event_by_the_api(shop: tuple[Board, Signed]) -> None:
    _, operator = shop
    event = {"event": STEPS[0], "payload": [1, None, "x"]}
    answer = operator.client.post("/api/events", json=event, headers=operator.headers)
    assert (answer.status_code, set(answer.json())) == (201, {"id", "businessKey"})


def test_who_published_a_test_event_stands_in_the_audit(shop: tuple[Board, Signed]) -> None:
    _, operator = shop
    event = {"event": STEPS[0], "businessKey": "tried"}
    told = operator.client.post("/api/events", json=event, headers=operator.headers).json()

    (act,) = operator.client.get("/api/audit", params={"action": "publish"}).json()

    assert (act["id"], act["businessKey"]) == (told["id"], "tried")
    assert act["who"].endswith("@board")
    assert told["id"] in operator.client.get("/audit?action=publish").text


def test_what_cannot_be_written_down_is_not_published(
    shop: tuple[Board, Signed], monkeypatch: pytest.MonkeyPatch
) -> None:
    board, operator = shop

    def away(*_: Any, **__: Any) -> None:
        raise LedgerError("ledger sqlite: disk I/O error")

    def published(*_: Any, **__: Any) -> None:
        raise AssertionError("it was published")

    monkeypatch.setattr(board.trackflow.ledger, "write", away)
    monkeypatch.setattr(board.trackflow.publisher, "emit", published)
    event = {"event": STEPS[0], "key": "kept", "csrf_token": operator.token}

    page = operator.client.post("/live", data=event)

    assert page.status_code == 503
    assert "disk I/O error" in page.text
    assert 'value="kept"' in page.text  # what was typed


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"event": "Order_Lost"}, "which is not in the choreography"),
        ({"event": STEPS[0], "payload": "{"}, "The payload is no JSON"),
        ({"event": STEPS[0], "payload": "NaN"}, "The payload is no JSON"),
        ({"event": STEPS[0], "key": "two\nlines"}, "should have no control character"),
        ({"event": STEPS[0], "key": "ü" * 200}, "should have 1 to 255 bytes"),
    ],
)
def test_what_is_no_event_is_told_in_words_and_what_was_typed_stays(
    shop: tuple[Board, Signed], typed: dict[str, str], words: str
) -> None:
    _, operator = shop
    answer = operator.client.post("/live", data={**typed, "csrf_token": operator.token})
    assert answer.status_code == 422
    assert words in answer.text
    assert str(escape(typed.get("payload", ""))) in answer.text


def test_nothing_is_published_where_nobody_allowed_it(operator: Signed) -> None:
    assert "Publish a test event" not in operator.client.get("/live").text
    answer = operator.client.post("/api/events", json={"event": STEPS[0]}, headers=operator.headers)
    assert answer.status_code == 403
    assert "BOARD_PUBLISH" in answer.json()["detail"]


def test_nobody_would_hear_an_event_in_memory(project: Callable[..., Trackflow]) -> None:
    board = open_board(project(), BoardSettings(publish=True), with_link=True)
    with asking(board) as client:
        until(lambda: board.health.report.broker.state == "none", PATIENCE, "there is no broker")
        operator = sign_in_by_link(board, client)
        answer = client.post("/api/events", json={"event": STEPS[0]}, headers=operator.headers)
    assert answer.status_code == 503
    assert "nobody would hear the event: AMQP_URL is memory://, which lives within" in answer.json()["detail"]


def test_with_the_broker_away_nobody_waits_for_it(project: Callable[..., Trackflow]) -> None:
    trackflow = project(amqp_url="amqp://u:secret@127.0.0.1:1//")
    board = open_board(trackflow, BoardSettings(publish=True), with_link=True)
    with asking(board) as client:
        until(lambda: board.health.report.broker.state == "away", PATIENCE, "the broker is seen to be away")
        operator = sign_in_by_link(board, client)
        answer = client.post("/api/events", json={"event": STEPS[0]}, headers=operator.headers)
        page = client.post("/live", data={"event": STEPS[0], "csrf_token": operator.token})
    assert (answer.status_code, page.status_code) == (503, 503)
    assert "secret" not in answer.text + page.text
