"""Moving running orders to a new version, with the tracker at work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from tests.engines.versioned import END, START, boundary, flow, model, wait
from trackflow.engines.camunda import CamundaEngine
from trackflow.engines.embedded import EmbeddedEngine, create_tables
from trackflow.engines.port import Engine
from trackflow.message import Message
from trackflow.tracking.audit import Audit
from trackflow.tracking.cases import Cases
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.migrating import Migrating, Moved
from trackflow.tracking.tables import cases, events
from trackflow.tracking.tracker import Tracker, open_tracker

PROCESS = "orders"
STARTS = frozenset({"Go"})
# In the second version a second event moves the order on, and a time limit is new.
FIRST = model(
    START + wait("pay", "Paid") + wait("ship", "Shipped") + END + flow("start", "pay", "ship", "end")
)
SECOND = model(
    START
    + wait("pay", "Paid")
    + boundary("cancelled", "pay", "Cancelled")
    + boundary("late", "pay", "PT1H")
    + END
    + flow("start", "pay", "end")
    + flow("cancelled", "end")
    + flow("late", "end")
)


class Shop:
    """One tenant's ledger, engine and tracker."""

    def __init__(self, ledger: Ledger, engine: Engine, tenant: str) -> None:
        self.ledger = ledger
        self.engine = engine
        self.tenant = tenant
        self.tracker: Tracker = open_tracker(ledger, engine, tenant, STARTS)
        self.audit = Audit(ledger, tenant)
        self.migrating = Migrating(Cases(ledger, tenant), engine, self.audit, tenant)

    def hear(self, event: str, key: str = "k") -> str:
        return self.tracker.handle(
            Message.new(tenant=self.tenant, business_key=key, event=event, id=uuid4().hex)
        )

    def migrate(self, to: int = 2, since: int = 1) -> dict[str, Moved]:
        pages = self.engine.running_on(self.tenant, PROCESS, since)
        moved = self.migrating.migrate(pages, to, "the new way")
        return {each.instance.business_key: each for page in moved for each in page}

    def case(self, key: str = "k") -> sa.Row[tuple[object, ...]]:
        with self.ledger.reading() as transaction:
            return transaction.execute(
                sa.select(cases).where(cases.c.business_key == key, cases.c.tenant == self.tenant)
            ).one()

    def outcomes(self, key: str = "k") -> dict[str, str]:
        chosen = sa.select(events.c.name, events.c.outcome).where(
            events.c.business_key == key, events.c.tenant == self.tenant
        )
        with self.ledger.reading() as transaction:
            return {row.name: row.outcome for row in transaction.execute(chosen)}

    def all_is_shown(self) -> None:
        with self.ledger.writing() as transaction:
            transaction.execute(sa.update(cases).values(unshown=None))

    def time_passes(self) -> None:
        """The pause until the next look at what waits is over."""
        with self.ledger.writing() as transaction:
            transaction.execute(sa.update(cases).where(cases.c.open > 0).values(due_at=0.0))

    def state(self, key: str = "k") -> tuple[int, str]:
        instance = self.engine.history(self.tenant, key)[-1]
        return instance.version, instance.state


@pytest.fixture
def shop(ledger: Ledger) -> Shop:
    ledger.create(create_tables)
    return Shop(ledger, EmbeddedEngine(ledger.database), "own")


@pytest.fixture(params=["operaton", "camunda"])
def remote_shop(
    request: pytest.FixtureRequest, tmp_path: Path, engine_url_of: Callable[[str], str]
) -> Iterator[Shop]:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db")
    yield Shop(ledger, CamundaEngine(engine_url_of(request.param)), f"t-{uuid4().hex[:12]}")
    ledger.close()


def _an_event_that_waited_is_told_after_the_move(shop: Shop) -> None:
    # Given an order, and an event that its version does not know
    shop.engine.deploy([FIRST], shop.tenant)
    shop.hear("Go")
    assert shop.hear("Cancelled") == "waiting"
    shop.engine.deploy([SECOND], shop.tenant)
    shop.all_is_shown()

    # When it moves to a version that does
    moved = shop.migrate()

    # Then the next sweep tells the event, and the board looks at the order again
    assert moved["k"].migrated.misfits == ()
    assert shop.case().unshown is not None
    assert shop.tracker.sweep()
    assert shop.outcomes() == {"Go": "correlated", "Cancelled": "correlated"}
    assert shop.state() == (2, "completed")


def test_an_event_that_waited_is_told_after_the_move(shop: Shop) -> None:
    _an_event_that_waited_is_told_after_the_move(shop)


@pytest.mark.engine
def test_an_event_that_waited_is_told_after_the_move_on_a_remote_engine(remote_shop: Shop) -> None:
    _an_event_that_waited_is_told_after_the_move(remote_shop)


def test_an_order_is_shown_again_though_none_of_its_events_waits(shop: Shop) -> None:
    shop.engine.deploy([FIRST], shop.tenant)
    shop.hear("Go")
    shop.engine.deploy([SECOND], shop.tenant)
    shop.all_is_shown()

    shop.migrate()

    assert shop.case().unshown is not None


def test_a_timer_that_is_new_makes_the_order_due(shop: Shop) -> None:
    shop.engine.deploy([FIRST], shop.tenant)
    shop.hear("Go")
    assert (shop.case().timer_at, shop.case().due_at) == (None, None)
    shop.engine.deploy([SECOND], shop.tenant)

    shop.migrate()
    (timer,) = shop.engine.instances(shop.tenant, ["k"])["k"][0].timers
    assert shop.case().timer_at == shop.case().due_at == pytest.approx(timer.due.timestamp(), abs=0.001)

    shop.migrate(to=1, since=2)
    assert (shop.case().timer_at, shop.case().due_at) == (None, None)


def test_who_stays_is_neither_changed_nor_in_the_audit(shop: Shop) -> None:
    shop.engine.deploy([FIRST], shop.tenant)
    for key in ("moves", "stays"):
        shop.hear("Go", key)
    shop.hear("Paid", "stays")
    shop.engine.deploy([SECOND], shop.tenant)
    shop.all_is_shown()

    moved = shop.migrate()

    assert [str(each) for each in moved["stays"].migrated.misfits] == ["'ship' is not in it"]
    assert (shop.state("moves"), shop.state("stays")) == ((2, "running"), (1, "running"))
    assert shop.case("stays").unshown is None
    (act,) = shop.audit.acts_on_order("moves")
    assert (act.action, act.entry.reason, act.why) == (
        "migrate",
        "from version 1 to 2 of 'orders'",
        "the new way",
    )
    assert act.entry.event_id == moved["moves"].instance.id
    assert shop.audit.acts_on_order("stays") == []


def test_looking_first_changes_nothing(shop: Shop) -> None:
    shop.engine.deploy([FIRST], shop.tenant)
    shop.hear("Go")
    shop.engine.deploy([SECOND], shop.tenant)
    before = shop.case()

    (page,) = shop.migrating.check(shop.engine.running_on(shop.tenant, PROCESS, 1), 2)

    assert [each.migrated.misfits for each in page] == [()]
    assert (shop.case(), shop.state()) == (before, (1, "running"))
    assert shop.audit.newest(9) == []


def test_what_was_interrupted_goes_on_with_the_rest(shop: Shop) -> None:
    shop.engine.deploy([FIRST], shop.tenant)
    keys = [f"order-{number}" for number in range(6)]
    for key in keys:
        shop.hear("Go", key)
    shop.engine.deploy([SECOND], shop.tenant)
    (page,) = shop.engine.running_on(shop.tenant, PROCESS, 1)
    interrupted = shop.migrating.migrate([page[:2], page[2:4], page[4:]], 2, None)

    # When it is stopped after the first of three pages, and run again
    assert len(next(interrupted)) == 2
    interrupted.close()
    assert [each.running for each in shop.engine.versions(shop.tenant)] == [4, 2]

    assert len(shop.migrate()) == 4
    assert {shop.state(key) for key in keys} == {(2, "running")}


def _events_and_migrations_at_once(shop: Shop, orders: int) -> None:
    shop.engine.deploy([FIRST], shop.tenant)
    keys = [f"order-{number}" for number in range(orders)]
    for key in keys:
        shop.hear("Go", key)
    shop.engine.deploy([SECOND], shop.tenant)
    both = threading.Barrier(2)

    def pay() -> None:
        both.wait()
        for key in keys:
            shop.hear("Paid", key)

    def move() -> dict[str, Moved]:
        both.wait()
        return shop.migrate()

    with ThreadPoolExecutor(2) as pool:
        paying, moving = pool.submit(pay), pool.submit(move)
        paying.result()
        moved = moving.result()
    for _ in range(orders):  # an event that came second was set aside for a while
        shop.time_passes()
        if not shop.tracker.sweep():
            break

    # Then each order was paid once, on the one version or on the other
    for key in keys:
        assert shop.outcomes(key) == {"Go": "correlated", "Paid": "correlated"}, key
        went = [step.element for step in shop.engine.history(shop.tenant, key)[0].path]
        assert went.count("pay") == 1
        assert shop.state(key) in ((1, "running"), (2, "completed")), key
        if shop.state(key)[0] == 2:
            assert moved[key].migrated.misfits == ()


def test_events_that_come_at_the_same_time_take_effect_once(shop: Shop) -> None:
    _events_and_migrations_at_once(shop, 20)


@pytest.mark.engine
def test_events_that_come_at_the_same_time_take_effect_once_on_a_remote_engine(remote_shop: Shop) -> None:
    _events_and_migrations_at_once(remote_shop, 20)


def test_the_events_of_a_withdrawn_process_wait_until_it_is_deployed_again(shop: Shop) -> None:
    shop.engine.deploy([FIRST], shop.tenant)
    shop.engine.withdraw(shop.tenant, PROCESS)

    assert (shop.hear("Go"), shop.hear("Paid")) == ("waiting", "waiting")
    shop.engine.deploy([FIRST], shop.tenant)
    shop.time_passes()
    assert shop.tracker.sweep()

    assert shop.outcomes() == {"Go": "correlated", "Paid": "correlated"}
