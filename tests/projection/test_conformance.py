"""Whether an order followed its model."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NamedTuple

import pytest

from trackflow.bpmn import Model
from trackflow.engines.answers import Instance, Step
from trackflow.projection.conformance import deviations
from trackflow.projection.flows import flows_taken
from trackflow.projection.shape import shape_of

ModelOf = Callable[..., Model]
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


class Told(NamedTuple):
    """An event as the ledger has it."""

    name: str
    outcome: str = "correlated"
    seen_version: int = -1
    failures: int = 0


def path(*elements: str) -> tuple[Step, ...]:
    """Each is left when the next one is entered; the last is active."""
    times = [BEGAN + timedelta(seconds=number) for number in range(len(elements) + 1)]
    return tuple(
        Step(element, None, entered, left)
        for element, entered, left in zip(elements, times, [*times[1:-1], None], strict=False)
    )


def run(*elements: str, state: str = "running") -> Instance:
    return Instance("i1", "orders", 1, state, (), elements[-1:], path(*elements), BEGAN, None)


def found(model: Model | None, *instances: Instance, events: tuple[Told, ...] = ()) -> list[str]:
    return [str(each) for each in deviations(events, instances, lambda *_: model)]


def catch(*names: str) -> str:
    return "".join(
        f'<intermediateCatchEvent id="{name}"><messageEventDefinition messageRef="M"/>'
        "</intermediateCatchEvent>"
        for name in names
    )


START = '<startEvent id="S"><messageEventDefinition messageRef="Go"/></startEvent>'
END = '<endEvent id="E"/>'


@pytest.fixture
def model_of(model_of: ModelOf) -> ModelOf:
    """Everything waits for one message: what it is called does not matter here."""
    return partial(model_of, messages="Go M")


@pytest.fixture
def sequence(model_of: ModelOf) -> Model:
    return model_of(START + catch("A", "B", "C") + END, "S>A", "A>B", "B>C", "C>E")


# ---- events ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "kinds"),
    [
        (Told("A"), []),
        (Told("A", "received"), []),
        (Told("A", "waiting", seen_version=0), ["early:A"]),
        (Told("A", "waiting"), ["early:A"]),
        (Told("A", "correlated", seen_version=2), ["early:A"]),
        (Told("A", "waiting", seen_version=2**31 - 1, failures=1), []),
        (Told("A", "correlated", seen_version=2**31 - 1, failures=3), []),
        (Told("A", "unmatched", seen_version=1), ["unmatched:A"]),
        (Told("A", "duplicate"), ["duplicate:A"]),
        (Told("A", "refused"), ["refused:A"]),
    ],
)
def test_an_event_deviates_by_what_became_of_it(event: Told, kinds: list[str]) -> None:
    assert found(None, events=(event,)) == kinds


def test_the_same_deviation_counts_once() -> None:
    assert found(None, events=(Told("A", "duplicate"), Told("A", "duplicate"))) == ["duplicate:A"]


def test_what_still_waits_when_its_order_has_ended_came_too_late() -> None:
    waits = Told("A", "waiting", seen_version=0)

    assert found(None, run("S", "E", state="completed"), events=(waits,)) == ["unmatched:A"]
    assert found(None, run("S", "B"), events=(waits,)) == ["early:A"]


# ---- paths -------------------------------------------------------------------------------------------


def test_an_order_on_its_way_follows_its_model(sequence: Model) -> None:
    for number in range(1, 6):
        assert found(sequence, run(*"SABCE"[:number])) == []


def test_an_element_that_was_left_out_was_skipped(sequence: Model) -> None:
    assert found(sequence, run("S", "A", "C")) == ["skipped:B"]
    assert found(sequence, run("C")) == ["skipped:A", "skipped:B", "skipped:S"]


def test_an_element_that_was_entered_again_was_repeated(sequence: Model) -> None:
    assert found(sequence, run("S", "A", "B", "A", "B")) == ["repeated:A", "repeated:B"]


def test_what_somebody_ended_was_terminated_where_it_was(sequence: Model) -> None:
    assert found(sequence, run("S", "A", "B", state="terminated")) == ["terminated:B"]
    assert found(None, run(state="terminated")) == ["terminated:orders"]


def test_without_its_model_nothing_is_said_of_a_path() -> None:
    assert found(None, run("C", "C", "A")) == []


def test_an_element_that_the_model_has_not_is_nobodys_deviation(sequence: Model) -> None:
    assert found(sequence, run("S", "A", "Other", "Other")) == []


def test_in_a_loop_elements_come_again(model_of: ModelOf) -> None:
    model = model_of(
        START + catch("A", "B") + '<exclusiveGateway id="X"/><exclusiveGateway id="Y"/>' + END,
        "S>X", "X>A", "A>Y", "Y>X", "Y>B", "B>E",
    )  # fmt: skip

    assert found(model, run("S", "X", "A", "Y", "X", "A", "Y", "B")) == []
    assert found(model, run("S", "X", "A", "Y", "B", "B")) == ["repeated:B"]


def test_only_one_way_of_a_choice_need_be_taken(model_of: ModelOf) -> None:
    model = model_of(
        START + catch("A", "B", "C") + '<exclusiveGateway id="X"/><exclusiveGateway id="Y"/>' + END,
        "S>X", "X>A", "X>B", "A>Y", "B>Y", "Y>C", "C>E",
    )  # fmt: skip

    assert found(model, run("S", "X", "B", "Y", "C", "E")) == []
    assert found(model, run("S", "X", "B", "C", "E")) == ["skipped:Y"]
    assert found(model, run("S", "X", "A", "Y", "C", "C")) == ["repeated:C"]


@pytest.fixture
def parallel(model_of: ModelOf) -> Model:
    return model_of(
        START + catch("A", "B", "C") + '<parallelGateway id="P"/><parallelGateway id="J"/>' + END,
        "S>P", "P>A", "P>B", "A>J", "B>J", "J>C", "C>E",
    )  # fmt: skip


def test_a_join_is_entered_once_by_each_of_its_flows(parallel: Model) -> None:
    assert found(parallel, run("S", "P", "A", "B", "J", "J", "C", "E")) == []
    assert found(parallel, run("S", "P", "A", "B", "J", "J", "J", "C")) == ["repeated:J"]


def test_behind_a_join_elements_come_once(parallel: Model) -> None:
    assert found(parallel, run("S", "P", "A", "B", "J", "J", "C", "C")) == ["repeated:C"]


def test_behind_a_split_without_a_join_elements_may_come_twice(model_of: ModelOf) -> None:
    model = model_of(
        START + catch("A", "B", "C") + '<parallelGateway id="P"/>' + END,
        "S>P", "P>A", "P>B", "A>C", "B>C", "C>E",
    )  # fmt: skip

    assert found(model, run("S", "P", "A", "B", "C", "C", "E", "E")) == []


def test_an_element_with_two_flows_splits_too(model_of: ModelOf) -> None:
    model = model_of(START + catch("A", "B") + END, "S>A", "S>B", "A>E", "B>E")

    assert found(model, run("S", "A", "B", "E", "E")) == []


def test_what_is_repeated_by_the_model_may_be_repeated(model_of: ModelOf) -> None:
    loop = '<userTask id="T"><multiInstanceLoopCharacteristics/></userTask>'
    model = model_of(START + loop + END, "S>T", "T>E")

    assert found(model, run("S", "T", "T", "T", "E")) == []


def test_what_lies_in_a_subprocess_comes_after_what_is_before_that(model_of: ModelOf) -> None:
    inner = (
        f'<subProcess id="Sub"><startEvent id="In"/>{catch("B")}'
        '<sequenceFlow id="f" sourceRef="In" targetRef="B"/></subProcess>'
    )
    model = model_of(START + catch("A") + inner + END, "S>A", "A>Sub", "Sub>E")

    assert found(model, run("S", "A", "Sub", "In", "B", "E")) == []
    assert found(model, run("S", "Sub", "B")) == ["skipped:A", "skipped:In"]
    assert found(model, run("S", "A", "Sub", "In", "B", "B")) == ["repeated:B"]


def test_a_boundary_event_comes_after_its_host_and_may_fire_again(model_of: ModelOf) -> None:
    timer = '<boundaryEvent id="T" attachedToRef="U"><timerEventDefinition/></boundaryEvent>'
    model = model_of(START + '<userTask id="U"/>' + timer + catch("A") + END, "S>U", "U>E", "T>A")

    assert found(model, run("S", "U", "T", "A", "T", "A", "E")) == []
    assert found(model, run("S", "T", "A")) == ["skipped:U"]


def test_an_event_subprocess_may_be_entered_although_nothing_leads_to_it(model_of: ModelOf) -> None:
    inner = (
        '<subProcess id="Sub" triggeredByEvent="true">'
        '<startEvent id="In"><messageEventDefinition messageRef="M"/></startEvent></subProcess>'
    )
    model = model_of(START + catch("A") + inner + END, "S>A", "A>E")

    assert found(model, run("S", "A", "Sub", "In", "Sub", "In")) == []


def test_a_shape_is_worked_out_once(sequence: Model) -> None:
    assert shape_of(sequence) is shape_of(sequence)


# ---- flows -------------------------------------------------------------------------------------------


def _taken(model: Model, *elements: str) -> list[str]:
    return [flow.id for flow in flows_taken(path(*elements), model)]


def test_the_flows_of_a_path_are_those_between_its_steps(sequence: Model) -> None:
    assert _taken(sequence, "S", "A", "B") == ["S_A", "A_B"]


def test_where_a_person_began_no_flow_was_taken(sequence: Model) -> None:
    assert _taken(sequence, "S", "A", "C", "E") == ["S_A", "C_E"]


def test_each_flow_into_a_join_was_taken_once(parallel: Model) -> None:
    assert _taken(parallel, "S", "P", "A", "B", "J", "J", "C") == [
        "S_P", "P_A", "P_B", "B_J", "A_J", "J_C",
    ]  # fmt: skip


def test_a_large_model_has_a_shape_too(model_of: ModelOf) -> None:
    names = [f"T{number}" for number in range(1000)]
    tasks = "".join(f'<task id="{name}"/>' for name in names)
    flows = [f"{first}>{second}" for first, second in zip(["S", *names], names, strict=False)]
    model = model_of(START + tasks, *flows)

    assert found(model, run("S", *names)) == []
    assert found(model, run("S", *names[:500], *names[501:])) == ["skipped:T500"]


def test_what_nothing_leads_to_has_nothing_before_it(model_of: ModelOf) -> None:
    model = model_of(START + catch("A", "B") + END, "S>E", "A>B", "B>A")

    assert found(model, run("A", "B")) == []


def test_a_link_leaves_no_trace_and_is_followed_all_the_same(model_of: ModelOf) -> None:
    # Given that no engine keeps link events in its history
    link = '<{0} id="{1}"><linkEventDefinition name="further on"/></{0}>'.format
    model = model_of(
        START
        + link("intermediateThrowEvent", "From")
        + link("intermediateCatchEvent", "To")
        + catch("A", "B"),
        *("S>A", "A>From", "To>B"),
    )
    order = run("S", "A", "B")

    # Then nothing was skipped, and the ways to the link and from it were taken
    assert found(model, order) == []
    assert [flow.id for flow in flows_taken(order.path, model)] == ["S_A", "A_From", "To_B"]


def test_links_that_lead_round_in_a_circle_lead_nowhere_else(model_of: ModelOf) -> None:
    link = '<{0} id="{1}"><linkEventDefinition name="round"/></{0}>'.format
    model = model_of(
        START
        + link("intermediateThrowEvent", "From")
        + link("intermediateCatchEvent", "To")
        + catch("A", "B"),
        *("S>A", "To>From", "To>A"),
    )

    assert [flow.id for flow in flows_taken(run("S", "A", "B").path, model)] == ["S_A"]
