"""Who holds a case, and what becomes of it when the holder dies, sleeps too long, or is told to stop."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from tests.tracking.order_engines import STEPS, Fault, RemoteOrders
from tests.tracking.world import KEY, TENANT, World, message
from trackflow.engines.answers import Answer
from trackflow.message import Message
from trackflow.tracking import asking, statements
from trackflow.tracking import cases as cases_module
from trackflow.tracking.asking import Said, Verdict
from trackflow.tracking.lease import Timing, uptime
from trackflow.tracking.tables import cases
from trackflow.tracking.tracker import open_tracker

Remote = World[RemoteOrders]


def test_a_case_is_released_when_no_event_is_left(remote: Remote) -> None:
    remote.hear("Order_Placed")

    case = remote.case()

    assert (case.token, case.claimed_until, case.due_at, case.open) == (None, None, None, 0)


def test_events_of_a_claimed_case_are_left_to_its_holder(remote: Remote) -> None:
    job = remote.claim(message("Order_Placed"))
    assert [remote.another().hear(event) for event in STEPS[1:]] == ["received"] * 3
    assert remote.engine.told == []

    remote.teller._work(job)

    assert remote.engine.told == list(STEPS)
    assert set(remote.outcomes().values()) == {"correlated"}


def test_a_claim_is_due_at_its_own_end(remote: Remote) -> None:
    remote.claim(message("Order_Placed"))

    case = remote.case()

    assert case.due_at == case.claimed_until


@pytest.mark.parametrize("died", ["before the request", "after the request"])
def test_a_sweeper_takes_over_from_a_dead_holder(remote: Remote, died: str) -> None:
    # Given a holder that died
    order = message("Order_Placed")
    job = remote.claim(order)
    if died == "after the request":
        remote.engine.correlate(job.event.message)
    remote.another().hear("Payment_Done")
    assert not remote.tracker.sweep()  # its lease is not over

    # When its lease is over
    assert remote.sweep()

    # Then both events took effect once
    assert remote.outcomes() == {"Order_Placed": "correlated", "Payment_Done": "correlated"}
    assert remote.engine.told.count("Order_Placed") == 1
    assert remote.engine.states(KEY) == ["running"]


def test_a_holder_that_dies_at_its_second_event_leaves_it_in_doubt(remote: Remote) -> None:
    # Given a holder that told two events, and died before it wrote down the second answer
    job, payment = remote.claim(message("Order_Placed")), message("Payment_Done")
    remote.another().tracker.handle(payment)
    remote.engine.take(job.event.message)
    following = remote.teller.settle(job, Said(Verdict.CORRELATED))
    assert following is not None
    assert remote.row(payment).attempted
    remote.engine.take(payment)

    # When another one takes over
    remote.sweep()

    # Then the event is not told again
    assert remote.outcome(payment) == "correlated"
    assert remote.engine.told == []


def test_a_claimed_case_is_not_taken_over_even_if_it_seems_overdue(remote: Remote) -> None:
    remote.claim(message("Order_Placed"))
    with remote.ledger.writing() as transaction:
        transaction.execute(sa.update(cases).values(due_at=0.0))

    assert not remote.tracker.sweep()

    remote.time_passes()
    assert remote.tracker.sweep()


def test_a_redelivery_takes_over_from_a_dead_holder(remote: Remote) -> None:
    order = message("Order_Placed")
    remote.claim(order)
    remote.time_passes()

    assert remote.tracker.handle(order) == "correlated"
    assert remote.row(order).deliveries == 2


def test_a_holder_that_slept_too_long_sends_nothing_more(
    remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a holder that sleeps until just before the end of its lease
    order = message("Order_Placed")
    job = remote.claim(order)
    timing = Timing()
    too_late = timing.lease - remote.engine.request_seconds - timing.quarantine
    monkeypatch.setattr(asking, "uptime", lambda: uptime() + too_late)

    # When it goes on
    said = remote.teller._asking.about(job)

    # Then it sends nothing: the request could outlive the lease
    assert said.verdict is Verdict.NOTHING
    assert remote.engine.told == []
    remote.teller.settle(job, said)
    assert (remote.outcome(order), remote.row(order).attempted) == ("received", False)


def test_the_last_moment_to_send_counts_from_before_the_claim(remote: Remote) -> None:
    before = uptime()
    job = remote.claim(message("Order_Placed"))

    # 51 s of lease less 13 s for the request and 20 s of quarantine
    assert before + 18 <= job.last_moment <= uptime() + 18


def test_a_lease_counts_from_before_the_wait_for_the_case(
    remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a case that somebody else has locked for eight seconds
    now = [0.0]
    monkeypatch.setattr(cases_module, "uptime", lambda: now[0])
    lock = statements.LOCK_CASE.first

    def wait_and_lock(*arguments: Any) -> Any:
        row = lock(*arguments)
        now[0] += 8
        return row

    monkeypatch.setattr(statements.LOCK_CASE, "first", wait_and_lock)

    # When it is claimed after that
    job = remote.claim(message("Order_Placed"))

    # Then the last moment to send is one of a lease that began when the claim was asked for
    assert job.last_moment == Timing().last_moment(0.0, remote.engine.request_seconds)


def test_a_start_event_is_told_before_those_that_came_earlier(remote: Remote) -> None:
    # Given events that were only recorded, the start event last
    remote.tracker.stop()
    for event in reversed(STEPS):
        assert remote.hear(event) == "received"

    # When they are told
    assert remote.another().tracker.sweep()

    # Then the order starts first
    assert remote.engine.told[0] == "Order_Placed"
    assert set(remote.outcomes().values()) == {"correlated"}


@pytest.mark.parametrize("verdict", [each for each in Verdict if each is not Verdict.CORRELATED])
def test_a_late_answer_of_a_lost_claim_changes_nothing(remote: Remote, verdict: Verdict) -> None:
    # Given a holder that lost its case, to one that told the event and left another waiting
    slow = message("Payment_Done")
    job = remote.claim(slow)
    remote.time_passes()
    remote.another().hear("Goods_Fetched")
    before = remote.row(slow), remote.case()

    # When its answer comes
    following = remote.teller.settle(job, Said(verdict, "late"))

    # Then
    assert following is None
    assert (remote.row(slow), remote.case()) == before


@pytest.mark.parametrize("verdict", [Verdict.WAITING, Verdict.REFUSED, Verdict.UNKNOWN])
def test_a_late_answer_does_not_touch_the_claim_of_another(remote: Remote, verdict: Verdict) -> None:
    # Given two claims of one case, the first of which is lost
    slow = message("Order_Placed")
    lost = remote.claim(slow)
    remote.time_passes()
    other = remote.another()
    kept = other.teller.take_over()
    assert kept is not None
    before = remote.row(slow), remote.case()

    # When the first gets its answer
    assert remote.teller.settle(lost, Said(verdict, "late")) is None

    # Then the second still holds the case, under a token of its own
    assert kept.token != lost.token
    assert (remote.row(slow), remote.case()) == before
    other.teller._work(kept)
    assert remote.outcome(slow) == "correlated"


def test_that_an_event_took_effect_counts_even_from_a_lost_claim(remote: Remote) -> None:
    # Given a waiting event, and a start event whose holder lost its claim
    payment, order = message("Payment_Done"), message("Order_Placed")
    remote.tracker.handle(payment)
    job = remote.claim(order)
    remote.engine.faults.append(remote.engine.cannot_be_reached)
    remote.sweep()
    assert not remote.tracker.sweep()

    # When the first holder's answer comes after all
    remote.engine.take(order)
    assert remote.teller.settle(job, Said(Verdict.CORRELATED)) is None

    # Then it is written, and the other event is looked at at once
    assert remote.outcome(order) == "correlated"
    assert remote.tracker.sweep()
    assert remote.outcome(payment) == "correlated"


@pytest.mark.parametrize("verdict", [Verdict.WAITING, Verdict.REFUSED, Verdict.FAILED, Verdict.UNKNOWN])
def test_that_an_event_took_effect_is_not_overwritten_by_who_holds_the_case(
    remote: Remote, verdict: Verdict
) -> None:
    # Given two claims of one case, the first of which is lost but has the engine's word
    order = message("Order_Placed")
    lost = remote.claim(order)
    remote.time_passes()
    kept = remote.teller.take_over()
    assert kept is not None
    remote.engine.take(order)
    remote.teller.settle(lost, Said(Verdict.CORRELATED))
    before = remote.row(order)

    # When the second was told otherwise
    remote.teller.settle(kept, Said(verdict, "otherwise"))

    # Then the engine's word stays
    assert before.outcome == "correlated"
    assert remote.row(order) == before
    remote.sweep()


def test_that_an_event_took_effect_is_not_counted_twice(remote: Remote) -> None:
    order = message("Order_Placed")
    job = remote.claim(order)
    remote.engine.correlate(order)
    remote.sweep()
    before = remote.case()

    remote.teller.settle(job, Said(Verdict.CORRELATED))

    assert remote.case() == before


def test_that_an_event_took_effect_counts_even_after_it_was_given_up(remote: Remote) -> None:
    order = message("Order_Placed")
    job = remote.claim(order)
    remote.engine.faults.append(remote.engine.refuses)
    remote.sweep()
    assert remote.outcome(order) == "refused"

    remote.engine.take(order)
    remote.teller.settle(job, Said(Verdict.CORRELATED))

    assert remote.outcome(order) == "correlated"
    assert remote.case().start_event_id == order.id


def test_a_zombie_that_sends_its_start_after_all_is_found_out(remote: Remote) -> None:
    # Given a holder that the system stops between its last check and the request, for longer than its lease
    order = message("Order_Placed")
    job = remote.claim(order)
    other = remote.another()

    def asleep(event: Message) -> Answer:
        while other.sweep():
            pass
        return remote.engine.take(event)

    remote.engine.faults.append(asleep)

    # When it wakes up and sends
    remote.teller._work(job)

    # Then the second instance is ended
    assert remote.outcome(order) == "correlated"
    assert remote.engine.states(KEY) == ["running", "terminated"]


def test_a_lease_that_is_too_short_for_its_requests_is_an_error(remote: Remote) -> None:
    with pytest.raises(ValueError, match="a lease of 50 s is too short: two requests of 13 s"):
        open_tracker(remote.ledger, remote.engine, TENANT, frozenset(), Timing(lease=50))


def test_the_default_lease_is_just_long_enough(remote: Remote) -> None:
    timing = Timing()

    timing.check(remote.engine.request_seconds)

    assert timing.lease == 2 * remote.engine.request_seconds + timing.quarantine + timing.slack


def test_a_tracker_that_is_stopped_gives_its_case_back_after_the_event_at_hand(remote: Remote) -> None:
    # Given a holder with more to tell, which is told to stop while it tells the first
    job = remote.claim(message("Order_Placed"))
    other = remote.another()
    other.hear("Payment_Done")
    remote.engine.faults.append(_meanwhile(remote, remote.tracker.stop))

    # When it has told it
    remote.teller._work(job)

    # Then the case is free at once for another tracker
    assert remote.outcomes() == {"Order_Placed": "correlated", "Payment_Done": "received"}
    assert remote.case().token is None
    assert other.tracker.sweep()
    assert remote.outcomes()["Payment_Done"] == "correlated"


def test_a_tracker_that_is_stopped_only_records(remote: Remote) -> None:
    remote.tracker.stop()

    assert remote.hear("Order_Placed") == "received"

    assert remote.engine.told == []
    assert remote.another().tracker.sweep()
    assert remote.outcomes() == {"Order_Placed": "correlated"}


def test_a_sweeper_leaves_the_cases_of_other_tenants_alone(remote: Remote) -> None:
    # Given an overdue case whose holder died
    remote.claim(message("Order_Placed"))
    remote.time_passes()

    # When the trackers of two tenants sweep
    other = open_tracker(remote.ledger, remote.engine, "another", frozenset())

    # Then only the case's own takes it over
    assert not other.sweep()
    assert remote.tracker.sweep()


def test_sweepers_tell_what_is_overdue_until_they_are_stopped(remote: Remote) -> None:
    # Given a case that a dead holder left behind
    told = threading.Event()
    remote.engine.faults.append(_meanwhile(remote, told.set))
    remote.claim(message("Order_Placed"))
    remote.time_passes()
    sweeping = open_tracker(remote.ledger, remote.engine, TENANT, frozenset(), Timing(sweep=0.01))

    # When
    sweeping.start_sweeping()

    # Then
    assert told.wait(timeout=10)
    sweeping.stop(wait=10)
    assert not any(thread.is_alive() for thread in sweeping._sweeper._threads)
    assert remote.outcomes() == {"Order_Placed": "correlated"}


def _meanwhile(remote: Remote, something: Callable[[], object]) -> Fault:
    def fault(event: Message) -> Answer:
        something()
        return remote.engine.take(event)

    return fault
