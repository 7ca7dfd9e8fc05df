"""Whatever goes wrong: words instead of a traceback, a page for people and JSON for programs."""

from __future__ import annotations

import pytest
from amqp.exceptions import AccessRefused
from fastapi import FastAPI
from fastapi.testclient import TestClient
from kombu.exceptions import OperationalError

from tests.board.conftest import BASE
from trackflow.board.app import create_app
from trackflow.board.context import Board
from trackflow.errors import EngineUnreachable, ExpressionError, LedgerError, PublishError

AWAY = (
    LedgerError("ledger postgresql+psycopg://u:secret@h/d: refused\nby it"),
    EngineUnreachable("engine http://u:secret@h:8080/engine-rest: refused"),
    PublishError("no queue is bound for it"),
    OperationalError("amqp://u:secret@h//: refused"),
    AccessRefused("amqp://u:secret@h//: refused"),
)


def failing(board: Board, error: Exception) -> FastAPI:
    """The board's application with two routes that raise."""
    app = create_app(board)

    @app.get("/api/fails")
    @app.get("/fails")
    def fails() -> None:
        raise error

    return app


def answers(board: Board, error: Exception) -> tuple[int, str, int, dict[str, str]]:
    client = TestClient(
        failing(board, error), base_url=BASE, client=("127.0.0.1", 1), raise_server_exceptions=False
    )
    page, api = client.get("/fails"), client.get("/api/fails")
    assert page.headers["Content-Type"].startswith("text/html")
    return page.status_code, page.text, api.status_code, api.json()


@pytest.mark.parametrize("error", AWAY, ids=lambda error: type(error).__name__)
def test_what_is_away_is_503_without_its_password(board: Board, error: Exception) -> None:
    status, page, api_status, said = answers(board, error)
    assert (status, api_status, set(said)) == (503, 503, {"detail"})
    assert "Something is away" in page
    assert "secret" not in page + said["detail"]
    assert len(said["detail"].splitlines()) == 1


def test_what_is_wrong_is_422_in_words(board: Board) -> None:
    status, page, api_status, said = answers(board, ExpressionError("<b>: no such name"))
    assert (status, api_status, said) == (422, 422, {"detail": "<b>: no such name"})
    assert "&lt;b&gt;: no such name" in page


def test_a_mistake_of_ours_shows_nothing_of_itself(board: Board) -> None:
    status, page, api_status, said = answers(board, ZeroDivisionError("the inside"))
    assert (status, api_status) == (500, 500)
    assert "the inside" not in page + said["detail"]
    assert "Traceback" not in page


@pytest.mark.parametrize(
    "path", ["/no-such-page", "/order/..%2f..%2fetc%2fpasswd", "/<script>alert(1)</script>"]
)
def test_a_page_that_is_not_there_is_404(reading: TestClient, path: str) -> None:
    answer = reading.get(path)
    assert answer.status_code == 404
    assert "There is no such thing" in answer.text
    assert "<script>alert" not in answer.text


def test_a_thing_of_the_api_that_is_not_there_is_404(reading: TestClient) -> None:
    answer = reading.get("/api/no-such-thing")
    assert (answer.status_code, set(answer.json())) == (404, {"detail"})


def test_what_cannot_be_done_to_a_page_is_405(reading: TestClient) -> None:
    answer = reading.delete("/live")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"] or "POST" in answer.headers["Allow"]
