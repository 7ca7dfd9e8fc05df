"""The page and the API of one order: its story, whatever somebody chose as its key and payload."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from lxml import html

from tests.board.conftest import Signed, asking, caught_up
from tests.board.orders import HOSTILE, HOSTILE_PAYLOAD, PLAIN, STEPS, tell
from tests.timer_models import choosy
from tests.waiting import until
from trackflow import Message, Trackflow
from trackflow.board.context import Board, open_board
from trackflow.board.orders.known import cockpit_of
from trackflow.board.settings import BoardSettings
from trackflow.bpmn import parse
from trackflow.masking import HIDDEN

AWAY = "http://127.0.0.1:9/engine-rest"  # "discard": nobody listens


def get(client: TestClient, path: str, **parameters: Any) -> Response:
    return client.get(path, params=parameters)


def page(client: TestClient, key: str, **parameters: Any) -> Any:
    """The page's elements."""
    response = get(client, "/order", key=key, **parameters)
    assert response.status_code == 200, response.text
    return html.fromstring(response.text)


def text_of(element: Any) -> str:
    return " ".join(element.text_content().split())


def asked(client: TestClient, key: str, **parameters: Any) -> dict[str, Any]:
    response = get(client, "/api/order", key=key, **parameters)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


# ---- the story ---------------------------------------------------------------------------------------


def test_a_page_says_first_what_is_the_matter(reading: TestClient) -> None:
    advice = page(reading, PLAIN).find_class("notice-title")
    assert text_of(advice[0]).startswith("Waiting for Goods_Shipped since ")


def test_the_api_tells_the_same_story(reading: TestClient) -> None:
    story = asked(reading, PLAIN)
    assert (story["state"], story["awaiting"], story["process"]) == (
        "running",
        ["Goods_Shipped"],
        "order_fulfillment",
    )
    assert [event["event"] for event in story["events"]] == list(STEPS[:3])
    assert [event["service"] for event in story["events"]] == [None, "payment", "inventory"]
    assert story["advice"][0]["title"].startswith("Waiting for Goods_Shipped since ")
    assert [place["element"] for place in story["places"]] == ["goods_shipped"]
    assert story["marks"]["at"] == ["goods_shipped"]
    assert "payment_done_to_goods_fetched" in story["marks"]["passed"]
    assert story["numberOfEvents"] == 3


@pytest.mark.parametrize(
    ("key", "state", "says"),
    [
        ("completed-1", "completed", "Completed after "),
        ("early-1", "waiting", "No process has started."),
        ("claim-refused-1", "running", "The engine refused Claim_Rated: "),
    ],
)
def test_each_state_has_its_words(reading: TestClient, key: str, state: str, says: str) -> None:
    story = asked(reading, key)
    assert story["state"] == state
    assert story["advice"][0]["title"].startswith(says)


def test_how_it_left_its_model_is_told(reading: TestClient) -> None:
    deviations = asked(reading, "duplicate-1")["deviations"]
    assert deviations == [{"kind": "duplicate", "name": "Order_Placed"}]


def test_the_diagrams_marks_are_on_the_page(reading: TestClient) -> None:
    (script,) = page(reading, PLAIN).xpath("//script[@id='order-marks']")
    assert json.loads(script.text)["at"] == ["goods_shipped"]


def test_many_events_are_paged(client: TestClient, trackflow: Trackflow) -> None:
    tell(trackflow, "many", STEPS[0], *[STEPS[1]] * 249)
    assert len(asked(client, "many", start=200, limit=100)["events"]) == 50
    first = page(client, "many")
    assert len(first.xpath("//details[@class='payload']")) == 100
    (following,) = first.xpath("//a[@rel='next']/@href")
    assert parse_qs(urlsplit(following).query) == {"key": ["many"], "start": ["100"]}
    assert len(page(client, "many", start=200).xpath("//details[@class='payload']")) == 50


# ---- what is not there -------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["nope", "", "../etc/passwd", "a\x00b", "x" * 5000, "' OR 1=1 --", "\ud83e"])
def test_a_key_that_is_no_order_is_404_and_can_be_searched(reading: TestClient, key: str) -> None:
    key = key.encode(errors="replace").decode()
    response = get(reading, "/order", key=key)
    assert response.status_code == 404
    (form,) = html.fromstring(response.text).xpath("//main//form[@action='/orders']")
    assert form.xpath(".//input[@name='key']")
    assert get(reading, "/api/order", key=key).status_code == 404


@pytest.mark.parametrize("parameters", [{"start": -1}, {"start": "x"}, {"start": 10**30}])
def test_a_wrong_place_to_start_is_422(reading: TestClient, parameters: dict[str, Any]) -> None:
    assert get(reading, "/order", key=PLAIN, **parameters).status_code == 422
    assert get(reading, "/api/order", key=PLAIN, **parameters).status_code == 422


def test_an_unknown_event_has_no_payload(reading: TestClient) -> None:
    for path in ("/order/payload", "/api/order/payload"):
        for event in ("nope", "", "a\x00b"):
            assert get(reading, path, key=PLAIN, event=event).status_code == 404


def test_an_event_is_found_under_its_own_order_only(reading: TestClient) -> None:
    event = asked(reading, PLAIN)["events"][0]["id"]
    assert get(reading, "/api/order/payload", key="completed-1", event=event).status_code == 404


# ---- hostile keys and payloads -----------------------------------------------------------------------


@pytest.mark.parametrize("key", HOSTILE)
def test_a_hostile_key_is_text(reading: TestClient, key: str) -> None:
    shown = page(reading, key)
    (heading,) = shown.xpath("//h1/bdi")
    assert heading.text_content() == (key if len(key) <= 120 else key[:119] + "…")
    assert not shown.xpath("//main//script[not(@type='application/json')] | //img | //*[@onerror or @style]")
    for fragment in shown.xpath("//@data-live"):
        assert parse_qs(urlsplit(fragment).query)["key"] == [key]
    assert asked(reading, key)["businessKey"] == key


@pytest.mark.parametrize("path", ["/order/payload", "/api/order/payload"])
def test_masked_fields_are_hidden_wherever_they_lie(reading: TestClient, path: str) -> None:
    event = asked(reading, HOSTILE[0])["events"][0]["id"]
    body = get(reading, path, key=HOSTILE[0], event=event).text
    assert "hunter2" not in body
    assert "abcdef" not in body
    assert body.count(HIDDEN) >= 2
    assert "shown" in body


def test_a_hostile_payload_is_text(reading: TestClient) -> None:
    event = asked(reading, HOSTILE[0])["events"][0]["id"]
    fragment = reading.get(
        "/order/payload", params={"key": HOSTILE[0], "event": event}, headers={"HX-Request": "true"}
    )
    shown = html.fromstring(fragment.text)
    assert not shown.xpath("//script | //b")
    expected = HOSTILE_PAYLOAD | {"password": HIDDEN, "deep": {"API_KEY": HIDDEN, "plain": "shown"}}
    assert json.loads(shown.xpath("string(//pre)")) == expected


def test_a_large_payload_is_cut_and_can_be_seen_whole(client: TestClient, trackflow: Trackflow) -> None:
    text = "\u202e<i>🦆" * 60_000
    tell(trackflow, "large", STEPS[0], payload={"text": text})
    event = asked(client, "large")["events"][0]["id"]
    assert len(get(client, "/order", key="large").text) < 100_000  # without the payload
    cut = html.fromstring(get(client, "/order/payload", key="large", event=event).text)
    assert len(cut.xpath("string(//pre)")) == 20_000
    (more,) = cut.xpath("//a[contains(@href, 'whole')]/@href")
    whole = html.fromstring(client.get(more).text)
    assert json.loads(whole.xpath("string(//pre)")) == {"text": text}


def test_marks_cannot_end_their_script(reading: TestClient) -> None:
    text = get(reading, "/order", key=PLAIN).text
    script = text.partition('id="order-marks">')[2].partition("</script>")[0]
    assert not set("<>&") & set(script)


# ---- something is away -------------------------------------------------------------------------------


def test_while_the_engine_is_away_the_last_known_place_is_shown(
    trackflow: Trackflow, project: Callable[..., Trackflow]
) -> None:
    blind = open_board(project(engine_url=AWAY, ledger_url=trackflow.settings.ledger_url), BoardSettings())
    with asking(blind) as client:
        story = asked(client, PLAIN)
        assert story["awaiting"] == ["Goods_Shipped"]
        assert story["engineError"]
        assert any(each["title"].startswith("The engine is away") for each in story["advice"])
        assert story["marks"]["at"] == ["goods_shipped"]
        until(
            lambda: blind.health.report.engine.state == "away", 60, "the board knows that the engine is away"
        )
        asked_at = time.monotonic()
        assert asked(client, "running-1")["awaiting"]
        assert time.monotonic() - asked_at < 60  # it was not asked again and again
        # and the diagram is that of the models folder
        assert get(client, "/api/processes/order_fulfillment/versions/1/model").status_code == 200


# ---- timers ------------------------------------------------------------------------------------------


def test_a_page_tells_until_when_an_order_waits_and_which_timer_cannot_fire(
    client: TestClient, trackflow: Trackflow
) -> None:
    # Given a version of the process with timers, of which one cannot fire
    source = choosy("PT1S").source.replace(b'process id="choosy"', b'process id="order_fulfillment"')
    trackflow.engine.deploy([parse(source, "order.bpmn")], trackflow.settings.tenant)
    order = Message.new(business_key="timed", tenant=trackflow.settings.tenant, event="Order_Placed")
    trackflow.tracker.handle(order)

    def is_stuck() -> bool:
        trackflow.tracker.sweep()
        order = trackflow.queries.order("timed")
        return order is not None and any(timer.trouble for timer in order.timers)

    until(is_stuck, 30, "the first timer is due")

    shown = page(client, "timed")

    assert "or until" in text_of(shown.find_class("order-state")[0])
    assert "Its timer Patience cannot fire" in text_of(shown.find_class("notice-bad")[0])
    assert "amount" in text_of(shown.find_class("notice-bad")[0])


# ---- what can be done --------------------------------------------------------------------------------


def test_a_reader_sees_no_buttons(reading: TestClient) -> None:
    assert not page(reading, "claim-refused-1").xpath("//form[@action='/failures/retry']")


def test_an_operator_retries_what_was_refused(operator: Signed, board: Board) -> None:
    shown = page(operator.client, "claim-refused-1")
    (form,) = shown.xpath("//form[@action='/failures/retry']")
    answer = operator.client.post("/failures/retry", data=dict(form.form_values()), headers=operator.headers)
    assert answer.status_code == 303, answer.text
    until(lambda: not board.operations.running(), 60, "the retry is done")

    def acts() -> list[str]:
        return [act["action"] for act in asked(operator.client, "claim-refused-1")["actions"]]

    until(lambda: acts() == ["retry"], 60, "the page tells what was done")
    story = asked(operator.client, "claim-refused-1")
    assert any("retried it" in sentence for each in story["advice"] for sentence in each["words"])


def test_what_is_told_meanwhile_is_shown(client: TestClient, trackflow: Trackflow, board: Board) -> None:
    assert asked(client, "running-0")["awaiting"] == ["Payment_Done"]
    tell(trackflow, "running-0", "Payment_Done")
    caught_up(board)
    until(lambda: asked(client, "running-0")["awaiting"] == ["Goods_Fetched"], 60, "the page follows")


# ---- the model and Cockpit ---------------------------------------------------------------------------


def test_a_model_is_served_as_it_was_deployed(client: TestClient, trackflow: Trackflow) -> None:
    response = get(client, "/api/processes/order_fulfillment/versions/1/model")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/xml")
    assert response.content in {model.source for model in trackflow.models}


@pytest.mark.parametrize(
    "path", ["nope/versions/1", "order_fulfillment/versions/x", "order_fulfillment/versions/-1"]
)
def test_a_model_that_is_not_there(reading: TestClient, path: str) -> None:
    assert get(reading, f"/api/processes/{path}/model").status_code in (404, 422)


def test_the_engines_own_application_is_linked_without_its_password(
    project: Callable[..., Trackflow],
) -> None:
    trackflow = project(engine_url="http://demo:s3cret@engine:8080/engine-rest")
    link = cockpit_of(open_board(trackflow, BoardSettings()), "i/1")
    assert link == "http://engine:8080/camunda/app/cockpit/default/#/process-instance/i%2F1"
    set_by_hand = BoardSettings(cockpit_url="https://cockpit.example/default/")
    assert cockpit_of(open_board(trackflow, set_by_hand), "1") == (
        "https://cockpit.example/default/#/process-instance/1"
    )


def test_the_embedded_engine_has_no_application(board: Board) -> None:
    assert cockpit_of(board, "1") is None
