import copy
from collections.abc import Callable, Mapping

import pytest

from trackflow.bpmn import Model
from trackflow.engines.embedded.models.prepare import prepare
from trackflow.engines.embedded.models.process import Process
from trackflow.engines.embedded.steps import interpreter
from trackflow.engines.embedded.steps.interpreter import Refusal, awaited
from trackflow.engines.embedded.steps.state import State
from trackflow.engines.variables import Scalar

ModelOf = Callable[..., Model]

START = '<startEvent id="S"><messageEventDefinition messageRef="Go"/></startEvent>'
END = '<endEvent id="E"/>'


def catch(*names: str) -> str:
    """A catch event `CA` for the message `A`, and so on."""
    definition = '<messageEventDefinition messageRef="{0}"/>'
    event = f'<intermediateCatchEvent id="C{{0}}">{definition}</intermediateCatchEvent>'
    return "".join(map(event.format, names))


def started(process: Process, **variables: Scalar) -> State:
    state = interpreter.start(process, "Go", variables, now=1.0)
    assert isinstance(state, State), state
    return state


def told(
    process: Process, state: State, message: str, now: float = 2.0, **variables: Scalar
) -> State | Refusal:
    (wait,) = [wait for wait in awaited(process, state) if wait.message == message]
    return interpreter.take(process, state, wait, variables, now)


def moved(process: Process, state: State, message: str, now: float = 2.0, **variables: Scalar) -> State:
    state_or_refusal = told(process, state, message, now, **variables)
    assert isinstance(state_or_refusal, State), state_or_refusal
    return state_or_refusal


def awaits(process: Process, state: State) -> list[str]:
    return [f"{wait.message}@{wait.element}" for wait in awaited(process, state)]


def path(state: State) -> list[tuple[str, float, float | None]]:
    return [(visit.element, visit.entered, visit.left) for visit in state.path]


def test_an_instance_waits_where_its_model_waits_and_ends_at_its_end(model_of: ModelOf) -> None:
    process = prepare(model_of(START + catch("A") + END, "S>CA", "CA>E"))

    state = started(process)
    assert awaits(process, state) == ["A@CA"]
    assert state.end is None

    state = moved(process, state, "A")
    assert awaits(process, state) == []
    assert state.end == "completed"
    assert state.tokens == []
    assert state.scopes == []


def test_the_path_holds_every_element_with_the_times_when_it_was_entered_and_left(model_of: ModelOf) -> None:
    elements = START + '<task id="T"/><eventBasedGateway id="G"/>' + catch("A", "B") + END
    process = prepare(model_of(elements, "S>T", "T>G", "G>CA", "G>CB", "CA>G", "CB>E"))

    state = started(process)
    assert path(state) == [("S", 1.0, 1.0), ("T", 1.0, 1.0), ("G", 1.0, None)]

    state = moved(process, moved(process, state, "A", now=2.0), "B", now=3.0)
    assert path(state)[2:] == [
        ("G", 1.0, 2.0),
        ("CA", 2.0, 2.0),
        ("G", 2.0, 3.0),
        ("CB", 3.0, 3.0),
        ("E", 3.0, 3.0),
    ]


def test_a_step_changes_nothing_of_the_state_it_is_given(model_of: ModelOf) -> None:
    # Given a state from which one variable leads on and another to a refusal
    elements = START + catch("A", "B", "C") + '<exclusiveGateway id="X"/><parallelGateway id="P"/>' + END
    process = prepare(model_of(elements, "S>P", "P>CA", "P>CB", "CA>X", "X>CC ${ok}", "CC>E", "CB>E"))
    state = started(process, ok=True)
    before = copy.deepcopy(state)

    # When steps are taken from it
    assert isinstance(told(process, state, "A", ok=True), State)
    assert isinstance(told(process, state, "A", ok=False), Refusal)
    assert isinstance(told(process, state, "B"), State)

    # Then it is as it was
    assert state == before


def test_a_state_survives_as_json(model_of: ModelOf) -> None:
    process = prepare(
        model_of(
            START + '<receiveTask id="R" messageRef="A___x_"/><parallelGateway id="P"/>' + catch("B"),
            *("S>P", "P>R", "P>CB"),
            messages="Go B A_${x}",
        )
    )
    state = started(process, x="ü\0\ud83d")
    text = state.to_json()

    assert State.from_json(text) == state
    assert text.isascii()
    assert "\0" not in text


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"amount": 150}, ["A@CA"]),
        ({"amount": 50}, ["B@CB"]),
        ({"amount": None}, ["B@CB"]),
        ({"amount": "150"}, ["A@CA"]),
    ],
)
def test_an_exclusive_gateway_takes_one_flow(
    model_of: ModelOf, variables: Mapping[str, Scalar], expected: list[str]
) -> None:
    elements = START + '<exclusiveGateway id="X" default="X_CB"/>' + catch("A", "B")
    process = prepare(model_of(elements, "S>X", "X>CB ${true}", "X>CA ${amount > 100}"))
    assert awaits(process, started(process, **variables)) == expected


def test_the_first_true_condition_in_the_order_of_the_file_wins(model_of: ModelOf) -> None:
    elements = START + '<exclusiveGateway id="X"/>' + catch("A", "B", "C")
    process = prepare(model_of(elements, "S>X", "X>CC ${n > 5}", "X>CB ${n > 1}", "X>CA"))
    assert awaits(process, started(process, n=9)) == ["C@CC"]
    assert awaits(process, started(process, n=3)) == ["B@CB"]
    assert awaits(process, started(process, n=0)) == ["A@CA"]


def test_a_split_without_a_gateway_takes_every_open_flow_or_else_the_default(model_of: ModelOf) -> None:
    elements = START + '<manualTask id="T" default="T_CC"/>' + catch("A", "B", "C")
    process = prepare(model_of(elements, "S>T", "T>CA ${a}", "T>CB ${b}", "T>CC"))
    assert awaits(process, started(process, a=True, b=True)) == ["A@CA", "B@CB"]
    assert awaits(process, started(process, a=False, b=True)) == ["B@CB"]
    assert awaits(process, started(process, a=False, b=False)) == ["C@CC"]


def test_an_instance_ends_with_its_last_token(model_of: ModelOf) -> None:
    process = prepare(
        model_of(START + '<parallelGateway id="P"/>' + catch("A", "B") + END, "S>P", "P>CA", "P>CB", "CA>E")
    )
    state = moved(process, started(process), "A")
    assert state.end is None
    # B's catch event has no way on: its token just ends
    assert moved(process, state, "B").end == "completed"


def test_a_parallel_gateway_ignores_conditions(model_of: ModelOf) -> None:
    elements = START + '<parallelGateway id="P"/>' + catch("A", "B")
    process = prepare(model_of(elements, "S>P", "P>CA ${false}", "P>CB ${stranger}"))
    assert awaits(process, started(process)) == ["A@CA", "B@CB"]


def test_a_parallel_join_waits_and_then_goes_on_once(model_of: ModelOf) -> None:
    elements = START + '<parallelGateway id="P"/><parallelGateway id="J"/>' + catch("A", "B", "C")
    process = prepare(model_of(elements, "S>P", "P>CA", "P>CB", "CA>J", "CB>J", "J>CC"))

    state = moved(process, started(process), "A")
    assert awaits(process, state) == ["B@CB"]
    assert [token.at for token in state.tokens] == ["CB", "J"]

    state = moved(process, state, "B", now=3.0)
    assert awaits(process, state) == ["C@CC"]
    # Each token that came to the join was there by itself, as in the engine's history.
    assert [visit for visit in path(state) if visit[0] == "J"] == [("J", 2.0, 3.0), ("J", 3.0, 3.0)]


def test_a_terminate_end_event_ends_what_waits_and_what_was_still_to_come(model_of: ModelOf) -> None:
    terminate = '<endEvent id="X"><terminateEventDefinition/></endEvent>'
    elements = START + '<parallelGateway id="P"/>' + catch("A", "B") + terminate
    # Given a branch that waits, one that terminates at once, and one that is not yet begun
    process = prepare(model_of(elements, "S>P", "P>CA", "P>X", "P>CB"))

    state = started(process)

    assert state.end == "completed"
    assert state.tokens == []
    assert path(state) == [("S", 1.0, 1.0), ("P", 1.0, 1.0), ("CA", 1.0, 1.0), ("X", 1.0, 1.0)]


def test_an_event_based_gateway_takes_the_first_message_only(model_of: ModelOf) -> None:
    elements = START + '<eventBasedGateway id="G"/>' + catch("A", "B", "C")
    process = prepare(model_of(elements, "S>G", "G>CA", "G>CB", "CA>CC"))
    state = started(process)
    assert awaits(process, state) == ["A@CA", "B@CB"]
    assert awaits(process, moved(process, state, "A")) == ["C@CC"]
    assert moved(process, state, "B").end == "completed"


def test_a_message_name_with_an_expression_is_evaluated_when_the_wait_begins(model_of: ModelOf) -> None:
    elements = START + catch("A") + '<receiveTask id="R" messageRef="Paid___branch_"/>'
    process = prepare(model_of(elements, "S>CA", "CA>R", messages="Go A Paid_${branch}"))
    state = moved(process, started(process, branch="north"), "A")
    assert awaits(process, state) == ["Paid_north@R"]
    assert isinstance(interpreter.start(process, "Go", {}, now=1.0), State)
    assert told(process, started(process), "A") == Refusal(
        "'Paid_${branch}', character 8: there is no variable 'branch'"
    )


def test_a_gateway_without_a_way_out_refuses_the_event(model_of: ModelOf) -> None:
    elements = START + '<exclusiveGateway id="X"/>' + catch("A", "B")
    process = prepare(model_of(elements, "S>X", "X>CA ${a}", "X>CB ${b == 1}"))
    assert interpreter.start(process, "Go", {"a": False, "b": 2}, now=1.0) == Refusal(
        "no outgoing sequence flow of 'X' can be taken"
    )
    assert interpreter.start(process, "Go", {"a": False}, now=1.0) == Refusal(
        "'${b == 1}', character 3: there is no variable 'b'"
    )
    assert interpreter.start(process, "Go", {"a": "true"}, now=1.0) == Refusal(
        "'${a}', character 1: a condition is true or false, not 'true'"
    )


@pytest.mark.parametrize(
    ("flows", "reason"),
    [
        (["S>T", "T>T"], "a loop with no end"),  # round and round
        (["S>T", "T>U", "T>V", "U>T", "V>T"], "ever more tokens"),
    ],
)
def test_a_loop_that_never_waits_is_refused(model_of: ModelOf, flows: list[str], reason: str) -> None:
    process = prepare(model_of(START + '<task id="T"/><task id="U"/><task id="V"/>', *flows))
    refusal = interpreter.start(process, "Go", {}, now=1.0)
    assert isinstance(refusal, Refusal)
    assert reason in refusal.reason
