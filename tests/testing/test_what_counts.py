"""What an order passed and which flows it took, where the engine's own words would mislead."""

from pathlib import Path

import pytest

from trackflow.bpmn import parse
from trackflow.errors import TrackflowError
from trackflow.testing import Expect, Given, Time, UseModels

LOOP = Path(__file__).parents[1] / "engines" / "cases" / "loop-evg.bpmn"
# Paid or not, the order is closed: both ways lead to one end.
CLOSED = b"""
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="x">
  <process id="p" isExecutable="true">
    <startEvent id="S"><messageEventDefinition messageRef="M_Placed"/></startEvent>
    <receiveTask id="Pay" messageRef="M_Paid"/>
    <boundaryEvent id="Late" attachedToRef="Pay">
      <timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>
    </boundaryEvent>
    <endEvent id="Closed"/>
    <sequenceFlow id="placed" sourceRef="S" targetRef="Pay"/>
    <sequenceFlow id="paid" sourceRef="Pay" targetRef="Closed"/>
    <sequenceFlow id="late" sourceRef="Late" targetRef="Closed"/>
  </process>
  <message id="M_Placed" name="Placed"/>
  <message id="M_Paid" name="Paid"/>
</definitions>
"""


def test_what_was_interrupted_led_nowhere(model: UseModels, given: Given, expect: Expect, time: Time) -> None:
    model(parse(CLOSED, "closed.bpmn"))
    order = given("Placed")
    time.passes("P1D")
    expect(order).has_ended().took("late").did_not_take("paid").has_not_passed("Pay")

    paid = given("Placed").gets("Paid")
    expect(paid).has_ended().took("paid").did_not_take("late").has_passed("Pay")


def test_an_event_based_gateway_was_passed(model: UseModels, given: Given, expect: Expect) -> None:
    model(LOOP)
    order = given("Go").gets("Update").gets("Delivered")
    expect(order).has_ended().has_passed("G", "U", "D").took("Flow_2", "Flow_3", "Flow_4")
    assert order.flows == ["Flow_1", "Flow_2", "Flow_4", "Flow_3", "Flow_5"]


def test_a_cycle_that_never_stands_still_is_found(
    model: UseModels, given: Given, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trackflow.testing.clock.MOST_TIMERS", 10)
    timer = b"<timeCycle>R1000/PT1S</timeCycle>"
    source = CLOSED.replace(b"<timeDuration>P1D</timeDuration>", timer)
    model(parse(source.replace(b'attachedToRef="Pay"', b'attachedToRef="Pay" cancelActivity="false"'), ""))
    given("Placed")
    with pytest.raises(TrackflowError, match="it is 2026-01-01 00:00:10 UTC, 10 timers have fired"):
        time.passes("P1D")


def test_timers_of_a_chain_fire_one_after_the_other(model: UseModels, given: Given, time: Time) -> None:
    # Given a second wait that begins when the first is over
    source = CLOSED.replace(b'<endEvent id="Closed"/>', b"""
        <intermediateCatchEvent id="Then">
          <timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>
        </intermediateCatchEvent>
        <endEvent id="Closed"/><sequenceFlow id="then" sourceRef="Then" targetRef="Closed"/>""")  # fmt: skip
    model(
        parse(
            source.replace(b'sourceRef="Late" targetRef="Closed"', b'sourceRef="Late" targetRef="Then"'), ""
        )
    )
    order = given("Placed")

    time.passes("P2D")

    began, ended = (step.entered for step in order.path if step.element in ("Late", "Closed"))
    assert 3600 <= (ended - began).total_seconds() < 3601
