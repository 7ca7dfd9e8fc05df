"""`dead`: a person finds the events that failed, puts them back, or throws them away."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from celery import Celery
from click.testing import Result

from tests.integration.raw_client import Raw, send
from tests.upkeep.graveyard import WHY, Graveyard, graveyard
from tests.waiting import until
from trackflow.tracking.audit import Audit

Track = Callable[..., Result]


@pytest.fixture
def graves(amqp_url: str) -> Iterator[Graveyard]:
    with graveyard(amqp_url, f"t{uuid4().hex[:8]}") as made:
        yield made


@pytest.fixture
def app(project: Callable[..., Celery], graves: Graveyard) -> Celery:
    return project(amqp_url=graves.url, tenant=graves.tenant)


def dead(track: Track, app: Celery, *args: str) -> str:
    """`track dead …`, which must end well: what it prints."""
    result = track(app, "dead", *args)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_in_memory_there_are_no_dead_letters(track: Track, project: Callable[..., Celery]) -> None:
    for args in (["list"], ["show", "1"], ["replay", "--all"], ["discard", "1", "--yes"]):
        result = track(project(), "dead", *args)

        assert result.exit_code == 1
        assert result.stderr.startswith("Error: AMQP_URL is memory://")
        assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "args",
    [
        ["replay"],
        ["replay", "1", "--all"],
        ["replay", "1", "--reason", "permanent"],
        ["replay", "--all", "--queue", "payment"],
        ["replay", "--all", "--reason", "permanent"],
        ["discard"],
        ["discard", "1"],  # nobody can be asked
    ],
)
def test_what_contradicts_itself_is_a_usage_error(
    args: list[str], track: Track, project: Callable[..., Celery]
) -> None:
    assert track(project(amqp_url="amqp://nobody.invalid//"), "dead", *args).exit_code == 2


@pytest.mark.broker
def test_no_dead_letters(track: Track, app: Celery) -> None:
    assert dead(track, app, "list") == "No dead letters.\n"
    assert dead(track, app, "replay", "--all") == "No dead letters.\n"
    assert json.loads(dead(track, app, "list", "--json")) == []
    assert json.loads(dead(track, app, "replay", "--all", "--json")) == {"letters": {}, "left": []}


@pytest.mark.broker
def test_letters_are_listed_by_what_they_died_of(track: Track, app: Celery, graves: Graveyard) -> None:
    graves.bury("1")
    graves.bury("2")
    graves.bury("3", queue="shipment", headers={**WHY, "trackflow-reason": "exhausted"})

    lines = dead(track, app, "list").splitlines()
    groups = json.loads(dead(track, app, "list", "--json"))

    assert lines[0].split()[:4] == ["queue", "reason", "error", "letters"]
    assert lines[1].split()[:4] == ["payment", "permanent", "ValueError", "2"]
    assert lines[2].split()[:4] == ["shipment", "exhausted", "ValueError", "1"]
    assert groups[0] == {
        "queue": f"{graves.tenant}.payment",
        "reason": "permanent",
        "error": "ValueError",
        "count": 2,
        "oldest": "2026-01-31T12:00:00.000Z",
        "newest": "2026-01-31T12:00:00.000Z",
        "example": "1",
    }


@pytest.mark.broker
def test_a_queue_has_two_names(track: Track, app: Celery, graves: Graveyard) -> None:
    graves.bury("1")
    graves.bury("2", queue="shipment")

    for name in ("payment", f"{graves.tenant}.payment"):
        groups = json.loads(dead(track, app, "list", "--queue", name, "--json"))
        assert [group["example"] for group in groups] == ["1"]
    result = track(app, "dead", "list", "--queue", "paymnet")
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: no queue 'paymnet'; there are payment, inventory, shipment, order_fulfillment\n",
    )


@pytest.mark.broker
def test_single_letters_are_listed_with_their_ids(track: Track, app: Celery, graves: Graveyard) -> None:
    for identity in ("1", "2", "3"):
        graves.bury(identity)

    lines = dead(track, app, "list", "--letters", "--limit", "2").splitlines()
    letters = json.loads(dead(track, app, "list", "--letters", "--json"))

    assert len(lines) == 3
    assert sorted(letter["id"] for letter in letters) == ["1", "2", "3"]
    assert letters[0] == {
        "id": letters[0]["id"],
        "queue": f"{graves.tenant}.payment",
        "event": "Order_Placed",
        "businessKey": letters[0]["id"],
        "reason": "permanent",
        "error": "ValueError",
        "message": "no such customer",
        "attempts": 1,
        "at": "2026-01-31T12:00:00.000Z",
    }


@pytest.mark.broker
def test_a_letter_is_shown_with_all_that_is_known(track: Track, app: Celery, graves: Graveyard) -> None:
    # Given a letter that was replayed before and died again
    graves.bury("1")
    dead(track, app, "replay", "1", "--why", "the bank is back")
    graves.bury("1", app_id="checkout", headers={**WHY, "cause": "0"})
    # When it is shown
    shown = dead(track, app, "show", "1")
    (document,) = json.loads(dead(track, app, "show", "1", "--json"))
    # Then it says what it is, where it comes from, what would happen, and what was done
    for words in ("no such customer", "checkout", '"businessKey"', "nowhere else", "the bank is back"):
        assert words in shown
    assert document["headers"]["cause"] == "0"
    assert document["properties"]["app_id"] == "checkout"
    assert document["body"] == graves.event("1").decode()
    assert document["bodyBase64"] is None
    assert "nowhere else" in document["onReplay"]
    assert [(act["action"], act["why"]) for act in document["acts"]] == [("replay", "the bank is back")]


@pytest.mark.broker
def test_a_letter_can_be_dead_in_several_queues(track: Track, app: Celery, graves: Graveyard) -> None:
    # Given one event that died in three queues
    for queue in ("payment", "inventory", "shipment"):
        graves.bury("1", queue=queue)
    # When it is shown, replayed in one queue, and then in all
    shown = json.loads(dead(track, app, "show", "1", "--json"))
    first = dead(track, app, "replay", "1", "--queue", "shipment")
    rest = json.loads(dead(track, app, "replay", "1", "--json"))
    # Then each queue has its own
    assert [letter["queue"].partition(".")[2] for letter in shown] == ["payment", "inventory", "shipment"]
    assert first == f"Replayed 1 dead letter of {graves.tenant}.shipment.\n"
    assert rest["letters"] == {f"{graves.tenant}.payment": 1, f"{graves.tenant}.inventory": 1}
    assert [graves.count(queue) for queue in ("payment", "inventory", "shipment")] == [1, 1, 1]


@pytest.mark.broker
def test_letters_are_replayed_by_reason_and_queue(track: Track, app: Celery, graves: Graveyard) -> None:
    graves.bury("1")
    graves.bury("2", headers={**WHY, "trackflow-reason": "exhausted"})
    graves.bury("3", queue="shipment", headers={**WHY, "trackflow-reason": "exhausted"})

    dead(track, app, "replay", "--reason", "exhausted", "--queue", "payment")
    assert graves.ids("payment") == ["2"]
    dead(track, app, "replay", "--queue", "payment")
    assert graves.ids("payment") == ["1"]
    dead(track, app, "replay", "--all")
    assert graves.ids("shipment") == ["3"]


@pytest.mark.broker
def test_an_unknown_id_is_one_line(track: Track, app: Celery, graves: Graveyard) -> None:
    graves.bury("1")

    for args in (["show", "2"], ["replay", "2", "1"], ["discard", "2", "--yes"]):
        result = track(app, "dead", *args)
        assert (result.exit_code, result.stderr) == (1, "Error: no dead letter '2'\n")
    assert graves.ids("payment") == ["1"]  # the one that is there was replayed


@pytest.mark.broker
def test_a_discarded_letter_is_gone_and_audited(track: Track, app: Celery, graves: Graveyard) -> None:
    graves.bury("1")
    graves.bury("2")

    printed = dead(track, app, "discard", "1", "--yes", "--why", "a test order")

    assert printed == f"Discarded 1 dead letter of {graves.tenant}.payment.\n"
    assert graves.ids("payment.dead") == ["2"]
    (act,) = Audit(app.trackflow.ledger, graves.tenant).acts("1")
    assert (act.action, act.why) == ("discard", "a test order")
    assert act.entry.queue == f"{graves.tenant}.payment"
    assert act.entry.business_key == "1"
    assert act.entry.reason == "permanent: ValueError: no such customer"


@pytest.mark.broker
@pytest.mark.parametrize(("answer", "left"), [("y\n", []), ("n\n", ["1"])])
def test_a_person_is_asked_before_a_letter_is_discarded(
    answer: str, left: list[str], graves: Graveyard, tmp_path: Path
) -> None:
    # Given a person at a terminal
    graves.bury("1")
    ours, theirs = pty.openpty()
    settings = {
        "AMQP_URL": graves.url,
        "TENANT": graves.tenant,
        "LEDGER_URL": f"sqlite:///{tmp_path}/ledger.db",
        "ENGINE_URL": "embedded",
    }
    # When they are asked, and answer
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "tasks", "track", "dead", "discard", "1"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, **settings},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.write(ours, answer.encode())
    _, asked = process.communicate(timeout=60)
    # Then what they said is done
    assert "Discard 1 dead letter for good? [y/N]" in asked
    assert process.returncode == (1 if left else 0)
    assert graves.ids("payment.dead") == left


@pytest.mark.broker
def test_without_a_ledger_nothing_is_done(
    track: Track, project: Callable[..., Celery], graves: Graveyard, tmp_path: Path
) -> None:
    graves.bury("1")
    app = project(amqp_url=graves.url, tenant=graves.tenant, ledger_url=f"sqlite:///{tmp_path}/no/ledger.db")

    for args in (["replay", "--all"], ["discard", "1", "--yes"]):
        result = track(app, "dead", *args)
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: ledger sqlite://")
    assert graves.count("payment") == 0
    assert "unknown: ledger sqlite://" in dead(track, app, "show", "1")  # but one may look


@pytest.mark.broker
def test_a_letter_that_cannot_be_copied_says_so(track: Track, app: Celery, graves: Graveyard) -> None:
    # Given a letter whose id is no UTF-8, and whose body is no text
    body = bytes(range(256)) * 3
    send(graves.url, f"{graves.tenant}.payment.dead", [Raw(body, b"\x00\x80\x01\xff")])
    (group,) = json.loads(dead(track, app, "list", "--json"))
    # When it is shown and replayed
    shown = dead(track, app, "show", group["example"])
    (document,) = json.loads(dead(track, app, "show", group["example"], "--json"))
    result = track(app, "dead", "replay", "--all")
    # Then it is said that it stays, and why
    assert group["reason"] == "undecodable"
    assert "It cannot be replayed: its properties cannot be decoded" in shown
    assert "00000010  10 11 12" in shown
    assert "… 512 more bytes" in shown
    assert document["body"] is None
    assert document["bodyBase64"].startswith("AAECAwQF")
    assert result.exit_code == 1
    assert "1 letter of" in result.stderr
    assert result.stderr.count("\n") == 1
    assert graves.count("payment.dead") == 1


HOSTILE: dict[str, dict[str, Any]] = {
    "control characters": {
        "body": b"\x1b[2J",
        "headers": {**WHY, "trackflow-message": "\x1b[2J\r\n", "trackflow-error": "\x9b2J", "\x1b": "\x1b"},
        "type": "\x1b[2J",
    },
    "wrong types": {"headers": {name: [{"a": [None]}] for name in WHY}, "body": b"[" * 100_000},
    "markup": {"headers": {**WHY, "trackflow-error": "[bold]x[/bold]"}, "body": b"[link=x]"},
    "direction": {"headers": {**WHY, "trackflow-reason": "\u202e"}, "body": "\u202e".encode()},
    "nothing": {"headers": {}, "body": b""},
    "text of C1": {"body": "\x9b2J".encode()},
}


@pytest.mark.broker
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_letters_are_listed_and_shown(
    name: str, track: Track, app: Celery, graves: Graveyard
) -> None:
    graves.bury(None, **HOSTILE[name])

    (letter,) = json.loads(dead(track, app, "list", "--letters", "--json"))
    for args in (["list"], ["list", "--letters"], ["show", letter["id"]], ["show", letter["id"], "--json"]):
        printed = dead(track, app, *args)
        assert all(line.replace("\t", "").isprintable() for line in printed.split("\n")), printed


PROJECT = """
from pathlib import Path
from celery import Celery
from trackflow import Choreography, Message, Service, Subscription, Trackflow
from trackflow.extension import InMemory

choreography = Choreography(
    events={{"Order_Placed": "order", "Payment_Done": "payment"}},
    subscriptions=(Subscription("payment", hears=("Order_Placed",)),),
)
app = Celery("mended", broker={url!r})
Trackflow(app, choreography, InMemory({tenant!r}, "sqlite:///ledger.db", amqp_url={url!r}))

@app.task(base=Service, name="payment", emits=("Payment_Done",))
def payment(order: Message) -> Message:
    if not Path("mended").exists():
        raise ValueError("no such customer")
    return order.followed_by("Payment_Done")
"""


@contextmanager
def worker(folder: Path) -> Iterator[None]:
    """A worker of the project in a folder."""
    command = [sys.executable, "-m", "celery", "-A", "mended", "worker", "-P", "solo", "-c", "1"]
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment(), stdout=log, stderr=log)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


@pytest.mark.broker
def test_a_poisoned_event_is_found_mended_replayed_and_handled(graves: Graveyard, tmp_path: Path) -> None:
    # Given a service with a bug, and an event that it cannot handle
    (tmp_path / "mended.py").write_text(PROJECT.format(url=graves.url, tenant=graves.tenant))

    def celery(*args: str) -> str:
        command = [sys.executable, "-m", "celery", "-A", "mended", "track", "dead", *args]
        return subprocess.run(
            command, cwd=tmp_path, env=environment(), check=True, capture_output=True, text=True, timeout=60
        ).stdout

    with worker(tmp_path):
        graves.wire.place_order("4711")
        until(lambda: graves.count("payment.dead") == 1, 60, "it is dead")
        # When a person finds it, mends the service, and replays it
        (letter,) = json.loads(celery("list", "--letters", "--json"))
        (tmp_path / "mended").touch()
        printed = celery("replay", letter["id"])
        # Then it is handled
        until(lambda: graves.wire.keys_of("Payment_Done") == {"4711"}, 60, "it is handled")
    assert (letter["businessKey"], letter["error"], letter["message"]) == (
        "4711",
        "ValueError",
        "no such customer",
    )
    assert printed == f"Replayed 1 dead letter of {graves.tenant}.payment.\n"
    assert graves.count("payment.dead") == 0
    assert [seen.routing_key for seen in graves.wire.hear()] == ["order", "payment"]
