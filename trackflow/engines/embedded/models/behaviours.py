"""What each element does: by its type and event. What is not listed cannot run."""

from __future__ import annotations

from collections.abc import Mapping

from trackflow.engines.embedded.models.process import Behaviour

BEHAVIOURS: Mapping[tuple[str, str | None], Behaviour] = {
    ("startEvent", None): Behaviour.PASS,
    ("startEvent", "message"): Behaviour.PASS,
    ("startEvent", "timer"): Behaviour.PASS,
    ("startEvent", "error"): Behaviour.PASS,
    ("startEvent", "escalation"): Behaviour.PASS,
    ("startEvent", "conditional"): Behaviour.PASS,
    ("startEvent", "signal"): Behaviour.PASS,
    ("boundaryEvent", "message"): Behaviour.PASS,
    ("boundaryEvent", "timer"): Behaviour.PASS,
    ("boundaryEvent", "error"): Behaviour.PASS,
    ("boundaryEvent", "escalation"): Behaviour.PASS,
    ("boundaryEvent", "cancel"): Behaviour.PASS,
    ("boundaryEvent", "compensate"): Behaviour.PASS,
    ("boundaryEvent", "conditional"): Behaviour.PASS,
    ("boundaryEvent", "signal"): Behaviour.PASS,
    ("task", None): Behaviour.PASS,
    ("manualTask", None): Behaviour.PASS,
    ("receiveTask", None): Behaviour.WAIT,
    ("receiveTask", "message"): Behaviour.WAIT,
    ("userTask", None): Behaviour.WAIT,
    ("serviceTask", None): Behaviour.WAIT,
    ("sendTask", None): Behaviour.WAIT,
    ("businessRuleTask", None): Behaviour.WAIT,
    ("intermediateThrowEvent", None): Behaviour.PASS,
    ("intermediateThrowEvent", "link"): Behaviour.LINK,
    ("intermediateThrowEvent", "message"): Behaviour.PASS,
    ("intermediateThrowEvent", "escalation"): Behaviour.ESCALATE,
    ("intermediateThrowEvent", "compensate"): Behaviour.COMPENSATE,
    ("intermediateThrowEvent", "signal"): Behaviour.SIGNAL,
    ("intermediateCatchEvent", "message"): Behaviour.WAIT,
    ("intermediateCatchEvent", "timer"): Behaviour.WAIT,
    ("intermediateCatchEvent", "conditional"): Behaviour.WAIT,
    ("intermediateCatchEvent", "signal"): Behaviour.WAIT,
    ("intermediateCatchEvent", "link"): Behaviour.LINK,
    ("eventBasedGateway", None): Behaviour.RACE,
    ("exclusiveGateway", None): Behaviour.CHOOSE,
    ("parallelGateway", None): Behaviour.JOIN,
    ("inclusiveGateway", None): Behaviour.MERGE,
    ("subProcess", None): Behaviour.NEST,
    ("transaction", None): Behaviour.NEST,
    ("callActivity", None): Behaviour.CALL,
    ("endEvent", None): Behaviour.END,
    ("endEvent", "terminate"): Behaviour.TERMINATE,
    ("endEvent", "error"): Behaviour.FAIL,
    ("endEvent", "escalation"): Behaviour.ESCALATE,
    ("endEvent", "cancel"): Behaviour.CANCEL,
    ("endEvent", "message"): Behaviour.END,
    ("endEvent", "compensate"): Behaviour.COMPENSATE,
    ("endEvent", "signal"): Behaviour.SIGNAL,
}
# What reaches an instance from outside of what it does, so that it has to be listened for.
LISTENS = frozenset({"message", "timer", "conditional", "signal"})
