"""What `CamundaEngine` says about orders, asked of a real Operaton and a real Camunda 7."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trackflow.bpmn import Model, read
from trackflow.engines.answers import Outcome
from trackflow.engines.camunda import CamundaEngine, activities, instances
from trackflow.engines.camunda import rest as rest_module
from trackflow.errors import EngineUnreachable
from trackflow.message import Message

pytestmark = pytest.mark.engine

CASES = Path(__file__).parent / "cases"
TRACK_FLOW = ("Order_Placed", "Payment_Done", "Goods_Fetched", "Goods_Shipped")
MakeEvent = Callable[..., Message]


def case(name: str) -> Model:
    return read(CASES / f"{name}.bpmn")


@pytest.fixture
def track_flow() -> Model:
    return read(Path(__file__).parents[2] / "bpmn" / "track-flow.bpmn")


def test_an_order_is_followed_from_placed_to_shipped(
    camunda: CamundaEngine, tenant: str, event: MakeEvent, track_flow: Model
) -> None:
    # Given an order that was placed
    camunda.deploy([track_flow], tenant)
    assert camunda.correlate(event("Order_Placed")).outcome is Outcome.ACCEPTED

    # Then it runs, and waits for the payment
    (order,) = camunda.history(tenant, "k1")
    assert (order.state, order.awaiting, order.process) == ("running", ("Payment_Done",), track_flow.process)
    assert order.version == 1
    assert order.active == (order.path[-1].element,)
    assert (order.path[-1].left, order.ended) == (None, None)
    assert abs(datetime.now(UTC) - order.started) < timedelta(minutes=5)

    # When everything else happens
    for name in TRACK_FLOW[1:]:
        assert camunda.correlate(event(name)).outcome is Outcome.ACCEPTED

    # Then it is completed, and its path is the one of the model
    (order,) = camunda.history(tenant, "k1")
    assert (order.state, order.awaiting, order.active) == ("completed", (), ())
    passed = [track_flow.elements[step.element].message for step in order.path]
    assert [name for name in passed if name] == list(TRACK_FLOW)
    times = [order.started, *(step.entered for step in order.path), order.ended]
    assert times == sorted(times, key=lambda time: time or order.started)
    assert all(step.left is not None for step in order.path)


def test_an_event_that_nobody_awaits_changes_nothing(
    camunda: CamundaEngine, tenant: str, event: MakeEvent, track_flow: Model
) -> None:
    camunda.deploy([track_flow], tenant)
    shipped = event("Goods_Shipped")
    answer = camunda.correlate(shipped)
    assert answer.outcome is Outcome.NOT_AWAITED
    assert answer.reason is not None
    assert answer.reason.startswith("Cannot correlate message 'Goods_Shipped'")
    assert camunda.running(shipped) is None
    assert not camunda.happened(shipped)


def test_a_name_as_long_as_amqp_allows_is_not_awaited_either(
    camunda: CamundaEngine, event: MakeEvent
) -> None:
    assert camunda.correlate(event("x" * 255, "y" * 255)).outcome is Outcome.NOT_AWAITED


def test_an_event_happened_if_it_took_effect(
    camunda: CamundaEngine, tenant: str, event: MakeEvent, track_flow: Model
) -> None:
    camunda.deploy([track_flow], tenant)
    placed, unrelated = event("Order_Placed"), event("Order_Placed")
    camunda.correlate(placed)
    assert camunda.happened(placed)
    assert not camunda.happened(unrelated)
    # the same id for another tenant is another event
    assert not camunda.happened(placed.model_copy(update={"tenant": f"{tenant}-other"}))


def test_a_message_id_as_long_as_amqp_allows_can_be_looked_up(
    camunda: CamundaEngine, tenant: str, event: MakeEvent, track_flow: Model
) -> None:
    camunda.deploy([track_flow], tenant)
    placed = event("Order_Placed", id="x" * 255)
    assert camunda.correlate(placed).outcome is Outcome.ACCEPTED
    assert camunda.happened(placed)
    assert not camunda.happened(event("Order_Placed", id="x" * 254 + "y"))


def test_running_tells_a_case_that_runs_from_one_that_ended(
    camunda: CamundaEngine, tenant: str, event: MakeEvent, track_flow: Model
) -> None:
    camunda.deploy([track_flow], tenant)
    assert camunda.running(event("Order_Placed")) is None
    camunda.correlate(event("Order_Placed"))
    assert camunda.running(event("Order_Placed")) is True
    for name in TRACK_FLOW[1:]:
        camunda.correlate(event(name))
    assert camunda.running(event("Order_Placed")) is False


def test_two_instances_of_one_key_make_the_next_event_ambiguous(
    camunda: CamundaEngine, tenant: str, event: MakeEvent, track_flow: Model
) -> None:
    camunda.deploy([track_flow], tenant)
    camunda.correlate(event("Order_Placed"))
    camunda.correlate(event("Order_Placed"))
    answer = camunda.correlate(event("Payment_Done"))
    assert answer.outcome is Outcome.AMBIGUOUS
    assert "2 executions match" in str(answer.reason)


def test_only_twins_of_one_start_event_are_ended_and_the_oldest_stays(
    camunda: CamundaEngine, tenant: str, event: MakeEvent, track_flow: Model
) -> None:
    # Given one start event that started three instances, and another that started one
    camunda.deploy([track_flow], tenant)
    start = event("Order_Placed")
    for told in (start, start, start, event("Order_Placed")):
        camunda.correlate(told)
    oldest = camunda.instances(tenant, ["k1"])["k1"][0]

    # When the twins are ended
    assert camunda.end_twins(start) == 2
    assert camunda.end_twins(start) == 0

    # Then the oldest and the other run, and the two are not "completed"
    found = camunda.instances(tenant, ["k1"])["k1"]
    assert [each.state for each in found] == ["running", "terminated", "terminated", "running"]
    assert found[0].id == oldest.id


def test_all_that_parallel_branches_await_is_named(
    camunda: CamundaEngine, tenant: str, event: MakeEvent
) -> None:
    camunda.deploy([case("par-join")], tenant)
    camunda.correlate(event("Go"))
    (found,) = camunda.instances(tenant, ["k1"])["k1"]
    assert found.awaiting == ("A", "B")
    assert found.active == ("CA", "CB")
    camunda.correlate(event("A"))
    (found,) = camunda.instances(tenant, ["k1"])["k1"]
    assert (found.awaiting, found.active) == (("B",), ("CB", "J"))


def test_an_event_based_gateway_awaits_the_events_behind_it(
    camunda: CamundaEngine, tenant: str, event: MakeEvent
) -> None:
    model = case("loop-evg")
    camunda.deploy([model], tenant)
    (start,) = model.starts
    camunda.correlate(event(start))
    (found,) = camunda.instances(tenant, ["k1"])["k1"]
    (gateway,) = found.active
    assert model.elements[gateway].type == "eventBasedGateway"
    behind = {model.elements[model.flows[flow].target].message for flow in model.elements[gateway].outgoing}
    assert set(found.awaiting) == behind


@pytest.mark.parametrize(
    ("payload", "then"),
    [
        ({"amount": 150}, "Reviewed"),
        ({"amount": 100}, "Shipped"),
        ({"amount": 100.5}, "Reviewed"),
        ({"amount": "150"}, "Reviewed"),
        ({"amount": None}, "Shipped"),
        ({"amount": 10**30}, "Reviewed"),
        ({"amount": -(10**400)}, "Shipped"),
        ({"amount": 10**400}, "Reviewed"),
        ({"amount": 150, "secret": "not for the engine"}, "Reviewed"),
        ({"amount": 150, "note": "ü" * 5000}, "Reviewed"),
        ({"amount": 150, "note": "😀" * 5000}, "Reviewed"),
        ({"amount": 150, "note": "a\0b"}, "Reviewed"),
        ({"amount": 150, "note": ["a", {"b": 1}]}, "Reviewed"),
    ],
    ids=lambda value: str(value)[:30].encode("ascii", "replace").decode(),
)
def test_a_payload_decides_the_gateway(
    camunda: CamundaEngine, tenant: str, event: MakeEvent, payload: object, then: str
) -> None:
    camunda.deploy([case("xor-amount")], tenant)
    answer = camunda.correlate(event("Go", payload=payload))
    assert answer.outcome is Outcome.ACCEPTED, answer
    (found,) = camunda.instances(tenant, ["k1"])["k1"]
    assert found.awaiting == (then,)


def test_a_gateway_that_cannot_decide_fails_and_changes_nothing(
    camunda: CamundaEngine, tenant: str, event: MakeEvent
) -> None:
    camunda.deploy([case("xor-amount")], tenant)
    go = event("Go")
    answer = camunda.correlate(go)
    assert answer.outcome is Outcome.FAILED
    assert "amount" in str(answer.reason)
    assert camunda.running(go) is None


def test_every_asked_key_is_answered_and_other_tenants_are_not(
    camunda: CamundaEngine, tenant: str, event: MakeEvent, track_flow: Model
) -> None:
    other = f"{tenant}-other"
    camunda.deploy([track_flow], tenant)
    camunda.deploy([track_flow], other)
    camunda.correlate(event("Order_Placed", "a"))
    camunda.correlate(event("Order_Placed", "b").model_copy(update={"tenant": other}))
    camunda.correlate(event("Order_Placed", "ключ /?&=%"))
    found = camunda.instances(tenant, ["a", "b", "ключ /?&=%", "A", "missing"])
    assert {key: len(instances) for key, instances in found.items()} == {
        "a": 1,
        "b": 0,
        "ключ /?&=%": 1,
        "A": 0,
        "missing": 0,
    }
    assert camunda.instances(tenant, []) == {}


def test_nothing_is_cut_however_many_orders_there_are(
    camunda: CamundaEngine,
    tenant: str,
    event: MakeEvent,
    track_flow: Model,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given pages and lists so small that 12 orders need several
    monkeypatch.setattr(rest_module, "PAGE", 5)
    monkeypatch.setattr(instances, "_KEYS", 7)
    monkeypatch.setattr(instances, "FEW", 3)
    monkeypatch.setattr(activities, "FEW", 3)
    camunda.deploy([track_flow], tenant)
    keys = [f"k{number}" for number in range(12)]
    for key in keys:
        camunda.correlate(event("Order_Placed", key))
    camunda.correlate(event("Payment_Done", "k0"))
    # When all are asked for
    found = camunda.instances(tenant, keys)
    # Then each says what it awaits and where it waits
    assert [each.awaiting for key in keys for each in found[key]] == [("Goods_Fetched",)] + [
        ("Payment_Done",)
    ] * 11
    assert all(len(found[key][0].active) == 1 for key in keys)
    # and a path longer than a page is whole
    for name in TRACK_FLOW[2:]:
        camunda.correlate(event(name, "k0"))
    monkeypatch.setattr(rest_module, "PAGE", 2)
    (order,) = camunda.history(tenant, "k0")
    passed = [track_flow.elements[step.element].message for step in order.path]
    assert [name for name in passed if name] == list(TRACK_FLOW)


def test_many_threads_share_one_engine(
    camunda: CamundaEngine, tenant: str, event: MakeEvent, track_flow: Model
) -> None:
    camunda.deploy([track_flow], tenant)

    def order(key: str) -> list[Outcome]:
        return [camunda.correlate(event(name, key)).outcome for name in TRACK_FLOW]

    with ThreadPoolExecutor(32) as threads:
        outcomes = list(threads.map(order, (f"k{number}" for number in range(64))))
    assert outcomes == [[Outcome.ACCEPTED] * 4] * 64


def test_https_to_a_port_that_speaks_http_was_told_nothing(engine_url: str, event: MakeEvent) -> None:
    with pytest.raises(EngineUnreachable, match="SSL"):
        CamundaEngine(engine_url.replace("http:", "https:")).correlate(event("Order_Placed"))


def test_ping_names_the_engine(camunda: CamundaEngine, request: pytest.FixtureRequest) -> None:
    family = request.node.callspec.params["camunda"]
    assert camunda.ping().startswith(family.title())
    assert camunda.ping().endswith({"operaton": "1.0.3", "camunda": "7.24.0"}[family])
