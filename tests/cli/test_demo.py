"""`track demo`, in a process of its own: it moves the whole app into memory."""

from __future__ import annotations

import json

import pytest

from tests.cli.calling import celery


@pytest.fixture
def ledger(tmp_path):
    return tmp_path / "demo.db"


def test_the_demo_runs_in_memory_whatever_the_settings_say(ledger):
    # Given: a broker and an engine that nobody can reach
    away = {"AMQP_URL": "amqp://127.0.0.1:1//", "ENGINE_URL": "http://127.0.0.1:1/engine-rest"}

    result = celery("track", "demo", "--orders", "10", "--ledger", str(ledger), **away)

    assert result.returncode == 0, result.stderr
    assert "10 orders placed, 10 completed, 40 events" in result.stdout
    assert "From Order_Placed to Goods_Shipped" in result.stdout
    assert f"LEDGER_URL=sqlite:///{ledger}" in result.stdout


def test_a_second_demo_adds_to_the_ledger_and_counts_its_own_orders(ledger):
    settings = {"LEDGER_URL": f"sqlite:///{ledger}"}
    celery("track", "demo", "--orders", "2", **settings)

    result = celery("track", "demo", "--orders", "3", **settings)

    assert "3 orders placed, 3 completed, 12 events" in result.stdout
    orders = json.loads(celery("track", "list", "--json", **settings).stdout)
    assert [order["state"] for order in orders] == ["completed"] * 5


def test_a_ledger_that_cannot_be_opened_ends_the_demo_in_one_line():
    result = celery("track", "demo", "--ledger", "/nowhere/at/all.db")

    assert result.returncode == 1
    assert "/nowhere/at/all.db" in result.stderr
    assert result.stderr.count("\n") == 1


def test_many_orders_are_shared_by_two_processes_on_the_one_ledger(ledger):
    result = celery("track", "demo", "--orders", "101", "--ledger", str(ledger), "--json")

    assert result.returncode == 0, result.stderr
    run = json.loads(result.stdout)
    assert (run["orders"], run["completed"], run["events"]) == (101, 101, 404)
    assert run["ordersPerSecond"] == pytest.approx(101 / run["seconds"])
    assert run["durations"]["max"] < run["seconds"]


def test_a_ledger_in_memory_is_not_shared():
    result = celery("track", "demo", "--orders", "101", LEDGER_URL="sqlite://", AMQP_URL="memory://")

    assert "101 orders placed, 101 completed, 404 events" in result.stdout
