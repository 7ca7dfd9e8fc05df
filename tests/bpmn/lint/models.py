"""Small models for lint, as text."""

from __future__ import annotations

from trackflow.bpmn import Model, parse

HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="urn:test">'
)
MESSAGES = "".join(f'<message id="{name}" name="{name}"/>' for name in ("Go", "A", "B", "C", "D"))
START = '<startEvent id="start"><messageEventDefinition messageRef="Go"/></startEvent>'
END = '<endEvent id="end"/>'
LINK = '<linkEventDefinition name="L"/>'


def model(
    body: str,
    beside: str = "",
    *,
    process: str = "orders",
    attributes: str = 'camunda:historyTimeToLive="P1D"',
    after: str = "",
) -> Model:
    """A process with this in it, and root elements around it. Its messages are Go, A, B, C and D."""
    text = (
        f'{HEAD}\n{MESSAGES}{beside}\n<process id="{process}" isExecutable="true" {attributes}>\n{body}\n'
        f"</process>{after}</definitions>"
    )
    return parse(text.encode(), f"{process}.bpmn")


def line(*elements: str, way: str, more: str = "") -> str:
    """Start, these, end, and flows along a way."""
    return START + "".join(elements) + END + flows(f"start {way} end") + more


def flows(*ways: str) -> str:
    """Sequence flows: `"a b c"` leads from a to b and on to c. A flow's id is `a-b`."""
    pairs = [pair for way in ways for pair in zip(way.split(), way.split()[1:], strict=False)]
    return "".join(f'<sequenceFlow id="{a}-{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in pairs)


def guarded(source: str, target: str, condition: str) -> str:
    """A sequence flow with a condition."""
    return (
        f'<sequenceFlow id="{source}-{target}" sourceRef="{source}" targetRef="{target}">'
        f'<conditionExpression xsi:type="tFormalExpression">{condition}</conditionExpression></sequenceFlow>'
    )


def catch(id_: str, message: str) -> str:
    """An intermediate catch event of a message."""
    return catching(id_, about(message))


def catching(id_: str, definition: str) -> str:
    """An intermediate catch event."""
    return f'<intermediateCatchEvent id="{id_}">{definition}</intermediateCatchEvent>'


def throwing(id_: str, definition: str) -> str:
    """An intermediate throw event."""
    return f'<intermediateThrowEvent id="{id_}">{definition}</intermediateThrowEvent>'


def receive(id_: str, message: str, inside: str = "") -> str:
    """A receive task."""
    return f'<receiveTask id="{id_}" messageRef="{message}">{inside}</receiveTask>'


def boundary(id_: str, host: str, message: str, interrupting: bool = True) -> str:
    """A boundary event of a message."""
    return (
        f'<boundaryEvent id="{id_}" attachedToRef="{host}" cancelActivity="{str(interrupting).lower()}">'
        f"{about(message)}</boundaryEvent>"
    )


def gateway(id_: str, kind: str, attributes: str = "") -> str:
    """An `exclusive`, `parallel`, `inclusive` or `eventBased` gateway."""
    return f'<{kind}Gateway id="{id_}" {attributes}/>'


def subprocess(id_: str, body: str, attributes: str = "") -> str:
    """An embedded subprocess with a start and an end of its own, `<id>_start` and `<id>_end`."""
    return (
        f'<subProcess id="{id_}" {attributes}><startEvent id="{id_}_start"/><endEvent id="{id_}_end"/>'
        f"{body}</subProcess>"
    )


def trigger(id_: str, definition: str, body: str = "", interrupting: bool = True) -> str:
    """An event subprocess with a start and an end, `<id>_start` and `<id>_end`."""
    return (
        f'<subProcess id="{id_}" triggeredByEvent="true">'
        f'<startEvent id="{id_}_start" isInterrupting="{str(interrupting).lower()}">{definition}</startEvent>'
        f'<endEvent id="{id_}_end"/>{body}</subProcess>'
    )


def about(message: str) -> str:
    """The definition of a message event."""
    return f'<messageEventDefinition messageRef="{message}"/>'


def timer(text: str, kind: str = "timeDuration") -> str:
    """The definition of a timer event."""
    return (
        f'<timerEventDefinition><{kind} xsi:type="tFormalExpression">{text}</{kind}></timerEventDefinition>'
    )
