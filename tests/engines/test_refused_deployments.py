"""What is said of a model that an engine of the family refuses, from the engine's own words."""

from typing import Any

import pytest

from trackflow.bpmn import parse
from trackflow.engines.camunda.copies import copy_of, refusal
from trackflow.engines.camunda.rest import Reply
from trackflow.errors import EngineRefused, ModelError

# Its gateway is in line 6.
_FILE = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="urn:test">
  <message id="go" name="Go"/>
  <process id="orders" isExecutable="true" camunda:historyTimeToLive="P7D">
    <startEvent id="start"><messageEventDefinition messageRef="go"/></startEvent>
    <exclusiveGateway id="choice"/>
    <sequenceFlow id="flow" sourceRef="start" targetRef="choice"/>
  </process>
</definitions>"""
_WITHOUT_TIME_TO_LIVE = _FILE.replace(b' camunda:historyTimeToLive="P7D"', b"")


def said_of(source: bytes, **error: Any) -> ModelError:
    reply = Reply(400, {"message": "ENGINE-09005", "details": {"orders.bpmn": {"errors": [error]}}})
    found = refusal(reply, [copy_of(parse(source, "bpmn/orders.bpmn"))])
    assert isinstance(found, ModelError)
    return found


@pytest.mark.parametrize("line", [0, 5])
@pytest.mark.parametrize("source", [_FILE, _WITHOUT_TIME_TO_LIVE])
def test_an_element_is_where_it_is_in_the_file_wherever_the_engine_finds_it(source: bytes, line: int) -> None:
    found = said_of(source, message="no outgoing\n flows", line=line, mainElementId="choice")
    assert str(found) == "bpmn/orders.bpmn: line 6: no outgoing flows (element 'choice')"
    assert found.line == 6


def test_what_has_no_element_is_where_the_engine_finds_it_in_the_file_itself() -> None:
    assert str(said_of(_FILE, message="bad", line=3)) == "bpmn/orders.bpmn: line 3: bad"
    assert str(said_of(_FILE, message="bad", line=0)) == "bpmn/orders.bpmn: bad"
    # What the engine was given has other lines than the file.
    assert str(said_of(_WITHOUT_TIME_TO_LIVE, message="bad", line=3)) == "bpmn/orders.bpmn: bad"


def test_a_refusal_that_is_about_no_model_is_told_in_the_engines_words() -> None:
    found = refusal(Reply(400, {"message": "already\n subscribed"}), [copy_of(parse(_FILE, "orders.bpmn"))])
    assert isinstance(found, EngineRefused)
    assert str(found) == "already subscribed"
