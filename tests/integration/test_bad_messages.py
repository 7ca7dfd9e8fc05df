"""Anybody may publish anything: no worker ends, and whatever is no event is kept byte for byte."""

from __future__ import annotations

import json
import re
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pika
import psutil
import pytest
from kombu import Connection
from pika.exceptions import ShortStringTooLong
from sqlalchemy import create_engine, inspect, text

from config.topology import choreography
from tests.integration import raw_client
from tests.integration.bad_messages import CANARY, EXPIRED, KINDS, Dead, Honoured, Kind, event, properties_of
from tests.integration.raw_client import Letter, Raw
from tests.integration.wire import Seen, Wire
from tests.integration.workers import Worker, Workers
from tests.waiting import until
from trackflow.messaging.event_queue import event_queue

pytestmark = pytest.mark.broker

QUEUES = ("payment", "order_fulfillment")
SECONDS = 120  # the workers need about 10
MEMORY = 450_000  # KiB; a worker has 100 MB, and 20 MB come in a piece

Rows = Counter[tuple[str, str]]  # (business key, event) → how many deliveries


class Sent:
    """Every kind, made for one tenant."""

    def __init__(self, wire: Wire, amqp_url: str) -> None:
        self.bodies = {name: kind.body(wire.tenant, name) for name, kind in KINDS.items()}
        self._wire = wire
        self._url = amqp_url

    def send(self, names: list[str]) -> None:
        for name in names:
            kind, body = KINDS[name], self.bodies[name]
            if kind.raw is not None:
                continue
            if kind.key is not None:
                self._wire.publish(body, kind.key, properties_of(name))
                continue
            for queue in QUEUES:
                self._wire.channel.basic_publish("", self.queue(queue), body, properties_of(name))
        raw = [(KINDS[name].raw, self.bodies[name]) for name in names]
        messages = [Raw(body, properties) for properties, body in raw if properties is not None]
        for queue in QUEUES:
            raw_client.send(self._url, self.queue(queue), messages)

    def queue(self, subscription: str) -> str:
        return f"{self._wire.tenant}.{subscription}"

    def dead(self, subscription: str) -> dict[str, Dead]:
        """What must be a dead letter of this subscription."""
        expected = {name: becomes(kind, subscription) for name, kind in KINDS.items()}
        return {name: dead for name, dead in expected.items() if isinstance(dead, Dead)}

    def honoured(self, subscription: str) -> dict[str, tuple[str, str]]:
        """What must be an event there: its business key and name."""
        expected = {name: becomes(kind, subscription) for name, kind in KINDS.items()}
        return {
            name: (json.loads(self.bodies[name])["businessKey"], honoured.event)
            for name, honoured in expected.items()
            if isinstance(honoured, Honoured)
        }


def becomes(kind: Kind, subscription: str) -> Dead | Honoured:
    return (kind.tracker or kind.payment) if subscription == "order_fulfillment" else kind.payment


@pytest.fixture
def queues(wire: Wire, amqp_url: str) -> None:
    """The tenant's queues, before any worker."""
    with Connection(amqp_url) as connection:
        for subscription in choreography.subscriptions:
            event_queue(choreography, subscription, wire.tenant)(connection.default_channel).declare()


@pytest.fixture
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture(autouse=True)
def _canary() -> Iterator[None]:
    CANARY.unlink(missing_ok=True)
    yield
    CANARY.unlink(missing_ok=True)


@pytest.mark.timeout(5 * SECONDS)
@pytest.mark.usefixtures("queues")
@pytest.mark.parametrize(
    ("pool", "ledger_url"),
    [
        ("threads", "sqlite"),
        ("prefork", "sqlite"),
        ("solo", "sqlite"),
        pytest.param("threads", "postgresql", marks=pytest.mark.postgresql),
    ],
    indirect=["ledger_url"],
)
def test_a_bad_message_ends_no_worker_and_is_kept_as_it_came(
    pool: str, ledger_url: str, workers: Workers, wire: Wire, amqp_url: str
) -> None:
    # Given everything that anybody may send, some of it expired before a worker came
    sent = Sent(wire, amqp_url)
    expired = [name for name, kind in KINDS.items() if kind.payment is EXPIRED]
    sent.send(expired)
    for queue in QUEUES:
        wait_for_letters(wire, queue, len(expired))
    sent.send([name for name in KINDS if name not in expired])
    # When a worker has handled all of it, and a good order after that
    worker = workers.start(",".join(QUEUES), "-P", pool, LEDGER_URL=ledger_url).ready()
    wire.place_order("good")
    effects = {key for key, _ in sent.honoured("payment").values()} | {"good"}
    wait_for(effects, lambda: wire.keys_of("Payment_Done"))
    events = {*sent.honoured("order_fulfillment").values(), ("good", "Order_Placed")}
    events |= {(key, "Payment_Done") for key in effects}
    wait_for(events, lambda: set(rows(ledger_url, wire.tenant)))
    for queue in QUEUES:
        wait_for_letters(wire, queue, len(sent.dead(queue)))
    # Then the worker lives, and has unpickled and unpacked nothing
    assert max(memory(worker)) < MEMORY
    assert worker.stop() == 0
    assert not CANARY.exists()
    # And each event was honoured once, nothing else was, and what was refused is kept with its reason
    emitted = Counter(seen.event["businessKey"] for seen in wire.hear() if seen.routing_key == "payment")
    assert emitted == Counter(effects)
    assert rows(ledger_url, wire.tenant) == Counter(events)
    for queue in QUEUES:
        assert wire.count(sent.queue(queue)) == 0
        check_letters(sent, queue, raw_client.take(amqp_url, f"{sent.queue(queue)}.dead"))
    # And the log has one line for each of them
    check_log(sent, worker.log)


def wait_for(expected: set[Any], found: Callable[[], set[Any]]) -> None:
    """Until everything expected is there. Raises AssertionError that names what is missing."""
    with suppress(TimeoutError):
        until(lambda: expected <= found(), SECONDS, "everything is there")
    assert expected - found() == set()


def wait_for_letters(wire: Wire, subscription: str, number: int) -> None:
    queue = f"{wire.tenant}.{subscription}.dead"
    until(lambda: wire.count(queue) >= number, SECONDS, f"{queue} has {number} letters")


def check_letters(sent: Sent, subscription: str, letters: list[Letter]) -> None:
    """Exactly one for each kind that must be dead: its reason, and what was sent."""
    expected = sent.dead(subscription)
    for name in sorted(expected, key=lambda name: KINDS[name].raw is not None):  # first those with an id
        of_kind = [letter for letter in letters if is_of(letter, name, expected[name], sent.bodies[name])]
        assert of_kind, f"{name}: not among the dead letters"
        letter = of_kind[0]
        letters.remove(letter)
        if not letter.undecodable:
            check_copy(letter, name)
    assert letters == []


def is_of(letter: Letter, name: str, dead: Dead, body: bytes) -> bool:
    if letter.body != body or letter.reason != dead.reason or not letter.words.startswith(dead.words):
        return False
    has_id = KINDS[name].raw is None and not letter.undecodable
    return not has_id or letter.properties.get("message_id") == properties_of(name).message_id


def check_copy(letter: Letter, name: str) -> None:
    """It has the properties and headers that were sent, beside ours and the broker's."""
    given = dict(KINDS[name].properties or {})
    for header, value in given.pop("headers", {}).items():
        if header[:2] != "x-" and not header.startswith("trackflow-"):
            assert letter.headers[header] == value, f"{name}: header {header}"
    given.pop("expiration", None)
    for what, value in given.items():
        assert letter.properties[what] == value, f"{name}: {what}"


def check_log(sent: Sent, log: str) -> None:
    assert "Traceback" not in log
    assert "CRITICAL" not in log
    errors = [line for line in log.splitlines() if "ERROR" in line]
    expected = 0
    for subscription in QUEUES:
        for name, dead in sent.dead(subscription).items():
            if dead is EXPIRED:
                continue
            expected += 1
            if dead.reason is not None and KINDS[name].raw is None:
                identity = re.escape(repr(properties_of(name).message_id))
                found = [
                    line for line in errors if re.search(f"{sent.queue(subscription)}: .*id {identity}", line)
                ]
                assert len(found) == 1, f"{name}: {found}"
    assert len(errors) == expected, "\n".join(errors)


def rows(ledger_url: str, tenant: str) -> Rows:
    """What the ledger has: each event, and how often it was delivered."""
    database = create_engine(ledger_url)
    query = text("SELECT business_key, name, deliveries FROM events WHERE tenant = :tenant")
    found: Rows = Counter()
    try:
        if not inspect(database).has_table("events"):  # no worker has opened it yet
            return found
        with database.connect() as connection:
            for row in connection.execute(query, {"tenant": tenant}):
                found[row.business_key, row.name] += row.deliveries
            return found
    finally:
        database.dispose()


def memory(worker: Worker) -> list[int]:
    """The most memory that each process of a worker ever had, in KiB."""
    parent = psutil.Process(worker.process.pid)
    pids = [process.pid for process in (parent, *parent.children(recursive=True))]
    peaks = [re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()) for pid in pids]
    return [int(peak[1]) for peak in peaks if peak]


@pytest.mark.timeout(5 * SECONDS)
def test_events_are_told_apart_by_their_ids(workers: Workers, wire: Wire, amqp_url: str) -> None:
    # Given a worker of two services and the tracker
    worker = workers.start("payment,inventory,order_fulfillment").ready()
    ledger_url, tenant = workers.environment["LEDGER_URL"], wire.tenant

    def send(key: str, routing_key: str = "order", payload: object = None, **properties: Any) -> None:
        wire.publish(event(tenant, key, payload=payload), routing_key, pika.BasicProperties(**properties))

    def orders() -> Rows:
        return Counter({what: n for what, n in rows(ledger_url, tenant).items() if what[1] == "Order_Placed"})

    # When two equal events come without an id
    send("twins")
    send("twins")
    # And two orders under one id, and two payloads of a third
    send("first", message_id="same")
    wait_for({("first", "Goods_Fetched")}, lambda: set(rows(ledger_url, tenant)))
    send("second", message_id="same")
    send("third", message_id="3")
    send("third", message_id="3", payload="other")
    # And an order under the routing key of another event
    send("astray", "payment", message_id="astray")
    # And a bad message that asks for copies in the queues where it is refused and where it is kept
    more = [f"{tenant}.payment", f"{tenant}.payment.dead"]
    send("", message_id="breeding", headers={"CC": more, "mine": 1})
    send("good")
    # Then payment, which is told each delivery, emits the same id for equal events
    emitted: Counter[str] = Counter(twins=2, first=1, second=1, third=2, good=1)

    def by_payment() -> list[Seen]:
        return [seen for seen in wire.hear() if seen.properties.app_id == "payment"]

    until(lambda: len(by_payment()) >= emitted.total(), SECONDS, "payment is done")
    assert Counter(seen.event["businessKey"] for seen in by_payment()) == emitted
    assert len({seen.properties.message_id for seen in by_payment()}) == len(emitted) - 1  # first and second
    # And the tracker takes equal ids for one event, and keeps the first
    once = Counter({(key, "Order_Placed"): 1 for key in ("first", "astray", "good")})
    twice = Counter({(key, "Order_Placed"): 2 for key in ("twins", "third")})
    until(lambda: orders() == once + twice, SECONDS, "the ledger has the orders")
    # And what cannot be heard or kept is one dead letter each, where somebody finds it
    found = {
        "payment": ["businessKey: should have"],
        "inventory": ["inventory does not hear 'Order_Placed', which came with the routing key 'payment'"],
        "order_fulfillment": [
            "businessKey: should have",
            "second Goods_Fetched: its id ",  # what follows from one id has one id
            "second Order_Placed: its id 'same' is that of first Order_Placed, which stays",
            "second Payment_Done: its id ",
        ],
    }
    for queue, expected in found.items():
        wait_for_letters(wire, queue, len(expected))
    assert worker.stop() == 0
    assert "Traceback" not in worker.log
    for queue, expected in found.items():
        words = sorted(letter.words for letter in raw_client.take(amqp_url, f"{tenant}.{queue}.dead"))
        assert [text[: len(begin)] for text, begin in zip(words, expected, strict=True)] == expected


def test_a_client_cannot_send_an_id_of_a_kilobyte(wire: Wire, amqp_url: str) -> None:
    # AMQP writes its length in one byte
    with pytest.raises(ShortStringTooLong):
        wire.publish(b"{}", "order", pika.BasicProperties(message_id="x" * 1024))
    with Connection(amqp_url) as connection, pytest.raises(struct.error):
        connection.Producer().publish("{}", exchange=wire.tenant, routing_key="order", message_id="x" * 1024)
