"""Exports: complete, harmless wherever they are opened, and never broken in silence."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from lxml import etree

from tests.board.conftest import Signed, caught_up
from tests.board.orders import HOSTILE, HOSTILE_PAYLOAD, PLAIN, tell
from tests.servers.process import free_port
from tests.waiting import until
from trackflow.board.context import Board
from trackflow.board.orders.asked import exporter_of
from trackflow.board.orders.exports import download
from trackflow.errors import LedgerError
from trackflow.projection.export.reading import Exported
from trackflow.projection.filters import Filter

SECONDS = 60
XSD = etree.XMLSchema(etree.parse(Path(__file__).parent / "xes.xsd"))
SECRETS = ("hunter2", "abcdef", "4111111111111111")


def as_json(client: TestClient, **filter_: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/api/export.json", params=filter_).json()
    return found


def as_rows(client: TestClient, **filter_: str) -> list[dict[str, str]]:
    text = client.get("/api/export.csv", params=filter_).content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def as_log(client: TestClient, **filter_: str) -> etree._Element:
    return etree.fromstring(client.get("/api/export.xes", params=filter_).content)


def value(element: etree._Element, key: str) -> str | None:
    found = element.xpath("*[@key=$key]/@value", key=key)
    return str(found[0]) if found else None


def test_json_holds_every_order_with_its_events_the_newest_first(reading: TestClient) -> None:
    orders = as_json(reading)

    listed = reading.get("/api/orders", params={"limit": "500"}).json()["orders"]
    assert [order["businessKey"] for order in orders] == [order["businessKey"] for order in listed]
    assert len(orders) > 60
    (plain,) = (order for order in orders if order["businessKey"] == PLAIN)
    assert [event["event"] for event in plain["events"]] == ["Order_Placed", "Payment_Done", "Goods_Fetched"]
    assert plain["events"][1]["cause"] == plain["events"][0]["id"]
    assert plain["events"][0]["payload"]["customer"] == "Zoë"


@pytest.mark.parametrize(
    "filter_", [{"state": "completed"}, {"key": "claim-"}, {"payload.amount": "5"}, {"key": "x!"}]
)
def test_all_forms_hold_what_is_filtered(reading: TestClient, filter_: dict[str, str]) -> None:
    listed = reading.get("/api/orders", params={**filter_, "limit": "500"}).json()["orders"]
    keys = {order["businessKey"] for order in listed}

    assert {order["businessKey"] for order in as_json(reading, **filter_)} == keys
    assert {row["businessKey"] for row in as_rows(reading, **filter_)} == keys
    assert {value(trace, "concept:name") for trace in as_log(reading, **filter_).iter("trace")} == keys


def test_csv_has_a_row_for_each_event_and_says_to_excel_that_it_is_utf_8(reading: TestClient) -> None:
    response = reading.get("/api/export.csv")

    assert response.content.startswith(b"\xef\xbb\xbfbusinessKey,tenant,state,")
    assert response.content.count(b"\r\n") == response.content.count(b"\n")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"] == 'attachment; filename="orders-showcase.csv"'
    rows = as_rows(reading)
    assert len(rows) == sum(len(order["events"]) for order in as_json(reading))
    assert next(row["event"] for row in rows if row["businessKey"] == PLAIN) == "Order_Placed"


def test_no_cell_of_a_csv_is_a_formula(client: TestClient, board: Board) -> None:
    for key in ("=1+1", "+1", "-1", "@now"):
        tell(board.trackflow, key, "Order_Placed", payload=-17)
    caught_up(board)

    cells = [cell for row in as_rows(client) for cell in row.values()]

    assert {"'=1+1", "'+1", "'-1", "'@now", "'-17", "'=cmd|' /C calc'!A0", "'@SUM(1+1)"} <= set(cells)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_xes_is_as_the_standard_wants_it(reading: TestClient) -> None:
    log = as_log(reading)

    XSD.assertValid(log)
    assert log.get("xes.version") == "1849.2016"
    assert {each.get("prefix") for each in log.iter("extension")} == {"concept", "time", "lifecycle", "org"}
    (trace,) = (trace for trace in log.iter("trace") if value(trace, "concept:name") == PLAIN)
    events = list(trace.iter("event"))
    assert [value(event, "concept:name") for event in events] == [
        "Order_Placed",
        "Payment_Done",
        "Goods_Fetched",
    ]
    assert {value(event, "lifecycle:transition") for event in events} == {"complete"}
    assert [value(event, "org:resource") for event in events] == [None, "payment", "inventory"]
    times = [value(event, "time:timestamp") or "" for event in events]
    assert times == sorted(times)
    assert times[0].endswith("Z")


def test_hostile_keys_and_payloads_arrive_as_they_are(reading: TestClient) -> None:
    orders = {order["businessKey"]: order for order in as_json(reading)}
    rows = {row["businessKey"] for row in as_rows(reading)}
    traces = {value(trace, "concept:name") for trace in as_log(reading).iter("trace")}

    for key in HOSTILE:
        assert key in orders
        assert key in traces
        assert {key, f"'{key}"} & rows
    payload = orders[HOSTILE[0]]["events"][0]["payload"]
    assert payload.keys() == HOSTILE_PAYLOAD.keys()
    assert payload["</script><script>alert(1)</script>"] == "<b>bold</b>"


@pytest.mark.parametrize("form", ["json", "csv", "xes"])
def test_masked_fields_stay_masked(reading: TestClient, form: str) -> None:
    text = reading.get(f"/api/export.{form}").text

    assert not [secret for secret in SECRETS if secret in text]
    assert "•••" in text


def test_what_xml_cannot_say_is_replaced(client: TestClient, board: Board) -> None:
    tell(board.trackflow, "odd\ufffe", "Order_Placed", payload="a\x0bb\ufffe\U0001f600 \"'<&>")
    caught_up(board)

    (trace,) = as_log(client, key="odd").iter("trace")

    assert value(trace, "concept:name") == "odd\ufffd"
    (event,) = trace.iter("event")
    assert value(event, "trackflow:payload") == '"a\\u000bb\ufffd\U0001f600 \\"\'<&>"'


@pytest.mark.parametrize("form", ["json", "csv", "xes"])
def test_wrong_filters_are_told_in_words(reading: TestClient, form: str) -> None:
    for filter_ in ({"state": "runing"}, {"payload.card_number": "4111"}, {"limit": "5"}, {"cursor": "x"}):
        response = reading.get(f"/api/export.{form}", params=filter_)
        assert response.status_code == 422
        assert next(iter(filter_)) in response.json()["detail"]


@pytest.mark.parametrize("form", ["json", "csv", "xes"])
def test_some_orders_can_be_exported(reading: TestClient, form: str) -> None:
    response = reading.post(f"/orders/export.{form}", data={"selected": [PLAIN, "..", "nobody"]})

    assert response.status_code == 200
    assert response.headers["content-disposition"].startswith("attachment")
    assert PLAIN in response.text
    assert "running-1" not in response.text
    assert reading.post(f"/orders/export.{form}").status_code == 422


def test_another_tenants_orders_are_not_exported(operator: Signed, board: Board) -> None:
    tell(board.trackflow, "theirs", "Order_Placed")
    caught_up(board)
    with board.trackflow.ledger.writing() as transaction:
        for table in ("standings", "events", "cases"):
            transaction.exec_driver_sql(f"UPDATE {table} SET tenant = 'other' WHERE business_key = 'theirs'")

    assert "theirs" not in operator.client.get("/api/export.json").text
    assert "theirs" not in operator.client.post("/orders/export.json", data={"selected": ["theirs"]}).text


# ---- over a real connection --------------------------------------------------------------------------


@contextmanager
def served(board: Board, orders: Callable[[], Iterator[Exported]], form: str) -> Iterator[str]:
    """A server of one export."""
    app, port = FastAPI(), free_port()

    @app.get("/export")
    def export() -> Any:
        return download(board, orders(), form)  # type: ignore[arg-type]

    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started, SECONDS, "the server has started")
        yield f"http://127.0.0.1:{port}/export"
    finally:
        server.should_exit = True
        thread.join(SECONDS)


@pytest.mark.parametrize("form", ["json", "csv", "xes"])
def test_a_ledger_that_fails_on_the_way_ends_the_connection_before_the_file_is_whole(
    client: TestClient, board: Board, form: str
) -> None:
    some = list(_orders(board))

    def failing() -> Iterator[Exported]:
        for _ in range(50):
            yield from some
        raise LedgerError("ledger: gone")

    got = bytearray()
    with served(board, failing, form) as url, pytest.raises(httpx.RemoteProtocolError):
        read(url, got)
    assert not bytes(got).rstrip().endswith((b"]", b"</log>"))


def read(url: str, got: bytearray) -> None:
    with httpx.stream("GET", url, timeout=SECONDS) as response:
        for piece in response.iter_bytes():
            got += piece


def test_a_client_that_goes_away_ends_the_reading(client: TestClient, board: Board) -> None:
    some, ended = list(_orders(board)), threading.Event()

    def endless() -> Iterator[Exported]:
        try:
            while True:
                yield from some
        finally:
            ended.set()

    with served(board, endless, "json") as url:
        with httpx.stream("GET", url, timeout=SECONDS) as response:
            next(response.iter_bytes())
        assert ended.wait(SECONDS)


def test_what_fails_at_once_is_an_error_as_everywhere(client: TestClient, board: Board) -> None:
    def failing() -> Iterator[Exported]:
        raise LedgerError("ledger: gone")
        yield

    with pytest.raises(LedgerError):
        download(board, failing(), "json")


def _orders(board: Board) -> Iterator[Exported]:
    return exporter_of(board).filtered(Filter())


def test_a_long_export_is_written_piece_by_piece(board: Board) -> None:
    some = list(_orders(board))
    taken = 0

    def counted() -> Iterator[Exported]:
        nonlocal taken
        for each in some * 20:
            taken += 1
            yield each

    download(board, counted(), "json")

    assert 0 < taken < len(some) * 10
