"""Orders per second while people look at boards, and while nobody does."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa
import urllib3

from bench.board.server import board, caught_up
from bench.system import environment, new_ledger, track, workers
from tests.waiting import until

BOARDS = 10
STREAM = "/api/stream"
PAUSE = 1.0  # seconds between two fetches of one page


class Pair(NamedTuple):
    """One round: orders/s without a board, then with them."""

    alone: float
    watched: float
    board_share: float  # CPU of the board while orders flowed, as a share of one core

    @property
    def ratio(self) -> float:
        return self.watched / self.alone


def side_by_side(amqp_url: str, folder: Path, orders: int, turn: int) -> Pair:
    """Each with a new ledger; who comes first alternates."""
    if turn % 2:
        watched, share = _watched(amqp_url, folder, orders)
        return Pair(_alone(amqp_url, folder, orders), watched, share)
    alone = _alone(amqp_url, folder, orders)
    return Pair(alone, *_watched(amqp_url, folder, orders))


def _alone(amqp_url: str, folder: Path, orders: int) -> float:
    settings = environment(amqp_url, "embedded", new_ledger(folder))
    track(settings, "deploy")
    with workers(settings):
        return orders / _run(settings, orders)


def _watched(amqp_url: str, folder: Path, orders: int) -> tuple[float, float]:
    settings = environment(amqp_url, "embedded", new_ledger(folder))
    track(settings, "deploy")
    with workers(settings), board(settings) as open_board, ExitStack() as viewers:
        for _ in range(BOARDS):
            viewers.enter_context(_viewer(open_board.url))
        before = open_board.cpu()
        seconds = _run(settings, orders)
        share = (open_board.cpu() - before) / seconds
        caught_up(settings["LEDGER_URL"], settings["TENANT"])
    return orders / seconds, share


def _run(settings: Mapping[str, str], orders: int) -> float:
    """Seconds from the first emission until all have completed."""
    database = sa.create_engine(settings["LEDGER_URL"])
    ended = sa.text("SELECT count(*) FROM engine_instances WHERE ended IS NOT NULL")

    def is_done() -> bool:
        with database.connect() as connection:
            return connection.scalar(ended) == orders

    began = time.perf_counter()
    track(dict(settings), "emit", "Order_Placed", "--count", str(orders))
    until(is_done, 300, f"{orders} orders have completed")
    seconds = time.perf_counter() - began
    database.dispose()
    return seconds


@contextmanager
def _viewer(url: str) -> Iterator[None]:
    """An open overview, as its script behaves (static/live.js): at a tick it fetches the page again."""
    http = urllib3.PoolManager(maxsize=2, retries=False)
    stream = http.request("GET", url + STREAM, preload_content=False, timeout=urllib3.Timeout(read=None))
    viewer = threading.Thread(target=_look, args=(http, stream, url), daemon=True)
    viewer.start()
    try:
        yield
    finally:
        stream.close()
        http.clear()


def _look(http: urllib3.PoolManager, stream: urllib3.BaseHTTPResponse, url: str) -> None:
    fetched = 0.0
    with suppress(urllib3.exceptions.HTTPError, OSError, ValueError, AttributeError):  # closed by us
        for told in stream.stream(4096):
            if b"event: tick" in told and time.monotonic() - fetched >= PAUSE:
                http.request("GET", f"{url}/", headers={"HX-Request": "true"})
                fetched = time.monotonic()
