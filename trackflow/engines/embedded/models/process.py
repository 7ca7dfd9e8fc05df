"""A model made ready to run: every element has a behaviour, every expression is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from trackflow.bpmn.expressions import Expression


class Behaviour(Enum):
    """What a token does that comes to an element."""

    PASS = auto()  # goes on at once
    LINK = auto()  # goes on at once, and was never there: the engine family's history has no links
    WAIT = auto()  # waits for the element's own event, or for what its boundary events bring
    RACE = auto()  # waits for the first of the events behind an event-based gateway
    CHOOSE = auto()  # takes the first flow whose condition is true
    JOIN = auto()  # waits until a token has come for every incoming flow, then takes all flows
    MERGE = auto()  # waits until no other token can come, then takes the flows whose conditions are true
    NEST = auto()  # waits until everything in the subprocess is done
    CALL = auto()  # waits until the instance of the called process has ended
    END = auto()  # is gone
    TERMINATE = auto()  # is gone, and every other token of its scope with it
    FAIL = auto()  # throws an error
    ESCALATE = auto()  # throws an escalation, and goes on unless that interrupts it
    CANCEL = auto()  # cancels its transaction
    COMPENSATE = auto()  # has what is done undone, and goes on
    SIGNAL = auto()  # throws a signal, and goes on


@dataclass(frozen=True, slots=True)
class Exit:
    """A sequence flow as seen from the element that it leaves."""

    target: str
    condition: Expression | None


@dataclass(frozen=True, slots=True)
class Clock:
    """When a timer event fires: its kind (`duration`, `date`, `cycle`) and the text, perhaps to be evaluated.

    `repeats`: whether it fires again; only what interrupts nothing does (`TimerDeclarationImpl`).
    """

    kind: str
    text: Expression
    repeats: bool


@dataclass(frozen=True, slots=True)
class Repeats:
    """How a multi-instance element runs."""

    sequential: bool
    cardinality: Expression
    until: Expression | None


@dataclass(frozen=True, slots=True)
class Handing:
    """A variable that goes from one instance to another.

    `source` is what is evaluated there, or the variable's name; None: all variables, under their own names.
    """

    source: Expression | str | None
    target: str


@dataclass(frozen=True, slots=True)
class Calls:
    """Which process a call activity calls, what the instance begins with and what it gives back."""

    process: str
    into: tuple[Handing, ...]
    back: tuple[Handing, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """An element, ready to run.

    Attributes:
        id: of the element.
        name: its label.
        behaviour: what a token does here.
        scope: id of the subprocess that it lies in; None directly in the process.
        incoming: how many flows lead here.
        exits: the flows that leave, in the order of the file, without the default flow.
        default: the flow that is taken if none of `exits` is.
        message: what it awaits, or starts with.
        message_expression: the same, if it is to be evaluated when the wait begins.
        clock: when it fires.
        condition: of a conditional event.
        signal: name of the signal that it throws or listens for.
        code: of an error or escalation that it throws or catches; None catches any.
        compensates: of a compensation event that is thrown, the activity that it is for; None: everything.
        handler: the activity that compensates it.
        catches: ids of the elements whose events a token that waits here can take for itself.
        boundary: ids of its boundary events that listen: for a message, a timer, a signal, a condition.
        host: of a boundary event, the element that it is attached to.
        begins: of an event subprocess's start event, the id of the event subprocess; of a subprocess that is
            not triggered, None.
        interrupting: whether it ends what it is attached to, or what it stands in.
        triggered: whether it is an event subprocess.
        start: of a subprocess, the id of the start event that a token in it begins at.
        repeats: of a multi-instance element.
        calls: of a call activity.
    """

    id: str
    name: str | None
    behaviour: Behaviour
    scope: str | None
    incoming: int
    exits: tuple[Exit, ...]
    default: Exit | None
    message: str | None
    message_expression: Expression | None
    clock: Clock | None
    condition: Expression | None
    signal: str | None
    code: str | None
    compensates: str | None
    handler: str | None
    catches: tuple[str, ...]
    boundary: tuple[str, ...]
    host: str | None
    begins: str | None
    interrupting: bool
    triggered: bool
    start: str | None
    repeats: Repeats | None
    calls: Calls | None


@dataclass(frozen=True, slots=True)
class Handlers:
    """What catches what is thrown inside a scope: ids of events, in the order in which they are asked.

    Attributes:
        inside: start events of the event subprocesses in it.
        outside: boundary events of the subprocess.
    """

    inside: tuple[str, ...]
    outside: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Process:
    """A model, ready to run.

    Attributes:
        id: of the BPMN process.
        nodes: by element id.
        starts: message name → id of the start event.
        begins: id of the start event at which an instance begins that is called; None: none can be.
        ends: ids of the end events.
        variables: names that an expression uses, or that a call hands over.
        hands_all_to: ids of the processes that it calls with all its variables.
        triggers: by scope (None: the process), the start events of event subprocesses that listen.
        handlers: by what is thrown (`error`, `escalation`, `cancel`) and scope.
        is_conditional: whether any event waits for a condition.
        reach: by inclusive gateway, the elements that a token can come from to it.
        signals: names of those that it can listen for.
    """

    id: str
    nodes: Mapping[str, Node]
    starts: Mapping[str, str]
    begins: str | None
    ends: frozenset[str]
    variables: frozenset[str]
    hands_all_to: frozenset[str]
    triggers: Mapping[str | None, tuple[str, ...]]
    handlers: Mapping[tuple[str, str | None], Handlers]
    is_conditional: bool
    reach: Mapping[str, frozenset[str]]
    signals: frozenset[str]
