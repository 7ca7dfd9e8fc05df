"""Signals: who listens in any instance of the tenant hears them, all in one transaction or nobody."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine as Database

from tests.engines.called_models import (
    CALLED,
    boundary,
    call,
    catch,
    end,
    model,
    receive,
    start,
    throw,
)
from trackflow.engines.answers import Answer, Instance, Moved, Outcome
from trackflow.engines.embedded import EmbeddedEngine
from trackflow.errors import ModelError
from trackflow.message import Message

THROWER = model("thrower", start("Go2") + throw("T", "signal", "Alarm") + receive("B", "B"), "S>T>B")
HEARER = model("hearer", start() + catch("c", "signal", "Alarm") + receive("a", "A"), "S>c>a")

Tell = Callable[..., Answer]
Stored = Callable[[str], list[tuple[object, ...]]]


@pytest.fixture
def active(engine: EmbeddedEngine) -> Callable[..., list[tuple[str, ...]]]:
    """Where the instances of an order are."""

    def active(key: str, tenant: str = "own") -> list[tuple[str, ...]]:
        found: list[Instance] = engine.history(tenant, key)
        return [each.active for each in found]

    return active


def test_every_order_of_the_tenant_that_listens_hears_a_signal(
    engine: EmbeddedEngine, tell: Tell, active: Callable[..., list[tuple[str, ...]]]
) -> None:
    # Given two orders that listen, and one of another tenant
    for tenant in ("own", "other"):
        engine.deploy([THROWER, HEARER], tenant)
    for key, tenant in (("k1", "own"), ("k2", "own"), ("k1", "other")):
        tell("Go", key, tenant=tenant)

    # When a third one throws
    answer = tell("Go2", "k3")

    # Then those of the tenant have moved, and the answer says so
    assert answer.moved == (Moved("k1", None), Moved("k2", None))
    assert active("k1") == active("k2") == [("a",)]
    assert active("k1", "other") == [("c",)]


def test_who_listens_is_found_as_long_as_it_does(engine: EmbeddedEngine, tell: Tell, stored: Stored) -> None:
    # Given an order with a boundary event for a signal, and one that does not listen
    guarded = model("guarded", start() + receive("a", "A") + boundary("X", "a", "signal", "Alarm"), "S>a")
    engine.deploy([guarded, THROWER], "own")
    tell("Go", "k1")
    ((tenant, signal, key, _),) = stored("engine_listeners")
    assert (tenant, signal, key) == ("own", "Alarm", "k1")

    # When it goes on, then nobody is found any more
    tell("A", "k1")
    assert stored("engine_listeners") == []
    assert tell("Go2", "k2").moved == ()


def test_each_order_is_ours_alone_before_its_instances_are_read(
    engine: EmbeddedEngine, database: Database, tell: Tell
) -> None:
    engine.deploy([THROWER, HEARER], "own")
    tell("Go", "k2")
    tell("Go", "k1")
    turns: list[str] = []

    event = Message.new(tenant="own", business_key="k3", event="Go2", payload=None)
    with database.begin() as transaction:
        engine.correlate(event, transaction, turn=turns.append)

    assert turns == ["k1", "k2"]  # in one order, whoever throws


def test_one_that_ended_while_we_waited_for_our_turn_hears_nothing(
    engine: EmbeddedEngine, database: Database, tell: Tell
) -> None:
    # Given that the order moves just before it is ours
    guarded = model(
        "guarded", start() + receive("a", "A") + boundary("X", "a", "signal", "Alarm") + end("E"), "S>a>E"
    )
    engine.deploy([guarded, THROWER], "own")
    tell("Go", "k1")
    event = Message.new(tenant="own", business_key="k2", event="Go2", payload=None)
    before = Message.new(tenant="own", business_key="k1", event="A", payload=None)

    with database.begin() as transaction:
        answer = engine.correlate(event, transaction, turn=lambda _: engine.correlate(before, transaction))

    assert (answer.outcome, answer.moved) == (Outcome.ACCEPTED, ())
    assert [step.element for step in engine.history("own", "k1")[0].path] == ["S", "a", "E"]


def test_orders_that_answer_each_others_signals_without_end_are_refused(
    engine: EmbeddedEngine, tell: Tell, active: Callable[..., list[tuple[str, ...]]]
) -> None:
    # Given two that throw what the other waits for, round and round
    def echo(process: str, message: str, hears: str, throws: str) -> None:
        body = start(message) + '<exclusiveGateway id="g"/>' + catch("c", "signal", hears)
        engine.deploy([model(process, body + throw("t", "signal", throws), "S>g>c>t>g")], "own")

    echo("ping", "Go", "Alarm", "Calm")
    echo("pong", "Go2", "Calm", "Alarm")
    engine.deploy([model("first", start("Stop") + throw("T", "signal", "Alarm"), "S>T")], "own")
    tell("Go", "k1")
    tell("Go2", "k2")

    # When a third one throws the first of these signals
    answer = tell("Stop", "k3")

    # Then it is refused after so many moves for each order, and all are where they were
    assert answer.outcome is Outcome.REFUSED
    assert "after 30000 moves" in (answer.reason or "")
    assert active("k1") == active("k2") == [("c",)]
    assert active("k3") == []


def test_a_signal_can_end_what_another_order_has_called(
    engine: EmbeddedEngine, tell: Tell, active: Callable[..., list[tuple[str, ...]]]
) -> None:
    caller = model(
        "caller",
        start() + call("K", "called") + boundary("X", "K", "signal", "Alarm") + receive("B", "B"),
        "S>K X>B",
    )
    engine.deploy([caller, CALLED, THROWER], "own")
    tell("Go", "k1")
    assert active("k1") == [("K",), ("a",)]

    tell("Go2", "k2")

    assert active("k1") == [("B",), ()]
    assert [each.state for each in engine.history("own", "k1")] == ["running", "terminated"]


def test_a_moved_instance_hears_what_its_new_version_listens_for(
    engine: EmbeddedEngine, database: Database, tell: Tell, active: Callable[..., list[tuple[str, ...]]]
) -> None:
    # Given an order on a version without a signal, that is moved to one with it
    engine.deploy([model("hearer", start() + receive("a", "A"), "S>a"), THROWER], "own")
    tell("Go", "k1")
    new = model(
        "hearer",
        start() + receive("a", "A") + boundary("X", "a", "signal", "Alarm") + receive("x", "B"),
        "S>a X>x",
    )
    engine.deploy([new], "own")
    ((running,),) = list(engine.running_on("own", "hearer", 1))
    with database.begin() as transaction:
        engine.migrate("own", running, 2, transaction)

    tell("Go2", "k2")

    assert active("k1") == [("x",)]


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        ("<signalEventDefinition signalRef='dyn'/>", "an expression as its signal's name"),
        ("<signalEventDefinition signalRef='sAlarm' camunda:async='true'/>", "with 'async'"),
        (
            "<signalEventDefinition signalRef='sAlarm'><extensionElements><camunda:in source='a' target='b'/>"
            "</extensionElements></signalEventDefinition>",
            "with 'in'",
        ),
    ],
)
def test_a_signal_with_more_than_a_name_is_refused(
    engine: EmbeddedEngine, definition: str, reason: str
) -> None:
    body = start() + f'<intermediateThrowEvent id="T">{definition}</intermediateThrowEvent>'
    with pytest.raises(ModelError, match=f"intermediateThrowEvent 'T'.*{reason}"):
        engine.deploy([model("thrower", body, "S>T")], "own")
