"""Who may do what: roles, CSRF tokens, and a proxy that says who asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_network

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from tests.board.conftest import Signed, asking
from trackflow import Trackflow
from trackflow.board.app import API, PAGES
from trackflow.board.context import Board, open_board
from trackflow.board.security.people import operator as require_operator
from trackflow.board.security.people import reader as require_reader
from trackflow.board.settings import BoardSettings, ProxyHeaders

ROUTES = [route for router in (*PAGES, *API) for route in router.routes if isinstance(route, APIRoute)]
FOR_EVERYBODY = {"/sign-in", "/api/health"}
FOR_WHOEVER_IS_THERE = {"/sign-out", "/orders/export.{form}"}  # the latter has its keys in a form


def needs(route: APIRoute) -> set[object]:
    """What a route depends on, however deep."""
    found, todo = set[object](), [route.dependant]
    while todo:
        dependant = todo.pop()
        found.add(dependant.call)
        todo += dependant.dependencies
    return found


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{sorted(route.methods)[0]} {route.path}")
def test_every_route_asks_who_asks(route: APIRoute) -> None:
    if route.path in FOR_EVERYBODY:
        return
    assert require_reader in needs(route)
    if route.methods & {"POST", "PUT", "PATCH", "DELETE"} and route.path not in FOR_WHOEVER_IS_THERE:
        assert require_operator in needs(route)


def writing_routes() -> list[str]:
    return sorted(
        {route.path for route in ROUTES if "POST" in route.methods} - FOR_EVERYBODY - FOR_WHOEVER_IS_THERE
    )


@pytest.mark.parametrize("path", writing_routes())
def test_a_reader_changes_nothing(reading: TestClient, path: str) -> None:
    answer = reading.post(path, data={"event": "Order_Placed"})
    assert answer.status_code == 403
    assert "this takes the role operator" in answer.text


@pytest.mark.parametrize("path", writing_routes())
@pytest.mark.parametrize(
    ("token", "headers"),
    [
        (None, {}),
        ("", {}),
        ("0" * 64, {}),
        ("é", {}),
        ("right", {"Sec-Fetch-Site": "cross-site"}),
        ("right", {"Sec-Fetch-Site": "same-site"}),
        ("right", {"Origin": "https://evil.example"}),
        ("right", {"Origin": "null"}),
        ("right", {"Origin": "http://localhost:1"}),
    ],
)
def test_an_operators_browser_is_not_misused(
    shared_operator: Signed, path: str, token: str | None, headers: dict[str, str]
) -> None:
    data = {"event": "Order_Placed"}
    if token is not None:
        data["csrf_token"] = shared_operator.token if token == "right" else token
    assert shared_operator.client.post(path, data=data, headers=headers).status_code == 403


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}])
def test_an_operator_writes_from_our_own_pages(shared_operator: Signed, headers: dict[str, str]) -> None:
    # What is refused then is another thing: here nothing may be published.
    answer = shared_operator.client.post(
        "/live", data={"event": "Order_Placed", "csrf_token": shared_operator.token}, headers=headers
    )
    assert "BOARD_PUBLISH" in answer.text
    assert "CSRF token is" not in answer.text


def test_the_token_is_in_the_pages_of_whoever_may_write(operator: Signed) -> None:
    assert operator.token in operator.client.get("/live").text


def test_the_token_of_one_session_is_none_of_another(board: Board, operator: Signed) -> None:
    (user,) = board.sign_in.users.values()
    operator.client.cookies.clear()
    operator.client.cookies.set("trackflow_session", board.sessions.begin(user))
    answer = operator.client.post("/live", data={"event": "Order_Placed"}, headers=operator.headers)
    assert "the CSRF token is missing or old" in answer.text


PROXY = BoardSettings(
    proxy=ProxyHeaders("X-Forwarded-User", "X-Forwarded-Role"),
    peers=(ip_network("10.0.0.0/8"),),
    hosts=("board.example",),
)


@pytest.fixture
def behind_proxy(project: Callable[..., Trackflow]) -> Iterator[TestClient]:
    """A board, asked by its proxy."""
    with asking(open_board(project(), PROXY), base="http://board.example", peer="10.1.2.3") as client:
        yield client


@pytest.mark.parametrize(
    ("role", "shown"),
    [
        ("operator", "Operator"),
        ("Operator ", "Operator"),
        ("reader", "Reader"),
        ("admin", "Reader"),
        (None, "Reader"),
    ],
)
def test_the_proxy_says_who_asks(behind_proxy: TestClient, role: str | None, shown: str) -> None:
    headers = {"X-Forwarded-User": "ann@shop.example"} | ({"X-Forwarded-Role": role} if role else {})
    page = behind_proxy.get("/live", headers=headers).text
    assert "ann@shop.example" in page
    assert shown in page


def test_a_proxy_that_says_nothing_is_not_believed(behind_proxy: TestClient) -> None:
    assert behind_proxy.get("/live").status_code == 403
    assert behind_proxy.get("/live", headers={"X-Forwarded-User": " "}).status_code == 403


@pytest.mark.parametrize("peer", ["192.0.2.1", "127.0.0.1", "::ffff:192.0.2.1", "testclient"])
def test_nobody_but_the_proxy_says_who_asks(project: Callable[..., Trackflow], peer: str) -> None:
    with asking(open_board(project(), PROXY), base="http://board.example", peer=peer) as client:
        headers = {"X-Forwarded-User": "ann", "X-Forwarded-Role": "operator", "X-Forwarded-For": "10.1.2.3"}
        answer = client.get("/live", headers=headers)
    assert answer.status_code == 403
    assert "through its proxy only" in answer.text


def test_behind_a_proxy_a_csrf_token_is_needed_too(behind_proxy: TestClient) -> None:
    headers = {"X-Forwarded-User": "ann", "X-Forwarded-Role": "operator"}
    answer = behind_proxy.post("/live", data={"event": "Order_Placed"}, headers=headers)
    assert "the CSRF token is missing or old" in answer.text


def test_behind_a_proxy_nobody_signs_in_here(behind_proxy: TestClient) -> None:
    assert behind_proxy.get("/sign-in").status_code == 303
    answer = behind_proxy.post("/sign-in", data={"name": "ann", "password": "guess"})
    assert answer.status_code == 403


def test_settings_of_a_project_that_knows_no_board_are_enough(trackflow: Trackflow) -> None:
    settings = BoardSettings.of(trackflow.settings)
    assert (settings.users, settings.proxy, settings.peers, settings.hosts) == ((), None, (), ())
    assert "*password*" in settings.mask
    assert settings.secret != BoardSettings.of(trackflow.settings).secret
