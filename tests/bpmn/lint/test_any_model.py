"""Whatever a model looks like: lint has findings, and raises nothing."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.bpmn.lint.models import HEAD, MESSAGES
from trackflow.bpmn import parse
from trackflow.bpmn.lint import Finding, Surroundings, lint
from trackflow.errors import ModelError

AROUND = Surroundings(events=("Go", "A"), emits={"shop": ("A",)})
TYPES = (
    "startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent", "task",
    "userTask", "receiveTask", "serviceTask", "scriptTask", "callActivity", "exclusiveGateway",
    "parallelGateway", "inclusiveGateway", "eventBasedGateway", "complexGateway", "subProcess", "transaction",
    "adHocSubProcess", "anything",
)  # fmt: skip
DEFINITIONS = (
    "", "<messageEventDefinition/>", '<messageEventDefinition messageRef="A"/>', "<timerEventDefinition/>",
    '<messageEventDefinition messageRef="Go"/>', "<linkEventDefinition/>", '<linkEventDefinition name="L"/>',
    "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>",
    "<timerEventDefinition><timeCycle>R/PT1H</timeCycle></timerEventDefinition>",
    "<signalEventDefinition/>", "<errorEventDefinition/>", "<escalationEventDefinition/>",
    "<compensateEventDefinition/>", '<compensateEventDefinition activityRef="e1"/>',
    "<terminateEventDefinition/>", "<cancelEventDefinition/>", "<conditionalEventDefinition/>",
    "<multiInstanceLoopCharacteristics/>", "<standardLoopCharacteristics/>", "<camunda:anything/>",
)  # fmt: skip
ATTRIBUTES = (
    "", 'messageRef="A"', 'isForCompensation="true"', 'triggeredByEvent="true"', 'calledElement="p"',
    'cancelActivity="false"', 'isInterrupting="false"', 'camunda:type="external"', 'name="&#10;"',
)  # fmt: skip


@st.composite
def scopes(draw: st.DrawFn, prefix: str = "e", depth: int = 2) -> str:
    """Elements at random, some with others inside, and flows between any of them."""
    ids = [f"{prefix}{n}" for n in range(draw(st.integers(0, 6)))]
    texts = []
    for id_ in ids:
        kind, attributes = draw(st.sampled_from(TYPES)), draw(st.sampled_from(ATTRIBUTES))
        host = f'attachedToRef="{draw(st.sampled_from(ids))}"' if kind == "boundaryEvent" else ""
        inside = draw(st.sampled_from(DEFINITIONS))
        if kind in ("subProcess", "transaction", "adHocSubProcess"):
            inside = draw(scopes(prefix=f"{id_}_", depth=depth - 1)) if depth else ""
        texts.append(f'<{kind} id="{id_}" {attributes} {host}>{inside}</{kind}>')
    ways = draw(st.lists(st.tuples(st.sampled_from(ids), st.sampled_from(ids)), max_size=10)) if ids else []
    for n, (source, target) in enumerate(ways):
        condition = draw(st.sampled_from(["", "<conditionExpression>${x}</conditionExpression>"]))
        ends = f'sourceRef="{source}" targetRef="{target}"'
        texts.append(f'<sequenceFlow id="{prefix}f{n}" {ends}>{condition}</sequenceFlow>')
    return "".join(texts)


def findings(source: bytes) -> list[Finding]:
    return list(lint([parse(source, "any.bpmn")], AROUND))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scopes())
def test_lint_raises_nothing_for_any_elements_and_flows(body: str) -> None:
    source = f'{HEAD}{MESSAGES}<process id="p" isExecutable="true">{body}</process></definitions>'

    found = findings(source.encode())

    assert found
    for finding in found:
        assert finding.text == " ".join(finding.text.split())


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda text: (HEAD + text).encode())))
def test_any_other_text_is_no_model_in_one_line(source: bytes) -> None:
    with pytest.raises(ModelError) as caught:
        findings(source)

    assert "\n" not in str(caught.value)
