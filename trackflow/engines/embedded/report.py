"""What a stored instance looks like to people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from trackflow.engines.embedded.interpreter import awaited
from trackflow.engines.embedded.process import Process
from trackflow.engines.embedded.state import State, Visit
from trackflow.engines.port import Instance, Step


def instance(row: Row[*tuple[Any, ...]], process: Process, *, path: bool) -> Instance:
    """The instance of a row of `store`; a row without a state is that of an ended one."""
    state = State.from_json(row.state) if row.state else State()
    return Instance(
        id=row.id,
        process=row.process,
        version=row.version,
        state=row.how or "running",
        awaiting=tuple(sorted({wait.message for wait in awaited(process, state)})),
        active=tuple(sorted({token.at for token in state.tokens})),
        path=tuple(_step(visit, process) for visit in state.path) if path else (),
        started=_time(row.started),
        ended=None if row.ended is None else _time(row.ended),
    )


def _step(visit: Visit, process: Process) -> Step:
    return Step(
        element=visit.element,
        name=process.nodes[visit.element].name,
        entered=_time(visit.entered),
        left=None if visit.left is None else _time(visit.left),
    )


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
