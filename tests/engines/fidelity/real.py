"""A real engine plays scripts: told over REST, its clock in our hands, and looked at after each step.

REST has no word for the engine's clock. A process of our own has: its expression calls `ClockUtil`, which
every part of the engine asks for the time. The clock stands still between our calls, so that due times are
exact; the job executor must be off (`Engine(settings=STILL[family])`), we execute what is due.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from tests.engines.fidelity.script import EPOCH, FIRED_A_WAIT, Case, Played, Seen, Step, Time
from trackflow.engines.camunda.rest import Rest, Row
from trackflow.engines.camunda.times import time as parsed
from trackflow.engines.camunda.words import answer_to, correlation
from trackflow.engines.port import Outcome
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
    <serviceTask id="T" camunda:expression="${{''.getClass().forName('org.{family}.bpm.engine.impl.util.ClockUtil')
      .getMethod('setCurrentTime', now().getClass()).invoke(null, dateTime().withMillis(millis).toDate())}}"/>
  </process>
</definitions>"""
_REPETITIONS = "#multiInstanceBody"


class RealEngine:
    """One running engine, used by nobody else."""

    def __init__(self, url: str, family: str) -> None:
        """`url`: of its REST API."""
        self.url = url
        self.name = family
        self._rest = Rest(url)
        self._now: int | None = None
        self._deploy("clock", None, _CLOCK.format(family=family))

    def play(self, cases: Sequence[Case]) -> list[Played]:
        """Deploy each case's model for a tenant of its own, and go through all their scripts together.

        Together, because then one question after a step is about all of them. What they leave is deleted.
        """
        self.tell_the_time(0)
        words = {case.tenant: self._deploy(case.tenant, case.tenant, case.xml) for case in cases}
        played = {
            tenant: Played(refused=word if isinstance(word, str) else None) for tenant, word in words.items()
        }
        deployed = [case for case in cases if played[case.tenant].refused is None]
        group = Group(self, [case.tenant for case in deployed])
        while deployed:
            sights = {case: played[case.tenant].answers[-1:] for case in deployed}
            chosen = {
                case: case.script(sight[0]["instances"] if sight else {}) for case, sight in sights.items()
            }
            deployed = [case for case in deployed if chosen[case] is not None]
            steps = {case.tenant: step for case, step in chosen.items() if step is not None}
            for tenant, answer in group.step(steps).items():
                played[tenant].steps.append(steps[tenant])
                played[tenant].answers.append(answer)
        for deployment in words.values():
            if isinstance(deployment, dict):
                self._rest.delete(
                    f"/deployment/{deployment['id']}", cascade="true", skipCustomListeners="true"
                )
        return [played[case.tenant] for case in cases]

    def _deploy(self, name: str, tenant: str | None, xml: str) -> Row | str:
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

    def tell(self, tenant: str, step: Step, now: int) -> tuple[str, str | None]:
        """An event's outcome, and the engine's words."""
        self.tell_the_time(now)
        told = tenant if step["tenant"] == "own" else f"{tenant}-other"
        event = Message.new(
            tenant=told, business_key=step["key"], event=step["event"], payload=step["variables"]
        )
        reply = self._rest.change("/message", correlation(event, frozenset(step["variables"])))
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

    def timers(self, tenants: Iterable[str]) -> list[Row]:
        """All timers, in the order in which they are due, of several the first made first."""
        rows = self._rest.all("/job", tenantIdIn=",".join(tenants), timers="true")
        return sorted(rows, key=lambda row: (row["dueDate"], _age(row["id"])))

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
            sorted(instances, key=lambda row: _age(row["id"])),
            sorted(visits, key=lambda row: _age(row["id"].rpartition(":")[2])),
            awaited,
        )


class Group:
    """Cases that are played together. A case is known by its tenant.

    Attributes:
        time: what time it is in each.
    """

    def __init__(self, engine: RealEngine, tenants: Sequence[str]) -> None:
        self._engine = engine
        self.time = {tenant: Time() for tenant in tenants}
        self._elements = engine.definitions(tenants)
        self._keys: dict[str, dict[str, None]] = {tenant: {} for tenant in tenants}

    def step(self, steps: Mapping[str, Step]) -> dict[str, dict[str, Any]]:
        """Each case's next step, and what is seen afterwards."""
        told = self.wait({tenant: step for tenant, step in steps.items() if "wait" in step})
        events = [tenant for tenant, step in steps.items() if "wait" not in step]
        for tenant in sorted(events, key=lambda tenant: self.time[tenant].now):
            self._keys[tenant][steps[tenant]["key"]] = None
            outcome, words = self._engine.tell(tenant, steps[tenant], self.time[tenant].tick())
            told[tenant] = {"outcome": outcome, "words": words}
        seen = self._look(list(steps)) if steps else {}
        return {tenant: told[tenant] | {"instances": seen[tenant]} for tenant in steps}

    def wait(self, steps: Mapping[str, Step]) -> dict[str, dict[str, Any]]:
        """Time passes, and timers fire: each in its own time, or late, when the time is over."""
        for tenant, step in steps.items():
            self.time[tenant].begin(step)
        waiting = list(steps)
        tried = set[str]()
        failed: dict[str, list[str]] = defaultdict(list)
        for _ in range(FIRED_A_WAIT):
            first: dict[str, Row] = {}
            for job in self._engine.timers(waiting) if waiting else []:
                if job["id"] not in tried and self.time[job["tenantId"]].reaches(_due(job)):
                    first.setdefault(job["tenantId"], job)
            if not first:
                break
            for tenant, job in sorted(
                first.items(), key=lambda item: self.time[item[0]].firing(_due(item[1]))
            ):
                tried.add(job["id"])
                if words := self._engine.execute(job["id"], self.time[tenant].fire(_due(job))):
                    failed[tenant].append(f"{self._elements[job['jobDefinitionId']]}: {words}")
        for tenant in waiting:
            self.time[tenant].finish()
        return {
            tenant: {"outcome": "failed" if failed[tenant] else "waited", "words": failed[tenant]}
            for tenant in waiting
        }

    def _look(self, tenants: Sequence[str]) -> dict[str, dict[str, list[Seen]]]:
        instances, visits, awaited = self._engine.rows(tenants)
        about: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
        for kind, rows in (
            ("visits", visits),
            ("awaited", awaited),
            ("timers", self._engine.timers(tenants)),
        ):
            for row in rows:
                about[row["processInstanceId"]][kind].append(row)
        found: dict[str, dict[str, list[Seen]]] = {
            tenant: {key: [] for key in self._keys[tenant]} for tenant in tenants
        }
        for row in instances:
            seen = self._seen(row, about[row["id"]])
            found[row["tenantId"]].setdefault(row["businessKey"] or "", []).append(seen)
        return found

    def _seen(self, instance: Row, about: dict[str, list[Row]]) -> Seen:
        time = self.time[instance["tenantId"]]
        due = (f"{time.until(_due(row))}@{self._elements[row['jobDefinitionId']]}" for row in about["timers"])
        rows = [row for row in about["visits"] if not row["activityId"].endswith(_REPETITIONS)]
        holding = {row["parentActivityInstanceId"] for row in about["visits"] if not row["endTime"]}
        return {
            "awaits": sorted(f"{row['eventName']}@{row['activityId']}" for row in about["awaited"]),
            "timers": len(about["timers"]),
            "due": sorted(due),
            "active": sorted(
                row["activityId"] for row in rows if not row["endTime"] and row["id"] not in holding
            ),
            "passed": [
                row["activityId"] + (" canceled" if row["canceled"] else "") for row in rows if row["endTime"]
            ],
            "ended": instance["endTime"] is not None,
            "how": instance["state"],
        }


def _due(job: Row) -> int:
    """Milliseconds since EPOCH."""
    return round((parsed(job["dueDate"]) - EPOCH).total_seconds() * 1000)


def _age(identity: str) -> int:
    """When the engine made this id: time and a counter are its first parts (UUID version 1)."""
    return UUID(identity).time
