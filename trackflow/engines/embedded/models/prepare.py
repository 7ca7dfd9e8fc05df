"""From a model that can run (`obstacles.check` says so) to a process that is ready to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from types import MappingProxyType

from trackflow.bpmn import Element, Flow, Model, expressions
from trackflow.bpmn.expressions import Expression
from trackflow.bpmn.graph import links_of
from trackflow.bpmn.model import THROWS, Passing
from trackflow.bpmn.tokens import holds_expression
from trackflow.engines.embedded.models.behaviours import BEHAVIOURS, LISTENS
from trackflow.engines.embedded.models.process import (
    Behaviour,
    Calls,
    Clock,
    Exit,
    Handing,
    Handlers,
    Node,
    Process,
    Repeats,
)
from trackflow.engines.embedded.models.reach import reach
from trackflow.errors import ExpressionError, ModelError

THROWN = ("error", "escalation", "cancel")


def prepare(model: Model) -> Process:
    """The model, ready to run. Raises ModelError: an expression cannot be read.

    A model that is deployed is not checked again: its instances run, whatever is refused since.
    """
    return _Preparing(model).process()


class _Preparing:
    """One model that has no obstacles, looked at from all sides."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._elements = model.elements
        self._boundary = defaultdict[str | None, list[Element]](list)  # by host
        self._triggers = defaultdict[str | None, list[Element]](list)  # by the scope that they listen in
        self._inner_starts = dict[str | None, str]()  # by subprocess
        for element in self._elements.values():
            self._file(element)

    def _file(self, element: Element) -> None:
        subprocess = self._elements.get(element.scope or "")
        if element.type == "boundaryEvent":
            self._boundary[element.attached_to].append(element)
        elif element.type == "startEvent" and subprocess is not None:
            self._inner_starts[subprocess.id] = element.id
            if subprocess.triggered:
                self._triggers[subprocess.scope].append(element)

    def process(self) -> Process:
        """The process."""
        return Process(
            id=self._model.process,
            nodes=MappingProxyType({id_: self._node(element) for id_, element in self._elements.items()}),
            starts=MappingProxyType(
                {each.message: each.id for each in self._elements.values() if _starts(each) and each.message}
            ),
            begins=_initial([each for each in self._elements.values() if _starts(each)]),
            ends=frozenset(each.id for each in self._elements.values() if each.type == "endEvent"),
            variables=self._model.variables,
            hands_all_to=frozenset(
                each.reference
                for each in self._elements.values()
                if each.reference and each.call and any(passing.target is None for passing in each.call.into)
            ),
            triggers=MappingProxyType(
                {
                    scope: tuple(each.id for each in found if each.event in LISTENS)
                    for scope, found in self._triggers.items()
                }
            ),
            handlers=MappingProxyType(dict(self._handlers())),
            is_conditional=any(each.condition for each in self._elements.values()),
            reach=MappingProxyType(reach(self._model)),
            signals=frozenset(
                each.reference
                for each in self._elements.values()
                if each.event == "signal" and each.type not in THROWS and each.reference
            ),
        )

    def _node(self, element: Element) -> Node:
        flows = [self._model.flows[id_] for id_ in element.outgoing]
        exits = {flow.id: Exit(self._target(flow), self._condition(flow)) for flow in flows}
        default = exits.pop(element.default) if element.default else None
        behaviour = BEHAVIOURS[element.type, element.event]
        subprocess = self._elements.get(element.scope or "")
        is_trigger = element.type == "startEvent" and subprocess is not None and subprocess.triggered
        return Node(
            id=element.id,
            name=element.name,
            behaviour=behaviour,
            scope=element.scope,
            incoming=len(element.incoming),
            exits=tuple(exits.values()),
            default=default,
            message=element.message,
            message_expression=self._message_expression(element),
            clock=self._clock(element),
            condition=self._compiled(element, element.condition) if element.condition else None,
            signal=element.reference if element.event == "signal" else None,
            code=element.reference if element.event in THROWN else None,
            compensates=element.reference if element.event == "compensate" else None,
            handler=self._handler_of(element),
            catches=_catches(element, behaviour, [exit_.target for exit_ in exits.values()]),
            boundary=tuple(each.id for each in self._boundary[element.id] if each.event in LISTENS),
            host=element.attached_to,
            begins=element.scope if is_trigger else None,
            interrupting=element.interrupting or element.event == "error",
            triggered=element.triggered,
            start=self._inner_starts.get(element.id),
            repeats=self._repeats(element),
            calls=self._calls(element),
        )

    def _handler_of(self, element: Element) -> str | None:
        """What compensates it: its compensation boundary event is associated with it (BPMN 10.7.1)."""
        events = self._boundary[element.id]
        return next((each.reference for each in events if each.event == "compensate"), None)

    def _target(self, flow: Flow) -> str:
        """Where a flow leads: a flow to a link's throw event leads on to its catch event.

        The engine family knows no throw event of a link either (`BpmnParse.parseSequenceFlow`).
        """
        return links_of(self._model).get(flow.target, flow.target)

    def _condition(self, flow: Flow) -> Expression | None:
        return None if flow.condition is None else self._compiled(flow, flow.condition)

    def _message_expression(self, element: Element) -> Expression | None:
        if element.message is None or not holds_expression(element.message):
            return None
        return self._compiled(element, element.message)

    def _clock(self, element: Element) -> Clock | None:
        timer = element.timer
        if timer is None:
            return None
        repeats = timer.kind == "cycle" and not element.interrupting
        return Clock(timer.kind, self._compiled(element, timer.text), repeats)

    def _repeats(self, element: Element) -> Repeats | None:
        found = element.repetition
        if found is None or found.cardinality is None:
            return None
        until = self._compiled(element, found.until) if found.until else None
        return Repeats(found.sequential, self._compiled(element, found.cardinality), until)

    def _calls(self, element: Element) -> Calls | None:
        if element.call is None or element.reference is None:
            return None
        into, back = (
            tuple(self._handing(element, each) for each in passings)
            for passings in (element.call.into, element.call.back)
        )
        return Calls(element.reference, into, back)

    def _handing(self, element: Element, passing: Passing) -> Handing:
        source = self._compiled(element, passing.expression) if passing.expression else passing.source
        return Handing(source, passing.target or "")

    def _compiled(self, where: Flow | Element, text: str) -> Expression:
        try:
            return expressions.compile(text)
        except ExpressionError as exc:
            raise ModelError(f"{self._model.file}: {where}: {exc}") from exc

    def _handlers(self) -> Iterator[tuple[tuple[str, str | None], Handlers]]:
        """By what is thrown and where."""
        called = (each.id for each in self._elements.values() if each.call is not None)
        scopes: list[str | None] = [None, *self._inner_starts, *called]
        for thrown in THROWN:
            for scope in scopes:
                inside, outside = self._triggers[scope], self._boundary[scope]
                found = Handlers(_in_order(inside, thrown), _in_order(outside, thrown))
                if found.inside or found.outside:
                    yield (thrown, scope), found


def _in_order(elements: Iterable[Element], thrown: str) -> tuple[str, ...]:
    """Those that name a code come first (`ErrorEventDefinition.getPrecedence`)."""
    found = [each for each in elements if each.event == thrown]
    return tuple(each.id for each in sorted(found, key=lambda each: each.reference is None))


def _catches(element: Element, behaviour: Behaviour, targets: list[str]) -> tuple[str, ...]:
    if behaviour is Behaviour.RACE:
        return tuple(targets)
    return (element.id,) if behaviour is Behaviour.WAIT and element.event in LISTENS else ()


def _starts(element: Element) -> bool:
    return element.type == "startEvent" and element.scope is None


def _initial(starts: list[Element]) -> str | None:
    """Where a called instance begins: at the start without an event, or at the only one (`selectInitial`)."""
    chosen = starts if len(starts) == 1 else [each for each in starts if each.event is None]
    return chosen[0].id if chosen else None
