from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from trackflow.bpmn import Model, parse, read
from trackflow.bpmn.model import Repetition
from trackflow.errors import ModelError

CASES = Path(__file__).parents[1] / "engines" / "cases"
BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
HEAD = (
    f'<definitions xmlns="{BPMN}" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="urn:t">'
)


def model(body: str, attributes: str = 'id="orders" isExecutable="true"', beside: str = "") -> Model:
    return parse(
        f"{HEAD}{beside}<process {attributes}>{body}</process></definitions>".encode(), "orders.bpmn"
    )


MESSAGE = '<message id="m1" name="Go"/>'


def test_the_tracked_process_of_a_collaboration_is_read() -> None:
    # Given pools of services, a message bus and one executable process
    found = read(CASES / "track-flow.bpmn")

    assert found.process == "Process_0fshcjr"
    assert found.name == "Order Fulfillment Track Flow"
    assert found.messages == {"Order_Placed", "Payment_Done", "Goods_Fetched", "Goods_Shipped"}
    assert found.starts == {"Order_Placed"}
    assert [element.type for element in found.elements.values()] == [
        "startEvent",
        "intermediateCatchEvent",
        "intermediateCatchEvent",
        "intermediateCatchEvent",
        "endEvent",
    ]
    assert found.elements["Event_070oy50"].name == "Payment\ndone"
    assert found.elements["Event_070oy50"].message == "Payment_Done"
    assert found.elements["Event_070oy50"].incoming == ("Flow_0fcrbh9",)
    assert found.elements["Event_070oy50"].outgoing == ("Flow_07ogbi9",)
    assert found.source == (CASES / "track-flow.bpmn").read_bytes()
    assert found.file == str(CASES / "track-flow.bpmn")


def test_any_element_is_read_also_one_that_no_engine_of_ours_can_run() -> None:
    found = model(
        """
        <laneSet id="lanes"><lane id="lane"/></laneSet>
        <dataObjectReference id="data"/>
        <startEvent id="s"><messageEventDefinition messageRef="m1"/></startEvent>
        <subProcess id="sub" name="Pack">
          <incoming>f1</incoming>
          <startEvent id="s2"/>
          <receiveTask id="r" messageRef="m1"><multiInstanceLoopCharacteristics/></receiveTask>
          <sequenceFlow id="f2" sourceRef="s2" targetRef="r"/>
        </subProcess>
        <boundaryEvent id="b" attachedToRef="sub"><timerEventDefinition/></boundaryEvent>
        <brandNewThing id="new"/>
        <sequenceFlow id="f1" sourceRef="s" targetRef="sub"/>
        """,
        beside=MESSAGE,
    )

    assert list(found.elements) == ["s", "sub", "s2", "r", "b", "new"]
    assert found.elements["r"].scope == "sub"
    assert found.elements["r"].event == "message"
    assert found.elements["r"].repetition == Repetition(False, None, None, None)
    assert found.elements["b"].attached_to == "sub"
    assert found.elements["b"].event == "timer"
    assert found.elements["new"].type == "brandNewThing"
    assert found.starts == {"Go"}


def test_the_names_that_any_expression_uses_are_its_variables() -> None:
    found = model(
        """
        <startEvent id="s"><messageEventDefinition messageRef="m1"/></startEvent>
        <userTask id="u" camunda:assignee="${clerk}"/>
        <intermediateCatchEvent id="t"><timerEventDefinition><timeDuration>${pause}</timeDuration>
        </timerEventDefinition></intermediateCatchEvent>
        <receiveTask id="r" messageRef="m2"/>
        <sequenceFlow id="f" sourceRef="s" targetRef="u">
          <conditionExpression>${amount &gt; limit.max and currency == 'EUR'}</conditionExpression>
        </sequenceFlow>
        """,
        beside=MESSAGE + '<message id="m2" name="Paid_${branch}"/>',
    )
    assert found.variables == {"clerk", "pause", "amount", "limit", "currency", "branch"}


def test_the_time_to_live_is_read_from_the_namespace_of_any_engine_of_the_family() -> None:
    assert model("").time_to_live is None
    assert read(CASES / "xor-amount.bpmn").time_to_live == "P1D"
    operaton = 'xmlns:o="http://operaton.org/schema/1.0/bpmn" o:historyTimeToLive="P7D"'
    assert model("", f'id="orders" isExecutable="true" {operaton}').time_to_live == "P7D"


def test_a_model_never_changes() -> None:
    found = model('<startEvent id="s"/>')
    with pytest.raises(FrozenInstanceError):
        found.process = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        found.elements["s"] = found.elements["s"]  # type: ignore[index]


def test_a_reference_may_have_a_prefix() -> None:
    body = '<receiveTask id="r" messageRef="tns:m1"/>'
    assert model(body, beside=MESSAGE).elements["r"].message == "Go"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (
            '<task id="a"/><sequenceFlow id="f" name="to nowhere" sourceRef="a" targetRef="x"/>',
            "sequenceFlow 'f' (to nowhere): its targetRef 'x' is no element beside it",
        ),
        (
            '<task id="a"/><sequenceFlow id="f" targetRef="a"/>',
            "sequenceFlow 'f': its sourceRef None is no element beside it",
        ),
        (
            '<task id="a"/><subProcess id="s"><task id="b"/></subProcess>'
            '<sequenceFlow id="f" sourceRef="a" targetRef="b"/>',
            "sequenceFlow 'f': its targetRef 'b' is no element beside it",
        ),
        (
            '<receiveTask id="r" name="Wait for&#10;payment" messageRef="nope"/>',
            "receiveTask 'r' (Wait for payment): its messageRef 'nope' is no message",
        ),
        (
            '<startEvent id="s"><messageEventDefinition messageRef="nope"/></startEvent>',
            "startEvent 's': its messageRef 'nope' is no message",
        ),
        (
            '<exclusiveGateway id="g" default="nope"/>',
            "exclusiveGateway 'g': its default flow 'nope' does not leave it",
        ),
        ('<task id="a"/><task id="a"/>', "task 'a': this id is there 2 times"),
        ('<task id="m1"/>', "message 'm1' (Go): this id is there 2 times"),
        ('<task name="Pack"/>', "task without an id (Pack): it needs an id (line 1)"),
    ],
)
def test_a_contradiction_names_the_file_and_the_element(body: str, fault: str) -> None:
    with pytest.raises(ModelError) as caught:
        model(body, beside=MESSAGE)
    assert str(caught.value) == f"orders.bpmn: {fault}"


@pytest.mark.parametrize("name", ["", 'name=""', 'name=" "'])
def test_a_message_needs_a_name(name: str) -> None:
    with pytest.raises(ModelError, match=r"orders\.bpmn: message 'm': a message needs a name"):
        model("", beside=f'<message id="m" {name}/>')


def test_exactly_one_process_is_executable() -> None:
    with pytest.raises(ModelError, match='one process should have isExecutable="true", has: none'):
        model("", 'id="orders"')
    with pytest.raises(ModelError, match="one process should have isExecutable=\"true\", has: 'x', 'orders'"):
        model("", beside='<process id="x" isExecutable="true"/>')
    assert model("", beside='<process id="x" isExecutable="false"><task/></process>').process == "orders"


@pytest.mark.parametrize("attributes", ['isExecutable="true"', f'id="{"x" * 256}" isExecutable="true"'])
def test_a_process_needs_an_id_that_an_engine_can_store(attributes: str) -> None:
    with pytest.raises(ModelError, match=r"orders\.bpmn: process .* id"):
        model("", attributes)


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        (b"", "the file is empty"),
        (b" \n", "the file is empty"),
        (b"\x00\x01\x02", "no XML: "),
        (b"hello", "no XML: "),
        (b"<a>", "no XML: "),
        (b'<?xml version="1.0" encoding="nope"?><a/>', "no XML: "),
        (b"\xff\xfe\x00", "no XML: "),
        (b"<html/>", "no BPMN 2.0: its root element is 'html'"),
        (b'<definitions xmlns="urn:other"/>', "no BPMN 2.0: its root element is '{urn:other}definitions'"),
        (HEAD.encode() + b"</definitions>", 'one process should have isExecutable="true", has: none'),
        (b"<a>" * 5000 + b"</a>" * 5000, "no XML: "),
    ],
)
def test_what_is_no_bpmn_is_one_clear_line(source: bytes, fault: str) -> None:
    with pytest.raises(ModelError) as caught:
        parse(source, "orders.bpmn")
    assert str(caught.value).startswith(f"orders.bpmn: {fault}")
    assert "\n" not in str(caught.value)


def test_no_dtd_and_so_no_entity_and_no_foreign_file_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("hunter2")
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    for dtd in (
        f'<!DOCTYPE definitions [<!ENTITY x SYSTEM "{secret.as_uri()}">]>',
        f'<!DOCTYPE definitions [<!ENTITY e0 "lol">{bomb}]>',
        '<!DOCTYPE definitions SYSTEM "http://localhost:1/x.dtd">',
    ):
        source = f'{dtd}{HEAD}<process id="p" isExecutable="true" name="a"/></definitions>'
        with pytest.raises(ModelError) as caught:
            parse(source.encode(), "orders.bpmn")
        assert "hunter2" not in str(caught.value)
        assert "DTD is not allowed" in str(caught.value)


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"missing\.bpmn: No such file or directory"):
        read(tmp_path / "missing.bpmn")
    with pytest.raises(ModelError, match="Is a directory"):
        read(tmp_path)
    with pytest.raises(ModelError, match="null byte"):
        read("a\0b")
