"""Tenants are kept apart: what another tenant has cannot be had, whatever is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from tests.board.conftest import asking, caught_up
from tests.board.orders import tell
from trackflow import Trackflow
from trackflow.board.app import API, PAGES
from trackflow.board.context import open_board
from trackflow.tracking.tables import cases

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
    assert client.get("/api/events/payload", params={"id": event_ids[0]}).status_code == 404
    assert client.get("/api/events", params={"key": "secret-order"}).json() == []


def test_the_figures_are_of_one_tenant(client: TestClient, trackflow: Trackflow) -> None:
    # Given what the ledger has of it
    with trackflow.ledger.reading() as transaction:
        mine = select(func.count()).select_from(cases).where(cases.c.tenant == trackflow.settings.tenant)
        orders = transaction.execute(mine.where(cases.c.first_at.is_not(None))).scalar_one()

    # Then the overview and the statistics count that, and nobody else's
    overview = client.get("/api/overview").json()
    parts = [*overview["processes"], overview["withoutProcess"]]
    assert sum(sum(part["states"].values()) for part in parts) == orders
    assert client.get("/api/orders", params={"limit": 1}).json()["total"] == orders
    started = client.get("/api/processes/order_fulfillment/statistics", params={"period": "30d"}).json()
    shown = client.get("/api/orders", params={"process": "order_fulfillment", "limit": 500}).json()["orders"]
    assert started["started"] == len(shown)
