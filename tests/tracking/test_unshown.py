"""Every change of a case is one that the board has not shown yet."""

import sqlalchemy as sa

from tests.tracking.world import KEY, TENANT, World, message
from trackflow.tracking.cases import Cases
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.open_event import OpenEvent
from trackflow.tracking.tables import cases


def _clear(ledger: Ledger) -> None:
    with ledger.writing() as transaction:
        transaction.execute(sa.update(cases).values(unshown=None))


def test_an_event_makes_its_case_one_that_is_to_be_shown(world: World) -> None:
    world.hear("Order_Placed")
    assert world.case().unshown is not None

    _clear(world.ledger)
    world.hear("Payment_Done")
    assert world.case().unshown is not None


def test_a_second_delivery_changes_nothing(world: World) -> None:
    order = message("Order_Placed")
    world.tracker.handle(order)
    _clear(world.ledger)

    world.tracker.handle(order)

    assert world.case().unshown is None


def test_no_two_changes_in_a_row_look_the_same(ledger: Ledger) -> None:
    # Given a clock that stands still, as it may for a millisecond
    seen = []
    for name in ("Order_Placed", "Payment_Done", "Goods_Fetched"):
        event = OpenEvent.received(message(name), starts=False)
        Cases(ledger, TENANT).change(KEY, lambda case, event=event: _record_at(17.0, case, event))
        with ledger.reading() as transaction:
            seen.append(transaction.execute(sa.select(cases.c.unshown)).scalar_one())

    assert seen[0] == 17.0
    assert seen == sorted(set(seen))


def _record_at(now: float, case, event) -> None:
    case.now = now
    case.record(event)
