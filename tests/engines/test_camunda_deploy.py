"""Deploying models on a real Operaton and a real Camunda 7."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from trackflow.bpmn import Model, parse
from trackflow.engines.answers import Deployment, Outcome
from trackflow.engines.camunda import CamundaEngine
from trackflow.errors import EngineRefused, ModelError
from trackflow.message import Message

pytestmark = pytest.mark.engine

_FILE = """<?xml version="1.0" encoding="{encoding}"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:test"
             xmlns:camunda="http://camunda.org/schema/1.0/bpmn">
  <message id="go" name="{message}"/>
  <message id="on" name="{message}_On"/>
  <process id="others" isExecutable="false"/>
  <process id="{process}" isExecutable="true"{attributes}>
    <startEvent id="start" name="{label}"><messageEventDefinition messageRef="go"/></startEvent>
    <sequenceFlow id="f" sourceRef="start" targetRef="next"/>
    {element}
  </process>
</definitions>"""
_WAIT = '<receiveTask id="next" messageRef="on"/>'
_TTL = ' camunda:historyTimeToLive="P7D"'


def model(
    process: str = "orders",
    *,
    label: str = "Go",
    element: str = _WAIT,
    attributes: str = _TTL,
    encoding: str = "UTF-8",
) -> Model:
    text = _FILE.format(
        process=process,
        message=f"Go_{process}",
        label=label,
        element=element,
        attributes=attributes,
        encoding=encoding,
    )
    return parse(text.encode(encoding), f"bpmn/{process}.bpmn")


def test_the_same_content_is_not_deployed_again(camunda: CamundaEngine, tenant: str) -> None:
    first = model()
    assert camunda.deployed([first], tenant) == {"orders": False}
    assert camunda.deploy([first], tenant) == [Deployment("orders", 1, changed=True)]
    assert camunda.deployed([first], tenant) == {"orders": True}
    assert camunda.deploy([first], tenant) == [Deployment("orders", 1, changed=False)]


def test_going_back_to_an_earlier_content_is_a_change(camunda: CamundaEngine, tenant: str) -> None:
    first, second = model(label="first"), model(label="second")
    camunda.deploy([first], tenant)
    assert camunda.deploy([second], tenant) == [Deployment("orders", 2, changed=True)]
    assert camunda.deployed([first], tenant) == {"orders": False}
    assert camunda.deploy([first], tenant) == [Deployment("orders", 3, changed=True)]


def test_each_model_is_compared_for_itself(camunda: CamundaEngine, tenant: str) -> None:
    camunda.deploy([model("a"), model("b")], tenant)
    again = camunda.deploy([model("a"), model("b", label="new"), model("c")], tenant)
    assert again == [
        Deployment("a", 1, changed=False),
        Deployment("b", 2, changed=True),
        Deployment("c", 1, changed=True),
    ]


def test_each_tenant_has_its_own(camunda: CamundaEngine, tenant: str) -> None:
    camunda.deploy([model()], tenant)
    other = f"{tenant}-other"
    assert camunda.deployed([model()], other) == {"orders": False}
    assert camunda.deploy([model()], other) == [Deployment("orders", 1, changed=True)]


def test_a_model_without_time_to_live_is_given_one_and_the_notes_say_so(
    camunda: CamundaEngine, tenant: str
) -> None:
    without = model(attributes="")
    (deployment,) = camunda.deploy([without], tenant)
    assert deployment.changed
    assert deployment.notes == ("it has no time to live: deployed with historyTimeToLive=P30D",)
    assert camunda.deployed([without], tenant) == {"orders": True}
    assert camunda.deploy([without], tenant) == [replace(deployment, changed=False)]


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "UTF-16"])
def test_a_file_in_another_encoding_is_deployed_once(
    camunda: CamundaEngine, tenant: str, event: Callable[..., Message], encoding: str
) -> None:
    latin = model(label="Zahlung bestätigt", encoding=encoding)
    assert camunda.deploy([latin], tenant)[0].changed
    assert not camunda.deploy([latin], tenant)[0].changed
    assert camunda.correlate(event("Go_orders")).outcome is Outcome.ACCEPTED
    assert camunda.history(tenant, "k1")[0].path[0].name == "Zahlung bestätigt"


@pytest.mark.parametrize("element", ["serviceTask", "exclusiveGateway"])
def test_a_model_that_the_engine_cannot_run_is_named_with_its_element_and_none_is_deployed(
    camunda: CamundaEngine, tenant: str, element: str
) -> None:
    bad = model("bad", element=f'<{element} id="next"/>')
    with pytest.raises(ModelError, match=r"^bpmn/bad\.bpmn: line 10: .+ \(element 'next'\)$"):
        camunda.deploy([model("good"), bad], tenant)
    assert camunda.deployed([model("good"), bad], tenant) == {"good": False, "bad": False}


def test_two_models_that_start_with_the_same_message_are_refused_in_the_engines_words(
    camunda: CamundaEngine, tenant: str
) -> None:
    twin = parse(model("a").source.replace(b'process id="a"', b'process id="b"'), "twin.bpmn")
    camunda.deploy([model("a")], tenant)
    with pytest.raises(EngineRefused, match="already is a message event subscription"):
        camunda.deploy([twin], tenant)


def test_the_drawing_of_this_project_is_deployed(camunda: CamundaEngine, tenant: str) -> None:
    path = Path(__file__).parents[2] / "bpmn" / "track-flow.bpmn"
    (deployment,) = camunda.deploy([parse(path.read_bytes(), str(path))], tenant)
    assert deployment.changed
