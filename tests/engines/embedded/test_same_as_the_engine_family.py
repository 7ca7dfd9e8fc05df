"""Each case in ../cases, step by step, against what Operaton 1.0.3 did."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine as Database
from sqlalchemy import select

from trackflow.bpmn import Model, read
from trackflow.engines.embedded import EmbeddedEngine, store
from trackflow.engines.embedded.interpreter import awaited
from trackflow.engines.embedded.prepare import prepare
from trackflow.engines.embedded.state import State
from trackflow.engines.port import Answer

CASES = Path(__file__).parents[1] / "cases"
HOW = {"running": "ACTIVE", "completed": "COMPLETED"}


def _position(database: Database, model: Model, instance_id: str) -> dict[str, Any]:
    """Of one instance: what it awaits, with the element, and how it ended."""
    with database.connect() as connection:
        row = connection.execute(select(store.instances).where(store.instances.c.id == instance_id)).one()
    waits = awaited(prepare(model), State.from_json(row.state))
    return {
        "awaits": sorted(f"{wait.message}@{wait.element}" for wait in waits),
        "timers": 0,
        "ended": row.ended is not None,
    }


@pytest.mark.parametrize("case", sorted(CASES.glob("*.json")), ids=lambda path: path.stem)
def test_every_step_is_the_same(
    case: Path, engine: EmbeddedEngine, database: Database, tell: Callable[..., Answer]
) -> None:
    # Given the model, deployed for one tenant
    script = json.loads(case.read_text())
    model = read(case.with_suffix(".bpmn"))
    assert model.process == script["process"]
    engine.deploy([model], "own")

    for number, step in enumerate(script["steps"], start=1):
        # When an event comes
        answer = tell(step["event"], step["key"], step["variables"], step["tenant"])

        # Then the answer and every instance is as on the engine
        found = {
            key: [
                _position(database, model, instance.id) | {"how": HOW[instance.state]}
                for instance in instances
            ]
            for key, instances in engine.instances("own", step["instances"]).items()
        }
        now, histories = (ask("own", step["instances"]) for ask in (engine.instances, engine.histories))
        assert {key: [replace(each, path=()) for each in histories[key]] for key in histories} == now
        for each in (each for of_key in histories.values() for each in of_key):
            assert {visit.element for visit in each.path if visit.left is None} >= set(each.active)
        assert (answer.outcome, found) == (step["outcome"], step["instances"]), f"step {number}"


def test_there_are_cases() -> None:
    assert len(list(CASES.glob("*.json"))) >= 14
