"""Tenants are kept apart: what another tenant has cannot be had, whatever is asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from sqlalchemy import update

from tests.board.conftest import asking, caught_up
from tests.board.orders import PLAIN, tell
from trackflow import Trackflow
from trackflow.board.app import API, PAGES
from trackflow.board.context import Board, open_board
from trackflow.engines.embedded.store import instances
from trackflow.tracking.tables import cases, events

KEY = "secret-order-of-another"
FIELDS = ("key", "id", "q", "event_id", "prefix", "element", "process")
ROUTES = sorted(
    {
        route.path
        for router in (*PAGES, *API)
        for route in router.routes
        if isinstance(route, APIRoute) and "GET" in route.methods and "stream" not in route.path
    }
)


@pytest.fixture(scope="module")
def event_ids() -> list[str]:
    return []


@pytest.fixture
def client(
    trackflow: Trackflow, project: Callable[..., Trackflow], event_ids: list[str]
) -> Iterator[TestClient]:
    """The board of one tenant, on a ledger that has another one's orders too."""
    other = project(tenant="other", ledger_url=trackflow.settings.ledger_url)
    other.engine.deploy(other.models, "other")
    event_ids[:] = [
        message.id for message in tell(other, KEY, "Order_Placed", "Payment_Done", "Goods_Shipped")
    ]
    caught_up(open_board(other))  # so that the projection has them too
    board = open_board(trackflow)
    with asking(board) as client:
        caught_up(board)
        yield client


def test_no_route_has_another_tenants_orders(client: TestClient, event_ids: list[str]) -> None:
    asked = 0
    for route in ROUTES:
        paths = [route] if "{" not in route else []
        for value in (KEY, *event_ids):
            paths += [f"{route}?{field}={value}" for field in FIELDS] if "{" not in route else []
        for path in paths:
            answer = client.get(path)
            asked += 1
            assert answer.status_code < 500, path
            shown = answer.text.replace("?" + path.partition("?")[2], "")
            if answer.status_code == 200 and f"={KEY}" not in path:
                assert KEY not in shown, path
            if answer.status_code == 200 and not any(each in path for each in event_ids):
                assert not any(each in shown for each in event_ids), path
    assert asked > len(ROUTES)


def test_another_tenants_order_is_not_there(client: TestClient, event_ids: list[str]) -> None:
    assert client.get("/order", params={"key": KEY}).status_code == 404
    opened = client.get("/orders", params={"key": KEY, "open": "true"})
    assert not opened.headers.get("location", "").startswith("/order?")
    assert client.get("/api/events/payload", params={"id": event_ids[0]}).status_code == 404
    assert client.get("/api/events", params={"key": "secret-order"}).json() == []


# What the API says of orders and figures, with all that chooses among them.
ANSWERS = (
    "/api/overview",
    "/api/orders?limit=500",
    "/api/orders?sort=-updated&limit=500",
    "/api/orders?state=running",
    "/api/orders?outcome=refused",
    "/api/orders?element=goods_shipped",
    "/api/orders?awaits=Payment_Done",
    "/api/orders?key=running",
    "/api/orders?payload.colour=red",
    "/api/failures",
    "/api/events?limit=200",
    "/api/processes",
    "/api/processes/order_fulfillment/statistics?period=30d",
    "/api/processes/order_fulfillment/conformance?period=30d",
    "/api/audit",
)
_NOW = re.compile(r'"(at|takenAt|asOf|from|until|since|reachedAt)": ?"[^"]*"')


def test_no_answer_depends_on_another_tenant(trackflow: Trackflow, project: Callable[..., Trackflow]) -> None:
    # Given what is said of a tenant while it is alone
    alone = _answers(open_board(trackflow))

    # When another one has the same business keys, at other places, with older and with newer events
    other = project(tenant="other", ledger_url=trackflow.settings.ledger_url)
    other.engine.deploy(other.models, "other")
    for key, told in (
        (PLAIN, ("Order_Placed",)),
        ("completed-0", ("Order_Placed", "Payment_Done")),
        ("running-0", ("Order_Placed", "Payment_Done", "Goods_Fetched", "Goods_Shipped", "Payment_Done")),
        ("claim-refused-0", ("Claim_Filed", "Claim_Rated")),
        (KEY, ("Goods_Fetched",)),
    ):
        tell(other, key, *told, payload={"colour": "red", "amount": "?"})
    _move_back(other, 3 * 86_400)
    tell(other, "newest", "Order_Placed")
    caught_up(open_board(other))

    # Then nothing else is said of the first
    for path, answer in _answers(open_board(trackflow)).items():
        assert answer == alone[path], path

    # And where it is remembered while the engine is away is its own place
    blind = project(ledger_url=trackflow.settings.ledger_url, engine_url="http://127.0.0.1:9/engine-rest")
    with asking(open_board(blind)) as client:
        assert client.get("/api/order", params={"key": PLAIN}).json()["awaiting"] == ["Goods_Shipped"]


def _answers(board: Board) -> dict[str, str]:
    with asking(board) as client:
        caught_up(board)
        story = client.get("/api/order", params={"key": PLAIN}).json()  # its words say how long ago it was
        parts = {
            name: str(story[name]) for name in ("state", "instanceId", "awaiting", "marks", "deviations")
        }
        return parts | {path: _NOW.sub("", client.get(path).text) for path in ANSWERS}


def _move_back(trackflow: Trackflow, seconds: float) -> None:
    """Let all that a tenant has have happened earlier."""
    mine = trackflow.settings.tenant
    with trackflow.ledger.writing() as transaction:
        for column in (cases.c.first_at, cases.c.last_at, events.c.received_at, instances.c.started):
            moved = update(column.table).where(column.table.c.tenant == mine)
            transaction.execute(moved.values({column: column - seconds}))
