"""Call activities: an instance that waits for another one, which has its business key."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine as Database
from sqlalchemy import select

from tests.engines.called_models import (
    CALLED,
    KEY,
    SCRIPTS,
    begin,
    boundary,
    call,
    end,
    model,
    receive,
    several,
    start,
    tasks,
)
from trackflow.engines.answers import Answer, Instance, Outcome, awaited, newest
from trackflow.engines.embedded import EmbeddedEngine, store
from trackflow.errors import ModelError
from trackflow.message import Message

CALLER = model("caller", start() + call("K", "called") + receive("B", "B") + end("E"), "S>K>B>E")

Tell = Callable[..., Answer]


@pytest.fixture
def of(engine: EmbeddedEngine) -> Callable[..., list[Instance]]:
    """The instances of an order, with their paths."""
    return lambda key="4711": engine.history("own", key)


def passed(instance: Instance) -> list[str]:
    return [f"{step.element}{' canceled' if step.canceled else ''}" for step in instance.path]


def test_a_called_instance_is_one_of_the_order_and_its_caller_waits_for_it(
    engine: EmbeddedEngine, tell: Tell, of: Callable[..., list[Instance]]
) -> None:
    engine.deploy([CALLER, CALLED], "own")

    # When an order comes to the call
    assert tell("Go").outcome is Outcome.ACCEPTED

    # Then two instances run, and the order awaits what either does
    caller, called = of()
    assert (caller.caller, called.caller) == (None, caller.id)
    assert (caller.active, called.awaiting) == (("K",), ("A",))
    assert newest(of()) == caller
    assert awaited(of()) == ("A",)
    assert engine.instances("own", ["4711"])["4711"][1].caller == caller.id

    # When the called one ends, then its caller goes on
    assert tell("B").outcome is Outcome.NOT_AWAITED
    assert tell("A").outcome is Outcome.ACCEPTED
    caller, called = of()
    assert (called.state, passed(called)) == ("completed", ["s", "a", "z"])
    assert (caller.awaiting, passed(caller)) == (("B",), ["S", "K", "B"])
    assert engine.instances("own", ["4711"])["4711"][1].caller == caller.id  # also once it has ended


def test_models_are_deployed_in_any_order_and_the_newest_version_is_called(
    engine: EmbeddedEngine, tell: Tell, of: Callable[..., list[Instance]], stored: Callable[..., list[object]]
) -> None:
    # Given a caller whose called process is not there yet
    engine.deploy([CALLER], "own")
    refused = tell("Go")
    assert refused.outcome is Outcome.REFUSED
    assert refused.reason == "no process 'called' of tenant 'own' is deployed"
    assert stored("engine_instances") == []

    # When it comes, and then a new version of it
    engine.deploy([CALLED], "own")
    tell("Go", "old")
    engine.deploy([model("called", begin() + receive("c", "C"), "s>c")], "own")
    tell("Go", "new")

    # Then each order has called the one that was the newest
    assert [each.version for each in of("old")] == [1, 1]
    assert [(each.version, each.awaiting) for each in of("new")] == [(1, ()), (2, ("C",))]


def test_what_a_boundary_event_interrupts_ends_with_all_that_it_called(
    engine: EmbeddedEngine, tell: Tell, of: Callable[..., list[Instance]]
) -> None:
    # Given a call of a call
    outer = model(
        "caller", start() + call("K", "middle") + boundary("X", "K", "message", "Stop") + end("E"), "S>K X>E"
    )
    engine.deploy([outer, model("middle", begin() + call("L", "called"), "s>L"), CALLED], "own")
    tell("Go")
    assert [each.active for each in of()] == [("K",), ("L",), ("a",)]

    # When the outer one is interrupted
    tell("Stop")

    # Then the inner ones are terminated
    assert [each.state for each in of()] == ["completed", "terminated", "terminated"]
    assert [passed(each) for each in of()] == [
        ["S", "K canceled", "X", "E"],
        ["s", "L canceled"],
        ["s", "a canceled"],
    ]
    assert tell("A").outcome is Outcome.NOT_AWAITED


def test_a_process_that_calls_itself_without_end_is_refused(
    engine: EmbeddedEngine, tell: Tell, stored: Callable[..., list[object]]
) -> None:
    engine.deploy([model("caller", start() + call("K", "caller"), "S>K")], "own")

    answer = tell("Go")

    assert answer.outcome is Outcome.REFUSED
    assert "10000 moves" in (answer.reason or "")
    assert stored("engine_instances") == []


def test_a_refusal_in_the_caller_leaves_the_called_instance_as_it_was(
    engine: EmbeddedEngine, database: Database, tell: Tell
) -> None:
    # Given that what is behind the call cannot be taken
    stuck = model(
        "caller",
        start() + call("K", "called") + '<exclusiveGateway id="g"/>' + end("e") + end("f"),
        "S>K>g g>e?missing==1 g>f?missing==2",
    )
    engine.deploy([stuck, CALLED], "own")
    tell("Go")
    with database.connect() as connection:
        before = connection.execute(select(store.instances)).all()

    # When the called instance would end, in a transaction that is kept all the same
    with database.begin() as transaction:
        answer = engine.correlate(
            Message.new(tenant="own", business_key="4711", event="A", payload=None), transaction
        )

    # Then nothing has changed
    assert answer.outcome is Outcome.REFUSED
    with database.connect() as connection:
        assert connection.execute(select(store.instances)).all() == before


def test_a_timer_in_a_called_instance_ends_it(
    engine: EmbeddedEngine, database: Database, tell: Tell, of: Callable[..., list[Instance]]
) -> None:
    timed = model(
        "called",
        begin()
        + '<intermediateCatchEvent id="t"><timerEventDefinition><timeDuration>PT1H</timeDuration>'
        + "</timerEventDefinition></intermediateCatchEvent>",
        "s>t",
    )
    engine.deploy([CALLER, timed], "own")
    due_at = tell("Go").due_at
    assert due_at is not None

    with database.begin() as transaction:
        answer = engine.fire("own", "4711", transaction, due_at)

    assert (answer.outcome, answer.due_at) == (Outcome.ACCEPTED, None)
    assert [each.state for each in of()] == ["running", "completed"]
    assert of()[0].awaiting == ("B",)


def test_several_calls_at_once_are_as_many_instances(
    engine: EmbeddedEngine, tell: Tell, of: Callable[..., list[Instance]]
) -> None:
    both = model("caller", start() + call("K", "called", inner=several(2)) + receive("B", "B"), "S>K>B")
    engine.deploy([both, model("called", begin() + tasks("t") + receive("a", "A"), "s>t>a")], "own")

    tell("Go")

    caller, *called = of()
    assert [each.caller for each in called] == [caller.id, caller.id]
    assert tell("A").outcome is Outcome.AMBIGUOUS


def _with(attribute: str) -> str:
    return call("K", "called").replace("<callActivity", f"<callActivity {attribute}")


@pytest.mark.parametrize(
    ("element", "reason"),
    [
        (call("K", "called", key=""), "does not pass the business key on"),
        (call("K", "called", key='<camunda:in businessKey="${x}"/>'), "does not pass the business key on"),
        (call("K", "${which}"), "with an expression as the process that it calls"),
        (call("K", "called", '<camunda:in variables="all" local="true"/>'), "with 'local in'"),
        (call("K", "called", '<camunda:out source="a" target="b" local="true"/>'), "with 'local out'"),
        (_with('camunda:calledElementBinding="deployment"'), "with 'calledElementBinding'"),
        (_with('camunda:variableMappingClass="a.B"'), "with 'variableMappingClass'"),
        (call("K", "called", '<camunda:out variables="all"/>', several(2)), "that give back all variables"),
    ],
)
def test_a_call_that_cannot_be_run_is_refused_by_name(
    engine: EmbeddedEngine, element: str, reason: str
) -> None:
    with pytest.raises(ModelError, match=f"callActivity 'K'.*{reason}"):
        engine.deploy([model("caller", start() + element, "S>K")], "own")


@pytest.mark.parametrize("attributes", ['target="b"', 'source="" target="b"', 'source="a"'])
def test_a_mapping_without_its_source_or_target_is_no_model(attributes: str) -> None:
    with pytest.raises(ModelError, match=r"callActivity 'K': an 'in' of it names no (source|target)"):
        model("caller", start() + call("K", "called", f"<camunda:in {attributes}/>"), "S>K")


def test_what_another_process_in_the_call_uses_is_kept_of_payloads(
    engine: EmbeddedEngine, tell: Tell, of: Callable[..., list[Instance]]
) -> None:
    # Given that neither process names what the other one uses
    everything = '<camunda:in variables="all"/><camunda:out variables="all"/>'
    caller = model(
        "caller",
        start()
        + call("K", "called", everything)
        + '<exclusiveGateway id="g"/>'
        + receive("B", "B")
        + end("E"),
        "S>K>g g>B?back==2 g>E?back!=2",
    )
    called = model(
        "called",
        begin() + '<exclusiveGateway id="g"/>' + receive("a", "A") + end("z"),
        "s>g g>a?there==1 g>z?there!=1",
    )
    engine.deploy([caller, called], "own")

    # When it comes with the events of the other
    tell("Go", payload={"there": 1, "other": 3})
    tell("A", payload={"back": 2})

    # Then it goes on as if it had been its own
    assert [each.active for each in of()] == [("B",), ()]


def test_the_variables_that_a_call_hands_over_are_kept_of_payloads() -> None:
    mapped = call(
        "K", "called", '<camunda:in source="amount" target="b"/><camunda:out source="c" target="d"/>'
    )
    assert model("caller", start() + mapped, "S>K").variables == {"amount", "c"}


def test_the_key_of_the_order_is_passed_on_in_any_of_the_familys_words(engine: EmbeddedEngine) -> None:
    words = ("#{execution.processBusinessKey}", "${execution.businessKey}", "${ execution.getBusinessKey() }")
    for number, text in enumerate(words):
        passing = KEY.replace("#{execution.processBusinessKey}", text)
        engine.deploy(
            [model(f"c{number}", start(("Go", "Go2", "Stop")[number]) + call("K", "x", key=passing), "S>K")],
            "own",
        )


def test_there_are_scripts_for_the_real_engines() -> None:
    assert len(SCRIPTS) >= 30


def test_a_caller_that_moved_to_a_new_version_goes_on_there(
    engine: EmbeddedEngine, database: Database, tell: Tell, of: Callable[..., list[Instance]]
) -> None:
    # Given a call under way, and a version of the caller with something else behind it
    engine.deploy([CALLER, CALLED], "own")
    tell("Go")
    changed = model("caller", start() + call("K", "called") + receive("C", "C") + end("E"), "S>K>C>E")
    engine.deploy([changed], "own")

    # When the caller moves there and the called instance ends
    ((running,),) = list(engine.running_on("own", "caller", 1))
    with database.begin() as transaction:
        assert engine.migrate("own", running, 2, transaction).misfits == ()
    tell("A")

    # Then the order is in the new version
    assert [(each.version, each.awaiting) for each in of()] == [(2, ("C",)), (1, ())]
