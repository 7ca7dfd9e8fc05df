"""A BPMN model as values: parsed once, never changed, shared by everybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


def described(kind: str, identity: str | None, name: str | None) -> str:
    """An element in words, for an error's text: `receiveTask 'Wait' (Wait for payment)`."""
    label = f" ({' '.join(name.split())})" if name and name.strip() else ""
    return f"{kind} {identity!r}{label}" if identity else f"{kind} without an id{label}"


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
    """

    id: str
    name: str | None
    source: str
    target: str
    condition: str | None
    language: str | None

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
        variables: names that any expression in the process uses.
        time_to_live: how long an engine keeps ended instances, as the file says it.
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
