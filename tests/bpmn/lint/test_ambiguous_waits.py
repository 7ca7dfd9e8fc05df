"""The same message awaited twice at once: found where it can be, and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bpmn.lint.models import (
    END,
    START,
    about,
    boundary,
    catch,
    flows,
    gateway,
    guarded,
    model,
    receive,
    subprocess,
    timer,
    trigger,
)
from trackflow.bpmn import read
from trackflow.bpmn.lint.waits import ambiguous

# Without the one in which two instances have one business key: that is no fault of the model.
CASES = sorted(
    path
    for path in (Path(__file__).parents[2] / "engines" / "cases").glob("*.bpmn")
    if path.stem != "seq-dupstart"
)
MANY = (
    "<multiInstanceLoopCharacteristics{}><loopCardinality>2</loopCardinality>"
    "</multiInstanceLoopCharacteristics>"
)


def found(body: str, beside: str = "") -> list[str | None]:
    return [finding.element for finding in ambiguous(model(START + body + END, beside))]


def ambiguous_in(case: Path) -> set[str]:
    """The events that a real engine refused as ambiguous."""
    script = json.loads(case.with_suffix(".json").read_text())
    return {step["event"] for step in script["steps"] if step.get("outcome") == "ambiguous"}


def split(kind: str, one: str, other: str, more: str = "") -> str:
    """Two branches from a gateway `g` to a gateway `j`: the elements `a` and `b`."""
    ways = flows("start g a j end", "g b j") if kind != "exclusive" else flows("start g", "a j end", "b j")
    guards = guarded("g", "a", "${x}") + guarded("g", "b", "${y}") if kind == "exclusive" else ""
    return gateway("g", kind) + one + other + gateway("j", kind) + ways + guards + more


@pytest.mark.parametrize("kind", ["parallel", "inclusive"])
def test_two_branches_of_a_split_may_await_the_same(kind: str) -> None:
    assert found(split(kind, catch("a", "A"), receive("b", "A"))) == ["b"]
    assert found(split(kind, catch("a", "A"), catch("b", "B"))) == []


def test_two_branches_of_a_choice_never_do() -> None:
    assert found(split("exclusive", catch("a", "A"), catch("b", "A"))) == []


def test_one_after_the_other_they_never_do() -> None:
    assert found(catch("a", "A") + catch("b", "A") + flows("start a b end")) == []


@pytest.mark.parametrize("kind", ["parallel", "inclusive"])
def test_behind_a_join_nothing_of_its_branches_is_left(kind: str) -> None:
    body = catch("a", "A") + catch("b", "B") + catch("c", "A")
    ways = flows("start g a j c end", "g b j")
    assert found(gateway("g", kind) + gateway("j", kind) + body + ways) == []


def test_a_third_branch_goes_on_beside_what_follows_a_join_of_two() -> None:
    body = gateway("g", "parallel") + gateway("j", "parallel") + gateway("k", "parallel")
    body += catch("a", "A") + catch("b", "B") + catch("c", "C") + catch("d", "C")
    assert found(body + flows("start g a j d k end", "g b j", "g c k")) == ["d"]


def test_branches_that_flow_together_without_a_join_may_await_twice_in_one_element() -> None:
    body = gateway("g", "parallel") + catch("a", "A") + catch("b", "B") + catch("c", "C")
    assert found(body + flows("start g a c end", "g b c")) == ["c"]


def test_a_loop_by_itself_awaits_once() -> None:
    body = catch("a", "A") + gateway("g", "exclusive") + flows("start a g end") + guarded("g", "a", "${x}")
    assert found(body) == []


def test_several_flows_without_a_gateway_are_a_split() -> None:
    body = '<task id="t"/>' + catch("a", "A") + catch("b", "A")
    assert found(body + flows("start t a end", "t b end")) == ["b"]


def test_a_default_flow_is_taken_only_if_no_other_is() -> None:
    body = '<task id="t" default="t-a"/>' + catch("a", "A") + catch("b", "A")
    assert found(body + flows("start t a end", "b end") + guarded("t", "b", "${x}")) == []


def test_a_race_awaits_all_its_messages_and_ends_with_one() -> None:
    race = gateway("g", "eventBased") + catch("a", "A") + catch("b", "B") + catch("c", "A")
    assert found(race + flows("start g a c end", "g b end")) == []
    twice = gateway("s", "parallel") + race + catch("d", "A")
    assert found(twice + flows("start s g a end", "g b c end", "s d end")) == ["d"]


def test_a_boundary_event_awaits_while_anything_in_its_host_does() -> None:
    host = subprocess("s", catch("a", "A") + flows("s_start a s_end"))
    assert found(host + boundary("b", "s", "A") + flows("start s end", "b end")) == ["b"]


def test_what_follows_an_interrupting_boundary_event_is_there_without_the_host() -> None:
    body = receive("a", "A") + boundary("b", "a", "B") + catch("c", "A")
    assert found(body + flows("start a end", "b c end")) == []


def test_what_follows_one_that_interrupts_nothing_is_there_beside_the_host() -> None:
    body = receive("a", "A") + boundary("b", "a", "B", interrupting=False) + catch("c", "A")
    assert found(body + flows("start a end", "b c end")) == ["c"]


def test_a_timer_that_interrupts_nothing_comes_once_and_a_cycle_again_and_again() -> None:
    def body(time: str) -> str:
        event = f'<boundaryEvent id="b" attachedToRef="a" cancelActivity="false">{time}</boundaryEvent>'
        return receive("a", "A") + event + catch("c", "C") + flows("start a end", "b c end")

    assert found(body(timer("PT1H"))) == []
    assert found(body(timer("R3/PT1H", "timeCycle"))) == ["c"]


def test_two_timers_that_come_once_do_so_each_once() -> None:
    events = "".join(
        f'<boundaryEvent id="{id_}" attachedToRef="a" cancelActivity="false">{timer("PT1H")}</boundaryEvent>'
        for id_ in ("b", "c")
    )
    body = receive("a", "A") + events + catch("x", "B") + catch("y", "C") + catch("z", "B")
    assert found(body + flows("start a end", "b x end", "c y z end")) == ["z"]


def test_an_event_subprocess_that_interrupts_is_alone_in_its_scope() -> None:
    body = receive("a", "A") + trigger("t", about("B"), catch("c", "A") + flows("t_start c t_end"))
    assert found(body + flows("start a end")) == []


def test_one_that_interrupts_nothing_is_there_beside_everything() -> None:
    inside = catch("c", "A") + flows("t_start c t_end")
    body = receive("a", "A") + trigger("t", timer("PT1H"), inside, interrupting=False)
    assert found(body + flows("start a end")) == ["c"]


def test_the_start_of_an_event_subprocess_awaits_while_its_scope_is_there() -> None:
    body = receive("a", "A") + trigger("t", about("A")) + flows("start a end")
    assert found(body) == ["t_start"]


def test_repetitions_at_once_await_the_same_and_one_after_the_other_they_do_not() -> None:
    assert found(receive("a", "A", MANY.format("")) + flows("start a end")) == ["a"]
    assert found(receive("a", "A", MANY.format(' isSequential="true"')) + flows("start a end")) == []


def test_a_name_with_an_expression_may_be_another_one_in_each_repetition() -> None:
    item = '<message id="X" name="X_${loopCounter}"/>'
    assert found(receive("a", "X", MANY.format("")) + flows("start a end"), item) == []


def test_what_starts_an_order_is_no_second_wait() -> None:
    assert found(catch("a", "Go") + flows("start a end")) == []


def test_whatever_a_real_engine_called_ambiguous_is_found() -> None:
    refused = {(case, event) for case in CASES for event in ambiguous_in(case)}

    warned = {
        (case, finding.event) for case in {case for case, _ in refused} for finding in ambiguous(read(case))
    }

    assert len(refused) >= 7
    assert refused <= warned


EXCLUSIVE = (
    "bnd-msg-int", "evg", "evsub-int", "inclusive", "loop-evg", "multi-start", "nested", "par-join",
    "sub-bnd-msg", "track-flow", "xor-amount",
)  # fmt: skip


@pytest.mark.parametrize("stem", EXCLUSIVE)
def test_recorded_models_in_which_it_cannot_be_are_not_warned_of(stem: str) -> None:
    (case,) = [path for path in CASES if path.stem == stem]
    assert list(ambiguous(read(case))) == []
