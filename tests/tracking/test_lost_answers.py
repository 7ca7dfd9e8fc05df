"""A remote engine that is away, or whose answers get lost: nothing is lost, and nothing is told twice."""

import logging

import pytest

from tests.tracking.order_engines import STEPS, RemoteOrders
from tests.tracking.world import KEY, World, message
from trackflow.engines.answers import Answer
from trackflow.message import Message

Remote = World[RemoteOrders]


def test_a_lost_answer_is_cleared_up_by_what_the_engine_remembers(remote: Remote) -> None:
    # Given an event that took effect, though its answer was lost
    remote.engine.faults.append(remote.engine.answer_is_lost)
    order = message("Order_Placed")
    assert remote.tracker.handle(order) == "received"
    assert remote.row(order).attempted
    assert remote.row(order).reason == "the engine's answer was lost: connection lost after sending"

    # When the quarantine is over
    remote.sweep()

    # Then the engine is asked, and not told again
    assert remote.outcome(order) == "correlated"
    assert remote.engine.told == ["Order_Placed"]
    assert remote.engine.states(KEY) == ["running"]


def test_a_lost_request_is_told_again(remote: Remote) -> None:
    remote.engine.faults.append(remote.engine.request_is_lost)
    order = message("Order_Placed")
    remote.tracker.handle(order)

    remote.sweep()

    assert remote.outcome(order) == "correlated"
    assert remote.engine.told == ["Order_Placed"] * 2


def test_after_a_lost_answer_the_case_is_in_quarantine(remote: Remote) -> None:
    # Given a request that may still take effect
    remote.engine.faults.append(remote.engine.request_is_late)
    order = message("Order_Placed")
    remote.tracker.handle(order)
    case = remote.case()
    assert (case.token, case.due_at) == (None, case.claimed_until)  # nobody's, and due at its end

    # When further events come, and it comes again, and a sweeper looks
    assert remote.hear("Payment_Done") == "received"
    assert remote.tracker.handle(order) == "received"
    assert not remote.tracker.sweep()

    # Then nobody told the engine anything; it takes effect, and is found
    assert remote.engine.told == ["Order_Placed"]
    remote.engine.land()
    remote.sweep()
    assert remote.outcomes() == {"Order_Placed": "correlated", "Payment_Done": "correlated"}
    assert remote.engine.states(KEY) == ["running"]


def test_a_doubt_stays_until_the_outcome_is_final(remote: Remote) -> None:
    # Given an early event whose first request is under way for longer than the quarantine
    remote.engine.faults.append(remote.engine.request_is_late)
    payment = message("Payment_Done")
    remote.tracker.handle(payment)
    remote.sweep()
    assert (remote.outcome(payment), remote.row(payment).attempted) == ("waiting", True)

    # When the order starts, and the request takes effect in between
    remote.engine.start(KEY)
    remote.engine.land()
    remote.sweep()

    # Then the engine's memory is asked before the event is told again
    assert remote.outcome(payment) == "correlated"
    assert remote.engine.told == ["Payment_Done"] * 2


def test_what_is_in_doubt_is_asked_about_before_it_is_given_up(remote: Remote) -> None:
    # Given an early event whose first request is under way for longer than the quarantine
    remote.hear("Order_Placed")
    remote.engine.faults.append(remote.engine.request_is_late)
    fetched = message("Goods_Fetched")
    remote.tracker.handle(fetched)
    remote.sweep()
    assert (remote.outcome(fetched), remote.row(fetched).attempted) == ("waiting", True)

    # When that takes effect after all, and people bring the order to its end
    [run] = remote.engine.of(KEY)
    remote.engine.move(run)
    remote.engine.land()
    remote.engine.move(run)
    remote.sweep()

    # Then the event was not in vain
    assert remote.engine.states(KEY) == ["completed"]
    assert remote.outcome(fetched) == "correlated"


def test_an_earlier_request_that_wins_while_a_later_one_is_under_way_is_seen(remote: Remote) -> None:
    remote.engine.start(KEY)
    remote.engine.faults.append(remote.engine.request_is_late)
    payment = message("Payment_Done")
    remote.tracker.handle(payment)

    def overtaken(_: Message) -> Answer:
        remote.engine.land()
        return remote.engine.take(payment)

    remote.engine.faults.append(overtaken)
    remote.sweep()

    assert remote.outcome(payment) == "correlated"


def test_an_engine_that_cannot_be_reached_leaves_no_doubt(remote: Remote) -> None:
    remote.engine.faults.append(remote.engine.cannot_be_reached)
    order = message("Order_Placed")
    assert remote.tracker.handle(order) == "received"
    assert not remote.row(order).attempted
    assert remote.row(order).reason == "the engine cannot be reached: connection refused"

    remote.sweep()

    assert remote.outcome(order) == "correlated"
    assert remote.row(order).reason is None
    assert "happened" not in remote.engine.asked


def test_two_instances_of_one_start_event_are_repaired_when_an_event_is_ambiguous(
    remote: Remote, caplog: pytest.LogCaptureFixture
) -> None:
    # Given a start event whose first request outlived the quarantine
    remote.engine.faults.append(remote.engine.request_is_late)
    order = message("Order_Placed")
    remote.tracker.handle(order)
    remote.sweep()
    remote.engine.land()
    assert remote.engine.states(KEY) == ["running", "running"]

    # When the next event is ambiguous
    with caplog.at_level(logging.WARNING):
        assert remote.hear("Payment_Done") == "received"
    remote.sweep()

    # Then the younger instance is ended, and the fact is kept
    assert remote.engine.states(KEY) == ["running", "terminated"]
    assert remote.outcomes()["Payment_Done"] == "correlated"
    assert "2 instances" in remote.row(order).reason
    assert "2 instances" in caplog.text


def test_an_event_that_several_executions_wait_for_is_refused(remote: Remote) -> None:
    remote.hear("Order_Placed")
    remote.engine.end_twins = lambda start: 0  # type: ignore[method-assign]
    remote.engine.start(KEY)
    payment = message("Payment_Done")

    assert remote.tracker.handle(payment) == "refused"
    assert remote.row(payment).reason == "several executions wait for it: 2 executions match"


def test_a_start_event_in_reserve_gets_its_turn_when_the_first_is_refused(remote: Remote) -> None:
    # Given a first start event whose answer was lost, and a second
    remote.engine.faults.append(remote.engine.request_is_lost)
    first, second = message("Order_Placed"), message("Order_Placed")
    remote.tracker.handle(first)
    assert remote.tracker.handle(second) == "received"

    # When the first is refused
    remote.engine.faults.append(remote.engine.refuses)
    remote.sweep()

    # Then the second starts the order
    assert (remote.outcome(first), remote.outcome(second)) == ("refused", "correlated")
    assert remote.engine.states(KEY) == ["running"]


def test_a_start_event_in_reserve_is_not_told_while_the_first_may_still_take_effect(remote: Remote) -> None:
    remote.engine.faults.append(remote.engine.fails)
    first, second = message("Order_Placed"), message("Order_Placed")
    remote.tracker.handle(first)

    assert remote.tracker.handle(second) == "received"

    assert len(remote.engine.told) == 1
    remote.sweep()
    remote.sweep()
    assert (remote.outcome(first), remote.outcome(second)) == ("correlated", "duplicate")


def test_a_start_event_in_reserve_is_a_duplicate_when_the_first_is_correlated(remote: Remote) -> None:
    remote.engine.faults.append(remote.engine.request_is_lost)
    first, second = message("Order_Placed"), message("Order_Placed")
    remote.tracker.handle(first)
    remote.tracker.handle(second)

    remote.sweep()

    assert (remote.outcome(first), remote.outcome(second)) == ("correlated", "duplicate")
    assert remote.row(second).reason == f"a second Order_Placed; the first was {first.id}"
    assert remote.engine.states(KEY) == ["running"]


def test_a_case_that_a_person_moves_is_told_what_waits(remote: Remote) -> None:
    remote.hear("Order_Placed")
    fetched = message("Goods_Fetched")
    remote.tracker.handle(fetched)
    remote.engine.move(remote.engine.of(KEY)[0])

    remote.sweep()

    assert remote.outcome(fetched) == "correlated"


def test_while_the_engine_is_silent_events_are_only_recorded(remote: Remote) -> None:
    # Given three requests without an answer
    remote.engine.is_away = True
    for key in ("a", "b", "c"):
        remote.hear("Order_Placed", key)
    remote.engine.is_away = False
    told = len(remote.engine.told)

    # When further events come, then they are recorded
    for event in STEPS:
        assert remote.hear(event, "d") == "received"
    assert len(remote.engine.told) == told
    assert remote.case("d").due_at is not None

    # And when a probe is answered, everything is told
    remote.teller._breaker._probe_at = 0.0
    while any(remote.sweep(key) for key in "abcd"):
        pass
    assert not remote.teller._breaker.open
    assert set(remote.outcomes("d").values()) == {"correlated"}
    assert remote.hear("Payment_Done", "a") == "correlated"


def test_while_the_engine_is_silent_one_probe_at_a_time_asks_it(remote: Remote) -> None:
    remote.engine.is_away = True
    for key in ("a", "b", "c"):
        remote.hear("Order_Placed", key)
    breaker = remote.teller._breaker
    breaker._probe_at = 0.0

    assert breaker.allows_probe()
    assert not breaker.allows_probe()


def test_a_probe_that_finds_nothing_to_ask_is_given_back(remote: Remote) -> None:
    # Given a silent engine, and no case that is overdue
    remote.engine.is_away = True
    for key in ("a", "b", "c"):
        remote.hear("Order_Placed", key)
    remote.teller._breaker._probe_at = 0.0
    assert not remote.tracker.sweep()

    # When a case is overdue, then it is the probe
    assert remote.sweep("a")


def test_an_order_whose_instance_the_engine_has_forgotten_has_ended(remote: Remote) -> None:
    for event in STEPS:
        remote.hear(event)
    remote.hear("Payment_Done")
    remote.engine._runs.clear()

    remote.sweep()

    assert remote.case().ended
    assert remote.case().open == 0
