"""Moving a state from one version of a model to another: a pure function."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engines.versioned import (
    END,
    START,
    boundary,
    catch,
    event_subprocess,
    flow,
    model,
    wait,
)
from trackflow.bpmn import Model, parse, read
from trackflow.engines.embedded.migration import Migration
from trackflow.engines.embedded.models.prepare import prepare
from trackflow.engines.embedded.steps import interpreter
from trackflow.engines.embedded.steps.interpreter import Refusal
from trackflow.engines.embedded.steps.state import State

CASES = sorted((Path(__file__).parents[1] / "cases").glob("*.bpmn"))
NOW = 1_800_000_000.0
HOUR = 3600.0


def _repeated(sequential: str) -> str:
    return (
        f'<multiInstanceLoopCharacteristics isSequential="{sequential}">'
        "<loopCardinality>3</loopCardinality></multiInstanceLoopCharacteristics>"
    )


_INSIDE = (
    '<startEvent id="in"/>'
    + wait("inner", "A")
    + '<endEvent id="out"/>'
    + flow("in", "inner", "out")
    + event_subprocess("beside", "B", wait("aside", "C") + flow("beside-start", "aside"))
)
# Everything that listens: boundary events and event subprocesses of both kinds, timers, several instances.
EVERYTHING = model(
    START
    + wait("many", "A", inner=_repeated("false"))
    + boundary("stop", "many", "Stop")
    + wait("each", "A", inner=_repeated("true"))
    + f'<subProcess id="sub">{_INSIDE}</subProcess>'
    + boundary("remind", "sub", "PT1H", interrupts=False)
    + boundary("late", "sub", "PT5H")
    + wait("reminded", "D")
    + wait("named", "Paid_${n}")
    + '<eventBasedGateway id="race"/>'
    + catch("quick", "E")
    + catch("slow", "PT2H")
    + END
    + flow("start", "many", "each", "sub", "named", "race", "quick", "end")
    + flow("stop", "sub")
    + flow("remind", "reminded")
    + flow("late", "race", "slow", "end")
    + event_subprocess("any", "F", wait("told", "G") + flow("any-start", "told"), interrupts=False)
    + event_subprocess("halt", "H", wait("halted", "G") + flow("halt-start", "halted"))
)


def _walk(data: st.DataObject, of: Model) -> list[State]:
    """The states of an instance that takes what it waits for, or whose timers fire, as hypothesis chooses."""
    process = prepare(of)
    message = data.draw(st.sampled_from(sorted(process.starts)))
    state = interpreter.start(process, message, {"n": 1, "amount": 150}, NOW)
    states: list[State] = []
    while isinstance(state, State) and not state.end and len(states) < 12:
        states.append(state)
        waits = list(interpreter.awaited(process, state))
        due = interpreter.next_due(state)
        choices = [*waits, *([None] if due is not None else [])]
        if not choices:
            break
        chosen = data.draw(st.sampled_from(choices))
        if chosen is None:
            assert due is not None
            state = interpreter.fire(process, state, due)
        else:
            state = interpreter.take(process, state, chosen, {"n": len(states)}, NOW)
    return states


@pytest.mark.parametrize("of", [EVERYTHING, *(read(path) for path in CASES)], ids=lambda each: each.process)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_moving_to_an_identical_copy_changes_nothing(of: Model, data: st.DataObject) -> None:
    copy = parse(of.source.replace(b"</definitions>", b"<!-- new --></definitions>"), "copy.bpmn")
    for state in _walk(data, of):
        before = state.to_json()

        moved = Migration(of, copy).moved(state, NOW + 7 * HOUR)

        assert moved == state
        assert state.to_json() == before  # nor does the function change what it was given


def _start(of: Model, **variables: object) -> State:
    state = interpreter.start(prepare(of), "Go", variables, NOW)  # type: ignore[arg-type]
    assert isinstance(state, State)
    return state


def _take(of: Model, state: State, message: str) -> State:
    process = prepare(of)
    (found,) = (each for each in interpreter.awaited(process, state) if each.message == message)
    taken = interpreter.take(process, state, found, {}, NOW)
    assert not isinstance(taken, Refusal)
    return taken


def _awaited(of: Model, state: State) -> list[str]:
    return sorted(each.message for each in interpreter.awaited(prepare(of), state))


def test_an_interrupting_event_subprocess_that_has_begun_does_not_listen_again() -> None:
    before = EVERYTHING
    state = _take(before, _start(before), "H")
    after = parse(before.source.replace(b'id="end"', b'id="end" name="new"'), "after.bpmn")

    moved = Migration(before, after).moved(state, NOW)

    assert isinstance(moved, State)
    assert _awaited(after, moved) == ["G"]


def test_a_reminder_that_has_fired_does_not_fire_again() -> None:
    def version(name: str) -> Model:
        reminder = boundary("remind", "pay", "PT1H", interrupts=False) + wait("reminded", "Seen")
        body = START + wait("pay", "Paid", name) + reminder + END
        return model(body + flow("start", "pay", "end") + flow("remind", "reminded"))

    before, after = version("old"), version("new")
    fired = interpreter.fire(prepare(before), _start(before), NOW + HOUR)
    assert isinstance(fired, State)

    moved = Migration(before, after).moved(fired, NOW + 2 * HOUR)

    assert isinstance(moved, State)
    assert interpreter.next_due(moved) is None


def test_a_timer_that_is_new_is_due_from_the_move_on() -> None:
    plain = START + wait("pay", "Paid") + END + flow("start", "pay", "end")
    before, after = model(plain), model(plain + boundary("late", "pay", "PT1H") + flow("late", "end"))

    moved = Migration(before, after).moved(_start(before), NOW + 5 * HOUR)

    assert isinstance(moved, State)
    assert interpreter.next_due(moved) == NOW + 6 * HOUR


def test_an_event_that_cannot_begin_to_listen_keeps_the_order_where_it_is() -> None:
    plain = START + wait("pay", "Paid") + END + flow("start", "pay", "end")
    after = model(plain + boundary("stop", "pay", "Stop_${nobody}") + flow("stop", "end"))
    before = model(plain)

    moved = Migration(before, after).moved(_start(before), NOW)

    assert not isinstance(moved, State)
    (misfit,) = moved
    assert misfit.element == "stop"
    assert misfit.reason.startswith("cannot begin to listen: ")
    assert "nobody" in misfit.reason


def test_an_event_behind_another_gateway_begins_to_listen() -> None:
    def version(second: str) -> Model:
        gateways = '<eventBasedGateway id="one"/><eventBasedGateway id="two"/>'
        events = catch("a", "PT1H") + catch("b", "PT2H") + catch("c", "PT3H")
        flows = flow("start", "one", "a", "two") + flow(second, "b") + flow("two", "c", "end")
        return model(START + gateways + events + END + flows)

    before, after = version("two"), version("one")
    assert interpreter.next_due(_start(before)) == NOW + HOUR

    moved = Migration(before, after).moved(_start(before), NOW + HOUR / 2)

    assert isinstance(moved, State)
    assert sorted(each.due for each in interpreter.timers(moved)) == [NOW + HOUR, NOW + 2.5 * HOUR]


def test_what_has_no_place_there_is_named_once() -> None:
    before = EVERYTHING
    state = _start(before)
    assert len(state.tokens) == 4  # three instances, and what waits for them

    (misfit,) = _misfits(
        before, model(START + wait("other", "A") + END + flow("start", "other", "end")), state
    )

    assert str(misfit) == "'many' is not in it"


def _misfits(before: Model, after: Model, state: State) -> tuple[object, ...]:
    moved = Migration(before, after).moved(state, NOW)
    assert not isinstance(moved, State)
    return moved
