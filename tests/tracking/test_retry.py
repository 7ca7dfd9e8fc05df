"""Telling the engine again what it refused or what waits, at somebody's wish."""

from datetime import UTC, datetime
from itertools import chain

import pytest

from tests.tracking.order_engines import STEPS, LedgerOrders, RemoteOrders
from tests.tracking.world import KEY, TENANT, World, message
from trackflow.engines.answers import Answer
from trackflow.message import Message
from trackflow.tracking import search as search_module
from trackflow.tracking.audit import Audit
from trackflow.tracking.retried import Retried, Standing
from trackflow.tracking.retry import Retry
from trackflow.tracking.search import RETRIABLE, Search, Wanted
from trackflow.tracking.tables import Outcome

AnyWorld = World[RemoteOrders] | World[LedgerOrders]
ALL = Wanted(outcomes=RETRIABLE)
NOT_YET = "nothing waits for it yet"


def refused(world: AnyWorld, told: Message | None = None) -> Message:
    """An event that the engine refused."""
    told = told or message("Order_Placed")
    world.engine.faults.append(RemoteOrders().refuses)
    assert world.tracker.handle(told) == "refused"
    return told


def retrying(world: AnyWorld) -> Retry:
    return Retry(world.tracker, Search(world.ledger, TENANT), Audit(world.ledger, TENANT))


def test_a_refused_event_is_told_again(world: AnyWorld) -> None:
    order = refused(world)

    retried = world.tracker.retry(KEY, [order.id])

    assert retried == Retried((Standing(Outcome.CORRELATED, None),))
    assert world.engine.states(KEY) == ["running"]
    assert world.case().due_at is None


def test_a_refused_event_that_is_refused_again_says_why(world: AnyWorld) -> None:
    order = refused(world)
    world.engine.faults.append(RemoteOrders().fails)

    assert [each.outcome for each in world.tracker.retry(KEY, [order.id]).events] == ["waiting"]

    assert world.row(order).reason == "the engine failed at it: no expression evaluator"
    assert world.row(order).failures == 1


def test_what_waits_is_told_at_once_with_all_that_it_waited_for(world: AnyWorld) -> None:
    # Given an order that waits for its deployment, and whose next look is far away
    world.engine.deployed_starts = frozenset()
    order, payment = message("Order_Placed"), message("Payment_Done")
    world.tracker.handle(order)
    world.tracker.handle(payment)
    for _ in range(5):
        world.sweep()

    # When it is deployed
    world.engine.deployed_starts = frozenset({"Order_Placed"})
    retried = world.tracker.retry(KEY, [order.id, payment.id])

    # Then
    assert [each.outcome for each in retried.events] == ["correlated", "correlated"]
    assert world.engine.states(KEY) == ["running"]


def test_what_still_waits_is_looked_at_again_soon(world: AnyWorld) -> None:
    payment = message("Payment_Done")
    world.tracker.handle(payment)
    for _ in range(5):
        world.sweep()

    retried = world.tracker.retry(KEY, [payment.id])

    assert retried == Retried((Standing(Outcome.WAITING, NOT_YET),))
    assert world.case().idle == 0


def test_an_event_that_the_engine_failed_at_too_often_has_all_its_tries_again(world: AnyWorld) -> None:
    poison = message("Payment_Done")
    world.hear("Order_Placed")
    world.engine.faults.extend([RemoteOrders().fails] * 20)
    world.tracker.handle(poison)
    while world.outcome(poison) == "waiting":
        world.sweep()
    assert world.outcome(poison) == "refused"

    world.engine.faults.append(RemoteOrders().fails)
    world.tracker.retry(KEY, [poison.id])
    assert (world.outcome(poison), world.row(poison).failures) == ("waiting", 1)
    world.tracker.retry(KEY, [poison.id])

    assert world.outcome(poison) == "correlated"


def test_what_came_to_its_end_is_left_alone(world: AnyWorld) -> None:
    told = [message(event) for event in (*STEPS, "Order_Placed", "Payment_Done")]
    for each in told:
        world.tracker.handle(each)
    world.sweep()
    outcomes = [world.outcome(each) for each in told]
    assert outcomes == ["correlated"] * 4 + ["duplicate", "unmatched"]
    world.engine.told.clear()

    assert world.tracker.retry(KEY, [each.id for each in told]) == Retried(())

    assert world.engine.told == []
    assert [world.outcome(each) for each in told] == outcomes


def test_a_refused_event_of_an_order_that_has_ended_is_unmatched(world: AnyWorld) -> None:
    world.hear("Order_Placed")
    payment = refused(world, message("Payment_Done"))
    for event in STEPS[1:]:
        world.hear(event)

    world.tracker.retry(KEY, [payment.id])
    world.sweep()

    assert world.outcome(payment) == "unmatched"
    assert world.case().due_at is None


def test_a_refused_start_event_is_a_duplicate_once_another_has_started_the_order(world: AnyWorld) -> None:
    first = refused(world)
    world.hear("Order_Placed")

    retried = world.tracker.retry(KEY, [first.id])

    assert [each.outcome for each in retried.events] == ["duplicate"]
    assert world.engine.states(KEY) == ["running"]
    assert world.case().due_at is None


def test_a_refused_event_that_took_effect_all_the_same_is_not_told_again(remote: World[RemoteOrders]) -> None:
    # Given an engine that said no, and yes later
    order = refused(remote)
    remote.engine.take(order)
    remote.engine.told.clear()

    remote.tracker.retry(KEY, [order.id])

    assert remote.outcome(order) == "correlated"
    assert remote.engine.told == []
    assert remote.engine.states(KEY) == ["running"]


def test_an_order_that_a_living_tracker_holds_is_left_to_it(remote: World[RemoteOrders]) -> None:
    # Given a refused and a waiting event, and a tracker that holds their order
    bad, early = refused(remote, message("Goods_Fetched")), message("Payment_Done")
    remote.tracker.handle(early)
    job = remote.claim(message("Order_Placed"))
    remote.engine.told.clear()

    # When somebody wants them told again
    retried = remote.another().tracker.retry(KEY, [bad.id, early.id])

    # Then the holder is not disturbed, and sees them
    assert retried.is_held
    assert remote.engine.told == []
    assert remote.case().token == job.token
    remote.teller._work(job)
    assert set(remote.outcomes().values()) == {"correlated"}


def test_an_event_that_is_reopened_before_its_teller_dies_is_not_forgotten(
    remote: World[RemoteOrders],
) -> None:
    # Given somebody who dies right after the event was reopened
    order = refused(remote)

    def dies(_: Message) -> Answer:
        raise KeyboardInterrupt

    remote.engine.faults.append(dies)
    with pytest.raises(KeyboardInterrupt):
        remote.tracker.retry(KEY, [order.id])
    assert (remote.outcome(order), remote.row(order).attempted) == ("received", True)

    # When its lease is over
    assert remote.another().sweep()

    assert remote.outcome(order) == "correlated"


def test_while_the_engine_is_silent_events_are_reopened_for_later(remote: World[RemoteOrders]) -> None:
    orders = [refused(remote, message("Order_Placed", key)) for key in "abcde"]
    remote.engine.is_away = True

    silences = [remote.tracker.retry(each.business_key, [each.id]).silence for each in orders]

    assert silences[:3] == ["the engine cannot be reached: connection refused"] * 3
    assert silences[3:] == ["the engine gives no answer"] * 2  # it is not asked any more
    assert [remote.outcome(each) for each in orders] == ["received"] * 5
    remote.engine.is_away = False
    for key in "abcde":
        remote.another().sweep(key)
    assert [remote.outcome(each) for each in orders] == ["correlated"] * 5


def test_many_orders_are_told_page_by_page(world: AnyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "PAGE", 3)
    refusals = [refused(world, message("Order_Placed", f"order-{number}")) for number in range(10)]

    pages = list(retrying(world).retry(ALL))

    assert [len(page) for page in pages] == [3, 3, 3, 1]
    assert {event.outcome for each in chain(*pages) for event in each.events} == {Outcome.CORRELATED}
    assert all(world.engine.states(each.business_key) == ["running"] for each in refusals)


def test_only_what_is_wanted_is_told(world: AnyWorld) -> None:
    bad, early = refused(world, message("Order_Placed", "bad")), message("Payment_Done", "early")
    world.tracker.handle(early)
    world.hear("Order_Placed", "good")
    world.engine.told.clear()

    [[retried]] = retrying(world).retry(Wanted(outcomes=RETRIABLE, reason="No flow"))

    assert retried.events == (Standing(Outcome.CORRELATED, None),)
    assert world.engine.told == ["Order_Placed"]
    assert (world.outcome(bad), world.outcome(early)) == ("correlated", "waiting")


def test_who_wanted_it_is_written_before_it_is_done(world: AnyWorld) -> None:
    order = refused(world)
    before = datetime.now(UTC)

    list(retrying(world).retry(ALL, why="mended"))

    [act] = Audit(world.ledger, TENANT).acts_on_order(KEY)
    assert (act.action, act.why, act.entry.event_id) == ("retry", "mended", order.id)
    assert (act.entry.queue, act.entry.reason) == (None, "the engine refused it: no flow can be taken")
    assert abs((act.at - before).total_seconds()) < 600
