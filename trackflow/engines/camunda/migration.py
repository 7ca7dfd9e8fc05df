"""Moves process instances to another version of their process, as the engine family's migration does it.

A migration plan says which element becomes which (`POST /migration/generate`). By default what waits keeps
the message's name that it has waited for; here it follows the new version where that has another name, and
only there. Timers keep the times at which they are due.
https://docs.camunda.org/manual/7.24/user-guide/process-engine/process-instance-migration/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from trackflow.bpmn import Model, parse
from trackflow.engines.answers import Migrated, Running
from trackflow.engines.camunda.activities import REPETITIONS
from trackflow.engines.camunda.rest import Reply, Rest, Row
from trackflow.engines.misfits import Misfit, misfits, renamed, undone_by
from trackflow.errors import EngineRefused

_TRIES = 5  # an event that moves the instance at the same time goes first


class Migration:
    """From one version of a process to another."""

    def __init__(self, rest: Rest, source: Row, target: Row, sources: tuple[bytes, bytes]) -> None:
        """`source` and `target`: the engine's rows of the two versions; `sources`: their BPMN files.

        Raises EngineUnreachable, EngineRefused, ModelError.
        """
        self._rest = rest
        self._tenant = source["tenantId"]
        self._old, self._new = (
            parse(text, f"version {row['version']} of process {row['key']!r}", deployed=True)
            for row, text in zip((source, target), sources, strict=True)
        )
        self._plan = self._generated(source["id"], target["id"])
        self._mapped = frozenset(_mapped(self._plan))

    def could_migrate(self, instance: Running) -> Migrated:
        """What `migrate` would answer. Raises EngineUnreachable."""
        query = {"processInstanceId": instance.id, "tenantIdIn": self._tenant}
        rows = self._rest.all("/history/activity-instance", **query, unfinished="true")
        active = {row["activityId"].removesuffix(REPETITIONS) for row in rows}
        if not active:
            return Migrated(is_gone=True)
        rows = self._rest.all("/event-subscription", **query, eventType="compensate")
        active |= {undone_by(self._old, row["activityId"]) for row in rows}
        found = misfits(self._old, self._new, active & self._old.elements.keys())
        unmapped = active - self._mapped - {each.element for each in found}
        found += [_misfit(self._old, id_, "cannot be migrated by the engine") for id_ in sorted(unmapped)]
        return Migrated(tuple(found))

    def migrate(self, instance: Running) -> Migrated:
        """Move the instance. Raises EngineUnreachable, AnswerUnknown."""
        possible = self.could_migrate(instance)
        if possible.misfits or possible.is_gone:
            return possible
        request = {"migrationPlan": self._plan, "processInstanceIds": [instance.id]}
        for _ in range(_TRIES):
            reply = self._rest.change("/migration/execute", request)
            if not _is_overtaken(reply):
                break
        if reply.ok:
            return Migrated()
        # ENGINE-23003: it has ended; ENGINE-23002: it has been migrated already.
        if "ENGINE-23003" in reply.words or "ENGINE-23002" in reply.words:
            return Migrated(is_gone=True)
        return Migrated(_refusals(self._old, reply))

    def _generated(self, source: str, target: str) -> dict[str, Any]:
        reply = self._rest.change(
            "/migration/generate",
            {"sourceProcessDefinitionId": source, "targetProcessDefinitionId": target},
        )
        if not reply.ok:
            raise EngineRefused(reply.words)
        follows = renamed(self._old, self._new)
        instructions = [
            # A conditional event has to be told to follow the new version: there it is true already.
            {
                **each,
                "updateEventTrigger": each["updateEventTrigger"] or each["sourceActivityIds"][0] in follows,
            }
            for each in reply.said["instructions"]
        ]
        return {**reply.said, "instructions": instructions}


def _mapped(plan: Mapping[str, Any]) -> Iterator[str]:
    for instruction in plan["instructions"]:
        for id_ in instruction["sourceActivityIds"]:
            yield id_.removesuffix(REPETITIONS)


def _is_overtaken(reply: Reply) -> bool:
    return not reply.ok and reply.said["type"] == "OptimisticLockingException"


def _refusals(old: Model, reply: Reply) -> tuple[Misfit, ...]:
    """What the engine said against it, element by element where it names one."""
    report = reply.said.get("validationReport") or {}
    found = [
        _misfit(old, each.get("sourceScopeId"), f"cannot be migrated by the engine: {failure}")
        for each in _reports(report)
        for failure in each.get("failures") or ()
    ]
    found += [Misfit(None, None, str(failure)) for failure in report.get("failures") or ()]
    return tuple(found) or (Misfit(None, None, reply.words),)


def _reports(report: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    yield from report.get("activityInstanceValidationReports") or ()
    yield from report.get("transitionInstanceValidationReports") or ()


def _misfit(old: Model, element: str | None, reason: str) -> Misfit:
    known = old.elements.get((element or "").removesuffix(REPETITIONS))
    return Misfit(known.id, known.name, reason) if known else Misfit(None, None, f"the instance {reason}")
