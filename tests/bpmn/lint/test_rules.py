"""Each rule finds what it is for, and nothing where all is well."""

from __future__ import annotations

import re
import time
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

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
    model,
    receive,
    subprocess,
    throwing,
    timer,
    trigger,
)
from tests.bpmn.lint.refused_models import CASES
from trackflow.bpmn import Model, parse, read
from trackflow.bpmn import lint as package
from trackflow.bpmn.lint import Finding, Severity, Surroundings, lint, refused_by_the_family
from trackflow.bpmn.lint.finding import Rule
from trackflow.bpmn.lint.rules import IGNORABLE
from trackflow.cli import linting

AROUND = Surroundings(events=("Go", "A", "B", "C", "D"), emits={"shop": ("A", "B", "C", "D")})
EXAMPLE = Path(__file__).parents[3] / "bpmn" / "track-flow.bpmn"
EXTERNAL = '<serviceTask id="x" camunda:type="external" camunda:topic="t"/>'


def rules(
    of: Model, but: tuple[str, ...] = ("no-diagram", "event-not-in-model")
) -> list[tuple[str, str | None]]:
    return [(each.rule, each.element) for each in lint([of], AROUND) if each.rule not in but]


def test_the_drawing_of_this_project_has_nothing_wrong() -> None:
    events = ("Order_Placed", "Payment_Done", "Goods_Fetched", "Goods_Shipped")
    around = Surroundings(events, {"all": events[1:]})
    assert list(lint([read(EXAMPLE)], around)) == []


def test_a_finding_says_rule_element_file_and_line() -> None:
    (found,) = [
        each
        for each in lint([model(line(catch("a", "A"), way="a", more='<task id="lost"/>'))], AROUND)
        if each.rule == "unreachable"
    ]
    assert found == Finding(
        rule="unreachable",
        severity=Severity.WARNING,
        text="task 'lost' is never reached: nothing leads to it from a start",
        file="orders.bpmn",
        line=4,
        element="lost",
        process="orders",
    )


# Reachability


def test_of_what_nothing_leads_to_only_the_first_is_told() -> None:
    lost = '<task id="b"/><task id="c"/>' + flows("b c end")
    assert rules(model(line(catch("a", "A"), way="a", more=lost))) == [("unreachable", "b")]


def test_of_a_circle_that_nothing_leads_to_one_is_told() -> None:
    lost = catch("b", "B") + catch("c", "C") + flows("b c b")
    assert rules(model(line(catch("a", "A"), way="a", more=lost))) == [("unreachable", "b")]


@pytest.mark.parametrize(
    "more",
    [
        boundary("b", "a", "B") + catch("c", "C") + flows("b c end"),
        trigger("t", about("B"), catch("c", "C") + flows("t_start c t_end")),
        '<boundaryEvent id="b" attachedToRef="a"><compensateEventDefinition/></boundaryEvent>'
        '<task id="h" isForCompensation="true"/><association id="as" sourceRef="b" targetRef="h"/>',
        catching("l", LINK) + throwing("k", LINK) + boundary("b", "a", "B") + flows("b k", "l end"),
    ],
    ids=["boundary event", "event subprocess", "compensation", "link"],
)
def test_not_only_flows_lead_to_elements(more: str) -> None:
    assert rules(model(line(receive("a", "A"), way="a", more=more))) == []


# No way out


@pytest.mark.parametrize("element", ['<userTask id="x"/>', EXTERNAL])
def test_what_somebody_would_have_to_do_is_never_left(element: str) -> None:
    assert rules(model(line(element, way="x"))) == [("no-way-out", "x")]


def test_a_receive_task_without_a_message_is_never_left_and_has_none() -> None:
    assert rules(model(line('<receiveTask id="x"/>', way="x"))) == [("no-message", "x"), ("no-way-out", "x")]


@pytest.mark.parametrize(
    "more",
    [
        boundary("b", "x", "B") + flows("b end"),
        f'<boundaryEvent id="b" attachedToRef="x">{timer("PT1H")}</boundaryEvent>' + flows("b end"),
        trigger("t", about("B"), flows("t_start t_end")),
    ],
    ids=["message", "timer", "event subprocess"],
)
def test_an_event_that_interrupts_ends_it(more: str) -> None:
    assert rules(model(line('<userTask id="x"/>', way="x", more=more))) == []


def test_an_event_that_interrupts_nothing_does_not() -> None:
    more = boundary("b", "x", "B", interrupting=False) + flows("b end")
    assert rules(model(line('<userTask id="x"/>', way="x", more=more))) == [("no-way-out", "x")]


def test_an_event_of_a_subprocess_around_it_ends_it() -> None:
    inside = subprocess("s", '<userTask id="x"/>' + flows("s_start x s_end"))
    assert rules(model(line(inside, way="s"))) == [("no-way-out", "x")]
    assert rules(model(line(inside, way="s", more=boundary("b", "s", "B") + flows("b end")))) == []


def test_an_end_that_terminates_another_branch_ends_it() -> None:
    stop = '<endEvent id="stop"><terminateEventDefinition/></endEvent>'
    body = gateway("g", "parallel") + '<userTask id="x"/>' + catch("a", "A") + stop
    assert rules(model(START + body + END + flows("start g x end", "g a stop"))) == []
    assert rules(model(START + '<userTask id="x"/>' + stop + flows("start x stop"))) == [("no-way-out", "x")]


def test_a_signal_that_nothing_throws_never_comes() -> None:
    signal = '<signal id="s" name="s"/>'
    about_it = '<signalEventDefinition signalRef="s"/>'
    waits, throws = catching("x", about_it), throwing("y", about_it)
    assert rules(model(START + waits + END + flows("start x end"), signal)) == [("no-way-out", "x")]
    both = gateway("g", "parallel") + waits + throws + catch("a", "A") + flows("start g x end", "g a y end")
    assert rules(model(START + both + END, signal)) == []


# Loops


def test_a_loop_that_is_never_left_is_an_error() -> None:
    body = '<task id="a"/><task id="b"/>' + flows("start a b a", "b end")
    assert rules(model(START + body + END)) == [("endless-loop", "a")]


def test_a_loop_that_only_a_condition_leaves_is_told() -> None:
    body = '<task id="a"/>' + gateway("g", "exclusive", 'default="g-a"') + flows("start a g a")
    assert rules(model(START + body + guarded("g", "end", "${x}") + END)) == [("loop-without-wait", "a")]


def test_a_loop_whose_ways_all_lead_back_is_an_error() -> None:
    body = '<task id="a"/><task id="b"/>' + gateway("g", "exclusive") + flows("start a g", "b a")
    ways = guarded("g", "a", "${x}") + guarded("g", "b", "${y}")
    assert rules(model(START + body + ways)) == [("endless-loop", "a")]


@pytest.mark.parametrize(
    "wait",
    [
        catch("a", "A"),
        receive("a", "A"),
        catching("a", timer("PT1H")),
        '<scriptTask id="a" scriptFormat="x"><script>n = n + 1</script></scriptTask>',
        subprocess("a", catch("i", "A") + flows("a_start i a_end")),
    ],
    ids=["catch event", "receive task", "timer", "script", "subprocess that waits"],
)
def test_a_loop_with_something_that_waits_or_counts_is_fine(wait: str) -> None:
    body = wait + gateway("g", "exclusive", 'default="g-a"') + flows("start a g a")
    assert rules(model(START + body + guarded("g", "end", "${x}") + END)) == []


def test_a_loop_leads_through_a_subprocess_in_which_nothing_waits_and_through_links() -> None:
    body = subprocess("a", flows("a_start a_end")) + flows("start a k")
    links = throwing("k", LINK) + catching("l", LINK)
    assert rules(model(START + body + links + flows("l a"))) == [("endless-loop", "a")]


# What engines refuse


def test_a_fault_is_at_its_element_in_a_file_with_prefixes_too() -> None:
    plain = model(line('<task id="x" colour="red"/>', way="x")).source.decode()
    prefixed = re.sub("(</?)(?=[A-Za-z]+[ />])", r"\1bpmn:", plain).replace("xmlns=", "xmlns:bpmn=")

    found = [list(refused_by_the_family(parse(text.encode(), "x.bpmn"))) for text in (plain, prefixed)]

    assert "<bpmn:task " in prefixed
    assert [(each.rule, each.element) for each in found[0]] == [("refused-schema", "x")]
    assert found[1] == found[0]


# Correlation, diagram, time to live


def test_a_process_that_no_event_starts_is_told() -> None:
    body = '<startEvent id="s"/>' + catch("a", "A") + END + flows("s a end")
    assert rules(model(body)) == [("no-message-start", None)]


def test_a_call_that_passes_no_business_key_is_told() -> None:
    assert rules(model(line('<callActivity id="x" calledElement="p"/>', way="x"))) == [
        ("no-business-key", "x")
    ]
    key = '<extensionElements><camunda:in businessKey="#{execution.processBusinessKey}"/></extensionElements>'
    assert rules(model(line(f'<callActivity id="x" calledElement="p">{key}</callActivity>', way="x"))) == []


def test_a_model_without_a_diagram_still_lints() -> None:
    assert rules(model(line(catch("a", "A"), way="a")), but=("event-not-in-model",)) == [("no-diagram", None)]


def test_what_the_diagram_leaves_out_is_told() -> None:
    one = next(iter(read(EXAMPLE).elements))
    drawn = EXAMPLE.read_text().replace(f'bpmnElement="{one}"', 'bpmnElement="order_fulfillment"')
    found = lint([parse(drawn.encode(), "x")], AROUND, complete=False)
    assert ("not-drawn", one) in [(each.rule, each.element) for each in found]


def test_a_process_that_does_not_say_how_long_it_is_kept_is_told() -> None:
    assert rules(model(START + END + flows("start end"), attributes="")) == [("no-time-to-live", None)]


# Events


def test_an_event_is_known_emitted_and_awaited() -> None:
    around = Surroundings(events=("Go", "A", "X"), emits={"shop": ("X", "Y")})
    of = model(line(catch("a", "A"), catch("b", "B"), way="a b"))
    found = [(each.rule, each.element, each.event, each.service) for each in lint([of], around)]
    assert [each for each in found if each[0] != "no-diagram"] == [
        ("event-not-in-choreography", "b", "B", None),
        ("event-not-emitted", "a", "A", None),
        ("event-not-in-model", None, "X", None),
        ("event-not-in-choreography", None, None, "shop"),
    ]


def test_two_processes_do_not_start_with_one_message() -> None:
    one = model(START + END + flows("start end"))
    other = model(START + END + flows("start end"), process="returns")
    found = [(each.rule, each.process) for each in lint([one, other], AROUND, complete=False)]
    assert ("start-in-two-models", "returns") in found


def test_an_event_that_is_knowingly_ignored_needs_no_model() -> None:
    around = Surroundings(events=("Go", "X"), emits={"shop": ("X",)}, ignored=("X",))
    of = model(START + END + flows("start end"))
    assert [each.rule for each in lint([of], around)] == ["no-diagram"]


# Silence


def ignoring(rule: str) -> str:
    return (
        "<extensionElements><camunda:properties>"
        f'<camunda:property name="lint-ignore" value="{rule}"/></camunda:properties></extensionElements>'
    )


def test_an_element_may_break_a_rule_that_it_names() -> None:
    silent = ignoring("no-way-out")
    assert rules(model(line(f'<userTask id="x">{silent}</userTask>', way="x"))) == []
    assert rules(model(silent + START + '<userTask id="x"/>' + END + flows("start x end"))) == []


def test_a_rule_that_there_is_not_cannot_be_ignored() -> None:
    silent = ignoring("no-wayout")
    found = rules(model(line(f'<userTask id="x">{silent}</userTask>', way="x")))
    assert sorted(found) == [("no-way-out", "x"), ("unknown-rule", "x")]


# The whole


def test_a_model_of_two_thousand_elements_takes_a_few_seconds() -> None:
    ways = [[f"c{way}_{n}" for n in range(50)] for way in range(40)]
    waits = "".join(catch(id_, "ABCD"[n % 4]) for way in ways for n, id_ in enumerate(way))
    body = START + gateway("g", "parallel") + gateway("j", "inclusive") + END + waits
    of = model(body + flows("start g", "j end", *(f"g {' '.join(way)} j" for way in ways)))

    began = time.process_time()
    found = list(lint([of], AROUND))

    assert time.process_time() - began < 5
    assert sum(each.rule == "ambiguous-wait" for each in found) > 1900


def test_the_tables_have_each_rule_with_its_severity_and_no_other() -> None:
    modules = [
        linting,
        *(import_module(each.name) for each in walk_packages(package.__path__, f"{package.__name__}.")),
    ]
    known = {
        (each.id, each.severity)
        for module in modules
        for each in vars(module).values()
        if isinstance(each, Rule)
    }
    text = (Path(__file__).parents[3] / "docs" / "lint.md").read_text()

    assert sorted(re.findall(r"^\| `([\w-]+)` \| (\w+) \|", text, re.MULTILINE)) == sorted(known)
    assert {case.rule for case in CASES.values()} - {None} <= {id_ for id_, _ in known}
    assert {rule.id for rule in IGNORABLE} <= {id_ for id_, _ in known}
