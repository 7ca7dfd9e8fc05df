"""What a stored instance looks like to people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from trackflow.engines.answers import Instance, Step, Timer
from trackflow.engines.embedded.models.process import Process
from trackflow.engines.embedded.steps.interpreter import awaited, timers
from trackflow.engines.embedded.steps.repetition import BODY
from trackflow.engines.embedded.steps.state import State, Visit


def instance(row: Row[*tuple[Any, ...]], process: Process, *, path: bool) -> Instance:
    """The instance of a row of `store`; a row without a state is that of an ended one."""
    state = State.from_json(row.state) if row.state else State()
    around = {scope.id for scope in state.scopes}  # a token that waits for what goes on inside is not active
    return Instance(
        id=row.id,
        process=row.process,
        version=row.version,
        state=row.how or "running",
        awaiting=tuple(sorted({wait.message for wait in awaited(process, state)})),
        active=tuple(sorted({token.at for token in state.tokens if token.visit not in around})),
        path=tuple(_steps(state, process)) if path else (),
        started=_time(row.started),
        ended=None if row.ended is None else _time(row.ended),
        timers=tuple(Timer(each.element, _time(each.due), each.trouble) for each in sorted(timers(state))),
        end=_end(state, process) if path else None,
        caller=row.caller,
    )


def _end(state: State, process: Process) -> str | None:
    """Of an instance that has ended."""
    reached = (visit.element for visit in reversed(state.path) if visit.element in process.ends)
    return next(reached, None) if state.end else None


def _steps(state: State, process: Process) -> Iterator[Step]:
    """Without the scopes of multi-instance elements: the model shows no such element."""
    for visit in state.path:
        if not visit.element.endswith(BODY):
            yield _step(visit, process)


def _step(visit: Visit, process: Process) -> Step:
    node = process.nodes.get(visit.element)  # the version that it was migrated to may not have it
    return Step(
        element=visit.element,
        name=None if node is None else node.name,
        entered=_time(visit.entered),
        left=None if visit.left is None else _time(visit.left),
        canceled=visit.canceled,
    )


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
