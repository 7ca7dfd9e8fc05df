"""The cases, step by step, through `CamundaEngine` on each family: the questions are answered alike."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.engines.fidelity.cases import paths
from tests.engines.fidelity.real import Group, RealEngine
from trackflow.bpmn import read
from trackflow.engines.answers import Instance, Outcome
from trackflow.engines.camunda import CamundaEngine
from trackflow.message import Message

pytestmark = pytest.mark.engine

HOW = {"running": "ACTIVE", "completed": "COMPLETED"}


@pytest.mark.parametrize("case", paths(), ids=lambda path: path.stem)
def test_every_step_is_the_same(case: Path, still_engine: RealEngine, tenant: str) -> None:
    # Given the model, deployed for one tenant, on an engine whose clock only we move
    script = json.loads(case.read_text())
    names = set().union(*(step.get("variables", {}) for step in script["steps"]))
    camunda = CamundaEngine(still_engine.wire.url, frozenset(names))
    still_engine.wire.tell_the_time(0)
    camunda.deploy([read(case.with_suffix(".bpmn"))], tenant)
    group = Group(still_engine.wire, [tenant])

    for number, step in enumerate(script["steps"], start=1):
        if "wait" in step:
            # When time passes
            group.wait({tenant: step})
        else:
            # When an event comes
            event = Message.new(
                tenant=tenant if step["tenant"] == "own" else f"{tenant}-other",
                business_key=step["key"],
                event=step["event"],
                payload=step["variables"],
            )
            still_engine.wire.tell_the_time(group.time[tenant].tick())
            answer = camunda.correlate(event)

            # Then the answer is as recorded
            assert _outcome(answer.outcome) == step["outcome"], f"step {number}: {answer}"
            assert camunda.happened(event) is (answer.outcome is Outcome.ACCEPTED), f"step {number}"

        # Then every instance is as recorded
        now, then = camunda.instances(tenant, step["instances"]), step["instances"]
        found = {key: [_seen(each) for each in now[key]] for key in now}
        expected = {key: [_recorded(each) for each in then[key]] for key in then}
        assert found == expected, f"step {number}"
        histories = camunda.histories(tenant, step["instances"])
        assert {key: list(map(_without_path, histories[key])) for key in histories} == now
        assert all(_agrees(each) for of_key in histories.values() for each in of_key), f"step {number}"


def _without_path(instance: Instance) -> Instance:
    return replace(instance, path=(), end=None)


def _agrees(instance: Instance) -> bool:
    """Whether its path says that it is where it is."""
    unfinished = {step.element for step in instance.path if step.left is None}
    return bool(instance.path) and unfinished >= set(instance.active)


def _outcome(outcome: Outcome) -> str:
    """An error while executing may pass: the tracker gives up after 20, the cases at the first."""
    return "refused" if outcome is Outcome.FAILED else outcome.value


def _seen(instance: Instance) -> dict[str, Any]:
    return {
        "awaits": list(instance.awaiting),
        "timers": len(instance.timers),
        "active": list(instance.active),
        "ended": instance.ended is not None,
        "how": HOW[instance.state],
    }


def _recorded(instance: dict[str, Any]) -> dict[str, Any]:
    return {
        "awaits": sorted({each.rpartition("@")[0] for each in instance["awaits"]}),
        "timers": instance["timers"],
        "active": sorted(set(instance["active"])),
        "ended": instance["ended"],
        "how": instance["how"],
    }
