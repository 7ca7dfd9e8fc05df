"""The models that are deployed, by tenant, process and version; each is parsed once in a Python process."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import Connection

from trackflow.bpmn import Model, parse
from trackflow.engines.answers import BROUGHT_BACK, Deployment
from trackflow.engines.embedded import store
from trackflow.engines.embedded.models.obstacles import check
from trackflow.engines.embedded.models.prepare import prepare
from trackflow.engines.embedded.models.process import Process
from trackflow.errors import ModelError


class Startable(NamedTuple):
    """The newest version of a process."""

    process: Process
    version: int


class Deployments:
    """What is deployed in one database.

    A version never changes once it is committed, so what is cached never goes stale. Which version is the
    newest is read each time, so that the deployment of another Python process is seen at once.
    """

    def __init__(self) -> None:
        self._processes: dict[tuple[str, str, int], Process] = {}
        self._starts: dict[str, tuple[Mapping[str, int], Mapping[str, Startable]]] = {}

    def process(self, connection: Connection, tenant: str, process: str, version: int) -> Process:
        """One version of a process."""
        key = (tenant, process, version)
        if key not in self._processes:
            row = connection.execute(
                store.one_model, {"tenant": tenant, "process": process, "version": version}
            ).one()
            self._processes[key] = prepare(parse(row.source, row.file, deployed=True))
        return self._processes[key]

    def started_by(self, connection: Connection, tenant: str, message: str) -> Startable | None:
        """The process of the tenant that a message starts now."""
        return self._startable(connection, tenant).get(message)

    def called(self, connection: Connection, tenant: str, process: str) -> Startable | None:
        """What a call of the process begins now, even if it is withdrawn; None if it is not deployed."""
        version = _newest(connection, tenant).get(process)
        return (
            None
            if version is None
            else Startable(self.process(connection, tenant, process, version), version)
        )

    def unchanged(self, connection: Connection, tenant: str, models: Sequence[Model]) -> Mapping[str, bool]:
        """For each model's process id: whether exactly this content is what is deployed last."""
        newest = _newest(connection, tenant)
        return {model.process: _is_newest(connection, tenant, model, newest) for model in models}

    def deploy(self, connection: Connection, tenant: str, models: Sequence[Model]) -> list[Deployment]:
        """Add the models that changed, within the caller's transaction.

        Raises:
            ModelError: an element that is not supported, two models of one process, or a message that would
                start two processes.
        """
        for model in models:
            check(model)
            prepare(model)
        _check_processes(models)
        store.lock_models(connection)
        newest = _newest(connection, tenant)
        self._check_starts(connection, tenant, models, _starting(connection, tenant))
        deployments = [
            Deployment(model.process, newest[model.process], changed=False)
            if _is_newest(connection, tenant, model, newest)
            else _insert(connection, tenant, model, newest.get(model.process, 0) + 1)
            for model in models
        ]
        return [_brought_back(connection, tenant, each) for each in deployments]

    def _check_starts(
        self, connection: Connection, tenant: str, models: Sequence[Model], newest: Mapping[str, int]
    ) -> None:
        """A message starts at most one process of a tenant."""
        replaced = {model.process for model in models}
        owners = {
            message: process
            for process, version in newest.items()
            if process not in replaced
            for message in self.process(connection, tenant, process, version).starts
        }
        for model in models:
            for message in sorted(model.starts):
                owner = owners.setdefault(message, model.process)
                if owner != model.process:
                    raise ModelError(
                        f"{model.file}: process {model.process!r} starts with {message!r}, "
                        f"and so does process {owner!r} of tenant {tenant!r}"
                    )

    def _startable(self, connection: Connection, tenant: str) -> Mapping[str, Startable]:
        newest = _starting(connection, tenant)
        known, starts = self._starts.get(tenant, (None, {}))
        if newest != known:
            starts = {
                message: Startable(deployed, version)
                for process, version in newest.items()
                for deployed in [self.process(connection, tenant, process, version)]
                for message in deployed.starts
            }
            self._starts[tenant] = (newest, starts)
        return starts


def _check_processes(models: Sequence[Model]) -> None:
    seen = set[str]()
    for model in models:
        if model.process in seen:
            raise ModelError(f"{model.file}: process {model.process!r} is in another of the files, too")
        seen.add(model.process)


def _newest(connection: Connection, tenant: str) -> dict[str, int]:
    return {row.process: row.version for row in store.newest_versions.all(connection, {"tenant": tenant})}


def _starting(connection: Connection, tenant: str) -> dict[str, int]:
    """Without those that are withdrawn."""
    return {row.process: row.version for row in store.starting_versions.all(connection, {"tenant": tenant})}


def _brought_back(connection: Connection, tenant: str, deployment: Deployment) -> Deployment:
    chosen = {"tenant": tenant, "process": deployment.process}
    if connection.execute(store.bring_back, chosen).rowcount == 0:
        return deployment
    return replace(deployment, changed=True, notes=(*deployment.notes, BROUGHT_BACK))


def _is_newest(connection: Connection, tenant: str, model: Model, newest: Mapping[str, int]) -> bool:
    if model.process not in newest:
        return False
    key = {"tenant": tenant, "process": model.process, "version": newest[model.process]}
    return bool(connection.execute(store.one_model, key).one().digest == _digest_of(model))


def _digest_of(model: Model) -> str:
    return hashlib.sha256(model.source).hexdigest()


def _insert(connection: Connection, tenant: str, model: Model, version: int) -> Deployment:
    connection.execute(
        store.insert_model,
        {
            "tenant": tenant,
            "process": model.process,
            "version": version,
            "digest": _digest_of(model),
            "file": model.file,
            "deployed_at": time.time(),
            "source": model.source,
        },
    )
    return Deployment(model.process, version, changed=True)
