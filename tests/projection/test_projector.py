"""What the projector shows, and that its counts stay right whatever happens."""

from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from tests.projection.shop import EAGER, ORDER, Absent, Shop, check_all, counts, settle
from tests.waiting import until
from trackflow.bpmn import Model, parse
from trackflow.engines.embedded import store
from trackflow.projection import pace
from trackflow.projection.models import DeployedModels
from trackflow.projection.projector import Progress, Projector
from trackflow.projection.steps import Speed
from trackflow.projection.tables import measures, metadata, projectors, standings
from trackflow.tracking.tables import cases


def test_an_order_is_shown_where_it_is(shop: Shop) -> None:
    # Given an order that is placed, and a projector
    shop.hear("Order_Placed", "4711")
    projector = shop.projector()

    # When it has read it
    settle(projector)

    # Then it is shown at the element where it waits, and counted there
    row = shop.standing("4711")
    assert (row["state"], row["process"], row["version"]) == ("running", "order_fulfillment", 1)
    assert counts(shop, "element") == {"payment_done": 1}
    assert counts(shop, "state") == {"running": 1}

    # And when it goes on to its end, it is counted there, and nowhere else
    for event in ORDER[1:]:
        shop.hear(event, "4711")
    settle(projector)
    assert counts(shop, "element") == {}
    assert counts(shop, "state") == {"completed": 1}
    check_all(shop)


def test_nothing_is_written_when_nothing_has_changed(shop: Shop) -> None:
    shop.hear("Order_Placed", "4711")
    projector = shop.projector()
    settle(projector)

    assert not projector.step()
    assert projector.progress().left == 0


def test_while_the_engine_is_away_orders_stay_where_they_were(shop: Shop) -> None:
    # Given an order that is shown
    shop.hear("Order_Placed", "old")
    projector = shop.projector(speed=EAGER)
    settle(projector)

    # When the engine is away, that order goes on and another comes
    with Absent(shop.engine):
        shop.hear("Payment_Done", "old")
        shop.hear("Order_Placed", "new")
        settle(projector)

    # Then both are shown, with what the ledger knows
    assert (shop.standing("old")["state"], shop.standing("old")["last_event"]) == ("unknown", "Payment_Done")
    assert shop.standing("old")["process"] == "order_fulfillment"
    assert shop.standing("new")["state"] == "unknown"
    assert counts(shop, "element") == {"payment_done": 1}
    assert projector.progress().left == 0

    # And when it is back, they are where they are
    projector._steps.asking._away_until = 0.0
    settle(projector)
    assert counts(shop, "element") == {"payment_done": 1, "goods_fetched": 1}
    assert counts(shop, "state") == {"running": 2}
    check_all(shop)


# ---- several boards ----------------------------------------------------------------------------------


def test_only_one_of_two_projectors_works(shop: Shop) -> None:
    shop.hear("Order_Placed", "4711")
    first, second = shop.projector(), shop.projector()
    first.step()

    shop.hear("Order_Placed", "4712")
    assert not second.step()

    assert counts(shop, "state") == {"running": 1}
    assert (first.progress().holds, second.progress().holds) == (True, False)
    settle(first)
    assert counts(shop, "state") == {"running": 2}


def test_another_projector_goes_on_when_the_lease_is_over(shop: Shop) -> None:
    dead = shop.projector()
    settle(dead)
    shop.hear("Order_Placed", "4711")

    another = shop.another_projector()
    settle(another)
    assert counts(shop, "state") == {"running": 1}

    # When the first was not dead, it writes nothing any more
    shop.hear("Order_Placed", "4712")
    assert not dead.step()
    assert counts(shop, "state") == {"running": 1}
    assert not dead.progress().holds
    settle(another)
    check_all(shop)


def test_who_lost_the_lease_while_it_read_writes_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a projector that has read an order and then sleeps, until another has shown it
    shop.hear("Order_Placed", "4711")
    sleeper, another = shop.projector(), shop.projector()
    write = sleeper._steps._writer.write

    def late(*changes: Any) -> None:
        shop.set(projectors, claimed_until=0.0)
        settle(another)
        write(*changes)

    monkeypatch.setattr(sleeper._steps._writer, "write", late)

    # When it goes on, then the order is counted once
    assert not sleeper.step()
    assert counts(shop, "state") == {"running": 1}
    assert not sleeper.progress().holds


def test_two_tenants_know_nothing_of_each_other(shop: Shop, track_flow: Model) -> None:
    shop.hear("Order_Placed", "4711")
    settle(shop.projector())

    other = Projector(shop.ledger, shop.engine, "other", shop.choreography)
    settle(other)
    other.rebuild()

    assert other.progress() == Progress(0, 0.0, None, holds=True, error=None, since=None)
    assert counts(shop, "state") == {"running": 1}


def test_tables_that_were_dropped_are_filled_again(shop: Shop) -> None:
    # Given an order that is shown
    shop.hear("Order_Placed", "4711")
    settle(shop.projector())

    # When somebody drops the projection
    with shop.ledger.writing() as transaction:
        metadata.drop_all(transaction)

    # Then the next projector shows the order again
    settle(shop.projector())
    assert counts(shop, "state") == {"running": 1}
    check_all(shop)


def test_what_is_shown_stays_shown_when_the_lease_is_renewed(shop: Shop) -> None:
    shop.hear("Order_Placed", "4711")
    projector = shop.projector()
    settle(projector)

    projector._steps._lease.take()

    assert projector.progress().left == 0


# ---- beside trackers ---------------------------------------------------------------------------------


def test_what_changes_while_it_is_read_is_read_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given an order that goes on while the engine is asked about it
    shop.hear("Order_Placed", "4711")
    projector, histories = shop.projector(), shop.engine.histories

    def meanwhile(*asked: Any) -> Any:
        found = histories(*asked)
        monkeypatch.undo()
        shop.hear("Payment_Done", "4711")
        return found

    monkeypatch.setattr(shop.engine, "histories", meanwhile)
    projector.step()

    # Then it is still to be shown, and is shown by the next step
    assert projector.progress().left == 1
    settle(projector)
    assert counts(shop, "element") == {"goods_fetched": 1}
    check_all(shop)


@pytest.mark.postgresql
def test_a_case_that_a_tracker_has_locked_is_not_waited_for(shop: Shop) -> None:
    if shop.ledger.database.dialect.name != "postgresql":
        pytest.skip("locks no rows")
    shop.hear("Order_Placed", "locked")
    shop.hear("Order_Placed", "free")
    projector = shop.projector()

    # When one case is locked, which nobody gives back before the step is over
    with shop.ledger.writing() as transaction:
        locked = sa.select(cases.c.version).where(cases.c.business_key == "locked").with_for_update()
        transaction.execute(locked)
        projector.step()

    # Then both are shown, and the locked one will be again
    assert counts(shop, "state") == {"running": 2}
    assert projector.progress().left == 1
    settle(projector)
    check_all(shop)


def test_orders_that_come_are_shown_before_all_old_ones_are(shop: Shop) -> None:
    for number in range(30):
        shop.hear("Order_Placed", f"old-{number}")
    shop.hear("Order_Placed", "new")
    projector = shop.projector(speed=Speed(batch=4, idle_batch=4))

    projector.step()

    shown = [row["business_key"] for row in shop.rows(standings)]
    assert "new" in shown
    assert "old-0" in shown
    share = projector.progress().share
    assert share is not None
    assert 0.0 < share < 0.5
    settle(projector)
    assert projector.progress().share is None
    check_all(shop)


# ---- as a thread -------------------------------------------------------------------------------------


def test_it_runs_by_itself_until_it_is_stopped(shop: Shop) -> None:
    projector = shop.projector()
    projector.start()
    try:
        shop.hear("Order_Placed", "4711")
        until(lambda: counts(shop, "element") == {"payment_done": 1}, 30, "the order is shown")
        shop.hear("Payment_Done", "4711")
        until(lambda: counts(shop, "element") == {"goods_fetched": 1}, 30, "the order is shown again")
    finally:
        projector.stop()

    # Then another goes on at once
    (row,) = shop.rows(projectors)
    assert (row["token"], row["claimed_until"]) == (None, None)
    assert row["reached_at"] is not None
    shop.hear("Goods_Fetched", "4711")
    settle(shop.projector())
    check_all(shop)


def test_it_goes_on_after_a_mistake_and_says_what_is_wrong(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "ABSENT", 0.01)
    projector = shop.projector()
    with monkeypatch.context() as broken:
        broken.setattr(projector._steps, "step", lambda: 1 / 0)
        projector.start()
        until(lambda: projector.progress().error, 30, "it says so")
        assert projector.progress().error == "ZeroDivisionError: division by zero"
        assert projector.progress().since is not None
    try:
        until(lambda: projector.progress().holds and not projector.progress().error, 30, "it goes on")
    finally:
        projector.stop()


def test_an_order_whose_history_cannot_be_read_stops_no_other(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("good", "broken", "better"):
        shop.hear("Order_Placed", key)
    histories = shop.engine.histories

    def broken(tenant: str, keys: Sequence[str]) -> Any:
        if "broken" in keys:
            raise KeyError("broken")
        return histories(tenant, keys)

    monkeypatch.setattr(shop.engine, "histories", broken)
    projector = shop.projector()
    settle(projector)

    assert counts(shop, "state") == {"running": 2, "unknown": 1}
    assert projector.progress().left == 0


def test_it_rests_nine_times_as_long_as_it_works_while_trackers_work() -> None:
    assert pace.rest(0.1, busy=True, more=True) == pytest.approx(0.9)
    assert pace.rest(0.1, busy=True, more=False) == pytest.approx(0.9)
    assert pace.rest(0.001, busy=True, more=False) == pace.IDLE
    assert pace.rest(0.5, busy=False, more=True) == 0.0
    assert pace.rest(0.5, busy=False, more=False) == pace.IDLE


def test_trackers_at_work_are_noticed(shop: Shop) -> None:
    projector = shop.projector()
    shop.hear("Order_Placed", "4711")
    projector.step()
    assert projector._steps.busy

    shop.set(cases, unshown=17.0)
    projector.step()
    assert not projector._steps.busy


def test_once_the_engine_is_back_all_that_it_missed_is_asked_at_once(shop: Shop) -> None:
    # Given a projector that asks nobody again by itself, and an engine that was away
    projector = shop.projector(speed=Speed(batch=4, idle_batch=4, asked_again=0.0))
    settle(projector)
    with Absent(shop.engine):
        for number in range(10):
            shop.hear("Order_Placed", f"order-{number}")
        settle(projector)
    assert counts(shop, "state") == {"unknown": 10}

    # When it is back, and an order comes that shows it
    projector._steps.asking._away_until = 0.0
    shop.hear("Order_Placed", "next")
    settle(projector)

    assert counts(shop, "state") == {"running": 11}
    check_all(shop)


def test_an_order_that_the_engine_has_forgotten_keeps_its_end(shop: Shop) -> None:
    # Given an order that has ended, and is counted
    for event in ORDER:
        shop.hear(event, "4711")
    projector = shop.projector(speed=EAGER)
    settle(projector)
    before = shop.rows(measures)

    # When the engine has cleaned its history up, and an event comes late
    with shop.ledger.writing() as transaction:
        transaction.execute(store.instances.delete())
    shop.set(cases, unshown=17.0)
    settle(projector)

    # Then the state is what is said everywhere, and what was counted stays so
    row = shop.standing("4711")
    assert (row["state"], row["process"]) == ("unknown", "order_fulfillment")
    assert row["ended_at"] is not None
    assert shop.rows(measures) == before
    assert counts(shop, "state") == {"unknown": 1}


def test_a_model_that_cannot_be_had_is_asked_for_again_later(shop: Shop, track_flow: Model) -> None:
    now = [0.0]
    models = DeployedModels(shop.engine, "showcase", lambda: now[0])

    assert models.of("order_fulfillment", 2) is None
    shop.engine.deploy([parse(track_flow.source + b"\n", "changed.bpmn")], "showcase")
    assert models.of("order_fulfillment", 2) is None
    now[0] = 61.0
    model = models.of("order_fulfillment", 2)
    assert model is not None
    assert models.of("order_fulfillment", 2) is model
