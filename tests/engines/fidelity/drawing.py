"""A BPMN model as a small tree that can be made at random, taken apart and written as XML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

_NAMESPACES = (
    'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
)
# What an event definition refers to: the root element's name, and the attribute that holds the reference.
_ROOTS = {
    "message": ("message", "messageRef"),
    "signal": ("signal", "signalRef"),
    "error": ("error", "errorRef"),
    "escalation": ("escalation", "escalationRef"),
}
_EXPRESSION = 'xsi:type="tFormalExpression"'


@dataclass
class Flow:
    """A sequence flow."""

    source: str
    target: str
    condition: str | None = None
    default: bool = False

    @property
    def id(self) -> str:
        return f"{self.source}-{self.target}"


@dataclass
class Node:
    """An element, with what is inside it if it is a subprocess.

    Attributes:
        event: `message`, `timer`, `signal`, `error`, `escalation`, `link`, `terminate`, `cancel`,
            `compensate`, `conditional`; None for an event without a definition.
        about: the message's name, the code, the timer's text, the condition; None for none.
        timer: `timeDuration`, `timeDate` or `timeCycle`.
        host: of a boundary event, the id of the element that it is attached to.
        interrupting: of a boundary event or an event subprocess's start.
        repetition: `(sequential, cardinality, completion condition)`.
        handler: of a compensation boundary event, the id of what it is associated with.
        attributes: any others, as they are in the file.
    """

    id: str
    type: str
    event: str | None = None
    about: str | None = None
    timer: str = "timeDuration"
    host: str | None = None
    interrupting: bool = True
    repetition: tuple[bool, str, str | None] | None = None
    handler: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)

    def scopes(self) -> Iterator[Node]:
        """Itself and every subprocess in it."""
        yield self
        for node in self.nodes:
            if node.nodes:
                yield from node.scopes()

    def all(self) -> Iterator[Node]:
        """Every element in it, at any depth."""
        for node in self.nodes:
            yield node
            yield from node.all()


def xml(process: Node) -> str:
    """The file of one process, whose id is the node's."""
    roots = sorted({(each.event or "message", each.about) for each in process.all() if _refers(each)})
    named = {root: f"root-{number}" for number, root in enumerate(roots)}
    lines = [f'<definitions {_NAMESPACES} targetNamespace="urn:fidelity">']
    lines += [f"  {_root(kind, about, identity)}" for (kind, about), identity in named.items()]
    lines += [f'  <process id={quoteattr(process.id)} isExecutable="true" camunda:historyTimeToLive="P1D">']
    lines += _inside(process, named, "    ")
    return "\n".join([*lines, "  </process>", "</definitions>", ""])


def _refers(node: Node) -> bool:
    """Whether it refers to a root element."""
    return (node.event in _ROOTS or node.type == "receiveTask") and node.about is not None


def _root(kind: str, about: str | None, identity: str) -> str:
    code = {
        "error": f" errorCode={quoteattr(about or '')}",
        "escalation": f" escalationCode={quoteattr(about or '')}",
    }
    return f"<{kind} id={quoteattr(identity)} name={quoteattr(about or '')}{code.get(kind, '')}/>"


def _inside(scope: Node, named: dict[tuple[str, str | None], str], indent: str) -> list[str]:
    defaults = {flow.source: flow.id for flow in scope.flows if flow.default}
    lines = [line for node in scope.nodes for line in _element(node, defaults.get(node.id), named, indent)]
    lines += [f"{indent}{_flow(flow)}" for flow in scope.flows]
    ids = {node.id for node in scope.nodes}
    return lines + [f"{indent}{_association(node)}" for node in scope.nodes if node.handler in ids]


def _element(
    node: Node, default: str | None, named: dict[tuple[str, str | None], str], indent: str
) -> list[str]:
    attributes = {"id": node.id, **node.attributes}
    if default:
        attributes["default"] = default
    if node.host:
        attributes |= {"attachedToRef": node.host, "cancelActivity": str(node.interrupting).lower()}
    if node.type == "startEvent" and not node.interrupting:
        attributes["isInterrupting"] = "false"
    if node.type == "receiveTask" and node.about is not None:
        attributes["messageRef"] = named["message", node.about]
    opening = " ".join([node.type, *(f"{name}={quoteattr(value)}" for name, value in attributes.items())])
    content = [f"{indent}  {line}" for line in (_definition(node, named), _loop(node)) if line]
    content += _inside(node, named, indent + "  ")
    if not content:
        return [f"{indent}<{opening}/>"]
    return [f"{indent}<{opening}>", *content, f"{indent}</{node.type}>"]


def _definition(node: Node, named: dict[tuple[str, str | None], str]) -> str:
    if node.event is None or node.type == "receiveTask":
        return ""
    tag, about = f"{node.event}EventDefinition", node.about or ""
    if node.event == "timer":
        return f"<{tag}><{node.timer} {_EXPRESSION}>{escape(about)}</{node.timer}></{tag}>"
    if node.event == "conditional":
        return f"<{tag}><condition {_EXPRESSION}>{escape(about)}</condition></{tag}>"
    if node.event == "link":
        return f"<{tag} name={quoteattr(about)}/>"
    if node.event == "compensate" and about:
        return f"<{tag} activityRef={quoteattr(about)}/>"
    if node.event in _ROOTS and node.about is not None:
        return f"<{tag} {_ROOTS[node.event][1]}={quoteattr(named[node.event, node.about])}/>"
    return f"<{tag}/>"


def _loop(node: Node) -> str:
    if node.repetition is None:
        return ""
    sequential, cardinality, until = node.repetition
    done = f"<completionCondition {_EXPRESSION}>{escape(until)}</completionCondition>" if until else ""
    return (
        f'<multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}">'
        f"<loopCardinality {_EXPRESSION}>{escape(cardinality)}</loopCardinality>{done}"
        "</multiInstanceLoopCharacteristics>"
    )


def _association(node: Node) -> str:
    ends = f"sourceRef={quoteattr(node.id)} targetRef={quoteattr(node.handler or '')}"
    return f'<association id={quoteattr(f"{node.id}-by")} {ends} associationDirection="One"/>'


def _flow(flow: Flow) -> str:
    attributes = (
        f"id={quoteattr(flow.id)} sourceRef={quoteattr(flow.source)} targetRef={quoteattr(flow.target)}"
    )
    if flow.condition is None:
        return f"<sequenceFlow {attributes}/>"
    condition = f"<conditionExpression {_EXPRESSION}>{escape(flow.condition)}</conditionExpression>"
    return f"<sequenceFlow {attributes}>{condition}</sequenceFlow>"
