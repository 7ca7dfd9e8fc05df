"""The table: what contradicts itself is refused, and names are derived in one way."""

import json
from collections.abc import Mapping, Sequence

import pytest

from config.topology import choreography
from trackflow import EVERY_EVENT, Choreography, Subscription
from trackflow.errors import ChoreographyError
from trackflow.messaging.choreography import dead_queue_name, queue_name, retry_queue_name
from trackflow.messaging.event_queue import event_queue

EVENTS = {"Placed": "order", "Cancelled": "order", "Paid": "payment"}


@pytest.mark.parametrize(
    ("events", "subscriptions", "words"),
    [
        (EVENTS, [("payment", ("Plaecd",))], "'payment' hears 'Plaecd', which is not in the choreography"),
        (EVENTS, [("payment", ())], "'payment' hears no event"),
        ({}, [("tracker", EVERY_EVENT)], "'tracker' hears no event"),
        (EVENTS, [("a", ("Paid",)), ("a", ("Placed",))], "two subscriptions are called 'a'"),
        ({"": "order"}, [], "event '': should have 1 to 255 bytes"),
        ({"A": "x" * 256}, [], "routing key 'x"),
        (EVENTS, [("a\nb", ("Paid",))], "subscription 'a.nb': should have no control character"),
        (EVENTS, [("payment", "Paid")], "'payment' hears 'P'"),
    ],
)
def test_a_contradiction_is_refused_by_name(
    events: Mapping[str, str], subscriptions: Sequence[tuple[str, Sequence[str]]], words: str
) -> None:
    with pytest.raises(ChoreographyError, match=f"^{words}"):
        Choreography(events, [Subscription(name, hears) for name, hears in subscriptions])


def test_bindings_are_the_routing_keys_of_what_is_heard_each_once() -> None:
    table = Choreography(EVENTS, [Subscription("a", ("Placed", "Cancelled")), Subscription("b", EVERY_EVENT)])
    assert [table.binding_keys(each) for each in table.subscriptions] == [["order"], ["order", "payment"]]


def test_listeners_stand_in_the_order_of_the_table() -> None:
    assert [each.name for each in choreography.listeners("Order_Placed")] == ["payment", "order_fulfillment"]
    assert [each.name for each in choreography.listeners("Goods_Shipped")] == ["order_fulfillment"]


def test_an_unknown_event_has_no_routing_key() -> None:
    with pytest.raises(
        ChoreographyError, match=r"event 'Lost', which is not .* \(it knows Placed, Cancelled, Paid\)"
    ):
        Choreography(EVENTS, []).routing_key("Lost")


def test_queues_are_named_after_tenant_and_consumer() -> None:
    work = queue_name("showcase", "payment")
    assert (work, retry_queue_name(work, 5), dead_queue_name(work)) == (
        "showcase.payment",
        "showcase.payment.retry.5s",
        "showcase.payment.dead",
    )


def test_every_queue_is_durable_quorum_and_loses_nothing_on_the_way_to_the_dead_letters() -> None:
    for subscription in choreography.subscriptions:
        queue = event_queue(choreography, subscription, "showcase")
        *waiting, dead = queue.behind
        for each in (queue, *waiting):
            assert each.durable
            assert each.queue_arguments["x-queue-type"] == "quorum"
            assert each.queue_arguments["x-dead-letter-strategy"] == "at-least-once"
            assert each.queue_arguments["x-overflow"] == "reject-publish"
            assert each.queue_arguments["x-dead-letter-exchange"] == ""
        assert queue.queue_arguments["x-dead-letter-routing-key"] == dead.name == f"{queue.name}.dead"
        assert {each.queue_arguments["x-dead-letter-routing-key"] for each in waiting} == {queue.name}
        assert [each.queue_arguments["x-message-ttl"] for each in waiting] == [5000, 30_000, 150_000]
        assert dead.durable
        assert dead.queue_arguments == {"x-queue-type": "quorum", "x-delivery-limit": 2**31 - 1}


def test_a_copy_of_a_queue_is_the_same_queue() -> None:
    queue = event_queue(choreography, choreography.subscriptions[3], "showcase")
    copy = queue.__copy__()
    assert copy == queue
    assert (copy.task, copy.hears, copy.ladder, copy.behind, copy.alias) == (
        "order_fulfillment",
        frozenset(choreography.events),
        (5, 30, 150),
        queue.behind,
        "order_fulfillment",
    )
    assert copy.bindings == queue.bindings


@pytest.mark.parametrize(
    ("subscription", "why"),
    [
        (Subscription("payment.dead", hears=("Placed",)), "'payment.dead': should be letters"),
        (Subscription("dead", hears=("Placed",)), "'dead': should be letters"),
        (Subscription("payment", hears=("Placed",), concurrency=0), "concurrency 0 should be at least 1"),
        (Subscription("payment", hears=("Placed",), ladder=(5, 0)), "ladder .5, 0. should hold"),
    ],
)
def test_a_subscription_with_a_wrong_value_is_refused(subscription: Subscription, why: str) -> None:
    with pytest.raises(ChoreographyError, match=why):
        Choreography(events={"Placed": "order"}, subscriptions=(subscription,))


def test_crash_loops_end_and_dead_letters_stay_however_often_they_are_looked_at() -> None:
    queue = event_queue(choreography, choreography.subscriptions[0], "showcase")
    assert queue.queue_arguments["x-delivery-limit"] == 20  # RabbitMQ 4's own default, set for older ones
    assert queue.behind[-1].queue_arguments["x-delivery-limit"] > 2**30


def test_a_queue_can_be_shown_as_json() -> None:
    # As a worker's answer to `celery inspect active_queues`
    queue = event_queue(choreography, choreography.subscriptions[0], "showcase")
    shown = json.loads(json.dumps(queue.as_dict(recurse=True)))
    assert shown["name"] == "showcase.payment"
    assert shown["hears"] == ["Order_Placed"]
    assert "showcase.payment.dead" in shown["behind"]
