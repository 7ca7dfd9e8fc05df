"""The list of orders, as a page and as JSON."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient

from tests.board.conftest import Signed, asking, caught_up
from tests.board.orders import HOSTILE, PLAIN, tell
from tests.waiting import until
from trackflow import Trackflow
from trackflow.board.context import Board, open_board
from trackflow.board.settings import BoardSettings
from trackflow.errors import LedgerError
from trackflow.tracking.audit import Audit

SECONDS = 60
_KEY = re.compile(r'<input type="checkbox" name="selected" value="([^"]*)"')


def keys(page: str) -> list[str]:
    """Of the rows of the page."""
    return [html.unescape(key) for key in _KEY.findall(page)]


def test_all_orders_are_found_page_by_page(reading: TestClient) -> None:
    seen, url = list[str](), "/orders"
    while url:
        page = reading.get(url).text
        seen += keys(page)
        found = re.search(r'href="([^"]*)" rel="next"', page)
        url = html.unescape(found[1]) if found else ""

    assert len(seen) == len(set(seen)) > 60
    assert set(HOSTILE) <= set(seen)


def test_the_page_and_the_api_find_the_same(reading: TestClient) -> None:
    for filter_ in (
        "state=completed",
        "key=claim-&sort=-key",
        "outcome=refused",
        "awaits=Payment_Done",
        "late=false",
    ):
        listed = reading.get(f"/api/orders?{filter_}").json()
        assert listed["orders"]
        assert keys(reading.get(f"/orders?{filter_}").text) == [
            order["businessKey"] for order in listed["orders"]
        ]


def test_an_order_is_listed_with_what_is_known_of_it(reading: TestClient) -> None:
    (order,) = reading.get("/api/orders", params={"key": PLAIN}).json()["orders"]

    assert (order["state"], order["lastEvent"], order["awaiting"]) == (
        "running",
        "Goods_Fetched",
        ["Goods_Shipped"],
    )
    assert [place["element"] for place in order["elements"]] == ["goods_shipped"]
    assert order["counts"] == {"refused": 0, "waiting": 0, "received": 0, "duplicate": 0, "unmatched": 0}
    page = reading.get("/orders", params={"key": PLAIN}).text
    assert "Goods shipped" in page  # the element's name


def test_what_is_wrong_with_an_order_is_marked(reading: TestClient) -> None:
    for key, mark in (
        ("early-0", "1 early"),
        ("duplicate-0", "1 duplicate"),
        ("claim-refused-0", "1 refused"),
    ):
        assert mark in reading.get("/orders", params={"key": key}).text


def test_the_api_goes_on_and_back_by_cursors(reading: TestClient) -> None:
    first = reading.get("/api/orders?limit=20").json()
    second = reading.get("/api/orders", params={"limit": 20, "cursor": first["next"]}).json()
    again = reading.get("/api/orders", params={"limit": 20, "cursor": second["previous"]}).json()

    assert first["previous"] is None
    assert again["orders"] == first["orders"]
    assert first["total"] == reading.get("/api/orders").json()["total"] > 60


def test_a_form_is_led_to_the_url_without_its_empty_fields(reading: TestClient) -> None:
    response = reading.get("/orders?key=&state=running&late=&payload=amount%3D17.5&open=")

    assert response.status_code == 303
    assert response.headers["location"] == "/orders?state=running&payload.amount=17.5"
    page = reading.get(response.headers["location"]).text
    assert 'aria-label="Remove the filter state running"' in page
    assert 'href="/orders?state=running"' in page


def test_a_search_with_a_single_hit_opens_it(client: TestClient, board: Board) -> None:
    for key in (PLAIN, "duplicate-1", *HOSTILE[:4]):
        response = client.get("/orders", params={"open": "true", "key": key})
        assert response.status_code == 303
        assert response.headers["location"] == f"/order?{urlencode({'key': key})}"
    by_htmx = client.get("/orders", params={"open": "true", "key": PLAIN}, headers={"HX-Request": "true"})
    assert by_htmx.headers["HX-Redirect"] == f"/order?key={PLAIN}"
    assert client.get("/orders?open=true&key=running-").headers["location"] == "/orders?key=running-"
    assert client.get("/orders?open=true&key=nobody").headers["location"] == "/orders?key=nobody"


def test_an_exact_hit_among_others_is_offered(reading: TestClient) -> None:
    page = reading.get("/orders?key=running-1").text

    assert keys(page) == ["running-1", "running-10", "running-11"]
    assert "Open <bdi>running-1</bdi>" in page


def test_hostile_keys_are_text(reading: TestClient) -> None:
    for key in HOSTILE:
        page = reading.get("/orders", params={"key": key}).text
        assert key in keys(page)
        assert "<script>alert" not in page
        assert "<img src=x" not in page


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("state=runing", "state='runing': should be running"),
        ("payload.card_number=4111", "payload.card_number: this field is masked"),
        ("colour=red", "colour='red': there is no such filter"),
        ("sort=size", "sort='size': should be"),
        ("sort=since", "sort=since: only with an element"),
        ("cursor=abc", "cursor='abc': is none that a list has given"),
        ("limit=0", "limit='0': should be a whole number from 1 to 500"),
        ("limit=501", "limit='501': should be"),
        ("key=%00", "key='\\x00': should have no control character"),
    ],
)
def test_a_wrong_filter_is_told_in_words(reading: TestClient, query: str, words: str) -> None:
    api, page = reading.get(f"/api/orders?{query}"), reading.get(f"/orders?{query}")

    assert (api.status_code, page.status_code) == (422, 422)
    assert words in api.json()["detail"]
    assert words in html.unescape(page.text)
    assert reading.get(f"/orders?{query}", headers={"HX-Request": "true"}).status_code == 200


def test_after_a_wrong_filter_the_form_has_what_was_typed(reading: TestClient) -> None:
    query = "key=a%22b&state=running&awaits=Payment_Done&older_than=soon&version=x&payload.card_number=4111"

    page = reading.get(f"/orders?{query}").text

    assert 'name="key" type="search" value="a&#34;b"' in page
    assert 'name="state" value="running" checked' in page
    assert '<option value="Payment_Done" selected>' in page
    for name, value in (("older_than", "soon"), ("version", "x"), ("payload", "card_number=4111")):
        assert re.search(rf'name="{name}"[^>]* value="{value}"', page)
    assert '<details class="more" open>' in page
    assert '<details class="more">' in reading.get("/orders?key=running-&late=true").text


def test_a_phone_has_a_box_that_selects_the_page(reading: TestClient) -> None:
    head, *rows = reading.get("/orders").text.split("<tbody>")

    assert head.count("data-select-all") == 2  # the table's head is not shown there
    assert "data-select-all" not in "".join(rows)


def test_what_draws_nothing_is_shown_and_copied_as_it_is(reading: TestClient) -> None:
    (key,) = (each for each in HOSTILE if "\u202e" in each)
    shown = '<bdi><span class="sign" data-sign="U+202E">\u202e</span>gnp.exe</bdi>'

    for path in ("/orders", "/order", "/live", "/order/payload"):
        params = {"key": key, "event": reading.get("/api/events", params={"key": key}).json()[0]["id"]}
        page = reading.get(path, params=params if path == "/order/payload" else {"key": key}).text
        assert shown in page, path
    assert keys(reading.get("/orders", params={"key": key}).text) == [key]


def test_a_deviation_finds_exactly_the_orders_that_have_it(reading: TestClient) -> None:
    early = reading.get("/orders?deviation=early%3APayment_Done")

    assert sorted(keys(early.text)) == [f"early-then-on-time-{number}" for number in range(3)]
    assert "Remove the filter deviation early:Payment_Done" in early.text
    assert '<input id="field-deviation" name="deviation" type="text" value="early:Payment_Done"' in early.text
    documented = reading.get("/api/openapi.json").json()["paths"]["/api/orders"]["get"]["parameters"]
    assert "deviation" in [each["name"] for each in documented]


def test_empty_lists_say_what_to_do(client: TestClient, project: Callable[..., Trackflow]) -> None:
    assert "No order for these filters" in client.get("/orders?key=nobody").text
    assert "Search without the blank" in client.get("/orders", params={"key": f"{PLAIN} "}).text
    with asking(open_board(project(), BoardSettings())) as nobody:
        assert "celery -A tasks track demo" in nobody.get("/orders").text


def test_without_the_ledger_the_page_opens_and_shows_what_it_showed_last(
    client: TestClient, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = keys(client.get("/orders").text)

    def away() -> None:
        raise LedgerError("ledger sqlite: disk I/O error")

    monkeypatch.setattr(board.trackflow.ledger, "reading", away)
    monkeypatch.setattr("trackflow.board.pages.orders._FRESH", 0.0)
    seen, unseen = client.get("/orders"), client.get("/orders?state=running")

    assert (seen.status_code, unseen.status_code) == (200, 200)
    assert keys(seen.text) == before
    assert "The ledger is away" in unseen.text
    assert "No order can be shown until it is back" in unseen.text
    assert client.get("/api/orders").status_code == 503
    assert client.get("/api/export.csv").status_code == 503


def test_selected_orders_are_told_again(operator: Signed, board: Board) -> None:
    chosen = ["claim-refused-0", "early-0"]
    response = operator.client.post(
        "/orders/retry", data={"selected": chosen, "why": "mended"}, headers=operator.headers
    )

    assert response.status_code == 303
    until(lambda: not board.operations.running(), SECONDS, "the operation is over")
    (operation,) = board.operations.newest()
    assert (operation.state, operation.description) == ("done", "Retry 2 orders")
    acts = [act for key in chosen for act in Audit(board.trackflow.ledger, "showcase").acts_on_order(key)]
    assert {(act.action, act.why) for act in acts} == {("retry", "mended")}
    assert {act.entry.business_key for act in acts} == set(chosen)


def test_all_orders_of_a_filter_are_told_again(operator: Signed, board: Board) -> None:
    data = {"filter": "key=claim-refused-"}
    operator.client.post("/orders/retry", data=data, headers=operator.headers)

    until(lambda: not board.operations.running(), SECONDS, "the operation is over")
    audit = Audit(board.trackflow.ledger, "showcase")
    assert audit.acts_on_order("claim-refused-0")
    assert audit.acts_on_order("claim-refused-1")
    assert not audit.acts_on_order("early-0")


def test_nobody_retries_without_right_or_choice(operator: Signed, board: Board) -> None:
    chosen = {"selected": ["early-0"]}
    with asking(board) as reader:
        assert reader.post("/orders/retry", data=chosen).status_code == 403
        assert "Retry selected" not in reader.get("/orders").text
    assert operator.client.post("/orders/retry", data=chosen).status_code == 403  # no CSRF token
    assert operator.client.post("/orders/retry", headers=operator.headers).status_code == 422
    wrong = operator.client.post("/orders/retry", data={"filter": "state=x"}, headers=operator.headers)
    assert wrong.status_code == 422
    assert board.operations.newest() == []


def test_an_order_that_is_not_projected_yet_is_found_by_its_whole_key(
    client: TestClient, board: Board
) -> None:
    board.projector.stop()
    tell(board.trackflow, "just-now", "Order_Placed")

    response = client.get("/orders?open=true&key=just-now")

    assert response.headers["location"] == "/order?key=just-now"


def test_an_event_moves_its_order_in_the_list(client: TestClient, board: Board) -> None:
    tell(board.trackflow, "fresh", "Order_Placed")
    caught_up(board)

    assert client.get("/api/orders?limit=1").json()["orders"][0]["businessKey"] == "fresh"
    assert client.get("/api/orders?limit=1&sort=-updated").json()["orders"][0]["lastEvent"] == "Order_Placed"
