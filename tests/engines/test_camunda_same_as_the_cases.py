"""The cases, step by step, through `CamundaEngine` on each family: the questions are answered alike."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from trackflow.bpmn import read
from trackflow.engines.camunda import CamundaEngine
from trackflow.engines.port import Instance, Outcome
from trackflow.message import Message

pytestmark = pytest.mark.engine

CASES = Path(__file__).parent / "cases"
HOW = {"running": "ACTIVE", "completed": "COMPLETED"}


@pytest.mark.parametrize("case", sorted(CASES.glob("*.json")), ids=lambda path: path.stem)
def test_every_step_is_the_same(case: Path, camunda: CamundaEngine, tenant: str) -> None:
    # Given the model, deployed for one tenant
    script = json.loads(case.read_text())
    names = set().union(*(step["variables"] for step in script["steps"]))
    camunda.variables = frozenset(names)
    camunda.deploy([read(case.with_suffix(".bpmn"))], tenant)
    tenants = {"own": tenant, "other": f"{tenant}-other"}

    for number, step in enumerate(script["steps"], start=1):
        # When an event comes
        event = Message.new(
            tenant=tenants[step["tenant"]],
            business_key=step["key"],
            event=step["event"],
            payload=step["variables"],
        )
        answer = camunda.correlate(event)

        # Then the answer and every instance is as recorded
        now, then = camunda.instances(tenant, step["instances"]), step["instances"]
        found = {key: [_seen(each) for each in now[key]] for key in now}
        expected = {key: [_recorded(each) for each in then[key]] for key in then}
        assert (_outcome(answer.outcome), found) == (step["outcome"], expected), f"step {number}: {answer}"
        histories = camunda.histories(tenant, step["instances"])
        assert {key: [replace(each, path=()) for each in histories[key]] for key in histories} == now
        assert all(_agrees(each) for of_key in histories.values() for each in of_key), f"step {number}"
        assert camunda.happened(event) is (answer.outcome is Outcome.ACCEPTED), f"step {number}"


def _agrees(instance: Instance) -> bool:
    """Whether its path says that it is where it is."""
    unfinished = {step.element for step in instance.path if step.left is None}
    return bool(instance.path) and unfinished >= set(instance.active)


def _outcome(outcome: Outcome) -> str:
    """An error while executing may pass: the tracker gives up after 20, the cases at the first."""
    return "refused" if outcome is Outcome.FAILED else outcome.value


def _seen(instance: Instance) -> dict[str, Any]:
    awaits = list(instance.awaiting)
    return {"awaits": awaits, "ended": instance.ended is not None, "how": HOW[instance.state]}


def _recorded(instance: dict[str, Any]) -> dict[str, Any]:
    awaits = sorted({each.partition("@")[0] for each in instance["awaits"]})
    return {"awaits": awaits, "ended": instance["ended"], "how": instance["how"]}
