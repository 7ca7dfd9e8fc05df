"""One engine of any family with models in several versions, and what is asked of it in these tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise

from sqlalchemy import Connection
from sqlalchemy import Engine as Database

from trackflow.bpmn import Model, parse
from trackflow.engines.answers import Answer, Deployment, Instance, Migrated, Running
from trackflow.engines.camunda import CamundaEngine
from trackflow.engines.camunda.rest import Row
from trackflow.engines.embedded import EmbeddedEngine
from trackflow.engines.misfits import Misfit
from trackflow.message import Message

_FILE = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:test"
             xmlns:camunda="http://camunda.org/schema/1.0/bpmn">
  {messages}
  <process id="{process}" isExecutable="true" camunda:historyTimeToLive="P7D">{body}</process>
</definitions>"""

START = '<startEvent id="start"><messageEventDefinition messageRef="Go"/></startEvent>'
END = '<endEvent id="end"/>'


def model(body: str, process: str = "orders") -> Model:
    """A model of these elements, with the messages that they name."""
    names = dict.fromkeys(re.findall(r'messageRef="([^"]+)"', body))
    messages = "".join(f'<message id="{_id(name)}" name="{name}"/>' for name in names)
    for name in names:
        body = body.replace(f'messageRef="{name}"', f'messageRef="{_id(name)}"')
    return parse(_FILE.format(messages=messages, process=process, body=body).encode(), f"{process}.bpmn")


def _id(name: str) -> str:
    return "m-" + re.sub(r"\W", "-", name)


def flow(*ids: str) -> str:
    """Sequence flows from one to the next."""
    return "".join(f'<sequenceFlow id="{a}-{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in pairwise(ids))


def wait(id_: str, message: str, name: str = "", inner: str = "") -> str:
    """A receive task."""
    return f'<receiveTask id="{id_}" name="{name}" messageRef="{message}">{inner}</receiveTask>'


def boundary(id_: str, host: str, about: str, *, interrupts: bool = True) -> str:
    """A boundary event: about a message, or about a time like `PT1H`."""
    return (
        f'<boundaryEvent id="{id_}" attachedToRef="{host}" cancelActivity="{str(interrupts).lower()}">'
        f"{_definition(about)}</boundaryEvent>"
    )


def catch(id_: str, about: str) -> str:
    """An intermediate catch event, likewise."""
    return f'<intermediateCatchEvent id="{id_}">{_definition(about)}</intermediateCatchEvent>'


def event_subprocess(id_: str, about: str, body: str, *, interrupts: bool = True) -> str:
    """An event subprocess: the id of its start event is `<id>-start`."""
    return (
        f'<subProcess id="{id_}" triggeredByEvent="true">'
        f'<startEvent id="{id_}-start" isInterrupting="{str(interrupts).lower()}">'
        f"{_definition(about)}</startEvent>"
        f"{body}</subProcess>"
    )


def _definition(about: str) -> str:
    if about.startswith("PT"):
        return f"<timerEventDefinition><timeDuration>{about}</timeDuration></timerEventDefinition>"
    return f'<messageEventDefinition messageRef="{about}"/>'


class World:
    """An engine, told and asked for one tenant."""

    def __init__(
        self, engine: CamundaEngine | EmbeddedEngine, tenant: str, database: Database | None
    ) -> None:
        self.engine = engine
        self.tenant = tenant
        self._database = database

    def deploy(self, *models: Model) -> list[Deployment]:
        return self.engine.deploy(models, self.tenant)

    def tell(self, name: str, key: str = "k", payload: object = None) -> Answer:
        event = Message.new(tenant=self.tenant, business_key=key, event=name, payload=payload)
        if isinstance(self.engine, CamundaEngine):
            return self.engine.correlate(event)
        with self._transaction() as transaction:
            return self.engine.correlate(event, transaction)

    def at(self, key: str = "k") -> Instance:
        """The newest instance, with its path."""
        return self.engine.history(self.tenant, key)[-1]

    def where(self, key: str = "k") -> tuple[int, tuple[str, ...], tuple[str, ...]]:
        """Version, active elements, awaited messages."""
        instance = self.at(key)
        return instance.version, instance.active, instance.awaiting

    def running(self, key: str = "k") -> Running:
        instance = self.at(key)
        return Running(instance.id, key, instance.process, instance.version)

    def timers(self, key: str = "k") -> list[tuple[str, datetime]]:
        """Those that are set: element and when they are due, by that."""
        instance = self.at(key)
        if isinstance(self.engine, EmbeddedEngine):
            return [(timer.element, timer.due) for timer in instance.timers]
        definitions = {row["id"]: row["activityId"] for row in self._rows("/job-definition")}
        jobs = self._rows("/job", processInstanceId=instance.id, timers="true", active="true")
        dues = [(definitions[row["jobDefinitionId"]], datetime.fromisoformat(row["dueDate"])) for row in jobs]
        return sorted(dues, key=lambda each: each[1])

    def _rows(self, path: str, **query: str) -> list[Row]:
        assert isinstance(self.engine, CamundaEngine)
        return self.engine._rest.all(path, tenantIdIn=self.tenant, **query)

    def migrate(self, to: int, key: str = "k") -> tuple[Misfit, ...]:
        """Try it first: both must agree, whatever the engine."""
        instance = self.running(key)
        possible = self.engine.could_migrate(self.tenant, instance, to)
        migrated = self.moved(instance, to)
        assert (migrated.misfits, migrated.is_gone) == (possible.misfits, possible.is_gone)
        assert not migrated.is_gone
        return migrated.misfits

    def moved(self, instance: Running, to: int) -> Migrated:
        if isinstance(self.engine, CamundaEngine):
            return self.engine.migrate(self.tenant, instance, to)
        with self._transaction() as transaction:
            return self.engine.migrate(self.tenant, instance, to, transaction)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        assert self._database is not None
        with self._database.begin() as transaction:
            yield transaction
