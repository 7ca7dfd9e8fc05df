"""A real engine plays scripts, and is looked at after each step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.engines.fidelity.script import EPOCH, FIRED_A_WAIT, Case, Played, Seen, Step, Time
from tests.engines.fidelity.wire import Wire, age
from trackflow.bpmn import parse
from trackflow.engines.camunda.activities import REPETITIONS
from trackflow.engines.camunda.rest import Row
from trackflow.engines.camunda.times import time as parsed
from trackflow.errors import ModelError


class RealEngine:
    """One running engine, used by nobody else.

    Attributes:
        wire: to it.
    """

    def __init__(self, url: str, family: str) -> None:
        """`url`: of its REST API."""
        self.name = family
        self.wire = Wire(url, family)

    def play(self, cases: Sequence[Case]) -> list[Played]:
        """Deploy each case's model for a tenant of its own, and go through all their scripts together.

        Together, because then one question after a step is about all of them. What they leave is deleted.
        """
        self.wire.tell_the_time(0)
        words = {case.tenant: self.wire.deploy(case.tenant, case.tenant, case.xml) for case in cases}
        played = {
            tenant: Played(refused=word if isinstance(word, str) else None) for tenant, word in words.items()
        }
        try:
            self._go_through([case for case in cases if played[case.tenant].refused is None], played)
        finally:
            for deployment in words.values():
                if isinstance(deployment, dict):
                    self.wire.forget(deployment)
        return [played[case.tenant] for case in cases]

    def _go_through(self, cases: list[Case], played: Mapping[str, Played]) -> None:
        """Step by step until no script goes on."""
        group = Group(self.wire, [case.tenant for case in cases])
        group.wanted = {case.tenant: _named(case) for case in cases}
        while cases:
            steps: dict[str, Step] = {}
            for case in cases:
                answers = played[case.tenant].answers
                if step := case.script(answers[-1]["instances"] if answers else {}):
                    steps[case.tenant] = step
            cases = [case for case in cases if case.tenant in steps]
            for tenant, answer in group.step(steps).items():
                played[tenant].steps.append(steps[tenant])
                played[tenant].answers.append(answer)


class Group:
    """Cases that are played together. A case is known by its tenant.

    Attributes:
        time: what time it is in each.
        wanted: the variables that each is given.
    """

    def __init__(self, wire: Wire, tenants: Sequence[str]) -> None:
        self._wire = wire
        self.time = {tenant: Time() for tenant in tenants}
        self.wanted = dict.fromkeys(tenants, frozenset[str]())
        self._elements = wire.definitions(tenants)
        self._failed = set[str]()
        self._keys: dict[str, dict[str, None]] = {tenant: {} for tenant in tenants}

    def step(self, steps: Mapping[str, Step]) -> dict[str, dict[str, Any]]:
        """Each case's next step, and what is seen afterwards."""
        told = self.wait({tenant: step for tenant, step in steps.items() if "wait" in step})
        events = [tenant for tenant, step in steps.items() if "wait" not in step]
        for tenant in sorted(events, key=lambda tenant: self.time[tenant].now):
            self._keys[tenant][steps[tenant]["key"]] = None
            now = self.time[tenant].tick()
            outcome, words = self._wire.tell(tenant, steps[tenant], now, self.wanted[tenant])
            told[tenant] = {"outcome": outcome, "words": words}
        seen = self._look(list(steps)) if steps else {}
        return {tenant: told[tenant] | {"instances": seen[tenant]} for tenant in steps}

    def wait(self, steps: Mapping[str, Step]) -> dict[str, dict[str, Any]]:
        """Time passes, and timers fire: each in its own time, or late, when the time is over."""
        for tenant, step in steps.items():
            self.time[tenant].begin(step)
        failed: dict[str, list[str]] = defaultdict(list)
        for _ in range(FIRED_A_WAIT):
            first = self._first_due(steps)
            for tenant in sorted(first, key=lambda tenant: self.time[tenant].firing(_due(first[tenant]))):
                failed[tenant] += self._fire(tenant, first[tenant])
            if not first:
                break
        for tenant in steps:
            self.time[tenant].finish()
        return {
            tenant: {"outcome": "failed" if failed[tenant] else "waited", "words": failed[tenant]}
            for tenant in steps
        }

    def _first_due(self, tenants: Iterable[str]) -> dict[str, Row]:
        """Of each case, the timer that is due first."""
        first: dict[str, Row] = {}
        for job in sorted(self._wire.timers(list(tenants)), key=self._order):
            if job["id"] not in self._failed and self.time[job["tenantId"]].reaches(_due(job)):
                first.setdefault(job["tenantId"], job)
        return first

    def _order(self, job: Row) -> tuple[int, int, str, int]:
        """Which of several fires first.

        The engine has no order of those that are due at the same moment (it makes them in the order of a
        hash table, and looks for them without one), so any is right, and we take the embedded engine's.
        """
        instance = age(job["processInstanceId"]) if job["processInstanceId"] else 0
        return _due(job), instance, self._elements[job["jobDefinitionId"]], age(job["id"])

    def _fire(self, tenant: str, job: Row) -> list[str]:
        """Why it could not fire, if so. The engine would try three times, all at once, and then no more."""
        words = self._wire.execute(job["id"], self.time[tenant].fire(_due(job)))
        if words is None:
            return []
        self._failed.add(job["id"])
        return [f"{self._elements[job['jobDefinitionId']]}: {words}"]

    def _look(self, tenants: Sequence[str]) -> dict[str, dict[str, list[Seen]]]:
        instances, visits, awaited = self._wire.rows(tenants)
        about: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
        for kind, rows in (
            ("visits", visits),
            ("awaited", awaited),
            ("timers", self._wire.timers(tenants)),
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
        rows = [row for row in about["visits"] if not row["activityId"].endswith(REPETITIONS)]
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


def _named(case: Case) -> frozenset[str]:
    """The variables that the engine is given: those that the model names, as from the tracker."""
    try:
        return parse(case.xml.encode(), "model.bpmn").variables
    except ModelError:  # it does not run here; the comparison will say so
        return frozenset()


def _due(job: Row) -> int:
    """Milliseconds since EPOCH."""
    return round((parsed(job["dueDate"]) - EPOCH).total_seconds() * 1000)
