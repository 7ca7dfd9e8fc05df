"""What people are told about orders."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.tracking.order_engines import STEPS, LedgerOrders, RemoteOrders
from tests.tracking.world import KEY, TENANT, World, message
from trackflow.tracking import queries as queries_module
from trackflow.tracking.orders import Event, causes_first
from trackflow.tracking.queries import Queries

AnyWorld = World[RemoteOrders] | World[LedgerOrders]


def asking(world: AnyWorld) -> Queries:
    return Queries(world.ledger, world.engine, TENANT)


def test_an_order_is_shown_with_its_events_and_its_place(world: AnyWorld) -> None:
    order = message("Order_Placed", published_at=datetime(2026, 1, 31, 12, tzinfo=UTC), payload={"x": 1})
    payment = order.followed_by("Payment_Done")
    early = message("Goods_Shipped")
    for each in (order, payment, early):
        world.tracker.handle(each)

    shown = asking(world).order(KEY)

    assert shown is not None
    assert shown.as_json() == {
        "businessKey": KEY,
        "tenant": TENANT,
        "state": "running",
        "instanceId": shown.instances[0].id,
        "awaiting": ["Goods_Fetched"],
        "timers": [],
        "events": [
            {
                "id": order.id,
                "event": "Order_Placed",
                "cause": None,
                "outcome": "correlated",
                "reason": None,
                "deliveries": 1,
                "publishedAt": "2026-01-31T12:00:00.000Z",
                "receivedAt": shown.as_json()["events"][0]["receivedAt"],
                "correlatedAt": shown.as_json()["events"][0]["correlatedAt"],
            },
            shown.events[1].as_json(),  # type: ignore[index]
            shown.events[2].as_json(),  # type: ignore[index]
        ],
    }
    assert [event["cause"] for event in shown.as_json()["events"]] == [None, order.id, None]
    assert [event["outcome"] for event in shown.as_json()["events"]] == [
        "correlated",
        "correlated",
        "waiting",
    ]
    assert [step.element for step in shown.instances[0].path] == list(STEPS[:2])
    json.dumps(shown.as_json())


def test_times_are_utc_and_of_now(world: AnyWorld) -> None:
    world.hear("Order_Placed")

    shown = asking(world).order(KEY)

    assert shown is not None
    assert shown.events is not None
    event = shown.events[0]
    assert abs(datetime.now(UTC) - event.received_at) < timedelta(minutes=1)
    assert event.correlated_at is not None
    assert event.as_json()["receivedAt"].endswith("Z")


def test_an_order_that_nobody_heard_of_is_none(world: AnyWorld) -> None:
    assert asking(world).order("nobody") is None


def test_a_case_that_no_event_belongs_to_is_no_order(world: AnyWorld) -> None:
    order = message("Order_Placed")
    world.tracker.handle(order)
    world.tracker.retry("other", [])

    assert asking(world).order("other") is None
    assert [each.business_key for each in asking(world).orders()] == [KEY]


def test_the_known_ones_of_several_orders_are_answered_in_their_order(
    world: AnyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries_module, "CHUNK", 2)
    for key in ("a", "b", "c"):
        order = message("Order_Placed", key)
        world.tracker.handle(order)
        world.tracker.handle(order.followed_by("Payment_Done"))

    known = asking(world).known(["c", "nobody's", "a", "b"])

    assert [order.business_key for order in known] == ["c", "a", "b"]
    assert {order.state for order in known} == {"running"}
    for order in known:
        assert order.events is not None
        assert [event.event for event in order.events] == ["Order_Placed", "Payment_Done"]


def test_orders_are_listed_newest_first_without_their_events(world: AnyWorld) -> None:
    for key in ("first", "second", "third"):
        world.hear("Order_Placed", key)
    world.hear("Payment_Done", "first")

    listed = asking(world).orders(limit=2)

    assert [order.business_key for order in listed] == ["third", "second"]
    assert asking(world).orders()[-1].as_json() == {
        "businessKey": "first",
        "tenant": TENANT,
        "state": "running",
        "instanceId": listed[0].as_json()["instanceId"] and asking(world).orders()[-1].instance_id,
        "awaiting": ["Goods_Fetched"],
        "timers": [],
        "lastEvent": "Payment_Done",
        "startedAt": asking(world).orders()[-1].as_json()["startedAt"],
        "updatedAt": asking(world).orders()[-1].as_json()["updatedAt"],
    }


def test_the_state_of_an_order(world: AnyWorld) -> None:
    for event in STEPS:
        world.hear(event, "done")
    world.hear("Order_Placed", "begun")
    world.hear("Payment_Done", "early")
    world.engine.faults.append(RemoteOrders().refuses)
    world.hear("Order_Placed", "bad")

    states = {order.business_key: order.state for order in asking(world).orders()}

    assert states == {"done": "completed", "begun": "running", "early": "waiting", "bad": "refused"}
    for key, state in states.items():
        assert [order.business_key for order in asking(world).orders(state)] == [key]
        shown = asking(world).order(key)
        assert shown is not None
        assert shown.state == state


def test_a_list_by_state_asks_the_engine_no_further_than_it_must(
    remote: World[RemoteOrders], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries_module, "CHUNK", 3)
    for number in range(12):
        remote.hear("Order_Placed", f"order-{number:02}")
    for event in STEPS[1:]:
        remote.hear(event, "order-07")
    remote.engine.asked.clear()

    assert [order.business_key for order in asking(remote).orders("completed", 1)] == ["order-07"]
    assert remote.engine.asked.count("instances") == 2
    assert len(asking(remote).orders("running", 100)) == 11
    assert asking(remote).orders("terminated", 1) == []


def test_while_the_engine_is_away_the_ledger_answers_alone(remote: World[RemoteOrders]) -> None:
    remote.hear("Order_Placed")
    remote.engine.is_away = True

    shown, listed = asking(remote).order(KEY), asking(remote).orders("running")

    assert shown is not None
    assert (shown.state, shown.engine_error) == ("unknown", "connection refused")
    assert shown.as_json()["engineError"] == "connection refused"
    assert [event["outcome"] for event in shown.as_json()["events"]] == ["correlated"]
    assert [(each.business_key, each.state) for each in listed] == [(KEY, "unknown")]


def test_an_order_whose_instance_the_engine_has_forgotten_is_in_an_unknown_state(
    remote: World[RemoteOrders],
) -> None:
    remote.hear("Order_Placed")
    remote.engine._runs.clear()

    assert [order.state for order in asking(remote).orders()] == ["unknown"]


def test_other_tenants_are_not_seen(world: AnyWorld) -> None:
    world.hear("Order_Placed")
    other = Queries(world.ledger, world.engine, "other")

    assert (other.orders(), other.order(KEY)) == ([], None)


def _event(identity: str, cause: str | None = None) -> Event:
    now = datetime.now(UTC)
    return Event(identity, identity, cause, "correlated", None, 1, now, now, now)


@pytest.mark.parametrize(
    ("arrived", "shown"),
    [
        ([("a", None), ("b", "a"), ("c", "b")], "abc"),
        ([("c", "b"), ("a", None), ("b", "a")], "abc"),  # an effect was recorded first
        ([("b", "lost"), ("a", None)], "ba"),  # a cause that never came
        ([("a", "b"), ("b", "a"), ("c", "c")], "bac"),  # forged ones lead in circles
    ],
)
def test_an_event_is_shown_after_its_cause(arrived: list[tuple[str, str | None]], shown: str) -> None:
    assert "".join(event.id for event in causes_first([_event(*each) for each in arrived])) == shown
