"""Models that call each other or throw signals, and the scripts that real engines and our own play."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from trackflow.bpmn import Model, parse

_FILE = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="urn:test">
  {declared}
  <process id="{process}" isExecutable="true" camunda:historyTimeToLive="P1D">{body}</process>
</definitions>"""
_DECLARED = (
    "".join(f'<message id="m{name}" name="{name}"/>' for name in ["Go", "Go2", "A", "B", "C", "D", "Stop"])
    + "".join(f'<signal id="s{name}" name="{name}"/>' for name in ["Alarm", "Calm"])
    + '<signal id="dyn" name="Alarm-${x}"/>'
    + '<error id="eE1" errorCode="E1"/><error id="eE2" errorCode="E2"/>'
    + '<escalation id="xX1" escalationCode="X1"/>'
)
KEY = '<camunda:in businessKey="#{execution.processBusinessKey}"/>'


def model(process: str, body: str, flows: str = "") -> Model:
    """`flows`: as `A>B>C`, or `A>B?condition`, between blanks."""
    return parse(
        _FILE.format(declared=_DECLARED, process=process, body=body + _flows(flows)).encode(),
        f"{process}.bpmn",
    )


def _flows(text: str) -> str:
    drawn = ""
    for each in text.split():
        way, _, condition = each.partition("?")
        ids = way.split(">")
        inner = f"<conditionExpression>${{{condition}}}</conditionExpression>" if condition else ""
        for source, target in itertools.pairwise(ids):
            ends = f'id="{source}_{target}" sourceRef="{source}" targetRef="{target}"'
            drawn += f"<sequenceFlow {ends}>{inner}</sequenceFlow>"
    return drawn


def start(message: str = "Go") -> str:
    """A message start event `S`."""
    return f'<startEvent id="S"><messageEventDefinition messageRef="m{message}"/></startEvent>'


def begin() -> str:
    """A start event `s` for a call."""
    return '<startEvent id="s"/>'


def receive(id_: str, message: str, inner: str = "") -> str:
    """A receive task."""
    return f'<receiveTask id="{id_}" messageRef="m{message}">{inner}</receiveTask>'


def tasks(*ids: str) -> str:
    """Tasks that are passed."""
    return "".join(f'<task id="{id_}"/>' for id_ in ids)


def call(id_: str, process: str, mappings: str = "", inner: str = "", key: str = KEY) -> str:
    """A call activity."""
    extensions = f"<extensionElements>{key}{mappings}</extensionElements>"
    return f'<callActivity id="{id_}" calledElement="{process}">{extensions}{inner}</callActivity>'


def boundary(id_: str, host: str, event: str, about: str = "", interrupting: bool = True) -> str:
    """A boundary event."""
    canceling = "" if interrupting else ' cancelActivity="false"'
    return (
        f'<boundaryEvent id="{id_}" attachedToRef="{host}"{canceling}>{_event(event, about)}</boundaryEvent>'
    )


def end(id_: str, event: str = "", about: str = "") -> str:
    """An end event."""
    return f'<endEvent id="{id_}">{_event(event, about)}</endEvent>'


def throw(id_: str, event: str, about: str) -> str:
    """An intermediate throw event."""
    return f'<intermediateThrowEvent id="{id_}">{_event(event, about)}</intermediateThrowEvent>'


def catch(id_: str, event: str, about: str) -> str:
    """An intermediate catch event."""
    return f'<intermediateCatchEvent id="{id_}">{_event(event, about)}</intermediateCatchEvent>'


def triggered(id_: str, event: str, about: str, body: str, interrupting: bool = True) -> str:
    """An event subprocess; its start event is `<id>s`."""
    begun = "" if interrupting else ' isInterrupting="false"'
    first = f'<startEvent id="{id_}s"{begun}>{_event(event, about)}</startEvent>'
    return f'<subProcess id="{id_}" triggeredByEvent="true">{first}{body}</subProcess>'


def subprocess(id_: str, inner: str, flows: str) -> str:
    """A subprocess with a start event `sps`."""
    return f'<subProcess id="{id_}"><startEvent id="sps"/>{inner}{_flows(flows)}</subProcess>'


def several(number: int, sequential: bool = False) -> str:
    """What makes an element run so often."""
    order = ' isSequential="true"' if sequential else ""
    return (
        f"<multiInstanceLoopCharacteristics{order}><loopCardinality>{number}</loopCardinality>"
        "</multiInstanceLoopCharacteristics>"
    )


def _event(event: str, about: str) -> str:
    references = {"message": "m", "signal": "s", "error": "e", "escalation": "x"}
    if event in references:
        reference = f' {event}Ref="{references[event]}{about}"' if about else ""
        return f"<{event}EventDefinition{reference}/>"
    if event == "conditional":
        return f"<conditionalEventDefinition><condition>${{{about}}}</condition></conditionalEventDefinition>"
    if event == "timer":
        return f"<timerEventDefinition><timeDuration>{about}</timeDuration></timerEventDefinition>"
    return f"<{event}EventDefinition/>" if event else ""


@dataclass(frozen=True)
class Script:
    """Models, and events: name, business key, payload.

    Attributes:
        in_order: whether nothing in it happens side by side, so that there is one order.
        withdrawn: processes that are deployed and start no more.
    """

    models: tuple[Model, ...]
    events: tuple[tuple[Any, ...], ...]
    in_order: bool = True
    withdrawn: tuple[str, ...] = ()


CALLED = model("called", begin() + receive("a", "A") + end("z"), "s>a>z")
_THROWS = model(
    "called",
    begin()
    + receive("a", "A")
    + '<exclusiveGateway id="x" default="x_z"/>'
    + end("z", "terminate")
    + end("e1", "error", "E1")
    + end("e2", "error", "E2")
    + end("x1", "escalation", "X1"),
    "s>a>x x>z x>e1?how=='e1' x>e2?how=='e2' x>x1?how=='x1'",
)


def _caller(*parts: str, flows: str, process: str = "caller") -> Model:
    return model(process, start() + "".join(parts), flows)


def _through(*events: str, key: str = "k1", **payload: Any) -> tuple[tuple[Any, ...], ...]:
    return tuple((event, key, payload) for event in events)


_SIMPLE = _caller(call("K", "called"), receive("B", "B"), end("E"), flows="S>K>B>E")
_GUARDED = _caller(
    call("K", "called")
    + boundary("Stop", "K", "message", "Stop")
    + boundary("Bad", "K", "error", "E1")
    + boundary("Up", "K", "escalation", "X1", interrupting=False)
    + receive("B", "B")
    + receive("C", "C")
    + receive("D", "D"),
    flows="S>K>B Bad>C Up>D",
)
_MAPPED = _caller(
    call(
        "K",
        "called",
        '<camunda:in source="x" target="y"/><camunda:in sourceExpression="${x + 1}" target="z"/>'
        '<camunda:in source="nothing" target="n"/>'
        '<camunda:out source="w" target="v"/><camunda:out sourceExpression="${y + z}" target="sum"/>',
    ),
    receive("B", "B"),
    '<exclusiveGateway id="x1"/>',
    end("Yes"),
    end("No"),
    flows="S>K>B>x1 x1>Yes?v=='w'&amp;&amp;sum==7 x1>No?v!='w'||sum!=7",
)
_MAPPED_CALLED = model(
    "called",
    begin() + '<exclusiveGateway id="g"/>' + receive("a", "A") + receive("b", "C") + end("z"),
    "s>g g>a?y==3&amp;&amp;z==4&amp;&amp;n==null g>b?y!=3 a>z b>z",
)

_GIVES_BACK = call("K", "called", '<camunda:out source="w" target="v"/>')
_BACK_ONE_THEN_TWO = (
    *_through("Go"),
    ("A", "k1", {"w": 1}),
    *_through("Go", key="k2"),
    ("A", "k2", {"w": 2}),
)

_R, _T, _D = receive("R", "A"), throw("T", "signal", "Alarm"), receive("D", "D")
_X = triggered("X", "signal", "Alarm", receive("xr", "C") + _flows("Xs>xr"))
_X_BESIDE = triggered("X", "signal", "Alarm", receive("xr", "C") + _flows("Xs>xr"), interrupting=False)
_ON_SP, _ON_SP_BESIDE = (
    boundary("X", "SP", "signal", "Alarm", interrupting) for interrupting in (True, False)
)
_ENDS = end("T", "signal", "Alarm")
_FORK = '<parallelGateway id="P"/>'
# What is thrown is heard in the same instance, too: parts, flows, events, and whether there is one order.
_IN_ONE_ORDER: dict[str, tuple[tuple[str, ...], str, tuple[str, ...], bool]] = {
    "the event subprocess around it": ((_R, _T, _D, _X), "S>R>T>D", ("Go", "A", "D", "C"), True),
    "the event subprocess around its end": ((_R, _ENDS, _X), "S>R>T", ("Go", "A", "C"), True),
    "an event subprocess around two branches": (
        (_FORK, _R, _T, _D, receive("Q", "B"), _X),
        "S>P>R>T>D P>Q",
        ("Go", "A", "D", "C"),
        False,
    ),
    "an event subprocess beside it": ((_R, _T, tasks("t"), _X_BESIDE), "S>R>T>t", ("Go", "A", "C"), True),
    "an event subprocess further out": (
        (subprocess("SP", _R + _T + _D, "sps>R>T>D"), _X),
        "S>SP",
        ("Go", "A", "D", "C"),
        True,
    ),
    "a boundary event around it": (
        (subprocess("SP", _R + _T + _D, "sps>R>T>D"), _ON_SP, receive("C", "C")),
        "S>SP X>C",
        ("Go", "A", "D", "C"),
        True,
    ),
    "a boundary event around its end": (
        (subprocess("SP", _R + _ENDS, "sps>R>T"), _ON_SP, receive("C", "C"), receive("B", "B")),
        "S>SP>B X>C",
        ("Go", "A", "C", "B"),
        True,
    ),
    "a boundary event that interrupts nothing": (
        (subprocess("SP", _R + _ENDS, "sps>R>T"), _ON_SP_BESIDE, receive("C", "C"), receive("B", "B")),
        "S>SP>B X>C",
        ("Go", "A", "B", "C"),
        False,
    ),
    "a catch event that is the last of its branch": (
        (_FORK, catch("C1", "signal", "Alarm"), _R, _T),
        "S>P P>C1 P>R>T",
        ("Go", "A"),
        False,
    ),
    "an event-based gateway": (
        (
            _FORK,
            '<eventBasedGateway id="G"/>',
            catch("C1", "signal", "Alarm"),
            catch("C2", "message", "B"),
            _R,
            _T,
            _D,
            tasks("t"),
        ),
        "S>P P>G>C1>D G>C2 P>R>T>t",
        ("Go", "A", "D"),
        False,
    ),
}

SCRIPTS: dict[str, Script] = {
    "a call": Script((_SIMPLE, CALLED), (*_through("Go", "B", "A", "B"), *_through("Go", "A", key="k2"))),
    "a call of what is not there": Script((_SIMPLE,), _through("Go", "B")),
    "a call of what is withdrawn": Script((_SIMPLE, CALLED), _through("Go"), withdrawn=("called",)),
    "a call of what only a message starts": Script(
        (_SIMPLE, model("called", start("Go2") + receive("a", "A"), "S>a")), _through("Go", "Go2")
    ),
    "an interrupted call": Script((_GUARDED, _THROWS), _through("Go", "Stop", "A", "B")),
    "an error out of a call": Script(
        (_GUARDED, _THROWS), (*_through("Go"), ("A", "k1", {"how": "e1"}), *_through("C"))
    ),
    "an error that nobody catches": Script(
        (_GUARDED, _THROWS), (*_through("Go"), ("A", "k1", {"how": "e2"}), *_through("B"))
    ),
    "an escalation out of a call": Script(
        (_GUARDED, _THROWS),
        (*_through("Go"), ("A", "k1", {"how": "x1"}), *_through("D", "B")),
        in_order=False,
    ),
    "a called process that terminates": Script(
        (_GUARDED, _THROWS), (*_through("Go"), ("A", "k1", {"how": "z"}))
    ),
    "an expression that fails in a call": Script((_GUARDED, _THROWS), _through("Go", "A", "Stop")),
    "variables there and back": Script(
        (_MAPPED, _MAPPED_CALLED), (("Go", "k1", {"x": 3}), ("A", "k1", {"w": "w"}), ("B", "k1", {}))
    ),
    "all variables there and back": Script(
        (
            _caller(
                call("K", "called", '<camunda:in variables="all"/><camunda:out variables="all"/>'),
                '<exclusiveGateway id="g"/>',
                receive("B", "B"),
                receive("C", "C"),
                flows="S>K>g g>B?x==3&amp;&amp;w==5 g>C?x!=3||w!=5",
            ),
            model(
                "called",
                begin() + '<exclusiveGateway id="g"/>' + receive("a", "A") + receive("b", "B"),
                "s>g g>a?x==3 g>b?x!=3",
            ),
        ),
        (("Go", "k1", {"x": 3}), ("A", "k1", {"w": 5})),
    ),
    "calls of calls": Script(
        (
            _caller(
                call("K", "middle"),
                boundary("Stop", "K", "message", "Stop"),
                receive("B", "B"),
                flows="S>K>B",
            ),
            model("middle", begin() + call("K", "called") + receive("c", "C"), "s>K>c"),
            CALLED,
        ),
        (*_through("Go", "A", "C", "B"), *_through("Go", "Stop", key="k2")),
    ),
    "an error through two calls": Script(
        (
            _caller(
                call("K", "middle"), boundary("Bad", "K", "error", "E1"), receive("C", "C"), flows="S>K Bad>C"
            ),
            model("middle", begin() + call("K", "called") + boundary("Other", "K", "error", "E2"), "s>K"),
            _THROWS,
        ),
        (*_through("Go"), ("A", "k1", {"how": "e1"}), *_through("C")),
    ),
    "an error that an event subprocess around the call catches": Script(
        (
            _caller(
                call("K", "called"),
                triggered("X", "error", "E1", receive("xr", "C"), interrupting=True).replace(
                    "</subProcess>", _flows("Xs>xr") + "</subProcess>"
                ),
                flows="S>K",
            ),
            _THROWS,
        ),
        (*_through("Go"), ("A", "k1", {"how": "e1"}), *_through("C")),
    ),
    "several calls at once": Script(
        (_caller(call("K", "called", inner=several(2)), receive("B", "B"), flows="S>K>B"), CALLED),
        _through("Go", "A"),
        in_order=False,
    ),
    "several calls one after the other": Script(
        (
            _caller(
                call("K", "called", inner=several(2, sequential=True)),
                boundary("Stop", "K", "message", "Stop"),
                receive("B", "B"),
                flows="S>K>B",
            ),
            CALLED,
        ),
        (*_through("Go", "A", "A", "B"), *_through("Go", "A", "Stop", key="k2")),
    ),
    "a call in a subprocess": Script(
        (
            _caller(
                subprocess("SP", call("K", "called"), "sps>K"),
                boundary("Stop", "SP", "message", "Stop"),
                boundary("Bad", "SP", "error", "E1"),
                receive("B", "B"),
                receive("C", "C"),
                flows="S>SP>B Bad>C",
            ),
            _THROWS,
        ),
        (
            *_through("Go"),
            ("A", "k1", {"how": "e1"}),
            *_through("Go", "Stop", key="k2"),
            *_through("Go", key="k3"),
            ("A", "k3", {"how": "z"}),
        ),
    ),
    "a call whose process does not wait": Script(
        (
            _caller(
                '<parallelGateway id="P"/>',
                call("K", "called"),
                tasks("after", "b", "b2"),
                receive("B", "B"),
                flows="S>P P>K>after P>b>b2>B",
            ),
            model("called", begin() + tasks("t"), "s>t"),
        ),
        _through("Go"),
    ),
    "a split behind a call that a message ends": Script(
        (
            _caller(call("K", "called"), tasks("a", "a2", "b"), flows="S>K>a>a2 K>b"),
            model("called", begin() + receive("r", "A"), "s>r"),
        ),
        _through("Go", "A"),
    ),
    "a terminate end event beside a call": Script(
        (
            _caller(
                '<parallelGateway id="P"/>',
                call("K", "called"),
                receive("B", "B"),
                end("T", "terminate"),
                flows="S>P P>K P>B>T",
            ),
            CALLED,
        ),
        _through("Go", "B"),
    ),
    "one message for the caller and the called": Script(
        (
            _caller(call("K", "called"), boundary("X", "K", "message", "A"), flows="S>K"),
            CALLED,
        ),
        _through("Go", "A"),
    ),
    "a condition at a call that what it gives back makes true": Script(
        (
            _caller(
                _GIVES_BACK,
                boundary("X", "K", "conditional", "v==1"),
                receive("B", "B"),
                receive("C", "C"),
                flows="S>K>B X>C",
            ),
            CALLED,
        ),
        _BACK_ONE_THEN_TWO,
    ),
    "a condition around a call that what it gives back makes true": Script(
        (
            _caller(
                _GIVES_BACK,
                triggered("X", "conditional", "v==1", receive("xr", "C") + _flows("Xs>xr")),
                receive("B", "B"),
                flows="S>K>B",
            ),
            CALLED,
        ),
        _BACK_ONE_THEN_TWO,
    ),
    "a condition in a called process": Script(
        (
            _caller(
                call(
                    "K", "called", '<camunda:in source="x" target="y"/><camunda:in source="x" target="y2"/>'
                ),
                receive("B", "B"),
                flows="S>K>B",
            ),
            model(
                "called",
                begin()
                + receive("a", "A")
                + triggered("X", "conditional", "y==1", tasks("xt") + _flows("Xs>xt"), interrupting=False),
                "s>a",
            ),
        ),
        (("Go", "k1", {"x": 1}), ("Go", "k2", {"x": 2}), ("A", "k1", {}), ("A", "k2", {"y": 1})),
        in_order=False,
    ),
    "an uncaught escalation gives variables back": Script(
        (
            _caller(
                _GIVES_BACK,
                receive("B", "B"),
                '<parallelGateway id="P"/>',
                '<exclusiveGateway id="g" default="g_D"/>',
                receive("C", "C"),
                receive("D", "D"),
                flows="S>P P>K P>B>g g>C?v==1 g>D",
            ),
            model(
                "called",
                begin() + receive("a", "A") + throw("t", "escalation", "X1") + receive("c", "C"),
                "s>a>t>c",
            ),
        ),
        (*_through("Go"), ("A", "k1", {"w": 1}), *_through("B")),
    ),
    "a signal to other orders": Script(
        (
            _caller(
                '<parallelGateway id="P"/>',
                catch("C1", "signal", "Alarm"),
                receive("A1", "A"),
                throw("T", "signal", "Alarm"),
                end("E1"),
                end("E2"),
                flows="S>P P>C1>E1 P>A1>T>E2",
            ),
        ),
        (*_through("Go"), *_through("Go", key="k2"), *_through("A"), *_through("A", key="k2")),
        in_order=False,
    ),
    **{
        f"a signal and {name}": Script((_caller(*parts, flows=flows),), _through(*events), in_order)
        for name, (parts, flows, events, in_order) in _IN_ONE_ORDER.items()
    },
    "a signal to another process's boundary and event subprocess": Script(
        (
            _caller(
                receive("A1", "A"),
                boundary("X", "A1", "signal", "Calm"),
                receive("B1", "B"),
                throw("T", "signal", "Alarm"),
                flows="S>A1>T X>B1",
            ),
            model(
                "other",
                start("Go2")
                + receive("r", "C")
                + triggered(
                    "X",
                    "signal",
                    "Alarm",
                    receive("xr", "B") + end("xe", "signal", "Calm") + _flows("Xs>xr>xe"),
                ),
                "S>r",
            ),
        ),
        (
            *_through("Go"),
            *_through("Go", key="k2"),
            *_through("Go2", key="k3"),
            *_through("A"),
            *_through("B", key="k3"),
            *_through("B", key="k2"),
        ),
    ),
    "a signal that throws a signal": Script(
        (
            _caller(receive("A1", "A"), throw("T", "signal", "Alarm"), receive("B1", "B"), flows="S>A1>T>B1"),
            model(
                "other",
                start("Go2")
                + catch("c", "signal", "Alarm")
                + throw("t", "signal", "Calm")
                + receive("r", "C"),
                "S>c>t>r",
            ),
            model(
                "third",
                start("Stop") + catch("c", "signal", "Calm") + receive("r", "C"),
                "S>c>r",
            ),
        ),
        (
            *_through("Go2", key="k2"),
            *_through("Stop", key="k3"),
            *_through("Go", "A"),
            *_through("C", key="k2"),
            *_through("C", key="k3"),
        ),
    ),
    "a signal that another order cannot take": Script(
        (
            _caller(receive("A1", "A"), throw("T", "signal", "Alarm"), receive("B1", "B"), flows="S>A1>T>B1"),
            model(
                "other",
                start("Go2")
                + catch("c", "signal", "Alarm")
                + '<exclusiveGateway id="g"/>'
                + end("e")
                + end("f"),
                "S>c>g g>e?missing==1 g>f?missing==2",
            ),
        ),
        (*_through("Go2", key="k2"), *_through("Go", "A", "B")),
    ),
    "a signal ends a call of another order": Script(
        (
            _SIMPLE,
            model("called", begin() + catch("a", "signal", "Alarm") + end("z"), "s>a>z"),
            model("thrower", start("Go2") + throw("T", "signal", "Alarm") + end("E"), "S>T>E"),
        ),
        (
            *_through("Go"),
            *_through("Go", key="k2"),
            *_through("Go2", key="k3"),
            *_through("B", "B", key="k2"),
        ),
    ),
    "a called process's signal to its caller": Script(
        (
            _caller(
                call("K", "called"),
                boundary("X", "K", "signal", "Alarm"),
                receive("B", "B"),
                receive("C", "C"),
                flows="S>K>B X>C",
            ),
            model(
                "called",
                begin() + receive("a", "A") + throw("t", "signal", "Alarm") + receive("c", "D"),
                "s>a>t>c",
            ),
        ),
        _through("Go", "A", "C"),
    ),
}
