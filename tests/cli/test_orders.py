"""`track list` and `track show`."""

from __future__ import annotations

import json

import pytest

from trackflow import Message

IN_A_LIST = {"businessKey", "tenant", "state", "instanceId", "awaiting"}
OF_AN_EVENT = {
    "id",
    "event",
    "cause",
    "outcome",
    "reason",
    "deliveries",
    "publishedAt",
    "receivedAt",
    "correlatedAt",
}


@pytest.fixture
def shop(project, track):
    """A project whose order `done` was placed twice and shipped once, and `open` waits for its payment."""
    app = project()
    track(app, "deploy")
    app.conf.task_always_eager = True
    app.trackflow.emit("Order_Placed", "done")
    app.trackflow.emit("Order_Placed", "done")
    placed = Message.new(business_key="open", tenant="showcase", event="Order_Placed")
    app.trackflow.tracker.handle(placed)
    return app


def test_orders_are_listed_newest_first(shop, track):
    result = track(shop, "list")

    assert result.exit_code == 0
    header, first, second = result.stdout.splitlines()
    assert header.split() == ["key", "state", "last", "event", "waits", "for", "age"]
    assert first.split()[:4] == ["open", "running", "Order_Placed", "Payment_Done"]
    assert second.split()[:4] == ["done", "completed", "Goods_Shipped", "–"]


def test_the_list_holds_the_state_and_the_number_that_is_asked_for(shop, track):
    running = json.loads(track(shop, "list", "--state", "running", "--json").stdout)
    newest = json.loads(track(shop, "list", "--limit", "1", "--json").stdout)

    assert [order["businessKey"] for order in running] == ["open"]
    assert [order["businessKey"] for order in newest] == ["open"]


def test_json_lists_the_orders_without_their_events(shop, track):
    orders = json.loads(track(shop, "list", "--json").stdout)

    assert len(orders) == 2
    assert all(set(order) >= IN_A_LIST for order in orders)
    assert all("events" not in order for order in orders)


def test_an_empty_ledger_says_what_to_do_next(project, track):
    result = track(project(), "list")

    assert result.exit_code == 0
    assert "track demo" in result.stdout


def test_an_empty_ledger_is_an_empty_list_in_json(project, track):
    result = track(project(), "list", "--json")

    assert result.exit_code == 0
    assert json.loads(result.stdout) == []


def test_an_order_is_shown_with_its_position_and_events(shop, track):
    result = track(shop, "show", "open")

    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "open (showcase)"
    assert lines[1] == "It waits for Payment_Done."
    assert any(line.startswith("Order_Placed  Payment_Done") for line in lines)
    assert lines[-1].split()[:2] == ["Order_Placed", "correlated"]


def test_json_tells_an_order_and_its_events(shop, track):
    order = json.loads(track(shop, "show", "done", "--json").stdout)

    assert set(order) >= IN_A_LIST | {"events"}
    assert (order["businessKey"], order["state"], order["awaiting"]) == ("done", "completed", [])
    assert all(set(event) == OF_AN_EVENT for event in order["events"])
    # The second Order_Placed is another event about the same order.
    outcomes = [(event["event"], event["outcome"]) for event in order["events"]]
    assert outcomes.count(("Order_Placed", "correlated")) == 1
    assert ("Order_Placed", "duplicate") in outcomes
    assert ("Goods_Shipped", "correlated") in outcomes


def test_a_key_that_nobody_used_is_named_in_one_line(shop, track):
    result = track(shop, "show", "nobody")

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Error: no order 'nobody' of tenant 'showcase' in ledger sqlite:///")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("verb", [("list",), ("show", "done")])
def test_while_the_engine_is_away_the_ledger_still_answers(project, shop, track, verb):
    # Given: nobody listens on port 1
    app = project(engine_url="http://demo:secret@127.0.0.1:1/engine-rest")

    result = track(app, *verb)

    assert result.exit_code == 0
    assert "Order_Placed" in result.stdout
    assert "127.0.0.1:1" in result.stdout
    assert "secret" not in result.stdout


@pytest.mark.parametrize("verb", [("list",), ("show", "done"), ("list", "--json")])
def test_a_ledger_that_cannot_be_opened_is_named_in_one_line(project, track, verb):
    result = track(project(ledger_url="sqlite:////nowhere/at/all.db"), *verb)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert "sqlite:////nowhere/at/all.db" in result.stderr
    assert result.stderr.count("\n") == 1
