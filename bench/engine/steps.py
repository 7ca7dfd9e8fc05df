"""Steps of the interpreter alone: no database, no broker, one order after the other."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.system import EVENTS, ROOT
from trackflow.bpmn import read
from trackflow.engines.embedded.models.prepare import prepare
from trackflow.engines.embedded.models.process import Process
from trackflow.engines.embedded.steps import interpreter
from trackflow.engines.embedded.steps.interpreter import Refusal
from trackflow.engines.embedded.steps.state import State

TRACK_FLOW = ROOT / "bpmn" / "track-flow.bpmn"
NESTED = Path(__file__).with_name("nested.bpmn")
_NESTED_EVENTS = ("Placed", "Asked", "Paid", "Picked", "Packed", "Insured", "Labelled", "Delivered")
_NOW = 1_764_334_800.25  # epoch seconds; no timer of the models is due in a run


@dataclass(frozen=True)
class Script:
    """A model, and the events that lead an instance from its start to its end."""

    process: Process
    events: Sequence[str]


def four_events() -> Script:
    """The model of `make demo`."""
    return Script(prepare(read(TRACK_FLOW)), tuple(EVENTS))


def nested() -> Script:
    """Subprocesses in each other, boundary events, timers, a race, a join and a condition."""
    return Script(prepare(read(NESTED)), _NESTED_EVENTS)


def stored_steps(script: Script) -> list[float]:
    """CPU seconds of each step of one instance, its state read from JSON and written to it."""
    seconds, text = [], None
    for event in script.events:
        began = time.thread_time()
        state = _step(script.process, None if text is None else State.from_json(text), event)
        text = state.to_json()
        seconds.append(time.thread_time() - began)
    _check_ended(state)
    return seconds


def in_memory(script: Script) -> None:
    """One instance from start to end, its state never leaving Python."""
    state = None
    for event in script.events:
        state = _step(script.process, state, event)
    _check_ended(state)


def _step(process: Process, state: State | None, event: str) -> State:
    variables = {"amount": 150, "country": "DE"} if event == "Placed" else {}
    if state is None:
        following = interpreter.start(process, event, variables, _NOW)
    else:
        wait = next(each for each in interpreter.awaited(process, state) if each.message == event)
        following = interpreter.take(process, state, wait, variables, _NOW)
    match following:
        case State():
            return following
        case Refusal(reason):
            raise RuntimeError(f"{event} was refused: {reason}")


def _check_ended(state: State | None) -> None:
    if state is None or state.end != "completed":
        raise RuntimeError("the instance has not completed")
