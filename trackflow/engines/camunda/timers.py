"""Timers that are set, with as few requests as there can be: none, where no deployed model has one.

A timer is a job, which names no element; its job definition does, and never changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from trackflow.engines.answers import Timer
from trackflow.engines.camunda.rest import Rest, Row
from trackflow.engines.camunda.times import time

_INSTANCES = 500  # in one question: databases limit the length of a list
STARTS_A_PROCESS = "timer-start-event"  # a job definition's type; belongs to no instance


class Timers:
    """Of one engine; it remembers which elements are timers."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._elements: dict[str, Mapping[str, str]] = {}  # definition → job definition → element

    def of(self, running: Sequence[Row]) -> dict[str, list[Timer]]:
        """By instance id what is set, by due times; every id may be asked for. Raises EngineUnreachable.

        `running`: the engine's rows of instances.
        """
        timed = [row["id"] for row in running if self._elements_of(row["processDefinitionId"])]
        found: dict[str, list[Timer]] = defaultdict(list)
        for first in range(0, len(timed), _INSTANCES):
            question = {"timers": True, "processInstanceIds": timed[first : first + _INSTANCES]}
            for job in self._rest.all_of("/job", question):
                found[job["processInstanceId"]].append(self._timer(job))
        for timers in found.values():
            timers.sort(key=lambda each: (each.due, each.element))
        return found

    def _timer(self, job: Row) -> Timer:
        element = self._elements_of(job["processDefinitionId"])[job["jobDefinitionId"]]
        trouble = None if job["retries"] else job["exceptionMessage"] or "no retries are left"
        return Timer(element, time(job["dueDate"]), trouble)

    def _elements_of(self, definition: str) -> Mapping[str, str]:
        if definition not in self._elements:
            rows = self._rest.all("/job-definition", processDefinitionId=definition)
            self._elements[definition] = {
                row["id"]: row["activityId"]
                for row in rows
                if row["jobType"].startswith("timer-") and row["jobType"] != STARTS_A_PROCESS
            }
        return self._elements[definition]
