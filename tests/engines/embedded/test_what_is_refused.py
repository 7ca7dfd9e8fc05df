"""What the embedded engine cannot run is refused when it is deployed, by element, and never skipped."""

from collections.abc import Callable

import pytest

from trackflow.bpmn import Model
from trackflow.engines.embedded import EmbeddedEngine
from trackflow.errors import ModelError

START = '<startEvent id="S"><messageEventDefinition messageRef="Go"/></startEvent>'


def event(kind: str, definition: str) -> str:
    return f'<{kind} id="X" name="The one"><{definition}EventDefinition/></{kind}>'


@pytest.mark.parametrize(
    "element",
    [
        *(event("startEvent", kind) for kind in ("timer", "signal", "conditional", "error")),
        *(event("intermediateCatchEvent", kind) for kind in ("timer", "signal", "conditional", "link")),
        *(
            event("intermediateThrowEvent", kind)
            for kind in ("message", "signal", "escalation", "compensate")
        ),
        *(event("endEvent", kind) for kind in ("message", "error", "signal", "cancel")),
        *(event("boundaryEvent", kind) for kind in ("message", "timer", "error", "signal")),
        '<intermediateCatchEvent id="X" name="The one"/>',
        '<intermediateCatchEvent id="X" name="The one"><messageEventDefinition/></intermediateCatchEvent>',
        '<startEvent id="X" name="The one"><messageEventDefinition messageRef="A_${b}"/></startEvent>',
        '<receiveTask id="X" name="The one"/>',
        '<subProcess id="X" name="The one"><startEvent id="S2"/></subProcess>',
        '<subProcess id="X" name="The one" triggeredByEvent="true"><startEvent id="S2"/></subProcess>',
        '<transaction id="X" name="The one"/>',
        '<adHocSubProcess id="X" name="The one"/>',
        '<callActivity id="X" name="The one" calledElement="other"/>',
        '<inclusiveGateway id="X" name="The one"/>',
        '<complexGateway id="X" name="The one"/>',
        '<eventBasedGateway id="X" name="The one" instantiate="true"/>',
        '<eventBasedGateway id="X" name="The one" eventGatewayType="Parallel"/>',
        '<receiveTask id="X" name="The one" messageRef="A" instantiate="true"/>',
        '<receiveTask id="X" name="The one" messageRef="A"><multiInstanceLoopCharacteristics/></receiveTask>',
        '<task id="X" name="The one"><standardLoopCharacteristics/></task>',
        '<task id="X" name="The one" isForCompensation="true"/>',
        '<task id="X" name="The one"><extensionElements><executionListener xmlns="http://camunda.org/schema/1.0/'
        'bpmn"/></extensionElements></task>',
        '<startEvent id="X" name="The one"><messageEventDefinition messageRef="A"/><timerEventDefinition/>'
        "</startEvent>",
        *(
            f'<{kind} id="X" name="The one"/>'
            for kind in ("serviceTask", "userTask", "scriptTask", "sendTask", "businessRuleTask", "newThing")
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
    kind = element[1:].split()[0]

    with pytest.raises(ModelError) as caught:
        engine.deploy([model], "own")

    assert str(caught.value).startswith(f"orders.bpmn: {kind} 'X' (The one)")
    assert str(caught.value).endswith("is not supported by the embedded engine")
    assert stored("engine_models") == []


@pytest.mark.parametrize(
    ("elements", "flows", "fault"),
    [
        (
            '<eventBasedGateway id="G"/><receiveTask id="R" messageRef="A"/>',
            ["S>G", "G>R"],
            "eventBasedGateway 'G' with receiveTask 'R' behind it is not supported by the embedded engine",
        ),
        (
            '<exclusiveGateway id="X"/><task id="T"/>',
            ["S>X", "X>T ${amount >}"],
            "sequenceFlow 'X_T': '${amount >}', character 11: '}' is not expected here",
        ),
        (
            '<exclusiveGateway id="X"/><task id="T"/>',
            ["S>X", "X>T yes"],
            "sequenceFlow 'X_T': its condition 'yes' is no ${…} expression",
        ),
        (
            '<startEvent id="S2"><messageEventDefinition messageRef="Go"/></startEvent>',
            [],
            "startEvent 'S2': another start event has 'Go', too",
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
        '<exclusiveGateway id="X"/><task id="T"/><sequenceFlow id="f" sourceRef="X" targetRef="T">'
        '<conditionExpression language="groovy">amount &gt; 1</conditionExpression></sequenceFlow>'
    )
    with pytest.raises(
        ModelError, match=r"'X' with sequenceFlow 'f', whose condition is a script in 'groovy'"
    ):
        engine.deploy([model_of(START + scripted, "S>X")], "own")
