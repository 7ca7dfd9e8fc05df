"""What becomes of an order's events, with an engine of either family."""

from itertools import permutations

import pytest

from tests.tracking.order_engines import STEPS, LedgerOrders, RemoteOrders
from tests.tracking.world import KEY, World, message
from trackflow.errors import MessageError

AnyWorld = World[RemoteOrders] | World[LedgerOrders]


def test_the_events_of_an_order_move_its_instance_to_the_end(world: AnyWorld) -> None:
    outcomes = [world.hear(event) for event in STEPS]

    assert outcomes == ["correlated"] * 4
    assert world.engine.states(KEY) == ["completed"]
    assert world.case().due_at is None


def test_the_events_of_an_order_may_come_in_any_order(world: AnyWorld) -> None:
    orders = {f"order-{number}": order for number, order in enumerate(permutations(STEPS))}

    for key, order in orders.items():
        for event in order:
            world.hear(event, key)

    for key, order in orders.items():
        assert set(world.outcomes(key).values()) == {"correlated"}, order
        assert world.engine.states(key) == ["completed"], order
        assert world.case(key).due_at is None, order


def test_an_early_event_waits_and_says_so(world: AnyWorld) -> None:
    early = message("Payment_Done")

    assert world.tracker.handle(early) == "waiting"

    row = world.row(early)
    assert (row.outcome, row.reason) == ("waiting", "nothing waits for it yet")
    assert world.case().due_at is not None


def test_early_events_of_one_name_are_taken_in_the_order_of_arrival(world: AnyWorld) -> None:
    first, second = message("Payment_Done"), message("Payment_Done")
    world.tracker.handle(first)
    world.tracker.handle(second)

    world.hear("Order_Placed")

    assert (world.outcome(first), world.outcome(second)) == ("correlated", "waiting")


def test_an_event_that_waits_for_nothing_is_unmatched_once_the_order_has_ended(world: AnyWorld) -> None:
    surplus = message("Payment_Done")
    for event in STEPS[:2]:
        world.hear(event)
    assert world.tracker.handle(surplus) == "waiting"
    for event in STEPS[2:]:
        world.hear(event)

    world.sweep()

    row = world.row(surplus)
    assert (row.outcome, row.reason) == ("unmatched", "the order had ended")
    assert world.case().due_at is None


def test_an_event_after_the_end_is_unmatched(world: AnyWorld) -> None:
    for event in STEPS:
        world.hear(event)

    late = message("Payment_Done")
    world.tracker.handle(late)
    world.sweep()

    assert world.outcome(late) == "unmatched"
    assert world.hear("Payment_Done") == "unmatched"
    assert world.case().due_at is None


def test_a_second_start_event_is_a_duplicate(world: AnyWorld) -> None:
    first, second = message("Order_Placed"), message("Order_Placed")
    world.tracker.handle(first)

    assert world.tracker.handle(second) == "duplicate"

    assert world.row(second).reason == f"a second Order_Placed; the first was {first.id}"
    assert world.engine.states(KEY) == ["running"]


def test_a_start_event_after_the_end_is_a_duplicate(world: AnyWorld) -> None:
    for event in STEPS:
        world.hear(event)

    assert world.hear("Order_Placed") == "duplicate"

    assert world.engine.states(KEY) == ["completed"]


def test_a_redelivered_event_is_counted_and_not_told_again(world: AnyWorld) -> None:
    order = message("Order_Placed")
    outcomes = [world.tracker.handle(order) for _ in range(3)]

    assert outcomes == ["correlated"] * 3
    assert world.row(order).deliveries == 3
    assert world.engine.states(KEY) == ["running"]
    assert world.engine.told == ["Order_Placed"]


def test_of_two_events_with_one_id_the_first_stays(world: AnyWorld) -> None:
    order = message("Order_Placed")
    world.tracker.handle(order)

    with pytest.raises(
        MessageError, match=f"other Payment_Done: its id '{order.id}' is that of {KEY} Order_"
    ):
        world.hear("Payment_Done", key="other", id=order.id)

    row = world.row(order)
    assert (row.business_key, row.name, row.deliveries) == (KEY, "Order_Placed", 1)
    assert world.engine.states("other") == []


def test_of_two_events_with_one_id_the_first_stays_while_it_waits(world: AnyWorld) -> None:
    payment = message("Payment_Done")
    world.tracker.handle(payment)

    with pytest.raises(MessageError):
        world.hear("Order_Placed", key="other", id=payment.id)

    assert world.engine.states("other") == []
    assert world.row(payment).business_key == KEY


def test_a_refused_event_is_final_and_keeps_the_words_of_the_engine(world: AnyWorld) -> None:
    world.engine.faults.append(RemoteOrders().refuses)
    order = message("Order_Placed")

    assert world.tracker.handle(order) == "refused"

    assert world.row(order).reason == "the engine refused it: no flow can be taken"
    assert world.case().due_at is None
    assert world.tracker.handle(order) == "refused"
    assert world.engine.told == ["Order_Placed"]


def test_after_a_refused_start_event_another_one_may_start_the_order(world: AnyWorld) -> None:
    world.engine.faults.append(RemoteOrders().refuses)
    world.hear("Order_Placed")

    assert world.hear("Order_Placed") == "correlated"
    assert world.engine.states(KEY) == ["running"]


def test_a_start_event_waits_for_its_deployment(world: AnyWorld) -> None:
    world.engine.deployed_starts = frozenset()
    order, payment = message("Order_Placed"), message("Payment_Done")
    assert world.tracker.handle(order) == "waiting"
    assert world.tracker.handle(payment) == "waiting"

    world.engine.deployed_starts = frozenset({"Order_Placed"})
    while world.sweep():
        pass

    assert (world.outcome(order), world.outcome(payment)) == ("correlated", "correlated")


def test_looks_at_a_case_that_does_not_move_become_rarer(world: AnyWorld) -> None:
    world.hear("Payment_Done")
    pauses = []
    for _ in range(3):
        world.sweep()
        case = world.case()
        pauses.append(case.idle)

    assert pauses == [1, 2, 3]


def test_an_event_that_the_engine_fails_at_is_refused_after_twenty_times(world: AnyWorld) -> None:
    poison = message("Payment_Done")
    world.hear("Order_Placed")
    world.engine.faults.extend([RemoteOrders().fails] * 20)
    assert world.tracker.handle(poison) == "waiting"

    for failures in range(1, 20):
        assert (world.outcome(poison), world.row(poison).failures) == ("waiting", failures)
        while world.outcome(poison) == "waiting" and world.row(poison).failures == failures:
            world.sweep()

    assert world.outcome(poison) == "refused"
    assert world.row(poison).reason == "the engine failed at it: no expression evaluator"
    assert world.case().due_at is None


def test_an_event_that_the_engine_fails_at_does_not_stop_the_others(world: AnyWorld) -> None:
    world.hear("Order_Placed")
    world.engine.faults.append(RemoteOrders().fails)
    world.hear("Goods_Shipped")

    assert world.hear("Payment_Done") == "correlated"


def test_no_two_events_of_a_case_arrive_at_the_same_time(world: AnyWorld) -> None:
    told = [message("Payment_Done") for _ in range(20)]
    for each in told:
        world.tracker.handle(each)

    times = [world.row(each).received_at for each in told]

    assert times == sorted(set(times))
