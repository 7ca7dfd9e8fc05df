"""A service with `once=True`: each event is handled once, whatever is delivered how often."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from celery import Celery

from tests.messaging.shop import shop_app
from tests.tracking.world import message
from tests.waiting import until
from trackflow import Message, Service, transaction
from trackflow.errors import LedgerError, TransactionError
from trackflow.tracking import tables
from trackflow.tracking.inbox import Inbox
from trackflow.tracking.ledger import Ledger

SECONDS = 30
PLACED = message("Order_Placed")
PAID = PLACED.followed_by("Payment_Done", payload={"paid": 1.25})

metadata = sa.MetaData()
payments = sa.Table(
    "payments",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("business_key", sa.Text, nullable=False),
)


class Desk:
    """A service that writes a row of its own for each event, and counts how often it ran."""

    def __init__(self, ledger: Ledger, tenant: str = "t") -> None:
        self.ledger = ledger
        self.inbox = Inbox(ledger, tenant)
        self.runs = 0
        ledger.create(metadata.create_all)

    def handle(self, event: Message = PLACED, service: str = "payment") -> list[Message]:
        """A delivery."""
        return self.inbox.once(service, event, lambda: self.pay(event))

    def pay(self, event: Message) -> list[Message]:
        self.runs += 1
        write(event)
        return [event.followed_by("Payment_Done", payload={"run": self.runs})]

    def rows(self, table: sa.Table = payments) -> int:
        with self.ledger.reading() as reading:
            return reading.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def write(event: Message) -> None:
    transaction().execute(payments.insert().values(business_key=event.business_key))


@pytest.fixture
def desk(ledger: Ledger) -> Desk:
    return Desk(ledger)


def test_a_handled_event_is_not_run_again_and_has_the_same_effects(desk: Desk) -> None:
    first = desk.handle()
    assert desk.handle() == desk.handle() == first
    assert desk.runs == desk.rows() == desk.rows(tables.inbox) == 1


def test_without_a_transaction_the_event_is_remembered_too(desk: Desk) -> None:
    runs: list[int] = []

    def run() -> list[Message]:
        runs.append(1)
        return [PAID]

    assert desk.inbox.once("payment", PLACED, run) == [PAID]
    assert desk.inbox.once("payment", PLACED, run) == [PAID]
    assert runs == [1]


def test_no_effect_is_remembered_as_none(desk: Desk) -> None:
    assert desk.inbox.once("payment", PLACED, list) == []
    assert desk.inbox.once("payment", PLACED, lambda: [PAID]) == []


def test_another_service_tenant_or_event_is_another_matter(desk: Desk) -> None:
    desk.handle()
    desk.handle(service="inventory")
    desk.handle(message("Order_Placed", key="another"))
    Desk(desk.ledger, "u").handle()
    assert desk.rows() == 4


def test_an_effect_comes_back_as_it_was_emitted(desk: Desk) -> None:
    effects = [
        PLACED.followed_by("Payment_Done", payload=payload).model_copy(
            update={
                "published_at": datetime(2026, 1, 2, 3, 4, 5, 678901, UTC),
                "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                "tracestate": "vendor=1",
                "command": "pay",
            }
        )
        for payload in (None, 0.1, 1e300, -0.0, 2**70, "\x00 ü 🙂 \u2028", {"a": [1, None, True], "": {}}, "")
    ]
    desk.inbox.once("payment", PLACED, lambda: effects)

    stored = desk.inbox.once("payment", PLACED, list)

    assert [dict(effect) for effect in stored] == [dict(effect) for effect in effects]
    assert [effect.body() for effect in stored] == [effect.body() for effect in effects]
    assert {effect.cause for effect in stored} == {PLACED.id}


def test_an_error_takes_back_what_was_written_and_the_event_may_come_again(desk: Desk) -> None:
    def fails() -> list[Message]:
        write(PLACED)
        raise TimeoutError("later")

    with pytest.raises(TimeoutError):
        desk.inbox.once("payment", PLACED, fails)
    assert desk.rows() == desk.rows(tables.inbox) == 0
    desk.handle()
    assert desk.runs == desk.rows() == 1


def test_a_process_that_is_ended_takes_back_what_was_written(desk: Desk) -> None:
    def ended() -> list[Message]:
        write(PLACED)
        raise SystemExit

    with pytest.raises(SystemExit):
        desk.inbox.once("payment", PLACED, ended)
    assert desk.rows() == desk.rows(tables.inbox) == 0


def test_what_the_function_writes_is_seen_with_the_event_or_not_at_all(file_desk: Desk) -> None:
    def pays() -> list[Message]:
        write(PLACED)
        assert file_desk.rows() == file_desk.rows(tables.inbox) == 0
        return [PAID]

    file_desk.inbox.once("payment", PLACED, pays)
    assert file_desk.rows() == file_desk.rows(tables.inbox) == 1


@pytest.mark.parametrize("ending", ["commit", "rollback", "close"])
def test_a_function_that_ends_its_transaction_is_told_not_to(desk: Desk, ending: str) -> None:
    def ends() -> list[Message]:
        write(PLACED)
        getattr(transaction(), ending)()
        return []

    with pytest.raises(TransactionError, match="must not end its transaction"):
        desk.inbox.once("payment", PLACED, ends)
    assert desk.rows() == desk.rows(tables.inbox) == 0
    desk.handle()  # and its connection is as good as new
    assert desk.rows() == 1


@pytest.mark.parametrize("ending", ["commit", "rollback", "close"])
def test_a_function_that_goes_on_nevertheless_has_written_all_or_nothing(desk: Desk, ending: str) -> None:
    def goes_on() -> list[Message]:
        write(PLACED)
        with suppress(TransactionError):
            getattr(transaction(), ending)()
        return [PAID]

    with suppress(Exception):
        desk.inbox.once("payment", PLACED, goes_on)
    assert desk.rows() == desk.rows(tables.inbox)
    desk.handle()
    assert desk.rows() == desk.rows(tables.inbox) == 1


def test_a_function_that_goes_behind_its_back_is_told_not_to(ledger: Ledger) -> None:
    if ledger.database.dialect.name != "postgresql":
        pytest.skip("commits each statement then")
    desk = Desk(ledger)

    def ends() -> list[Message]:
        write(PLACED)
        transaction().connection.rollback()
        write(PLACED)
        return [PAID]

    with pytest.raises(TransactionError, match="must not end its transaction"):
        desk.inbox.once("payment", PLACED, ends)
    assert desk.rows() == desk.rows(tables.inbox) == 0


def test_savepoints_are_the_functions_own(desk: Desk) -> None:
    def pays() -> list[Message]:
        write(PLACED)
        with pytest.raises(sa.exc.IntegrityError), transaction().begin_nested():
            transaction().execute(payments.insert().values(business_key=None))
        return [PAID]

    assert desk.inbox.once("payment", PLACED, pays) == [PAID]
    assert desk.rows() == 1


def test_outside_such_a_service_there_is_no_transaction(desk: Desk) -> None:
    with pytest.raises(TransactionError, match="once=True"):
        transaction()
    desk.handle()
    with pytest.raises(TransactionError, match="once=True"):
        transaction()


def test_a_thread_of_the_function_has_no_transaction(desk: Desk) -> None:
    raised: list[Exception] = []

    def ask() -> None:
        try:
            transaction()
        except Exception as exc:
            raised.append(exc)

    def pays() -> list[Message]:
        write(PLACED)
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
        return []

    desk.inbox.once("payment", PLACED, pays)
    assert isinstance(raised[0], TransactionError)


# ---- twins: the same event, delivered twice at once ------------------------------------------------------


@pytest.fixture
def file_desk(ledger: Ledger, ledger_url: str) -> Desk:
    if ledger_url == "sqlite://":
        pytest.skip("has one connection")
    return Desk(ledger)


def in_thread(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Its result, or what it raised, will be in the list."""
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as exc:
            results.append(exc)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, results


def test_a_twin_waits_for_the_first_and_has_its_effects(file_desk: Desk) -> None:
    # Given a delivery whose function has written and still works
    written, released = threading.Event(), threading.Event()

    def slow() -> list[Message]:
        write(PLACED)
        written.set()
        assert released.wait(SECONDS)
        return [PAID]

    first, first_effects = in_thread(lambda: file_desk.inbox.once("payment", PLACED, slow))
    assert written.wait(SECONDS)
    # When the same event is delivered again
    twin, twin_effects = in_thread(file_desk.handle)
    until(lambda: file_desk.runs == 1, SECONDS, "the twin's function runs, and waits at its transaction")
    assert twin_effects == []
    released.set()
    # Then it has written nothing, and emits what the first does
    first.join(SECONDS)
    twin.join(SECONDS)
    assert first_effects == twin_effects == [[PAID]]
    assert file_desk.rows() == file_desk.rows(tables.inbox) == 1


def test_a_twin_goes_on_when_the_first_fails(file_desk: Desk) -> None:
    written, released = threading.Event(), threading.Event()

    def fails() -> list[Message]:
        write(PLACED)
        written.set()
        assert released.wait(SECONDS)
        raise TimeoutError

    first, failed = in_thread(lambda: file_desk.inbox.once("payment", PLACED, fails))
    assert written.wait(SECONDS)
    twin, effects = in_thread(file_desk.handle)
    until(lambda: file_desk.runs == 1, SECONDS, "the twin's function runs")
    released.set()
    first.join(SECONDS)
    twin.join(SECONDS)
    assert isinstance(failed[0], TimeoutError)
    assert [effect.payload for effect in effects[0]] == [{"run": 1}]
    assert file_desk.rows() == 1


@pytest.mark.parametrize("asks", [True, False], ids=["with a transaction", "without"])
def test_a_twin_that_comes_too_late_emits_what_the_first_did(desk: Desk, asks: bool) -> None:
    # Given a delivery that found nothing, and a twin that is done before it writes
    def late() -> list[Message]:
        first.extend(desk.handle())
        if asks:
            write(PLACED)
        return [PLACED.followed_by("Payment_Done", payload="other")]

    first: list[Message] = []
    assert desk.inbox.once("payment", PLACED, late) == first
    assert desk.rows() == desk.rows(tables.inbox) == 1


def test_a_function_that_swallows_everything_does_nothing_twice_either(desk: Desk) -> None:
    def stubborn() -> list[Message]:
        first.extend(desk.handle())
        for _ in range(2):
            try:
                write(PLACED)
            except BaseException:
                continue
        return []

    first: list[Message] = []
    assert desk.inbox.once("payment", PLACED, stubborn) == first
    assert desk.rows() == 1


def test_many_deliveries_at_once_are_one_run_of_effect(file_desk: Desk) -> None:
    events = [message("Order_Placed", key=str(number)) for number in range(10)]
    threads = [in_thread(lambda e=event: file_desk.handle(e)) for event in events for _ in range(4)]
    for thread, _ in threads:
        thread.join(SECONDS)
    effects = {(effect.id, effect.body()) for _, [results] in threads for effect in results}
    assert len(effects) == file_desk.rows() == file_desk.rows(tables.inbox) == len(events)


# ---- the database fails ----------------------------------------------------------------------------------


def test_a_ledger_that_is_away_is_a_ledger_error_and_nothing_is_run(desk: Desk) -> None:
    with desk.ledger.writing() as writing:
        writing.execute(sa.text("ALTER TABLE inbox RENAME TO gone"))
    with pytest.raises(LedgerError):
        desk.handle()
    assert desk.runs == 0


def test_a_wrong_statement_of_the_function_is_its_own_error(desk: Desk) -> None:
    def wrong() -> list[Message]:
        transaction().execute(sa.text("INSERT INTO nowhere VALUES (:secret)"), {"secret": "private"})
        return []

    with pytest.raises(sa.exc.SQLAlchemyError) as raised:
        desk.inbox.once("payment", PLACED, wrong)
    assert "nowhere" in str(raised.value)
    assert "private" not in str(raised.value)


def test_a_constraint_that_speaks_at_the_commit_is_the_functions_own_error(file_desk: Desk) -> None:
    with file_desk.ledger.writing() as writing:
        writing.execute(
            sa.text("CREATE TABLE child (id INTEGER REFERENCES payments DEFERRABLE INITIALLY DEFERRED)")
        )

    def orphan() -> list[Message]:
        if transaction().dialect.name == "sqlite":
            transaction().execute(sa.text("PRAGMA defer_foreign_keys=ON"))
        transaction().execute(sa.text("INSERT INTO child VALUES (77)"))
        return []

    if file_desk.ledger.database.dialect.name == "sqlite":
        sa.event.listen(
            file_desk.ledger.database, "connect", lambda raw, _: raw.execute("PRAGMA foreign_keys=ON")
        )
        file_desk.ledger.close()
    with pytest.raises(sa.exc.IntegrityError):
        file_desk.inbox.once("payment", PLACED, orphan)
    assert file_desk.rows(tables.inbox) == 0
    file_desk.handle()


def test_a_lost_connection_is_a_ledger_error_whatever_the_function_makes_of_it(ledger: Ledger) -> None:
    if ledger.database.dialect.name != "postgresql":
        pytest.skip("has no server")
    desk = Desk(ledger)
    other = sa.create_engine(ledger.database.url)

    def cut() -> None:
        own = transaction().execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
        with other.begin() as server:
            server.execute(sa.text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": own})

    def plain() -> list[Message]:
        cut()
        write(PLACED)
        return []

    def wraps() -> list[Message]:
        try:
            return plain()
        except Exception as exc:
            raise RuntimeError("cannot pay") from exc

    def swallows() -> list[Message]:
        try:
            return plain()
        except Exception:
            return [PAID]

    def fails_at_commit() -> list[Message]:
        write(PLACED)
        cut()
        return []

    for function in (plain, wraps, swallows, fails_at_commit):
        with pytest.raises(LedgerError):
            desk.inbox.once("payment", PLACED, function)
    assert desk.rows() == desk.rows(tables.inbox) == 0
    desk.handle()
    assert desk.rows() == 1
    other.dispose()


def test_a_full_disk_is_a_ledger_error(tmp_path: Path) -> None:
    desk = Desk(Ledger(f"sqlite:///{tmp_path}/ledger.db"))

    def fills() -> list[Message]:
        pages = transaction().execute(sa.text("PRAGMA page_count")).scalar_one()
        transaction().execute(sa.text(f"PRAGMA max_page_count={pages}"))
        transaction().execute(payments.insert().values(business_key="long" * 100_000))
        return []

    with pytest.raises(LedgerError, match="full"):
        desk.inbox.once("payment", PLACED, fills)


# ---- processes -------------------------------------------------------------------------------------------


def test_a_forked_child_uses_no_connection_of_its_parent(file_desk: Desk) -> None:
    # Given a parent with an open connection
    file_desk.handle()
    fork = multiprocessing.get_context("fork")
    child = fork.Process(target=_handle_in_child, args=(file_desk,))
    # When a child handles events and ends
    child.start()
    child.join(SECONDS)
    # Then both have done their work, and the parent's connection still works
    assert child.exitcode == 0
    file_desk.handle(message("Order_Placed", key="after"))
    assert file_desk.rows() == 3


def _handle_in_child(desk: Desk) -> None:
    pool = desk.ledger.database.pool
    assert isinstance(pool, sa.QueuePool)
    assert pool.checkedin() == 0, "inherited a connection"
    desk.handle()  # known
    desk.handle(message("Order_Placed", key="child"))
    desk.ledger.close()


# ---- in a service, in eager mode -------------------------------------------------------------------------


@pytest.fixture
def shop(tmp_path: Path) -> Celery:
    return shop_app("eager", tmp_path, task_always_eager=True, task_eager_propagates=True)


@pytest.fixture
def till(shop: Celery) -> Iterator[dict[str, Any]]:
    """What its till does, and what is heard after it."""
    seen: dict[str, Any] = {"runs": 0, "heard": []}

    @shop.task(shared=False, base=Service, name="till", emits=("Paid", "Shipped"), once=True)
    def till(order: Message) -> Any:
        seen["runs"] += 1
        write(order)
        for name in ("Paid", "Shipped"):
            yield order.followed_by(name, payload=seen["runs"])

    @shop.task(shared=False, base=Service, name="parcels")
    def parcels(event: Message) -> None:
        """Hears nothing that matters here."""

    @shop.task(shared=False, base=Service, name="witness")
    def witness(event: Message) -> None:
        seen["heard"].append(event)

    shop.trackflow.ledger.create(metadata.create_all)  # type: ignore[attr-defined]
    yield seen
    shop.trackflow.ledger.close()  # type: ignore[attr-defined]


def test_a_service_with_once_runs_once_and_emits_the_same_each_time(
    shop: Celery, till: dict[str, Any]
) -> None:
    order = Message(business_key="4711", tenant="eager", event="Placed", id="one")
    for _ in range(2):
        shop.trackflow.publisher.emit(order)  # type: ignore[attr-defined]
    paid = [event for event in till["heard"] if event.event != "Placed"]
    assert till["runs"] == 1
    assert [(event.event, event.payload) for event in paid] == [("Paid", 1), ("Shipped", 1)] * 2
    assert len({event.id for event in paid}) == 2


def test_such_a_service_is_still_a_function_that_a_test_calls(shop: Celery, till: dict[str, Any]) -> None:
    with pytest.raises(TransactionError):
        list(shop.tasks["till"](PLACED))
