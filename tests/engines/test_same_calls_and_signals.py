"""Calls and signals: the same answers, and the same instances after every event, of any engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from tests.engines.called_models import SCRIPTS, Script
from trackflow.engines.answers import Answer, Instance, Outcome
from trackflow.engines.camunda import CamundaEngine
from trackflow.engines.embedded import EmbeddedEngine, create_tables
from trackflow.engines.port import Engine
from trackflow.message import Message

VARIABLES = frozenset(["x", "y", "z", "w", "v", "how", "n", "sum"])


def _seen(instances: list[Instance], in_order: bool) -> list[dict[str, Any]]:
    """What is the same of any engine, the callers before those that they called."""
    processes = {each.id: each.process for each in instances}
    found = [
        {
            "process": each.process,
            "caller": each.caller and processes[each.caller],
            "state": each.state,
            "awaiting": each.awaiting,
            "active": each.active,
            "end": each.end if in_order else None,
            "path": _path(each, in_order),
        }
        for each in instances
    ]
    return sorted(found, key=lambda each: (each["caller"] or "", each["process"], str(each["path"])))


def _path(instance: Instance, in_order: bool) -> list[str]:
    passed = [
        f"{step.element}{' canceled' if step.canceled else ''}"
        for step in instance.path
        if step.left is not None
    ]
    return passed if in_order else sorted(passed)


def _played(
    engine: Engine, tell: Callable[[Message], Answer], tenant: str, script: Script
) -> list[tuple[str, dict[str, Any]]]:
    """What came of each event."""
    engine.deploy(script.models, tenant)
    for process in script.withdrawn:
        engine.withdraw(tenant, process)
    keys = sorted({key for _, key, _ in script.events})
    played = []
    for event, key, payload in script.events:
        answer = tell(Message.new(tenant=tenant, business_key=key, event=event, payload=payload))
        seen = {
            key: _seen(found, script.in_order)
            for key, found in engine.histories(tenant, keys).items()
            if found
        }
        # A real engine says of some things that can never be only that they failed.
        outcome = Outcome.REFUSED if answer.outcome is Outcome.FAILED else answer.outcome
        played.append((outcome.value, seen))
    return played


@dataclass(frozen=True)
class Ours:
    """The embedded engine, each event in a transaction of its own that is kept whatever the answer."""

    engine: EmbeddedEngine
    database: Any

    def tell(self, event: Message) -> Answer:
        with self.database.begin() as transaction:
            return self.engine.correlate(event, transaction)


@pytest.fixture
def ours() -> Iterator[Ours]:
    database = create_engine("sqlite://", poolclass=StaticPool)
    with database.begin() as connection:
        create_tables(connection)
    yield Ours(EmbeddedEngine(database, VARIABLES), database)
    database.dispose()


@pytest.mark.engine
@pytest.mark.parametrize("name", SCRIPTS)
def test_calls_and_signals_are_the_same_on_every_engine(
    name: str, camunda: CamundaEngine, ours: Ours, tenant: str
) -> None:
    # Given models that reach each other, and what a real engine does with them
    script = SCRIPTS[name]
    camunda.variables = VARIABLES
    theirs = _played(camunda, camunda.correlate, tenant, script)

    # When ours is told the same
    played = _played(ours.engine, ours.tell, tenant, script)

    # Then each event has the same outcome, and every instance is where it is there
    for number, (their, our) in enumerate(zip(theirs, played, strict=True), start=1):
        assert our == their, f"event {number}"
