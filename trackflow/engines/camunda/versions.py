"""The versions of a tenant's processes: what is deployed, what runs on it, and what is withdrawn.

A process is withdrawn by suspending the definition of its newest version, the only one whose start events
listen: the engine then answers as if it were not deployed (`DefaultCorrelationHandler`), what runs goes on,
and the start event's message stays taken, so that no other process can be deployed with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from trackflow.engines.answers import Running, Version
from trackflow.engines.camunda.rest import PAGE, Rest, Row, segment
from trackflow.engines.camunda.timers import STARTS_A_PROCESS
from trackflow.errors import EngineRefused

_DEFINITIONS = "/process-definition"
_INSTANCES = "/process-instance"


class Versions:
    """Of one tenant. All methods raise EngineUnreachable."""

    def __init__(self, rest: Rest, tenant: str) -> None:
        self._rest = rest
        self._tenant = tenant

    def all(self) -> list[Version]:
        """See `Engine.versions`."""
        ordered = {"sortBy": "key", "sortOrder": "asc"}
        rows = sorted(
            self._rest.all(_DEFINITIONS, tenantIdIn=self._tenant, **ordered),
            key=lambda row: (row["key"], -row["version"]),
        )
        found = [
            each
            for _, of_process in groupby(rows, lambda row: row["key"])
            for each in self._counted(of_process)
        ]
        return sorted(found, key=lambda each: (each.process, each.version))

    def _counted(self, newest_first: Iterator[Row]) -> Iterator[Version]:
        """Most instances are on the newest versions: the engine is not asked about what has none for sure."""
        left: int | None = None
        for row in newest_first:
            if left is None:
                left = self._count(processDefinitionKey=row["key"])
            running = self._count(processDefinitionId=row["id"]) if left else 0
            left -= running
            yield Version(row["key"], row["version"], running)

    def definition(self, process: str, version: int) -> Row:
        """The engine's row of one version. Raises also EngineRefused: there is none."""
        query = {"key": process, "tenantIdIn": self._tenant, "version": str(version)}
        for row in self._rest.all(_DEFINITIONS, **query):
            return row
        raise EngineRefused(f"no version {version} of process {process!r} is deployed for {self._tenant!r}")

    def running_on(self, process: str, version: int) -> Iterator[list[Running]]:
        """See `Engine.running_on`. Instances with no business key are none of ours."""
        query = {"processDefinitionId": self.definition(process, version)["id"], "tenantIdIn": self._tenant}
        rows = self._rest.all(_INSTANCES, **query, sortBy="instanceId", sortOrder="asc")
        found = [
            Running(row["id"], row["businessKey"], process, version) for row in rows if row["businessKey"]
        ]
        for first in range(0, len(found), PAGE):
            yield found[first : first + PAGE]

    def withdraw(self, process: str) -> bool:
        """See `Engine.withdraw`. Raises also AnswerUnknown; doing it again is then safe."""
        newest = self._newest(process)
        if newest is None:
            raise EngineRefused(f"process {process!r} is not deployed for {self._tenant!r}")
        if not newest["suspended"]:
            self._suspend(f"{_DEFINITIONS}/{segment(newest['id'])}", True, includeProcessInstances=False)
        # With the definition the engine suspends the timers that running instances set from now on.
        for row in self._rest.all("/job-definition", processDefinitionId=newest["id"], suspended="true"):
            if row["jobType"] != STARTS_A_PROCESS:
                self._suspend(f"/job-definition/{segment(row['id'])}", False, includeJobs=True)
        return not newest["suspended"]

    def bring_back(self, process: str) -> bool:
        """Let a process start again. False: it was not withdrawn. Raises also AnswerUnknown."""
        newest = self._newest(process)
        if newest is None or not newest["suspended"]:
            return False
        self._suspend(f"{_DEFINITIONS}/{segment(newest['id'])}", False, includeProcessInstances=False)
        return True

    def withdrawn(self) -> frozenset[str]:
        """See `Engine.withdrawn`."""
        rows = self._rest.all(_DEFINITIONS, tenantIdIn=self._tenant, latestVersion="true")
        return frozenset(row["key"] for row in rows if row["suspended"])

    def _newest(self, process: str) -> Row | None:
        query = {"key": process, "tenantIdIn": self._tenant, "latestVersion": "true"}
        return next(iter(self._rest.all(_DEFINITIONS, **query)), None)

    def _count(self, **query: str) -> int:
        return int(self._rest.value(f"{_INSTANCES}/count", "count", tenantIdIn=self._tenant, **query))

    def _suspend(self, path: str, suspended: bool, **options: bool) -> None:
        reply = self._rest.put(f"{path}/suspended", {"suspended": suspended, **options})
        if not reply.ok:
            raise EngineRefused(reply.words)
