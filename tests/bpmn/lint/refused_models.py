"""Models that the engine family takes or refuses, with the rule of ours that says so."""

from __future__ import annotations

from dataclasses import dataclass

from tests.bpmn.lint.models import (
    END,
    LINK,
    START,
    about,
    boundary,
    catch,
    catching,
    flows,
    gateway,
    guarded,
    line,
    receive,
    subprocess,
    throwing,
    timer,
    trigger,
)


@dataclass(frozen=True)
class Case:
    """The body of a process, what stands beside it, and the rule that refuses it (None: it is taken)."""

    rule: str | None
    body: str
    beside: str = ""
    attributes: str = 'camunda:historyTimeToLive="P1D"'
    after: str = ""


def _split(*flows_: str, attributes: str = "") -> str:
    """An exclusive gateway before two tasks."""
    tasks = '<task id="a"/><task id="b"/>'
    return (
        START
        + gateway("g", "exclusive", attributes)
        + tasks
        + END
        + flows("start g", "a end", "b end")
        + "".join(flows_)
    )


def _task(element: str) -> str:
    return line(element, way="x")


def _catching(definition: str) -> str:
    return _task(catching("x", definition))


def _throwing(definition: str, more: str = "") -> str:
    return _task(throwing("x", definition)) + more


def _ending(definition: str) -> str:
    return START + f'<endEvent id="x">{definition}</endEvent>' + flows("start x")


def _attached(
    definition: str, host: str = '<receiveTask id="x" messageRef="A"/>', attributes: str = ""
) -> str:
    event = f'<boundaryEvent id="b" attachedToRef="x" {attributes}>{definition}</boundaryEvent>'
    return _task(host) + event + '<endEvent id="e"/>' + flows("b e")


def _raced(target: str, more: str = "") -> str:
    return (
        START
        + gateway("g", "eventBased")
        + catch("a", "A")
        + target
        + END
        + flows("start g a end", "g x end")
        + more
    )


def _sub(body: str = "", attributes: str = "") -> str:
    return _task(subprocess("x", flows("x_start x_end") + body, attributes))


def _with(event_subprocess: str) -> str:
    return line(receive("x", "A"), event_subprocess, way="x")


def _loop(inside: str, attributes: str = "") -> str:
    return receive(
        "x",
        "A",
        f"<multiInstanceLoopCharacteristics {attributes}>{inside}</multiInstanceLoopCharacteristics>",
    )


TWO = "<loopCardinality>2</loopCardinality>"
SIGNAL = '<signal id="s" name="s"/>'
ESCALATION = '<escalation id="esc" name="esc" escalationCode="E"/>'
UNCODED = '<escalation id="esc0" name="esc0"/>'
ERROR = '<error id="err" name="err" errorCode="E"/>'
SENDS = '<signalEventDefinition signalRef="s"/>'
ESCALATES = '<escalationEventDefinition escalationRef="esc"/>'
FAILS = '<errorEventDefinition errorRef="err"/>'
COMPENSATES = "<compensateEventDefinition/>"
TRANSACTION = (
    '<transaction id="x"><startEvent id="ts"/><endEvent id="te"/>'
    '<sequenceFlow id="tf" sourceRef="ts" targetRef="te"/></transaction>'
)
HANDLER = '<task id="h" isForCompensation="true"/><association id="as" sourceRef="b" targetRef="h"/>'
UNDOES = '<boundaryEvent id="b" attachedToRef="x"><compensateEventDefinition/></boundaryEvent>'
EXTERNAL = 'camunda:type="external" camunda:topic="t"'
MAPPING = (
    '<extensionElements><camunda:inputOutput><camunda:inputParameter name="a">1</camunda:inputParameter>'
    "</camunda:inputOutput></extensionElements>"
)

CASES = {
    # Exclusive gateways
    "xor with conditions": Case(None, _split(guarded("g", "a", "${x}"), guarded("g", "b", "${y}"))),
    "xor without flows": Case("refused-gateway", START + gateway("g", "exclusive") + flows("start g")),
    "xor with one flow": Case(None, line(gateway("g", "exclusive"), way="g")),
    "xor with one flow and a condition": Case(
        "refused-gateway",
        START + gateway("g", "exclusive") + END + flows("start g") + guarded("g", "end", "${x}"),
    ),
    "xor with one flow that is the default": Case(
        None, START + gateway("g", "exclusive", 'default="g-end"') + END + flows("start g end")
    ),
    "xor whose default has a condition": Case(
        "refused-gateway",
        _split(guarded("g", "a", "${x}"), guarded("g", "b", "${y}"), attributes='default="g-b"'),
    ),
    "xor with one bare flow": Case(None, _split(guarded("g", "a", "${x}"), flows("g b"))),
    "xor with two bare flows": Case("refused-gateway", _split(flows("g a", "g b"))),
    "xor with a bare flow beside its default": Case(
        "refused-gateway", _split(flows("g a", "g b"), attributes='default="g-b"')
    ),
    "xor with an empty condition": Case(None, _split(guarded("g", "a", ""), guarded("g", "b", "${y}"))),
    "inclusive gateway without flows": Case(None, START + gateway("g", "inclusive") + flows("start g")),
    "inclusive gateway whose default has a condition": Case(
        None,
        START
        + gateway("g", "inclusive", 'default="g-a"')
        + '<task id="a"/><task id="b"/>'
        + flows("start g")
        + guarded("g", "a", "${x}")
        + guarded("g", "b", "${y}"),
    ),
    "parallel gateway with conditions": Case(
        None, START + gateway("g", "parallel") + END + flows("start g") + guarded("g", "end", "${x}")
    ),
    "complex gateway": Case("refused-flow", _task('<complexGateway id="x"/>')),
    "complex gateway apart": Case(None, line(receive("x", "A"), '<complexGateway id="y"/>', way="x")),
    # Event-based gateways
    "race of messages": Case(None, _raced(catch("x", "B"))),
    "race with a timer": Case(None, _raced(catching("x", timer("PT1H")))),
    "race with a signal": Case(None, _raced(catching("x", SENDS)), SIGNAL),
    "race with a condition": Case(
        None,
        _raced(
            '<intermediateCatchEvent id="x"><conditionalEventDefinition>'
            '<condition xsi:type="tFormalExpression">${a}</condition>'
            "</conditionalEventDefinition></intermediateCatchEvent>"
        ),
    ),
    "race with a receive task": Case("refused-gateway", _raced(receive("x", "B"))),
    "race with a task": Case("refused-gateway", _raced('<task id="x"/>')),
    "race with a link": Case(
        "refused-gateway",
        _raced(catching("x", LINK)),
    ),
    "race for one message": Case("refused-twin", _raced(catch("x", "A"))),
    "race without events": Case(None, START + gateway("g", "eventBased") + flows("start g")),
    "race with another way in": Case(
        "refused-gateway", _raced(catch("x", "B"), '<task id="t"/>' + flows("t x"))
    ),
    "two races for one event": Case(
        "refused-gateway",
        START
        + gateway("f", "parallel")
        + gateway("g", "eventBased")
        + gateway("h", "eventBased")
        + catch("a", "A")
        + catch("b", "B")
        + catch("c", "C")
        + END
        + flows("start f g a end", "f h b end", "g c end", "h c"),
    ),
    # Starts
    "no start": Case("refused-start", '<task id="a"/>' + END + flows("a end")),
    "two message starts": Case(
        None, START + f'<startEvent id="s2">{about("A")}</startEvent>' + END + flows("start end", "s2 end")
    ),
    "two starts of one message": Case(
        "refused-twin",
        START + f'<startEvent id="s2">{about("Go")}</startEvent>' + END + flows("start end", "s2 end"),
    ),
    "a message start and a none start": Case(
        None, START + '<startEvent id="s2"/>' + END + flows("start end", "s2 end")
    ),
    "two none starts": Case(
        "refused-start", '<startEvent id="s1"/><startEvent id="s2"/>' + END + flows("s1 end", "s2 end")
    ),
    "a none start and a timer start": Case(
        "refused-start",
        f'<startEvent id="s1"/><startEvent id="s2">{timer("PT10H")}</startEvent>'
        + END
        + flows("s1 end", "s2 end"),
    ),
    "start message with an expression": Case(
        "refused-start",
        f'<startEvent id="s1">{about("X")}</startEvent>' + END + flows("s1 end"),
        '<message id="X" name="X_${a}"/>',
    ),
    "start message without a message": Case(
        "refused-event", '<startEvent id="s1"><messageEventDefinition/></startEvent>' + END + flows("s1 end")
    ),
    "two signal starts of one name": Case(
        "refused-twin",
        f'<startEvent id="s1">{SENDS}</startEvent><startEvent id="s2">{SENDS}</startEvent>'
        + END
        + flows("s1 end", "s2 end"),
        SIGNAL,
    ),
    "start event with a way in": Case(None, line(receive("x", "A"), way="x") + flows("x start")),
    "end event with a way out": Case(
        None, line(receive("x", "A"), way="x") + '<task id="t"/>' + flows("end t")
    ),
    # Subprocesses
    "subprocess": Case(None, _sub()),
    "subprocess without a start": Case(
        "refused-start", _task('<subProcess id="x"><task id="t"/></subProcess>')
    ),
    "transaction without a start": Case(None, _task('<transaction id="x"><task id="t"/></transaction>')),
    "subprocess with two starts": Case("refused-start", _sub('<startEvent id="s2"/>')),
    "subprocess with a message start": Case(
        "refused-start",
        _task(f'<subProcess id="x"><startEvent id="s">{about("A")}</startEvent></subProcess>'),
    ),
    "subprocess with a timer start": Case(
        "refused-start",
        _task(f'<subProcess id="x"><startEvent id="s">{timer("PT1H")}</startEvent></subProcess>'),
    ),
    "ad hoc subprocess": Case(
        "refused-flow", _task('<adHocSubProcess id="x"><task id="t"/></adHocSubProcess>')
    ),
    "an element that BPMN does not know": Case("refused-schema", line('<brandNewThing id="y"/>', way="")),
    "elements in the wrong order": Case(
        "refused-schema", _task('<task id="x"><outgoing>x-end</outgoing><incoming>start-x</incoming></task>')
    ),
    "an element of another namespace": Case("refused-schema", _task('<task id="x"><camunda:odd/></task>')),
    "an attribute that BPMN does not know": Case("refused-schema", _task('<task id="x" colour="red"/>')),
    # Event subprocesses
    "event subprocess": Case(None, _with(trigger("t", about("B"), flows("t_start t_end")))),
    "event subprocess of a timer": Case(None, _with(trigger("t", timer("PT1H")))),
    "event subprocess without an event": Case("refused-start", _with(trigger("t", ""))),
    "event subprocess of an error": Case(None, _with(trigger("t", FAILS)), ERROR),
    "event subprocess of an error that interrupts nothing": Case(
        "refused-start", _with(trigger("t", FAILS, interrupting=False)), ERROR
    ),
    "event subprocess of an escalation": Case(None, _with(trigger("t", ESCALATES)), ESCALATION),
    "event subprocess of a signal": Case(None, _with(trigger("t", SENDS)), SIGNAL),
    "event subprocess for the compensation of the process": Case(
        "refused-start", _with(trigger("t", COMPENSATES))
    ),
    "event subprocess for the compensation of a subprocess": Case(
        None, _sub(trigger("t", COMPENSATES, flows("t_start t_end")))
    ),
    "two event subprocesses of one message": Case(
        "refused-twin", _with(trigger("t", about("B")) + trigger("u", about("B")))
    ),
    "two event subprocesses of two messages": Case(
        None, _with(trigger("t", about("B")) + trigger("u", about("C")))
    ),
    "event subprocess of the message that starts the process": Case(None, _with(trigger("t", about("Go")))),
    "two event subprocesses of one escalation": Case(
        "refused-boundary", _with(trigger("t", ESCALATES) + trigger("u", ESCALATES)), ESCALATION
    ),
    "flow to an event subprocess": Case("refused-flow", _with(trigger("t", about("B"))) + flows("x t")),
    "flow from an event subprocess": Case("refused-flow", _with(trigger("t", about("B"))) + flows("t end")),
    # Catch events
    "catch of a message": Case(None, _catching(about("A"))),
    "catch without an event": Case("refused-event", _catching("")),
    "catch of an error": Case("refused-event", _catching(FAILS), ERROR),
    "catch of an escalation": Case("refused-event", _catching(ESCALATES), ESCALATION),
    "catch of no message": Case("refused-event", _catching("<messageEventDefinition/>")),
    "catch of no signal": Case("refused-event", _catching("<signalEventDefinition/>")),
    "catch of a timer without a time": Case("refused-event", _catching("<timerEventDefinition/>")),
    "catch of a timer whose time is nonsense": Case(None, _catching(timer("hallo"))),
    "catch of no condition": Case("refused-schema", _catching("<conditionalEventDefinition/>")),
    "receive task without a message": Case(None, _task('<receiveTask id="x"/>')),
    "two signals of one name": Case("refused-event", _catching(SENDS), SIGNAL + '<signal id="s2" name="s"/>'),
    "message with an expression": Case(None, _catching(about("X")), '<message id="X" name="X_${a}"/>'),
    # Throw events
    "throw of nothing": Case(None, _throwing("")),
    "throw of a message": Case(None, _throwing(about("A"))),
    "throw of no message": Case(None, _throwing("<messageEventDefinition/>")),
    "throw of a signal": Case(None, _throwing(SENDS), SIGNAL),
    "throw of no signal": Case("refused-event", _throwing("<signalEventDefinition/>")),
    "throw of an escalation": Case(None, _throwing(ESCALATES), ESCALATION),
    "throw of no escalation": Case("refused-event", _throwing("<escalationEventDefinition/>")),
    "throw of an escalation without a code": Case(
        "refused-event", _throwing('<escalationEventDefinition escalationRef="esc0"/>'), UNCODED
    ),
    "end with an error": Case(None, _ending(FAILS), ERROR),
    "end with no error": Case("refused-event", _ending("<errorEventDefinition/>")),
    "end with an error without a code": Case(
        "refused-event", _ending('<errorEventDefinition errorRef="err0"/>'), '<error id="err0" name="err0"/>'
    ),
    "end with an escalation without a code": Case(
        "refused-event", _ending('<escalationEventDefinition escalationRef="esc0"/>'), UNCODED
    ),
    "end with no signal": Case("refused-event", _ending("<signalEventDefinition/>")),
    "end that terminates": Case(None, _ending("<terminateEventDefinition/>")),
    "end that cancels no transaction": Case("refused-event", _ending("<cancelEventDefinition/>")),
    "end that cancels a transaction": Case(
        None,
        _attached(
            "<cancelEventDefinition/>",
            '<transaction id="x"><startEvent id="ts"/><endEvent id="te"><cancelEventDefinition/></endEvent>'
            '<sequenceFlow id="tf" sourceRef="ts" targetRef="te"/></transaction>',
        ),
    ),
    "end with compensation": Case(None, _ending(COMPENSATES)),
    "end with a message": Case(None, _ending(about("A"))),
    # Links
    "link": Case(
        None,
        START + throwing("x", LINK) + catching("y", LINK) + END + flows("start x", "y end"),
    ),
    "link to nothing": Case(
        "refused-link",
        START + throwing("x", LINK) + flows("start x"),
    ),
    "link to nothing that nothing leads to": Case(
        None,
        line(
            receive("x", "A"),
            throwing("y", LINK),
            way="x",
        ),
    ),
    "link to two": Case(
        "refused-link",
        START
        + throwing("x", LINK)
        + catching("y", LINK)
        + catching("z", LINK)
        + END
        + flows("start x", "y end", "z end"),
    ),
    "link to another scope": Case(
        "refused-link",
        START
        + throwing("x", LINK)
        + subprocess(
            "y",
            catching("z", LINK) + flows("y_start y_end"),
        )
        + END
        + flows("start x"),
    ),
    "link that is left": Case(
        "refused-link",
        START + throwing("x", LINK) + catching("y", LINK) + END + flows("start x end", "y end"),
    ),
    # Boundary events
    "boundary of a message": Case(None, _attached(about("B"))),
    "boundary of the message of its host": Case("refused-twin", _attached(about("A"))),
    "boundary of the message of its host, which repeats": Case(None, _attached(about("A"), _loop(TWO))),
    "two boundaries of one message": Case("refused-twin", _attached(about("B")) + boundary("c", "x", "B")),
    "two boundaries of two messages": Case(None, _attached(about("B")) + boundary("c", "x", "C")),
    "boundary without an event": Case("refused-boundary", _attached("")),
    "boundary that terminates": Case("refused-boundary", _attached("<terminateEventDefinition/>")),
    "boundary of no message": Case("refused-event", _attached("<messageEventDefinition/>")),
    "boundary of no signal": Case("refused-event", _attached("<signalEventDefinition/>")),
    "boundary of a timer without a time": Case("refused-event", _attached("<timerEventDefinition/>")),
    "boundary of any error": Case(None, _attached("<errorEventDefinition/>")),
    "boundary of an escalation of a receive task": Case("refused-boundary", _attached(ESCALATES), ESCALATION),
    "boundary of an escalation of a user task": Case(
        None, _attached(ESCALATES, '<userTask id="x"/>'), ESCALATION
    ),
    "boundary of an escalation of a subprocess": Case(
        None, _attached(ESCALATES, subprocess("x", flows("x_start x_end"))), ESCALATION
    ),
    "boundary of an escalation of a call activity": Case(
        None, _attached(ESCALATES, '<callActivity id="x" calledElement="p"/>'), ESCALATION
    ),
    "two boundaries of one escalation": Case(
        "refused-boundary",
        _attached(ESCALATES, '<userTask id="x"/>')
        + f'<boundaryEvent id="c" attachedToRef="x">{ESCALATES}</boundaryEvent>',
        ESCALATION,
    ),
    "boundaries of one escalation and of any": Case(
        "refused-boundary",
        _attached(ESCALATES, '<userTask id="x"/>')
        + '<boundaryEvent id="c" attachedToRef="x"><escalationEventDefinition/></boundaryEvent>',
        ESCALATION,
    ),
    "two boundaries of one error": Case(
        None, _attached(FAILS) + f'<boundaryEvent id="c" attachedToRef="x">{FAILS}</boundaryEvent>', ERROR
    ),
    "boundary of a cancelled task": Case("refused-boundary", _attached("<cancelEventDefinition/>")),
    "boundary of a cancelled transaction": Case(None, _attached("<cancelEventDefinition/>", TRANSACTION)),
    "two boundaries of a cancelled transaction": Case(
        "refused-boundary",
        _attached("<cancelEventDefinition/>", TRANSACTION)
        + '<boundaryEvent id="c" attachedToRef="x"><cancelEventDefinition/></boundaryEvent>',
    ),
    "boundary of a gateway": Case(None, _attached(about("B"), gateway("x", "parallel"))),
    "boundary with a way in": Case(None, _attached(about("B")) + flows("start b")),
    "boundary and event subprocess of one message": Case(
        "refused-twin",
        _attached(about("B"), subprocess("x", flows("x_start x_end") + trigger("t", about("B")))),
    ),
    "boundary and event subprocess of one message, repeated": Case(
        None,
        _attached(
            about("B"),
            subprocess(
                "x",
                f"<multiInstanceLoopCharacteristics>{TWO}</multiInstanceLoopCharacteristics>"
                + flows("x_start x_end")
                + trigger("t", about("B")),
            ).replace(
                '<startEvent id="x_start"/><endEvent id="x_end"/><multiInstanceLoopCharacteristics>'
                f"{TWO}</multiInstanceLoopCharacteristics>",
                f"<multiInstanceLoopCharacteristics>{TWO}</multiInstanceLoopCharacteristics>"
                '<startEvent id="x_start"/><endEvent id="x_end"/>',
            ),
        ),
    ),
    # Tasks
    "service task without anything": Case("refused-task", _task('<serviceTask id="x"/>')),
    "service task of a worker": Case(None, _task(f'<serviceTask id="x" {EXTERNAL}/>')),
    "service task of a worker without a topic": Case(
        "refused-task", _task('<serviceTask id="x" camunda:type="external"/>')
    ),
    "service task of an unknown type": Case(
        "refused-task", _task('<serviceTask id="x" camunda:type="magic"/>')
    ),
    "service task of a class": Case(None, _task('<serviceTask id="x" camunda:class="a.B"/>')),
    "service task with an expression": Case(None, _task('<serviceTask id="x" camunda:expression="${a}"/>')),
    "service task with a decision": Case(
        "refused-task", _task('<serviceTask id="x" camunda:decisionRef="d"/>')
    ),
    "send task without anything": Case("refused-task", _task('<sendTask id="x" messageRef="A"/>')),
    "send task of a worker": Case(None, _task(f'<sendTask id="x" {EXTERNAL}/>')),
    "business rule task without anything": Case("refused-task", _task('<businessRuleTask id="x"/>')),
    "business rule task with a decision": Case(
        None, _task('<businessRuleTask id="x" camunda:decisionRef="d"/>')
    ),
    "script task without a script": Case(
        "refused-task", _task('<scriptTask id="x" scriptFormat="javascript"/>')
    ),
    "script task": Case(
        None, _task('<scriptTask id="x" scriptFormat="javascript"><script>1</script></scriptTask>')
    ),
    "script task without a format": Case(None, _task('<scriptTask id="x"><script>1</script></scriptTask>')),
    "script task with an empty script": Case(
        None, _task('<scriptTask id="x" scriptFormat="javascript"><script/></scriptTask>')
    ),
    "user task": Case(None, _task('<userTask id="x"/>')),
    "call activity": Case(None, _task('<callActivity id="x" calledElement="p"/>')),
    "call of nothing": Case("refused-task", _task('<callActivity id="x"/>')),
    # Repetitions
    "repetition": Case(None, _task(_loop(TWO))),
    "repetition of nothing": Case("refused-repetition", _task(_loop(""))),
    "repetition with an empty cardinality": Case(
        "refused-repetition", _task(_loop("<loopCardinality></loopCardinality>"))
    ),
    "repetition for a collection": Case(
        None, _task(_loop("", 'camunda:collection="c" camunda:elementVariable="v"'))
    ),
    "repetition for a variable of no collection": Case(
        "refused-repetition", _task(_loop(TWO, 'camunda:elementVariable="v"'))
    ),
    "standard loop": Case(None, _task('<task id="x"><standardLoopCharacteristics/></task>')),
    # Compensation
    "compensation": Case(None, _task('<task id="x"/>') + UNDOES + HANDLER),
    "compensation by what has a way out": Case(
        "refused-compensation", _task('<task id="x"/>') + UNDOES + HANDLER + flows("h end")
    ),
    "compensation by what is not for it": Case(
        "refused-compensation",
        _task('<task id="x"/>')
        + UNDOES
        + HANDLER.replace("isForCompensation", "completionQuantity").replace('"true"', '"1"'),
    ),
    "compensation of one activity twice": Case(
        "refused-compensation",
        _task('<task id="x"/>') + UNDOES + HANDLER + UNDOES.replace('id="b"', 'id="c"'),
    ),
    "compensation of something that is not there": Case(
        "refused-compensation", _throwing('<compensateEventDefinition activityRef="nobody"/>')
    ),
    "compensation of something beside": Case(
        None, _throwing('<compensateEventDefinition activityRef="y"/>', '<task id="y"/>')
    ),
    # Mappings
    "mapping of a task": Case(
        None,
        _task(f'<task id="x">{MAPPING}</task>'),
    ),
    "mapping of a gateway": Case(
        "refused-gateway",
        _task(f'<parallelGateway id="x">{MAPPING}</parallelGateway>'),
    ),
    # The process
    "time to live in days": Case(None, _task('<task id="x"/>'), attributes='camunda:historyTimeToLive="30"'),
    "time to live in months": Case(
        "refused-time-to-live", _task('<task id="x"/>'), attributes='camunda:historyTimeToLive="P1M"'
    ),
    "negative time to live": Case(
        "refused-time-to-live", _task('<task id="x"/>'), attributes='camunda:historyTimeToLive="-1"'
    ),
    "diagram of something that is not there": Case(
        "refused-diagram",
        _task('<task id="x"/>'),
        after='<bpmndi:BPMNDiagram xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" '
        'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"><bpmndi:BPMNPlane bpmnElement="orders">'
        '<bpmndi:BPMNShape bpmnElement="nobody"><dc:Bounds x="0" y="0" width="9" height="9"/>'
        "</bpmndi:BPMNShape></bpmndi:BPMNPlane></bpmndi:BPMNDiagram>",
    ),
}
