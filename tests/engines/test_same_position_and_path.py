"""Where an instance is, what it waits for, what it passed and how it ended: the same answer of any engine."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.timer_models import (
    AS_LONG_AS,
    PATIENT,
    REMINDER,
    boundary,
    catch,
    choice,
    ends,
    model,
    pause,
    receive,
    start,
)
from tests.waiting import until
from trackflow.bpmn import Model
from trackflow.engines.answers import Instance, Outcome
from trackflow.engines.camunda import CamundaEngine
from trackflow.engines.embedded import EmbeddedEngine
from trackflow.engines.port import Engine
from trackflow.message import Message

pytestmark = pytest.mark.engine

SECONDS = 90  # the engines' job executors pause up to a minute
KEY = "4711"


@dataclass(frozen=True)
class Script:
    """A model, and what happens: events with their payloads, and at last perhaps a timer.

    Attributes:
        in_order: whether nothing in it happens side by side, so that there is one order.
        until: what becomes true by a timer, after the events.
    """

    model: Model
    events: tuple[tuple[str, Any], ...]
    in_order: bool = True
    until: Callable[[Instance], object] | None = None


def has_ended(instance: Instance) -> bool:
    return instance.ended is not None


IMPATIENT = model(
    "impatient",
    start("Order_Placed"),
    receive("Payment_Done"),
    boundary("GiveUp", "Payment_Done", "PT1S"),
    ends("Done", "GivenUp"),
    flows="Order_Placed>Payment_Done Payment_Done>Done GiveUp>GivenUp",
    messages="Order_Placed Payment_Done",
)
TERMINATED = model(
    "terminated",
    start("Order_Placed"),
    '<parallelGateway id="Fork"/>',
    receive("Payment_Done"),
    receive("Order_Canceled"),
    boundary("Remind", "Payment_Done", "PT3H", interrupting=False),
    '<endEvent id="Stop"><terminateEventDefinition/></endEvent>',
    ends("Done", "Reminded"),
    flows="Order_Placed>Fork Fork>Payment_Done Fork>Order_Canceled Payment_Done>Done Order_Canceled>Stop "
    "Remind>Reminded",
    messages="Order_Placed Payment_Done Order_Canceled",
)
RACE = model(
    "race",
    start("Order_Placed"),
    '<eventBasedGateway id="Race"/>',
    catch("Payment_Done"),
    pause("Patience", "PT2H"),
    ends("Done", "Late"),
    flows="Order_Placed>Race Race>Payment_Done Race>Patience Payment_Done>Done Patience>Late",
    messages="Order_Placed Payment_Done",
)
_INSIDE = (
    '<subProcess id="Outer"><startEvent id="InnerStart"/>'
    + receive("Payment_Done")
    + '<endEvent id="InnerEnd"/>'
    '<sequenceFlow id="i1" sourceRef="InnerStart" targetRef="Payment_Done"/>'
    '<sequenceFlow id="i2" sourceRef="Payment_Done" targetRef="InnerEnd"/></subProcess>'
)
_CANCELED = '<messageEventDefinition messageRef="m-Order_Canceled"/>'
NESTED = model(
    "nested",
    start("Order_Placed"),
    _INSIDE,
    f'<boundaryEvent id="Canceled" attachedToRef="Outer">{_CANCELED}</boundaryEvent>',
    ends("Done", "Stopped"),
    flows="Order_Placed>Outer Outer>Done Canceled>Stopped",
    messages="Order_Placed Payment_Done Order_Canceled",
)
TRIGGERED = model(
    "triggered",
    start("Order_Placed"),
    receive("Payment_Done"),
    ends("Done"),
    '<subProcess id="Cancel" triggeredByEvent="true">'
    f'<startEvent id="Canceled">{_CANCELED}</startEvent><endEvent id="Stopped"/>'
    '<sequenceFlow id="i1" sourceRef="Canceled" targetRef="Stopped"/></subProcess>',
    flows="Order_Placed>Payment_Done Payment_Done>Done",
    messages="Order_Placed Payment_Done Order_Canceled",
)
# After the pause a flow is chosen by what nobody said.
STUCK = model(
    "stuck",
    start("Order_Placed"),
    pause("Patience", "PT1S"),
    choice(),
    ends("Much", "Little"),
    flows="Order_Placed>Patience Patience>Choice",
    messages="Order_Placed",
)

PLACED, PAID, CANCELED = ("Order_Placed", None), ("Payment_Done", None), ("Order_Canceled", None)
SCRIPTS = {
    "a timer is set": Script(PATIENT, (PLACED,)),
    "a timer fired": Script(AS_LONG_AS, (("Order_Placed", {"wait": "PT1S"}),), until=has_ended),
    "boundary timers are set": Script(REMINDER, (PLACED,)),
    "boundary timers are not needed": Script(REMINDER, (PLACED, PAID)),
    "a boundary timer interrupted": Script(IMPATIENT, (PLACED,), until=has_ended),
    "side by side": Script(TERMINATED, (PLACED,), in_order=False),
    "a terminate end event": Script(TERMINATED, (PLACED, CANCELED), in_order=False),
    "before an event-based gateway": Script(RACE, (PLACED,)),
    "after an event-based gateway": Script(RACE, (PLACED, PAID)),
    "in a subprocess": Script(NESTED, (PLACED,)),
    "after a subprocess": Script(NESTED, (PLACED, PAID)),
    "a subprocess interrupted": Script(NESTED, (PLACED, CANCELED)),
    "an event subprocess": Script(TRIGGERED, (PLACED, CANCELED)),
    "a timer that cannot fire": Script(
        STUCK, (PLACED,), until=lambda instance: instance.timers and instance.timers[0].trouble
    ),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_answer_is_the_same(
    camunda: CamundaEngine, embedded: EmbeddedEngine, tenant: str, name: str
) -> None:
    script = SCRIPTS[name]

    ours = _played_embedded(script, embedded, tenant)
    theirs = _played_remote(script, camunda, tenant)

    assert _comparable(ours, in_order=script.in_order) == _comparable(theirs, in_order=script.in_order)
    assert [each.element for each in ours.timers] == [each.element for each in theirs.timers]
    for our, their in zip(ours.timers, theirs.timers, strict=True):
        waits = (our.due - ours.started).total_seconds(), (their.due - theirs.started).total_seconds()
        assert abs(waits[0] - waits[1]) < 2, (our, their)
    assert _position(embedded, tenant) == _comparable(ours, in_order=True) | {"path": [], "end": None}
    assert _position(camunda, tenant) == _comparable(theirs, in_order=True) | {"path": [], "end": None}


def test_models_without_timers_cost_no_request(
    camunda: CamundaEngine, tenant: str, requests: list[str]
) -> None:
    camunda.deploy([NESTED], tenant)
    camunda.correlate(Message.new(tenant=tenant, business_key=KEY, event="Order_Placed"))
    camunda.history(tenant, KEY)  # now it knows that there are none
    requests.clear()

    camunda.history(tenant, KEY)

    assert requests
    assert not [path for path in requests if path.startswith("/job")]


def _played_remote(script: Script, engine: CamundaEngine, tenant: str) -> Instance:
    engine.deploy([script.model], tenant)
    for event, payload in script.events:
        engine.variables = frozenset({"wait"})
        message = Message.new(tenant=tenant, business_key=KEY, event=event, payload=payload)
        assert engine.correlate(message).outcome is Outcome.ACCEPTED
    return _once(engine, tenant, script, lambda: None)


def _played_embedded(script: Script, engine: EmbeddedEngine, tenant: str) -> Instance:
    engine.deploy([script.model], tenant)
    for event, payload in script.events:
        message = Message.new(tenant=tenant, business_key=KEY, event=event, payload=payload)
        with engine._database.begin() as transaction:
            assert engine.correlate(message, transaction).outcome is Outcome.ACCEPTED

    def fire() -> None:
        with engine._database.begin() as transaction:
            engine.fire(tenant, KEY, transaction)

    return _once(engine, tenant, script, fire)


def _once(engine: Engine, tenant: str, script: Script, work: Callable[[], None]) -> Instance:
    """The instance, once it is where the script leads."""

    def look() -> Instance | None:
        work()
        (instance,) = engine.history(tenant, KEY)
        return instance if script.until is None or script.until(instance) else None

    found = until(look, SECONDS, f"{script.model.process} is where it should be")
    assert found is not None
    return found


def _position(engine: Engine, tenant: str) -> dict[str, Any]:
    (instance,) = engine.instances(tenant, [KEY])[KEY]
    return _comparable(instance, in_order=True)


def _comparable(instance: Instance, *, in_order: bool) -> dict[str, Any]:
    """All but the id and the times."""
    path = [(step.element, step.name, step.left is not None, step.canceled) for step in instance.path]
    return {
        "process": instance.process,
        "version": instance.version,
        "state": instance.state,
        "awaiting": instance.awaiting,
        "active": instance.active,
        "path": path if in_order else sorted(path),
        "ended": instance.ended is not None,
        "end": instance.end,
        "stand": [each.element for each in instance.timers if each.trouble],
    }
