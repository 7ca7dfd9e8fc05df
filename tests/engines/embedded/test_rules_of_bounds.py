"""What no model should say and some will: it is refused in words, and never ends in an error of ours."""

from collections.abc import Callable
from math import inf

import pytest

from tests.engines.called_models import begin, boundary, call, model, receive, several, start
from trackflow.bpmn import Model
from trackflow.engines.answers import Answer, Outcome
from trackflow.engines.embedded import EmbeddedEngine
from trackflow.engines.embedded.models.obstacles import check
from trackflow.engines.embedded.models.prepare import prepare
from trackflow.engines.embedded.steps import interpreter
from trackflow.engines.embedded.steps.interpreter import Refusal
from trackflow.engines.embedded.steps.state import State
from trackflow.errors import ModelError

TOO_DEEP = "too many subprocesses or calls are one within the other"


def _repeated(cardinality: str) -> Model:
    inner = (
        "<multiInstanceLoopCharacteristics>"
        f"<loopCardinality>{cardinality}</loopCardinality></multiInstanceLoopCharacteristics>"
    )
    return model("repeated", start() + receive("R", "A", inner), "S>R")


def _nested(depth: int) -> Model:
    """A receive task in so many subprocesses, each of them a multi-instance element."""
    inner, inside = receive("R", "A"), "R"
    for number in range(depth):
        flow = f'<sequenceFlow id="f{number}" sourceRef="s{number}" targetRef="{inside}"/>'
        begins = f'{several(1)}<startEvent id="s{number}"/>'
        inner, inside = f'<subProcess id="n{number}">{begins}{inner}{flow}</subProcess>', f"n{number}"
    return model("nested", start() + inner + boundary("X", inside, "message", "B"), f"S>{inside}")


def _timed(kind: str, text: str, interrupting: bool = True) -> Model:
    definition = f"<timerEventDefinition><{kind}>{text}</{kind}></timerEventDefinition>"
    cancels = str(interrupting).lower()
    event = f'<boundaryEvent id="T" attachedToRef="R" cancelActivity="{cancels}">{definition}</boundaryEvent>'
    return model("timed", start() + receive("R", "A") + event, "S>R")


@pytest.mark.parametrize("cardinality", ["${n}", "${1 / 0}", "${0 - 1 / 0}"])
def test_an_infinite_number_of_instances_is_no_number(cardinality: str) -> None:
    process = prepare(_repeated(cardinality))

    assert interpreter.start(process, "Go", {"n": inf}, now=1.0) == Refusal(
        "the loopCardinality of 'R' should be a number"
    )


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("timeDuration", "P999999999D", "beyond the year 9999"),
        ("timeDuration", "PT999999999999H", "beyond the year 9999"),
        ("timeDate", "9999-12-31T23:59:59-14:00", "beyond the year 9999"),
        ("timeDate", "0001-01-01T00:00:00+14:00", "before the year 1"),
        ("timeCycle", "R/P999999999D", "beyond the year 9999"),
    ],
)
def test_a_time_that_nobody_can_be_shown_is_refused(kind: str, text: str, words: str) -> None:
    evaluated = prepare(_timed(kind, "${when}"))

    refusal = interpreter.start(evaluated, "Go", {"when": text}, now=1_800_000_000.0)

    assert isinstance(refusal, Refusal)
    assert refusal.reason.endswith(f"of 'T', {text!r}, {words}")
    if kind != "timeCycle":  # whose first time depends on when the wait begins
        with pytest.raises(ModelError, match=words):
            check(_timed(kind, text))


def test_a_cycle_fires_no_more_once_its_next_time_is_beyond_the_year_9999() -> None:
    process = prepare(_timed("timeCycle", "R/P3000Y", interrupting=False))
    state = interpreter.start(process, "Go", {}, now=1_800_000_000.0)
    assert isinstance(state, State)

    fired = 0
    while (due := interpreter.next_due(state)) is not None:
        state = interpreter.fire(process, state, due)
        assert isinstance(state, State)
        fired += 1

    assert fired == 2
    assert [wait.message for wait in interpreter.awaited(process, state)] == ["A"]


def test_what_is_nested_too_deep_is_refused_and_goes_on_otherwise() -> None:
    process = prepare(_nested(250))
    state = interpreter.start(process, "Go", {}, now=1.0)
    assert isinstance(state, State)
    waits = {wait.message: wait for wait in interpreter.awaited(process, state)}

    assert interpreter.take(process, state, waits["B"], {}, now=2.0) == Refusal(TOO_DEEP)


def test_calls_that_are_too_deep_are_refused_and_nothing_is_left(
    engine: EmbeddedEngine, tell: Callable[..., Answer], stored: Callable[..., list[object]]
) -> None:
    mapping = '<camunda:in sourceExpression="${n - 1}" target="n"/>'
    body = start() + begin() + '<exclusiveGateway id="G"/><task id="T"/>' + call("K", "deep", mapping)
    engine.deploy([model("deep", body, "S>G s>G G>K?n>0 G>T")], "own")

    assert tell("Go", key="few", payload={"n": 50}).outcome is Outcome.ACCEPTED
    before = stored("engine_instances")
    assert tell("Go", key="many", payload={"n": 900}) == Answer(Outcome.REFUSED, TOO_DEEP)
    assert stored("engine_instances") == before
    assert len(before) == 51


def test_a_loop_that_makes_ever_more_tokens_is_stopped() -> None:
    # Given a task that leads to a wait, and round to itself
    tasks = '<task id="T"/><task id="U"/>' + receive("R", "A")
    looping = model("looping", start() + tasks, "S>T T>R T>U U>T")

    assert interpreter.start(prepare(looping), "Go", {}, now=1.0) == Refusal(
        "it would be at more than 2000 places at once: the model makes ever more tokens"
    )


def test_a_long_way_is_no_loop() -> None:
    # Given more tasks in a row than a loop may have moves
    tasks = "".join(f'<task id="T{number}"/>' for number in range(10_500))
    flows = " ".join(["S>T0", *(f"T{number}>T{number + 1}" for number in range(10_499))])
    state = interpreter.start(prepare(model("long", start() + tasks, flows)), "Go", {}, now=1.0)

    assert isinstance(state, State)
    assert state.end == "completed"
