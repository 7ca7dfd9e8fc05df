"""A timer that cannot fire stands by itself, wherever else the same event is awaited."""

from tests.engines.called_models import model, receive, several, start
from trackflow.engines.embedded.models.prepare import prepare
from trackflow.engines.embedded.steps import interpreter
from trackflow.engines.embedded.steps.interpreter import Refusal, timers
from trackflow.engines.embedded.steps.state import State
from trackflow.engines.embedded.trouble import resumed, set_aside, standing

# Two instances at once of a subprocess, each with an event subprocess whose timer leads to nowhere.
STUCK = (
    '<subProcess id="V" triggeredByEvent="true"><startEvent id="T" isInterrupting="false">'
    "<timerEventDefinition><timeDuration>PT5S</timeDuration></timerEventDefinition></startEvent>"
    '<exclusiveGateway id="G"/><endEvent id="a"/><endEvent id="b"/>'
    '<sequenceFlow id="f1" sourceRef="T" targetRef="G"/>'
    '<sequenceFlow id="f2" sourceRef="G" targetRef="a"><conditionExpression>${n == 1}</conditionExpression>'
    '</sequenceFlow><sequenceFlow id="f3" sourceRef="G" targetRef="b">'
    "<conditionExpression>${n == 2}</conditionExpression></sequenceFlow></subProcess>"
)
TWICE = model(
    "twice",
    start() + f'<subProcess id="U">{several(2)}<startEvent id="s"/>{receive("R", "A")}{STUCK}'
    '<sequenceFlow id="f" sourceRef="s" targetRef="R"/></subProcess>',
    "S>U",
)


def test_each_of_two_timers_of_one_event_stands_by_itself() -> None:
    process = prepare(TWICE)
    state = interpreter.start(process, "Go", {"n": 3}, now=1.0)
    assert isinstance(state, State)

    for stands in (1, 2):
        refusal = interpreter.fire(process, state, now=6.0)
        assert isinstance(refusal, Refusal)
        state = set_aside(state, refusal.reason)
        assert standing(state) == stands

    assert interpreter.next_due(state) is None
    assert {each.due for each in timers(state)} == {6.0}
    assert interpreter.next_due(resumed(state)) == 6.0
