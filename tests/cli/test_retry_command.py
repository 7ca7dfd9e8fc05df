"""`track retry`, and what `show` says of it afterwards."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.timer_models import choosy
from tests.tracking.order_engines import RemoteOrders
from tests.waiting import until
from trackflow import Message


@pytest.fixture
def late(project, track):
    """A project whose model is not deployed yet: orders `a` and `b` were placed, `b` was paid too."""
    app = project()
    for key, event in (("a", "Order_Placed"), ("b", "Order_Placed"), ("b", "Payment_Done")):
        app.trackflow.tracker.handle(Message.new(business_key=key, tenant="showcase", event=event))
    return app


def test_what_waits_is_told_after_a_late_deployment(late, track):
    track(late, "deploy")

    result = track(late, "retry", "a", "b")

    assert (result.exit_code, result.stdout) == (0, "Told again: 3 correlated.\n")
    assert late.trackflow.queries.order("b").awaiting == ("Goods_Fetched",)


def test_what_still_waits_is_told_with_its_reason(late, track):
    result = track(late, "retry", "--all")

    assert result.exit_code == 0
    told, header, row = result.stdout.splitlines()
    assert told == "Told again: 3 waiting."
    assert header.split() == ["outcome", "events", "reason"]
    assert row.split()[:2] == ["waiting", "3"]
    assert row.endswith("nothing waits for it yet")


def test_json_tells_what_became_of_them(late, track):
    result = track(late, "retry", "--reason", "nothing waits", "--json")

    assert json.loads(result.stdout) == {
        "retried": 3,
        "outcomes": {"waiting": 3},
        "held": 0,
        "reasons": [{"outcome": "waiting", "reason": "nothing waits for it yet", "events": 3}],
        "timers": [],
        "nothing": [],
    }


def test_an_order_that_has_nothing_to_retry_says_why(late, track):
    track(late, "deploy")
    track(late, "retry", "--all")

    result = track(late, "retry", "a", "b")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "nothing to retry: of order 'a' 1 correlated (took effect)",
        "nothing to retry: of order 'b' 2 correlated (took effect)",
    ]


def test_what_came_after_the_end_of_its_order_is_final(project, track):
    app = project()
    track(app, "deploy")
    app.conf.task_always_eager = True
    app.trackflow.emit("Order_Placed", "done")
    app.trackflow.tracker.handle(Message.new(business_key="done", tenant="showcase", event="Payment_Done"))

    result = track(app, "retry", "done")

    assert result.stdout == (
        "nothing to retry: of order 'done' 4 correlated (took effect), "
        "1 unmatched (its order had ended, which is final)\n"
    )


def test_where_nothing_is_refused_and_nothing_waits_there_is_nothing_to_retry(project, track):
    everything = track(project(), "retry", "--all")
    chosen = track(project(), "retry", "--reason", "no flow", "--json")

    assert (everything.exit_code, chosen.exit_code) == (0, 0)
    assert everything.stdout == "nothing to retry: no event is refused or waits\n"
    assert json.loads(chosen.stdout)["nothing"] == ["no event is refused or waits because of 'no flow'"]


def test_a_key_that_nobody_used_is_named_and_nothing_is_done(late, track):
    result = track(late, "retry", "a", "nobody")

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: no order 'nobody' of tenant 'showcase' in ledger sqlite:///")
    assert json.loads(track(late, "show", "a", "--json").stdout)["actions"] == []


@pytest.mark.parametrize("choice", [(), ("a", "--all"), ("--all", "--reason", "x"), ("a", "--reason", "x")])
def test_one_must_say_which_ones_and_only_once(late, track, choice):
    result = track(late, "retry", *choice)

    assert result.exit_code == 2
    assert "which ones? Name KEYs, or --reason, or --all" in result.stderr


def test_an_engine_that_is_away_is_one_line_and_nothing_is_lost(late, project, track, tmp_path):
    # Given: nobody listens on port 1
    shutil.rmtree(tmp_path / "bpmn")
    app = project(engine_url="http://demo:secret@127.0.0.1:1/engine-rest")

    result = track(app, "retry", "--all")

    assert result.exit_code == 1
    assert result.stdout == ""
    assert "127.0.0.1:1" in result.stderr
    assert "secret" not in result.stderr
    assert result.stderr.endswith("(nothing was reopened)\n")
    assert result.stderr.count("\n") == 1
    assert track(late, "events", "--outcome", "waiting").stdout.count("waiting") == 3


def test_an_engine_that_falls_silent_is_one_line_that_says_how_far_it_came(project, track):
    # Given an engine that refused an order, and that goes away right after it said that it is there
    app, engine = project(), RemoteOrders()
    app.trackflow.engine = engine
    engine.faults.append(engine.refuses)
    app.trackflow.tracker.handle(Message.new(business_key="a", tenant="showcase", event="Order_Placed"))
    engine.is_away = True

    result = track(app, "retry", "--all", "--json")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "Error: the engine cannot be reached: connection refused "
        "(1 event reopened: 0 took effect, a tracker tells the rest)\n"
    )
    assert app.trackflow.queries.order("a").events[0].outcome == "received"


def test_an_order_that_a_tracker_holds_is_left_to_it(project, track):
    app, engine = project(), RemoteOrders()
    app.trackflow.engine = engine
    engine.faults.extend([engine.refuses, engine.request_is_late])  # the second holds the order
    for event in ("Payment_Done", "Order_Placed"):
        app.trackflow.tracker.handle(Message.new(business_key="a", tenant="showcase", event=event))

    result = track(app, "retry", "a")

    assert (result.exit_code, result.stdout) == (0, "Left to the trackers that hold their orders: 1 event.\n")


def test_show_tells_who_did_what(late, track):
    track(late, "retry", "b", "--why", "deployed too late")

    shown = track(late, "show", "b").stdout.splitlines()
    actions = json.loads(track(late, "show", "b", "--json").stdout)["actions"]

    assert [row.split()[:3] for row in shown[-3:]] == [
        ["done", "to", "in"],
        ["retry", "Order_Placed", "ledger"],
        ["retry", "Payment_Done", "ledger"],
    ]
    assert all(row.endswith("deployed too late") for row in shown[-2:])
    assert [(each["action"], each["why"], each["reason"]) for each in actions] == [
        ("retry", "deployed too late", "nothing waits for it yet")
    ] * 2


# ---- timers ------------------------------------------------------------------------------------------


@pytest.fixture
def stuck(project, tmp_path):
    """An order whose timer could not fire, as nobody has said the amount yet."""
    app = project()
    for file in (tmp_path / "bpmn").iterdir():
        file.unlink()
    (tmp_path / "bpmn" / "choosy.bpmn").write_bytes(choosy("PT1S").source)
    app.trackflow.engine.deploy(app.trackflow.models, "showcase")
    tracker = app.trackflow.tracker
    tracker.handle(Message.new(business_key="a", tenant="showcase", event="Order_Placed"))
    until(tracker.sweep, 30, "the timer is due")
    return app


def test_show_tells_what_an_order_waits_until_and_which_timer_cannot_fire(stuck, track):
    shown = track(stuck, "show", "a").stdout

    assert "It waits for Payment_Done, or until " in shown
    assert "(Longer)." in shown
    assert "Its timer Patience, due " in shown
    assert "amount" in shown
    first, second = json.loads(track(stuck, "show", "a", "--json").stdout)["timers"]
    assert (first["element"], second["element"], second["trouble"]) == ("Patience", "Longer", None)
    assert "amount" in first["trouble"]


def test_a_timer_that_still_cannot_fire_is_told_with_its_reason(stuck, track):
    result = track(stuck, "retry", "a")

    assert result.exit_code == 0
    told, why = result.stdout.splitlines()
    assert told == "Timers: 0 fired, 1 still cannot."
    assert why.startswith("A timer cannot fire: ")


def test_a_timer_fires_after_the_cause_is_mended(stuck, track):
    paid = Message.new(business_key="a", tenant="showcase", event="Payment_Done", payload={"amount": 150})
    stuck.trackflow.tracker.handle(paid)

    result = track(stuck, "retry", "a", "--why", "it is paid", "--json")

    assert json.loads(result.stdout)["timers"] == [{"fired": True, "reason": None}]
    assert json.loads(track(stuck, "show", "a", "--json").stdout)["timers"][0]["element"] == "Longer"
    acts = json.loads(track(stuck, "show", "a", "--json").stdout)["actions"]
    assert [(act["action"], act["why"]) for act in acts] == [("retry", "it is paid")]
