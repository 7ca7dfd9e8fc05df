"""Signing in and out, and everything that somebody could try there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie
from ipaddress import ip_network

import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from itsdangerous import URLSafeTimedSerializer

from tests.board.conftest import asking
from trackflow import Trackflow
from trackflow.board.context import Board, open_board
from trackflow.board.security import sessions, sign_in
from trackflow.board.security.sign_in import SignIn, Throttle, TooManyTries
from trackflow.board.settings import BoardSettings, User

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # what a hash costs is for attackers
PASSWORD = "correct horse battery"
ANN = User("ann", "operator", CHEAP.hash(PASSWORD))
BOB = User("bob", "reader", CHEAP.hash("another password"))
SECRET = "a secret of this test"


@pytest.fixture(autouse=True)
def no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a slow machine would forgive a try or two."""
    monkeypatch.setattr(sign_in, "_hasher", CHEAP)
    monkeypatch.setattr(sign_in, "monotonic", lambda: 1000.0)


@pytest.fixture
def board(trackflow: Trackflow) -> Board:
    """A board at which people sign in."""
    return open_board(trackflow, BoardSettings(users=(ANN, BOB), secret=SECRET))


def cookie_of(client: TestClient) -> str:
    return client.cookies[sessions.COOKIE]


def sign_in_as(client: TestClient, name: str = "ann", password: str = PASSWORD, **data: str) -> int:
    return client.post("/sign-in", data={"name": name, "password": password, **data}).status_code


@pytest.mark.parametrize("path", ["/", "/live?event=Order_Placed", "/order?key=running-2", "/failures"])
def test_whoever_has_not_signed_in_is_sent_to_the_form(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/sign-in?next=")


@pytest.mark.parametrize("path", ["/api/events", "/api/stream", "/api/openapi.json", "/api/health/parts"])
def test_the_api_says_so_to_whoever_has_not_signed_in(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()) == (401, {"detail": "sign in first"})


def test_a_fragment_makes_the_whole_page_go_to_the_form(client: TestClient) -> None:
    answer = client.get("/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in")


def test_the_form_leads_back_to_where_one_wanted_to_go(client: TestClient) -> None:
    form = client.get(client.get("/live?event=Order_Placed").headers["Location"])
    assert 'name="next" value="/live?event=Order_Placed"' in form.text

    answer = client.post(
        "/sign-in", data={"name": "ann", "password": PASSWORD, "next": "/live?event=Order_Placed"}
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/live?event=Order_Placed")
    assert client.get("/live").status_code == 200


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\t/evil", ""],
)
def test_the_form_leads_to_no_other_host(client: TestClient, target: str) -> None:
    answer = client.post("/sign-in", data={"name": "ann", "password": PASSWORD, "next": target})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


@pytest.mark.parametrize(
    ("name", "password"), [("ann", "wrong"), ("nobody", PASSWORD), ("ann", ""), ("ann", "x" * 2000), ("", "")]
)
def test_a_wrong_name_and_a_wrong_password_look_the_same(
    client: TestClient, name: str, password: str
) -> None:
    answer = client.post("/sign-in", data={"name": name, "password": password})
    if password and name:
        assert answer.status_code == 403
        assert "That name and password do not belong together." in answer.text
    else:
        assert answer.status_code in (403, 422)
    assert sessions.COOKIE not in client.cookies


def flags_of(header: str) -> dict[str, str]:
    (morsel,) = SimpleCookie(header).values()
    return {name: value for name, value in morsel.items() if value}


def test_no_script_and_no_other_site_gets_the_cookie(client: TestClient) -> None:
    answer = client.post("/sign-in", data={"name": "ann", "password": PASSWORD})
    flags = flags_of(answer.headers["Set-Cookie"])
    assert flags == {"httponly": True, "samesite": "lax", "path": "/", "max-age": str(sessions.LASTS)}


def test_the_cookie_of_https_travels_over_https_only(board: Board) -> None:
    with asking(board, base="https://board.example") as client:
        answer = client.post("/sign-in", data={"name": "ann", "password": PASSWORD})
    assert flags_of(answer.headers["Set-Cookie"])["secure"]


@pytest.mark.parametrize(("peer", "secure"), [("10.0.0.9", True), ("192.0.2.1", False)])
def test_only_a_trusted_proxy_says_that_it_is_https(trackflow: Trackflow, peer: str, secure: bool) -> None:
    settings = BoardSettings(users=(ANN,), peers=(ip_network("10.0.0.0/8"),))
    with asking(open_board(trackflow, settings), peer=peer) as client:
        answer = client.post(
            "/sign-in", data={"name": "ann", "password": PASSWORD}, headers={"X-Forwarded-Proto": "https"}
        )
    assert ("secure" in flags_of(answer.headers["Set-Cookie"])) == secure


def test_each_sign_in_has_a_session_of_its_own(client: TestClient) -> None:
    client.cookies.set(sessions.COOKIE, "planted")
    sign_in_as(client)
    first = client.cookies.get(sessions.COOKIE, domain="localhost.local")
    sign_in_as(client)
    second = client.cookies.get(sessions.COOKIE, domain="localhost.local")
    assert "planted" not in (first, second)
    assert first != second


def test_signing_out_makes_every_copy_of_the_cookie_worthless(client: TestClient) -> None:
    sign_in_as(client)
    copy = cookie_of(client)

    assert client.post("/sign-out").status_code == 303

    assert sessions.COOKIE not in client.cookies
    client.cookies.set(sessions.COOKIE, copy)
    assert client.get("/live").status_code == 303


def test_another_site_can_sign_nobody_in_or_out(client: TestClient) -> None:
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    data = {"name": "ann", "password": PASSWORD}
    assert client.post("/sign-in", data=data, headers=elsewhere).status_code == 403
    sign_in_as(client)
    assert client.post("/sign-out", headers=elsewhere).status_code == 403
    assert client.get("/live").status_code == 200


def test_a_session_ends(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in_as(client)
    monkeypatch.setattr(sessions, "LASTS", -1)
    assert client.get("/live").status_code == 303


def test_a_forged_session_is_none(client: TestClient) -> None:
    sign_in_as(client)
    real = cookie_of(client)
    forger = URLSafeTimedSerializer("another secret", salt="trackflow.board.session")
    for forged in (
        forger.dumps(["ann", "x", "y"]),
        f"{real}x",
        real[:-1],
        "",
        "null",
        "a.b.c",
        "🦆".encode().hex(),
    ):
        client.cookies.clear()
        client.cookies.set(sessions.COOKIE, forged)
        assert client.get("/live").status_code == 303, forged


@pytest.mark.parametrize(
    ("users", "status"),
    [
        ((ANN,), 200),
        ((User("ann", "reader", ANN.password_hash),), 200),
        ((User("ann", "operator", CHEAP.hash("a new password")),), 303),
        ((BOB,), 303),
    ],
    ids=["the same", "another role", "another password", "removed"],
)
def test_a_session_is_worth_what_its_user_is_worth_now(
    trackflow: Trackflow, client: TestClient, users: tuple[User, ...], status: int
) -> None:
    sign_in_as(client)
    cookie = cookie_of(client)
    later = open_board(trackflow, BoardSettings(users=users, secret=SECRET))
    with asking(later) as again:
        again.cookies.set(sessions.COOKIE, cookie)
        assert again.get("/live").status_code == status


def test_guessing_is_slowed_down_for_each_name(client: TestClient) -> None:
    statuses = [sign_in_as(client, password=f"guess {number}") for number in range(12)]

    assert statuses == [403] * 10 + [429] * 2
    answer = client.post("/sign-in", data={"name": "ann", "password": PASSWORD})
    assert answer.status_code == 429  # the right one too
    assert int(answer.headers["Retry-After"]) > 0
    assert "too many failed attempts: try again in" in answer.text
    assert sign_in_as(client, "bob", "another password") == 303  # nobody else is kept out


def test_guessing_names_is_slowed_down_for_each_address(client: TestClient) -> None:
    statuses = [sign_in_as(client, f"name-{number}", "guess") for number in range(21)]
    assert statuses == [403] * 20 + [429]


def test_whoever_signs_in_often_is_no_guesser() -> None:
    people = SignIn((ANN,))
    for _ in range(25):
        assert people.check("ann", PASSWORD, "192.0.2.1") is ANN


def test_one_attacker_has_many_addresses_of_ipv6() -> None:
    people = SignIn(())
    for number in range(20):
        people.check(f"name-{number}", "guess", f"2001:db8::{number:x}")
    with pytest.raises(TooManyTries):
        people.check("name-20", "guess", "2001:db8::ffff")
    assert people.check("name-21", "guess", "2001:db8:1::1") is None


def test_an_address_is_the_last_one_before_our_proxies(trackflow: Trackflow) -> None:
    settings = BoardSettings(users=(ANN,), peers=(ip_network("10.0.0.0/8"),))
    with asking(open_board(trackflow, settings), peer="10.0.0.9") as client:

        def guess(number: int, forwarded: str) -> int:
            data = {"name": f"name-{number}", "password": "guess"}
            return client.post("/sign-in", data=data, headers={"X-Forwarded-For": forwarded}).status_code

        # What the client itself has written before the proxy added its address counts for nothing.
        statuses = [guess(number, f"198.51.100.{number}, 192.0.2.1, 10.0.0.8") for number in range(21)]
        assert statuses[-1] == 429
        assert guess(99, "192.0.2.2") == 403


def test_the_memory_of_tries_is_bounded() -> None:
    throttle = Throttle(burst=1, seconds=1000, most=100)
    for number in range(1000):
        throttle.take(str(number))
    assert len(throttle._used) == 100


def test_a_try_comes_back_with_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(sign_in, "monotonic", lambda: now)
    throttle = Throttle(burst=2, seconds=30)
    throttle.take("ann")
    throttle.take("ann")
    with pytest.raises(TooManyTries) as refused:
        throttle.take("ann")
    assert refused.value.wait == 30

    now += 30
    throttle.take("ann")
    with pytest.raises(TooManyTries):
        throttle.take("ann")


@pytest.fixture
def own(project: Callable[..., Trackflow]) -> Iterator[tuple[Board, TestClient]]:
    """A board of this machine, with a link for whoever started it."""
    board = open_board(project(), BoardSettings(), with_link=True)
    with asking(board) as client:
        yield board, client


def test_the_link_makes_an_operator_once(own: tuple[Board, TestClient]) -> None:
    board, client = own
    token = board.sign_in.token
    assert token is not None
    assert client.get("/sign-in", params={"token": "x" + token}).status_code == 403

    answer = client.get("/sign-in", params={"token": token})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert "Operator" in client.get("/live").text
    client.cookies.clear()
    assert client.get("/sign-in", params={"token": token}).status_code == 403
    assert client.get("/live").status_code == 200  # but anybody here may read


def test_nobody_can_sign_in_with_a_password_where_the_link_is(own: tuple[Board, TestClient]) -> None:
    board, client = own
    (starter,) = board.sign_in.users
    assert sign_in_as(client, starter, "") in (403, 422)
    assert sign_in_as(client, starter, "x") == 403
    assert sessions.COOKIE not in client.cookies


def test_a_board_without_users_has_no_form(own: tuple[Board, TestClient]) -> None:
    _, client = own
    answer = client.get("/sign-in")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
