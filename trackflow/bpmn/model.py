"""A BPMN model as values: parsed once, never changed, shared by everybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# What takes a message or a signal, and what throws one.
CATCHES = frozenset({"startEvent", "intermediateCatchEvent", "boundaryEvent", "receiveTask"})
THROWS = frozenset({"intermediateThrowEvent", "endEvent"})
SUBPROCESSES = frozenset({"subProcess", "transaction", "adHocSubProcess"})


def described(kind: str, identity: str | None, name: str | None) -> str:
    """An element in words, for an error's text: `receiveTask 'Wait' (Wait for payment)`."""
    label = f" ({' '.join(name.split())})" if name and name.strip() else ""
    return f"{kind} {identity!r}{label}" if identity else f"{kind} without an id{label}"


@dataclass(frozen=True, slots=True)
class Timer:
    """When a timer event fires, in the file's own words.

    Attributes:
        kind: `duration`, `date` or `cycle`.
        text: an ISO 8601 duration, date or repeating interval; may hold an expression.
    """

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Repetition:
    """What makes an element run several times (BPMN 13.3.7, multi-instance).

    Attributes:
        sequential: one after the other, not all at once.
        cardinality: how often, a number or an expression; None if nothing says so.
        until: the condition that ends it early, looked at after each instance.
        collection: a collection whose items the instances are for.
    """

    sequential: bool
    cardinality: str | None
    until: str | None
    collection: str | None


@dataclass(frozen=True, slots=True)
class Passing:
    """A variable that a call activity hands to the called process, or gets back from it.

    Attributes:
        source: name of the variable there.
        expression: what is handed over instead, evaluated there.
        target: its name here; None: all variables, under their own names.
    """

    source: str | None
    expression: str | None
    target: str | None


@dataclass(frozen=True, slots=True)
class Call:
    """How a call activity and the instance that it calls share what they know.

    Attributes:
        business_key: the expression that gives the called instance its business key; None: it has none.
        into: what the called instance begins with.
        back: what it gives back when it ends.
    """

    business_key: str | None
    into: tuple[Passing, ...]
    back: tuple[Passing, ...]


@dataclass(frozen=True, slots=True)
class Element:
    """Anything in a process that a token can be at.

    Attributes:
        id: unique in the file.
        type: BPMN's own word, as in the file: `startEvent`, `receiveTask`, `exclusiveGateway`, …
        name: its label.
        event: what an event or a receive task is about: `message`, `timer`, `terminate`, …; None if nothing.
        message: the name of its message; may hold an expression.
        incoming: ids of the sequence flows that lead to it, in the order of the file.
        outgoing: ids of the sequence flows that leave it, in the order of the file.
        default: the one of `outgoing` that is taken when no other can be.
        scope: id of the subprocess that it lies in; None directly in the process.
        attached_to: of a boundary event, the id of its host.
        features: what else in the file changes how it runs, by the file's own words
            (`multiInstanceLoopCharacteristics`, `executionListener`, …).
        limit: how many seconds an order may be here before somebody should look: the extension property
            `limit`.
        line: where it stands in the file.
        timer: of a timer event.
        reference: what else names what it is about: a signal's name, an error's or escalation's code, a
            link's name, the id of the activity that a compensation is for (of a boundary event: of the
            one that compensates), the process that a call activity calls. None if the file does not say.
        condition: of a conditional event, its expression.
        interrupting: whether a boundary event or the start of an event subprocess ends what it stands at.
        triggered: whether a subprocess is an event subprocess.
        repetition: of a multi-instance element.
        implementation: how an engine would run a task: `external` (a worker fetches it), or the file's
            attribute or child that holds code: `class`, `expression`, `decisionRef`, `script`, …
        call: of a call activity.
    """

    id: str
    type: str
    name: str | None
    event: str | None
    message: str | None
    incoming: tuple[str, ...]
    outgoing: tuple[str, ...]
    default: str | None
    scope: str | None
    attached_to: str | None
    features: tuple[str, ...]
    limit: float | None = None
    line: int = 0
    timer: Timer | None = None
    reference: str | None = None
    condition: str | None = None
    interrupting: bool = True
    triggered: bool = False
    repetition: Repetition | None = None
    implementation: str | None = None
    call: Call | None = None

    def __str__(self) -> str:
        return described(self.type, self.id, self.name)


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence flow.

    Attributes:
        id: unique in the file.
        name: its label.
        source: id of the element that it leaves.
        target: id of the element that it leads to.
        condition: the text of its condition, None if it has none.
        language: of the condition, if it is a script.
        line: where it stands in the file.
    """

    id: str
    name: str | None
    source: str
    target: str
    condition: str | None
    language: str | None
    line: int = 0

    def __str__(self) -> str:
        return described("sequenceFlow", self.id, self.name)


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """One BPMN file and its one executable process.

    Attributes:
        source: the file's bytes.
        file: its name, for messages.
        process: id of the executable process.
        name: of the process.
        elements: by id, those of the executable process, subprocesses included, in the order of the file.
        flows: by id, likewise.
        messages: names of the messages that the process awaits, those that start it included.
        starts: names of the messages that start an instance.
        variables: names that an expression in the process uses, or a call hands over.
        time_to_live: how long an engine keeps ended instances, as the file says it.
        line: where the process stands in the file.
        drawn: ids of what the file's diagram shows.
    """

    source: bytes
    file: str
    process: str
    name: str | None
    elements: Mapping[str, Element]
    flows: Mapping[str, Flow]
    messages: frozenset[str]
    starts: frozenset[str]
    variables: frozenset[str]
    time_to_live: str | None
    line: int = 0
    drawn: frozenset[str] = frozenset()
