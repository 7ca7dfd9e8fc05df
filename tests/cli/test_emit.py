"""`track emit`."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def eager(project, track):
    """A project in which an emitted event runs everything at once."""
    app = project()
    track(app, "deploy")
    app.conf.task_always_eager = True
    return app


def test_an_event_is_emitted_for_the_key_that_is_given(eager, track):
    result = track(eager, "emit", "Order_Placed", "--key", "4711")

    assert result.exit_code == 0
    assert result.stdout == "4711\n"
    assert eager.trackflow.queries.order("4711").state == "completed"


def test_each_of_several_events_gets_a_key_of_its_own(eager, track):
    result = track(eager, "emit", "Order_Placed", "--count", "3")

    keys = result.stdout.split()
    assert len(set(keys)) == 3
    assert all(eager.trackflow.queries.order(key).state == "completed" for key in keys)


def test_json_tells_each_event_that_was_published(eager, track):
    result = track(eager, "emit", "Order_Placed", "--key", "4711", "--payload", '{"total": 12}', "--json")

    [event] = json.loads(result.stdout)
    assert event["businessKey"] == "4711"
    assert event["event"] == "Order_Placed"
    assert event["tenant"] == "showcase"
    assert event["publishedAt"].endswith("Z")


def test_a_key_for_several_orders_is_wrong_usage(eager, track):
    result = track(eager, "emit", "Order_Placed", "--key", "4711", "--count", "2")

    assert result.exit_code == 2
    assert "--key names one order" in result.stderr


@pytest.mark.parametrize("payload", ["{", "NaN", '"\\ud800"', "[" * 100_000, ""])
def test_a_payload_that_is_no_json_is_refused_in_one_line(eager, track, payload):
    result = track(eager, "emit", "Order_Placed", "--payload", payload)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith(f"Error: --payload {payload[:80]!r} is no JSON")
    assert result.stderr.count("\n") == 1


def test_an_event_that_nobody_declared_is_refused_with_those_that_are(eager, track):
    result = track(eager, "emit", "Order_Plced")

    assert result.exit_code == 1
    assert result.stderr == (
        "Error: event 'Order_Plced' is not in the choreography, which knows Order_Placed, Payment_Done, "
        "Goods_Fetched, Goods_Shipped; did you mean Order_Placed?\n"
    )


def test_a_key_that_cannot_travel_is_refused_in_one_line(eager, track):
    result = track(eager, "emit", "Order_Placed", "--key", "a\nb")

    assert result.exit_code == 1
    assert result.stderr == "Error: business_key: should have no control character\n"


def test_in_memory_nobody_would_hear_the_event(project, track):
    result = track(project(), "emit", "Order_Placed")

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: AMQP_URL is memory://, which lives within one process")
    assert result.stderr.count("\n") == 1


def test_a_broker_that_is_away_is_named_without_its_password(project, track):
    # Given: nobody listens on port 1
    app = project(amqp_url="amqp://guest:secret@127.0.0.1:1//")

    result = track(app, "emit", "Order_Placed")

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: broker amqp://guest:**")
    assert "127.0.0.1:1" in result.stderr
    assert "secret" not in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.broker
def test_an_exchange_that_does_not_exist_is_named_with_the_remedy(project, track, amqp_url):
    result = track(project(amqp_url=amqp_url, tenant="nobody"), "emit", "Order_Placed")

    assert result.exit_code == 1
    assert "exchange 'nobody'" in result.stderr
    assert "track deploy" in result.stderr
    assert result.stderr.count("\n") == 1
