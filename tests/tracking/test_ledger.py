"""Opening a ledger, and what it promises to those who use it at the same time."""

import builtins
import multiprocessing
import sqlite3
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.tracking.order_engines import RemoteOrders
from tests.tracking.world import World, message
from trackflow.errors import LedgerError
from trackflow.tracking import tables
from trackflow.tracking.cases import Cases
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.open_event import OpenEvent


def test_a_ledger_can_be_opened_again_and_keeps_what_it_has(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    order = message("Order_Placed")
    event = OpenEvent.received(order, starts=True)
    Cases(Ledger(url), order.tenant).change(order.business_key, lambda case: case.record(event))

    assert Cases(Ledger(url), order.tenant).outcome(order.id) == "received"


def test_what_is_committed_survives_a_power_cut(tmp_path: Path) -> None:
    with Ledger(f"sqlite:///{tmp_path}/ledger.db").reading() as transaction:
        assert transaction.execute(sa.text("PRAGMA journal_mode")).scalar() == "wal"
        assert transaction.execute(sa.text("PRAGMA synchronous")).scalar() == 2  # FULL


def test_a_ledger_in_a_folder_that_does_not_exist_is_an_error_of_one_line(tmp_path: Path) -> None:
    with pytest.raises(LedgerError) as raised:
        Ledger(f"sqlite:///{tmp_path}/nowhere/ledger.db")

    assert str(raised.value) == f"ledger sqlite:///{tmp_path}/nowhere/ledger.db: unable to open database file"


def test_a_file_that_is_no_database_is_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("This is no database. " * 100)

    with pytest.raises(LedgerError, match=r"^ledger sqlite:.*ledger.db: file is not a database$"):
        Ledger(f"sqlite:///{tmp_path}/ledger.db")


def test_a_server_that_is_away_is_an_error_of_one_line_without_the_password() -> None:
    with pytest.raises(LedgerError) as raised:
        Ledger("postgresql+psycopg://me:secret@127.0.0.1:1/ledger?password=hidden")

    text = str(raised.value)
    assert text.startswith("ledger postgresql+psycopg://me:***@127.0.0.1:1/ledger: ")
    assert "secret" not in text
    assert "hidden" not in text
    assert "\n" not in text


@pytest.mark.parametrize("url", ["mysql://me:secret@localhost/ledger", "postgresql://me:secret@localhost/x"])
def test_another_database_is_an_error_that_names_what_works(url: str) -> None:
    with pytest.raises(LedgerError, match=r"me:\*\*\*@localhost.*sqlite:// or postgresql\+psycopg://"):
        Ledger(url)


def test_something_that_is_no_url_is_an_error() -> None:
    with pytest.raises(LedgerError, match="like sqlite:///trackflow"):
        Ledger("trackflow.db")


def test_a_missing_driver_is_an_error_that_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def without_psycopg(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "psycopg":
            raise ModuleNotFoundError("No module named 'psycopg'", name="psycopg")
        return real_import(name, *args, **kwargs)

    monkeypatch.delitem(sys.modules, "psycopg", raising=False)
    monkeypatch.setattr(builtins, "__import__", without_psycopg)

    with pytest.raises(
        LedgerError, match=r"the driver psycopg is missing: pip install 'trackflow\[postgresql\]'"
    ):
        Ledger("postgresql+psycopg://localhost/ledger")


def test_a_failing_statement_is_an_error_without_its_parameters(ledger: Ledger) -> None:
    with pytest.raises(LedgerError) as raised, ledger.writing() as transaction:
        transaction.execute(sa.text("SELECT * FROM nowhere WHERE x = :x"), {"x": "private"})

    assert "nowhere" in str(raised.value)
    assert "private" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_tracker_whose_ledger_fails_says_so_without_the_event(remote: World[RemoteOrders]) -> None:
    with remote.ledger.writing() as transaction:
        transaction.execute(sa.text("ALTER TABLE events RENAME TO gone"))

    with pytest.raises(LedgerError) as raised:
        remote.hear("Order_Placed", payload="private")

    assert "events" in str(raised.value)
    assert "private" not in str(raised.value)
    with remote.ledger.writing() as transaction:
        transaction.execute(sa.text("ALTER TABLE gone RENAME TO events"))
    assert remote.hear("Order_Placed") == "correlated"


def test_a_ledger_whose_server_dropped_its_connections_fails_once(ledger: Ledger) -> None:
    if ledger.database.dialect.name != "postgresql":
        pytest.skip("has no server")
    tracker = World(ledger, RemoteOrders())
    tracker.hear("Payment_Done")
    ended = sa.create_engine(ledger.database.url)
    with ended.begin() as connection:
        connection.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": _server_process(ledger)})
    ended.dispose()

    with pytest.raises(LedgerError):
        tracker.hear("Order_Placed")

    assert tracker.hear("Order_Placed") == "correlated"


def test_processes_that_open_a_new_ledger_at_once_all_succeed(ledger_url: str) -> None:
    if ledger_url == "sqlite://":
        pytest.skip("lives in one process")
    spawn = multiprocessing.get_context("fork")
    together = spawn.Barrier(6)
    processes = [spawn.Process(target=_open, args=(ledger_url, together)) for _ in range(6)]

    for process in processes:
        process.start()
    for process in processes:
        process.join(30)

    assert [process.exitcode for process in processes] == [0] * 6
    assert set(sa.inspect(Ledger(ledger_url).database).get_table_names()) >= {"events", "cases"}


def test_a_ledger_is_written_after_it_was_closed_and_after_an_error(ledger: Ledger) -> None:
    insert = sa.text("INSERT INTO inbox VALUES ('t', 's', :id, '[]', 0)")

    def write(identity: str) -> None:
        ledger.write(lambda transaction: transaction.execute(insert, {"id": identity}))

    write("first")
    with pytest.raises(LedgerError, match="inbox"):
        write("first")
    write("second")
    ledger.close()
    if str(ledger) != "sqlite://":  # which ends with its connection
        write("third")
        with ledger.reading() as transaction:
            found = transaction.execute(sa.text("SELECT event_id FROM inbox ORDER BY event_id")).scalars()
            assert list(found) == ["first", "second", "third"]


def test_closing_a_ledger_waits_for_its_writer(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db")
    closing = threading.Thread(target=ledger.close)

    def work(transaction: sa.Connection) -> None:
        closing.start()
        closing.join(0.1)
        transaction.execute(sa.text("INSERT INTO inbox VALUES ('t', 's', 'e', '[]', 0)"))

    ledger.write(work)
    closing.join(10)

    with ledger.reading() as transaction:
        assert transaction.execute(sa.text("SELECT count(*) FROM inbox")).scalar() == 1


def test_a_reader_and_a_writer_do_not_wait_for_each_other(ledger: Ledger) -> None:
    if str(ledger) == "sqlite://":
        pytest.skip("has one connection")
    count = sa.select(sa.func.count()).select_from(tables.cases)

    with ledger.writing() as writing, ledger.reading() as reading:
        writing.execute(
            sa.insert(tables.cases).values(
                tenant="t", business_key="k", version=0, ended=False, idle=0, open=0
            )
        )
        assert reading.execute(count).scalar() == 0
        with ledger.reading() as another:
            assert another.execute(count).scalar() == 0


def test_writers_in_other_processes_are_waited_for(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db")
    order = message("Order_Placed")
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.2, other.execute, ["COMMIT"])
    release.start()

    event = OpenEvent.received(order, starts=True)
    Cases(ledger, order.tenant).change(order.business_key, lambda case: case.record(event))

    release.join()
    assert Cases(ledger, order.tenant).outcome(order.id) == "received"


def test_a_case_is_locked_while_it_is_changed(ledger: Ledger) -> None:
    if str(ledger) == "sqlite://":
        pytest.skip("has one connection")
    order = message("Order_Placed")
    event = OpenEvent.received(order, starts=True)
    cases = Cases(ledger, order.tenant)
    cases.change(order.business_key, lambda case: case.record(event))

    # When nothing of it is written yet, then nobody else gets the lock
    assert not cases.change(order.business_key, lambda _: _can_be_locked(ledger))
    assert _can_be_locked(ledger)


def _can_be_locked(ledger: Ledger) -> bool:
    """Whether a transaction of another program could lock the cases now, without waiting."""
    if ledger.database.dialect.name == "postgresql":
        other = sa.create_engine(ledger.database.url)
        lock = "SELECT version FROM cases FOR UPDATE NOWAIT"
    else:
        other = sa.create_engine(ledger.database.url, connect_args={"timeout": 0})
        lock = "BEGIN IMMEDIATE"
    try:
        with other.begin() as connection:
            connection.execute(sa.text(lock))
    except sa.exc.OperationalError:
        return False
    finally:
        other.dispose()
    return True


def test_threads_take_turns_at_a_ledger_in_memory() -> None:
    ledger = Ledger("sqlite://")
    _count_up(ledger, threads=4, times=50)

    with ledger.reading() as transaction:
        assert transaction.execute(sa.text("SELECT n FROM counter")).scalar() == 200


def _count_up(ledger: Ledger, threads: int, times: int) -> None:
    def count() -> None:
        for _ in range(times):
            with ledger.writing() as transaction:
                n = transaction.execute(sa.text("SELECT n FROM counter")).scalar_one()
                transaction.execute(sa.text("UPDATE counter SET n = :n"), {"n": n + 1})

    with ledger.writing() as transaction:
        transaction.execute(sa.text("CREATE TABLE counter (n INTEGER)"))
        transaction.execute(sa.text("INSERT INTO counter VALUES (0)"))
    running = [threading.Thread(target=count) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


def _open(url: str, together: Any) -> None:
    together.wait()
    Ledger(url).close()


def _server_process(ledger: Ledger) -> int:
    """Of the ledger's one pooled connection."""
    with ledger.reading() as transaction:
        return int(transaction.execute(sa.text("SELECT pg_backend_pid()")).scalar_one())
