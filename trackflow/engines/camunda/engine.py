"""Trackflow's questions, put to an engine of the Camunda 7 family.

REST API: https://docs.operaton.org/docs/documentation/reference/rest/; Camunda 7 and CIB seven have the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from trackflow.bpmn import Model
from trackflow.engines.answers import BROUGHT_BACK, Answer, Deployment, Instance, Migrated, Running, Version
from trackflow.engines.camunda import instances
from trackflow.engines.camunda.connections import CONNECT_SECONDS, READ_SECONDS
from trackflow.engines.camunda.copies import Copy, copy_of, refusal
from trackflow.engines.camunda.migration import Migration
from trackflow.engines.camunda.rest import Rest, Row, segment
from trackflow.engines.camunda.timers import Timers
from trackflow.engines.camunda.versions import Versions
from trackflow.engines.camunda.words import answer_to, correlation, event_variable
from trackflow.engines.port import RemoteEngine
from trackflow.errors import AnswerUnknown, EngineUnreachable
from trackflow.message import Message


class CamundaEngine(RemoteEngine):
    """One engine, shared by all threads.

    Attributes:
        variables: names of the payload fields that the engine is given.
    """

    request_seconds = CONNECT_SECONDS + READ_SECONDS

    def __init__(self, url: str, variables: frozenset[str] = frozenset()) -> None:
        """`url`: the base of the REST API, `http(s)://[user:password@]host[:port]/engine-rest`."""
        self.variables = variables
        self._rest = Rest(url)
        self._timers = Timers(self._rest)
        self._migrations: dict[tuple[str, str, int, int], Migration] = {}

    def __repr__(self) -> str:
        return f"CamundaEngine({self._rest!r})"

    def ping(self) -> str:
        """Name and version, like 'Operaton BPM Runtime 1.0.3'. Raises EngineUnreachable."""
        version = self._rest.value("/version", "version")
        return f"{self._product()} {version}"

    def correlate(self, event: Message) -> Answer:
        """See `RemoteEngine.correlate`."""
        reply = self._rest.change("/message", correlation(event, self.variables))
        if reply.ok and not isinstance(reply.said, list):
            raise AnswerUnknown(f"{self._rest!r} answered {reply.status} without a result")
        return answer_to(reply)

    def happened(self, event: Message) -> bool:
        """See `RemoteEngine.happened`."""
        query = {"variableName": event_variable(event.id), "tenantIdIn": event.tenant}
        return bool(self._rest.value("/history/variable-instance/count", "count", **query))

    def running(self, event: Message) -> bool | None:
        """See `RemoteEngine.running`."""
        rows = instances.rows_of(self._rest, event.tenant, [event.business_key])
        return any(row["state"] in instances.RUNNING for row in rows) if rows else None

    def end_twins(self, start: Message) -> int:
        """See `RemoteEngine.end_twins`. Called processes carry the event's variable too, but are no twins."""
        query = {"variableName": event_variable(start.id), "tenantIdIn": start.tenant}
        made = {row["processInstanceId"] for row in self._rest.all("/history/variable-instance", **query)}
        twins = [
            row["id"]
            for row in instances.rows_of(self._rest, start.tenant, [start.business_key])
            if row["id"] in made and row["state"] in instances.RUNNING and not row["superProcessInstanceId"]
        ]
        for younger in twins[1:]:
            self._rest.delete(f"/process-instance/{segment(younger)}", skipCustomListeners="true")
        return len(twins[1:])

    def instances(self, tenant: str, business_keys: Iterable[str]) -> dict[str, list[Instance]]:
        """See `Engine.instances`."""
        return self._found(instances.positions, tenant, business_keys)

    def histories(self, tenant: str, business_keys: Iterable[str]) -> dict[str, list[Instance]]:
        """See `Engine.histories`."""
        return self._found(instances.histories, tenant, business_keys)

    def source(self, tenant: str, process: str, version: int) -> bytes | None:
        """See `Engine.source`."""
        query = {"key": process, "tenantIdIn": tenant, "version": str(version)}
        for definition in self._rest.all("/process-definition", **query):
            return self._xml(definition["id"]).encode()
        return None

    def deployed(self, models: Sequence[Model], tenant: str) -> Mapping[str, bool]:
        """See `Engine.deployed`."""
        return {model.process: self._version_of(copy_of(model), tenant) is not None for model in models}

    def deploy(self, models: Sequence[Model], tenant: str) -> list[Deployment]:
        """See `Engine.deploy`. One deployment holds all models that are not as they were deployed last.

        Raises also AnswerUnknown; deploying again is then safe, as it compares first.
        """
        copies = [copy_of(model) for model in models]
        versions = {copy.model.process: self._version_of(copy, tenant) for copy in copies}
        changed = [copy for copy in copies if versions[copy.model.process] is None]
        new = self._deploy(changed, tenant) if changed else {}
        deployments = [
            Deployment(process, new.get(process) or versions[process] or 0, process in new, copy.notes)
            for copy in copies
            if (process := copy.model.process)
        ]
        return [each if each.changed else self._brought_back(each, tenant) for each in deployments]

    def versions(self, tenant: str) -> list[Version]:
        """See `Engine.versions`."""
        return Versions(self._rest, tenant).all()

    def running_on(self, tenant: str, process: str, version: int) -> Iterator[list[Running]]:
        """See `Engine.running_on`. Raises also EngineRefused: there is no such version."""
        return Versions(self._rest, tenant).running_on(process, version)

    def could_migrate(self, tenant: str, instance: Running, to: int) -> Migrated:
        """See `Engine.could_migrate`. Raises also EngineRefused: there is no such version."""
        return self._migration(tenant, instance, to).could_migrate(instance)

    def migrate(self, tenant: str, instance: Running, to: int) -> Migrated:
        """See `RemoteEngine.migrate`. Raises also EngineRefused: there is no such version."""
        return self._migration(tenant, instance, to).migrate(instance)

    def withdraw(self, tenant: str, process: str) -> bool:
        """See `Engine.withdraw`."""
        return Versions(self._rest, tenant).withdraw(process)

    def withdrawn(self, tenant: str) -> frozenset[str]:
        """See `Engine.withdrawn`."""
        return Versions(self._rest, tenant).withdrawn()

    def _migration(self, tenant: str, instance: Running, to: int) -> Migration:
        """Kept: there are many instances, and a version never changes."""
        key = (tenant, instance.process, instance.version, to)
        if key not in self._migrations:
            versions = Versions(self._rest, tenant)
            source, target = (versions.definition(instance.process, each) for each in (instance.version, to))
            sources = self._xml(source["id"]).encode(), self._xml(target["id"]).encode()
            self._migrations[key] = Migration(self._rest, source, target, sources)
        return self._migrations[key]

    def _brought_back(self, deployment: Deployment, tenant: str) -> Deployment:
        if not Versions(self._rest, tenant).bring_back(deployment.process):
            return deployment
        return replace(deployment, changed=True, notes=(*deployment.notes, BROUGHT_BACK))

    def _found(
        self,
        read: Callable[[Rest, Timers, str, Sequence[Row]], list[Instance]],
        tenant: str,
        business_keys: Iterable[str],
    ) -> dict[str, list[Instance]]:
        found: dict[str, list[Instance]] = {key: [] for key in business_keys}
        rows = instances.rows_of(self._rest, tenant, found)
        for row, instance in zip(rows, read(self._rest, self._timers, tenant, rows), strict=True):
            found[row["businessKey"]].append(instance)
        return found

    def _deploy(self, copies: list[Copy], tenant: str) -> dict[str, int]:
        """The new version of each process. The engine's own filter of duplicates stays off: it compares with
        the last deployment of the same name, we with what is really deployed last."""
        form: dict[str, str | tuple[str, bytes]] = {
            "deployment-name": "trackflow",
            "deployment-source": "trackflow",
            "tenant-id": tenant,
        }
        form.update({copy.resource: (copy.resource, copy.content) for copy in copies})
        reply = self._rest.upload("/deployment/create", form)
        if not reply.ok:
            raise refusal(reply, copies)
        return {each["key"]: each["version"] for each in reply.said["deployedProcessDefinitions"].values()}

    def _version_of(self, copy: Copy, tenant: str) -> int | None:
        """The version under which exactly this content is deployed last; None if another or none is."""
        query = {"key": copy.model.process, "tenantIdIn": tenant, "latestVersion": "true"}
        for definition in self._rest.all("/process-definition", **query):
            if self._xml(definition["id"]).encode() == copy.content:
                return int(definition["version"])
        return None

    def _xml(self, definition: str) -> str:
        return str(self._rest.value(f"/process-definition/{segment(definition)}/xml", "bpmn20Xml"))

    def _product(self) -> str:
        try:
            return str(self._rest.value("/telemetry/data", "product")["name"])
        except EngineUnreachable:  # only administrators may ask
            return "BPMN engine"
