"""The histories of many orders at once, and how few requests they take."""

from collections.abc import Callable
from pathlib import Path

import pytest

from trackflow.bpmn import Model, read
from trackflow.engines.camunda import CamundaEngine
from trackflow.engines.embedded import EmbeddedEngine
from trackflow.message import Message

TRACK_FLOW = Path(__file__).parents[2] / "bpmn" / "track-flow.bpmn"
EVENTS = ("Order_Placed", "Payment_Done", "Goods_Fetched", "Goods_Shipped")
MakeEvent = Callable[..., Message]


@pytest.fixture
def track_flow() -> Model:
    return read(TRACK_FLOW)


@pytest.mark.engine
def test_many_orders_take_few_requests(
    camunda: CamundaEngine, tenant: str, event: MakeEvent, track_flow: Model, requests: list[str]
) -> None:
    # Given 120 orders: a third has ended, and the others are where they are
    camunda.deploy([track_flow], tenant)
    keys = [f"k{number}" for number in range(120)]
    for number, key in enumerate(keys):
        for name in EVENTS[: 2 + number % 3]:
            camunda.correlate(event(name, key))
    one_by_one = {key: camunda.history(tenant, key) for key in keys[:6]}
    requests.clear()

    # When all are asked about at once
    found = camunda.histories(tenant, keys)

    # Then that takes a request for each kind of answer and its count, and all is as asked one by one
    assert len(requests) == 5, requests
    assert {key: found[key] for key in one_by_one} == one_by_one
    assert {len(found[key][0].path) for key in keys} == {3, 4, 5}
    assert [found[key][0].state for key in keys[:3]] == ["running", "running", "completed"]


@pytest.mark.engine
def test_few_orders_of_many_are_asked_about_one_by_one(
    camunda: CamundaEngine, tenant: str, event: MakeEvent, track_flow: Model, requests: list[str]
) -> None:
    camunda.deploy([track_flow], tenant)
    for number in range(30):
        camunda.correlate(event("Order_Placed", f"k{number}"))
    camunda.history(tenant, "k0")  # from now on it knows that the model has no timers
    requests.clear()

    found = camunda.histories(tenant, ["k7", "k8", "missing"])

    # Then that is one for the instances, and two for each of them
    assert len(requests) == 5, requests
    assert [len(found[key]) for key in ("k7", "k8", "missing")] == [1, 1, 0]
    assert found["k7"][0].awaiting == ("Payment_Done",)
    assert [step.element for step in found["k7"][0].path] == ["order_placed", "payment_done"]


@pytest.mark.engine
def test_old_orders_among_new_ones_do_not_make_it_read_everything(
    camunda: CamundaEngine,
    tenant: str,
    event: MakeEvent,
    track_flow: Model,
    requests: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given orders so many, for the size of a page, that reading all between the oldest and now is dear
    camunda.deploy([track_flow], tenant)
    for number in range(60):
        camunda.correlate(event("Order_Placed", f"k{number}"))
    wanted = ["k0", *(f"k{number}" for number in range(40, 60))]
    monkeypatch.setattr("trackflow.engines.camunda.activities.PAGE", 8)
    requests.clear()

    found = camunda.histories(tenant, wanted)

    assert all(len(found[key]) == 1 and len(found[key][0].path) == 2 for key in wanted)
    assert len(requests) < 3 * len(wanted), requests


@pytest.mark.engine
def test_a_deployed_model_can_be_read_again(camunda: CamundaEngine, tenant: str, track_flow: Model) -> None:
    camunda.deploy([track_flow], tenant)

    assert camunda.source(tenant, track_flow.process, 1) == track_flow.source
    assert camunda.source(tenant, track_flow.process, 2) is None
    assert camunda.source(f"{tenant}-other", track_flow.process, 1) is None


def test_the_embedded_engine_has_the_model_too(embedded: EmbeddedEngine, track_flow: Model) -> None:
    embedded.deploy([track_flow], "own")

    assert embedded.source("own", track_flow.process, 1) == track_flow.source
    assert embedded.source("own", track_flow.process, 2) is None
    assert embedded.source("other", track_flow.process, 1) is None


def test_more_orders_than_fit_into_one_statement_are_all_found(embedded: EmbeddedEngine) -> None:
    found = embedded.histories("own", [f"k{number}" for number in range(1234)])

    assert len(found) == 1234
    assert embedded.histories("own", []) == {}
