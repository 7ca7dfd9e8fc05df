"""An order's story in the terminal."""

from __future__ import annotations

import io
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from trackflow.cli.drawing import story
from trackflow.engines.answers import Instance
from trackflow.tracking.orders import Event, Order

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
NAMES = ("Order_Placed", "Payment_Done", "Goods_Fetched", "Goods_Shipped")


@pytest.fixture(autouse=True)
def in_utc(monkeypatch):
    """People read the local time: here it is UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def event(name, milliseconds, outcome="correlated", reason=None, deliveries=1):
    at = START + timedelta(milliseconds=milliseconds)
    told = at if outcome == "correlated" else None
    return Event(f"id-{milliseconds}", name, None, outcome, reason, deliveries, at, at, told)


def order(*events, state="running", awaiting=(), error=None):
    instance = Instance("i1", "order", 1, state, tuple(awaiting), (), (), START, None)
    instances = () if error else (instance,)
    return Order("4711", "showcase", state, None, START, START, error, events, instances)


def drawn(order, width=80):
    out = Console(file=io.StringIO(), width=width, highlight=False, markup=False)
    out.print(story(order, width))
    return [line.rstrip() for line in out.file.getvalue().splitlines()]


def completed():
    return order(*(event(name, 12 * place) for place, name in enumerate(NAMES)), state="completed")


def test_a_completed_order_is_a_line_from_start_to_end():
    lines = drawn(completed())

    assert lines[0] == "4711 (showcase)"
    assert lines[1] == "It is completed."
    assert "●─── 12 ms ───●─── 12 ms ───●─── 12 ms ────●──────────────◉" in lines
    assert "Order_Placed  Payment_Done  Goods_Fetched  Goods_Shipped  completed" in lines


def test_a_running_order_ends_with_what_it_waits_for():
    lines = drawn(order(event("Order_Placed", 0), awaiting=("Payment_Done",)))

    assert lines[1] == "It waits for Payment_Done."
    assert "●╌╌╌╌╌╌╌╌╌╌╌╌╌○" in lines
    assert "Order_Placed  Payment_Done" in lines
    assert "              awaited" in lines


def test_a_duplicate_is_in_the_table_with_its_reason_and_not_on_the_line():
    twice = event("Order_Placed", 30, "duplicate", "the case has started already", deliveries=2)

    lines = drawn(order(event("Order_Placed", 0), twice, awaiting=("Payment_Done",)), width=100)

    assert sum(line.count("●") for line in lines) == 1
    row = "Order_Placed  duplicate ×2  2026-01-31 12:00:00  30 ms  the case has started already"
    assert row in lines


def test_while_the_engine_is_away_the_events_are_still_told():
    lines = drawn(order(event("Order_Placed", 0), state="unknown", error="engine http://x: away"))

    assert lines[1] == "Where it is is unknown: engine http://x: away"
    assert lines[-1].startswith("Order_Placed  correlated")


def test_a_long_line_goes_on_below_where_the_terminal_ends():
    lines = drawn(completed(), width=40)

    assert "Order_Placed  Payment_Done" in lines
    assert "Goods_Fetched  Goods_Shipped" in lines
    assert all(len(line) <= 40 for line in lines)


def test_what_an_order_has_called_is_named():
    found = order(event("Order_Placed", 0), awaiting=["Payment_Done"])
    called = Instance("i2", "billing", 1, "running", ("Billed",), (), (), START, None, caller="i1")

    lines = drawn(replace(found, instances=(*found.instances, called)))

    assert "It called billing: running, waits for Billed" in lines
    assert "Instance i1" in lines
    assert lines[1] == "It waits for Billed, Payment_Done."
