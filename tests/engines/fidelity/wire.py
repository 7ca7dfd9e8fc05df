"""A real engine over REST, with its clock in our hands.

REST has no word for the engine's clock. A process of our own has: its expression calls `ClockUtil`, which
every part of the engine asks for the time. The clock stands still between our calls, so that due times are
exact; the job executor must be off (`Engine(settings=STILL[family])`), we execute what is due.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from tests.engines.fidelity.script import EPOCH, Step
from trackflow.engines.answers import Outcome
from trackflow.engines.camunda.rest import Rest, Row
from trackflow.engines.camunda.words import answer_to, correlation
from trackflow.errors import EngineUnreachable
from trackflow.message import Message

# Environment of a started engine: nothing happens in it but what we tell it.
STILL = {
    "operaton": {"OPERATON_BPM_JOBEXECUTION_ENABLED": "false"},
    "camunda": {"CAMUNDA_BPM_JOBEXECUTION_ENABLED": "false"},
}
_CLOCK = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="urn:clock">
  <process id="clock" isExecutable="true" camunda:historyTimeToLive="P1D">
    <startEvent id="S"/><sequenceFlow id="F" sourceRef="S" targetRef="T"/>
    <serviceTask id="T" camunda:expression="${{''.getClass()
      .forName('org.{family}.bpm.engine.impl.util.ClockUtil')
      .getMethod('setCurrentTime', now().getClass())
      .invoke(null, dateTime().withMillis(millis).toDate())}}"/>
  </process>
</definitions>"""


class Wire:
    """One running engine, used by nobody else, over its REST API."""

    def __init__(self, url: str, family: str) -> None:
        """`url`: of its REST API."""
        self.url = url
        self.name = family
        self._rest = Rest(url)
        self._now: int | None = None
        self.deploy("clock", None, _CLOCK.format(family=family))

    def deploy(self, name: str, tenant: str | None, xml: str) -> Row | str:
        """The engine's deployment, or why it refuses the model."""
        form: dict[str, str | tuple[str, bytes]] = {
            "deployment-name": name,
            f"{name}.bpmn": (f"{name}.bpmn", xml.encode()),
        }
        reply = self._rest.upload("/deployment/create", form | ({"tenant-id": tenant} if tenant else {}))
        return dict(reply.said) if reply.ok else reply.words

    def tell_the_time(self, now: int) -> None:
        """Set the engine's clock. `now`: milliseconds since EPOCH."""
        if now != self._now:
            millis = {"value": int(EPOCH.timestamp() * 1000) + now, "type": "Long"}
            reply = self._rest.change(
                "/process-definition/key/clock/start", {"variables": {"millis": millis}}
            )
            assert reply.ok, reply
            self._now = now

    def tell(self, tenant: str, step: Step, now: int, wanted: frozenset[str]) -> tuple[str, str | None]:
        """An event's outcome, and the engine's words. `wanted`: the variables that it is given."""
        self.tell_the_time(now)
        told = tenant if step["tenant"] == "own" else f"{tenant}-other"
        event = Message.new(
            tenant=told, business_key=step["key"], event=step["event"], payload=step["variables"]
        )
        reply = self._rest.change("/message", correlation(event, wanted))
        answer = answer_to(reply)
        failed = answer.outcome is Outcome.FAILED
        return ("refused" if failed else answer.outcome.value), answer.reason

    def execute(self, job: str, now: int) -> str | None:
        """Fire a timer; the engine's words if it fails."""
        self.tell_the_time(now)
        try:
            reply = self._rest.change(f"/job/{job}/execute", {})
        except EngineUnreachable as answered:
            if " answered 404 " not in str(answered):  # what the engine says of a job that fails
                raise
            return str(answered)
        return None if reply.ok else reply.words

    def timers(self, tenants: Sequence[str]) -> list[Row]:
        """All timers of all instances."""
        return self._rest.all("/job", tenantIdIn=",".join(tenants), timers="true") if tenants else []

    def definitions(self, tenants: Sequence[str]) -> dict[str, str]:
        """By job definition, the element."""
        rows = self._rest.all("/job-definition", tenantIdIn=",".join(tenants)) if tenants else []
        return {row["id"]: row["activityId"] for row in rows}

    def rows(self, tenants: Sequence[str]) -> tuple[list[Row], list[Row], list[Row]]:
        """Instances, what they were at and what they await, each in the order in which it was made."""
        instances = self._rest.all_of("/history/process-instance", {"tenantIdIn": list(tenants)})
        visits = self._rest.all_of("/history/activity-instance", {"tenantIdIn": list(tenants)})
        awaited = self._rest.all("/event-subscription", tenantIdIn=",".join(tenants), eventType="message")
        return (
            sorted(instances, key=lambda row: age(row["id"])),
            sorted(visits, key=lambda row: age(row["id"].rpartition(":")[2])),
            awaited,
        )

    def forget(self, deployment: Row) -> None:
        """Delete a deployment and all that ran with it."""
        self._rest.delete(f"/deployment/{deployment['id']}", cascade="true", skipCustomListeners="true")


def age(identity: str) -> int:
    """When the engine made this id: time and a counter are its first parts (UUID version 1)."""
    return UUID(identity).time
