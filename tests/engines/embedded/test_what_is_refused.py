"""What the embedded engine cannot run is refused when it is deployed, by element, and never skipped."""

import re
from collections.abc import Callable

import pytest

from trackflow.bpmn import Model
from trackflow.engines.embedded import EmbeddedEngine
from trackflow.errors import ModelError

START = '<startEvent id="S"><messageEventDefinition messageRef="Go"/></startEvent>'
CAMUNDA = 'xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'


def event(kind: str, definition: str) -> str:
    return f'<{kind} id="X" name="The one"><{definition}EventDefinition/></{kind}>'


def inside(elements: str) -> str:
    return f'<subProcess id="Sub"><startEvent id="S2"/>{elements}</subProcess>'


@pytest.mark.parametrize(
    "element",
    [
        # a start that gives an instance no business key
        *(event("startEvent", kind) for kind in ("timer", "signal", "conditional", "error", "compensate")),
        '<startEvent id="X" name="The one"><messageEventDefinition messageRef="A___b_"/></startEvent>',
        inside(
            '<subProcess id="Y"><startEvent id="X" name="The one"><messageEventDefinition messageRef="A"/>'
            "</startEvent></subProcess>"
        ),
        # an event that says nothing of what it is about
        *(event("intermediateCatchEvent", kind) for kind in ("message", "timer", "signal", "conditional")),
        *(event("intermediateCatchEvent", kind) for kind in ("link", "error", "cancel", "compensate")),
        *(
            event("intermediateThrowEvent", kind)
            for kind in ("signal", "escalation", "link", "error", "timer")
        ),
        *(event("endEvent", kind) for kind in ("error", "signal", "escalation", "cancel", "timer", "link")),
        '<intermediateCatchEvent id="X" name="The one"/>',
        '<intermediateCatchEvent id="X" name="The one"><timerEventDefinition><timeDuration>10 minutes'
        "</timeDuration></timerEventDefinition></intermediateCatchEvent>",
        '<intermediateCatchEvent id="X" name="The one"><timerEventDefinition><timeCycle>0 0/5 * * * ?'
        "</timeCycle></timerEventDefinition></intermediateCatchEvent>",
        '<startEvent id="X" name="The one"><messageEventDefinition messageRef="A"/><timerEventDefinition/>'
        "</startEvent>",
        # subprocesses that begin in no way, or in two
        '<subProcess id="X" name="The one"/>',
        '<subProcess id="Y"><startEvent id="S2"/><startEvent id="X" name="The one"/></subProcess>',
        '<transaction id="X" name="The one"/>',
        '<subProcess id="Y" triggeredByEvent="true"><startEvent id="X" name="The one"/></subProcess>',
        '<subProcess id="Y" triggeredByEvent="true"><startEvent id="X" name="The one">'
        "<compensateEventDefinition/></startEvent></subProcess>",
        '<adHocSubProcess id="X" name="The one"/>',
        # an event whose condition is looked at whenever a counter of what it is attached to changes
        '<receiveTask id="R" messageRef="A"><multiInstanceLoopCharacteristics><loopCardinality>2'
        "</loopCardinality></multiInstanceLoopCharacteristics></receiveTask>"
        '<boundaryEvent id="X" name="The one" attachedToRef="R"><conditionalEventDefinition>'
        "<condition>${true}</condition></conditionalEventDefinition></boundaryEvent>",
        # gateways and loops that no engine of the family has, or that would start an instance
        '<complexGateway id="X" name="The one"/>',
        '<eventBasedGateway id="X" name="The one" instantiate="true"/>',
        '<eventBasedGateway id="X" name="The one" eventGatewayType="Parallel"/>',
        '<receiveTask id="X" name="The one" messageRef="A" instantiate="true"/>',
        '<receiveTask id="X" name="The one" messageRef="A"><multiInstanceLoopCharacteristics/></receiveTask>',
        f'<receiveTask id="X" name="The one" messageRef="A"><multiInstanceLoopCharacteristics {CAMUNDA} '
        'camunda:collection="lines"/></receiveTask>',
        '<task id="X" name="The one"><standardLoopCharacteristics/></task>',
        # what undoes something, but would wait
        '<receiveTask id="X" name="The one" messageRef="A" isForCompensation="true"/>',
        '<task id="T"/><boundaryEvent id="X" name="The one" attachedToRef="T"><compensateEventDefinition/>'
        "</boundaryEvent>",
        # code, which nobody runs here
        '<task id="X" name="The one"><extensionElements><executionListener xmlns="http://camunda.org/schema/1.0/'
        'bpmn"/></extensionElements></task>',
        f'<serviceTask id="X" name="The one" {CAMUNDA} camunda:class="org.example.Pay"/>',
        f'<serviceTask id="X" name="The one" {CAMUNDA} camunda:expression="${{pay()}}"/>',
        f'<intermediateThrowEvent id="X" name="The one"><messageEventDefinition messageRef="A" {CAMUNDA} '
        'camunda:class="org.example.Send"/></intermediateThrowEvent>',
        '<scriptTask id="X" name="The one" scriptFormat="javascript"><script>1</script></scriptTask>',
        *(
            f'<{kind} id="X" name="The one"/>'
            for kind in ("serviceTask", "scriptTask", "sendTask", "businessRuleTask", "newThing")
        ),
    ],
)
def test_what_cannot_be_run_is_refused_by_type_id_and_name(
    element: str,
    model_of: Callable[..., Model],
    engine: EmbeddedEngine,
    stored: Callable[[str], list[tuple[object, ...]]],
) -> None:
    model = model_of(START + element, messages="Go A A_${b}")
    (kind,) = re.findall(r'<(\w+) id="X"', element)

    with pytest.raises(ModelError) as caught:
        engine.deploy([model], "own")

    assert str(caught.value).startswith(f"orders.bpmn: {kind} 'X' (The one)")
    assert stored("engine_models") == []


@pytest.mark.parametrize(
    ("elements", "flows", "fault"),
    [
        (
            '<eventBasedGateway id="G"/><receiveTask id="R" messageRef="A"/>',
            ["S>G", "G>R"],
            "eventBasedGateway 'G' leads to receiveTask 'R': only to catch events of messages, … it can",
        ),
        (
            '<exclusiveGateway id="X"/><task id="T"/><task id="U"/>',
            ["S>X", "X>T ${amount >}", "X>U ${false}"],
            "sequenceFlow 'X_T': '${amount >}', character 11: '}' is not expected here",
        ),
        (
            '<exclusiveGateway id="X"/><task id="T"/><task id="U"/>',
            ["S>X", "X>T yes", "X>U ${false}"],
            "exclusiveGateway 'X' with sequenceFlow 'X_T', whose condition 'yes' is no ${…} expression, "
            "is not supported by the embedded engine",
        ),
        (
            '<startEvent id="S2"><messageEventDefinition messageRef="Go"/></startEvent>',
            [],
            "startEvent 'S2' subscribes to the message 'Go', as startEvent 'S' does in the same scope",
        ),
    ],
)
def test_what_cannot_be_understood_is_refused(
    elements: str, flows: list[str], fault: str, model_of: Callable[..., Model], engine: EmbeddedEngine
) -> None:
    with pytest.raises(ModelError) as caught:
        engine.deploy([model_of(START + elements, *flows)], "own")
    assert str(caught.value) == f"orders.bpmn: {fault}"


def test_a_condition_in_a_script_language_is_refused(
    model_of: Callable[..., Model], engine: EmbeddedEngine
) -> None:
    scripted = (
        '<task id="X"/><task id="T"/><sequenceFlow id="f" sourceRef="X" targetRef="T">'
        '<conditionExpression language="groovy">amount &gt; 1</conditionExpression></sequenceFlow>'
    )
    with pytest.raises(ModelError, match=r"sequenceFlow 'f' is no valid BPMN 2.0: .* attribute 'language'"):
        engine.deploy([model_of(START + scripted, "S>X")], "own")
