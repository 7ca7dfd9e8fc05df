"""Anybody may publish anything: no worker ends, and whatever is no event is kept byte for byte."""

import gzip
import json
import pickle
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import pytest
from kombu import Connection
from pika import BasicProperties as Properties

from tests.integration.wire import Wire
from tests.integration.workers import Workers
from tests.waiting import until
from trackflow.messaging.frames import tolerate_undecodable

pytestmark = pytest.mark.broker


def event(tenant: str, **changes: object) -> bytes:
    fields = {"businessKey": "hostile", "tenant": tenant, "event": "Order_Placed"}
    return json.dumps({**fields, **changes}).encode()


CELERY_1 = {"id": "1", "task": "payment", "args": [1], "kwargs": {}}
CELERY_2 = {"lang": "py", "task": "payment", "id": "1", "root_id": "1", "parent_id": None, "group": None}

# What payment must refuse: by name, the body for a tenant, and the properties.
REFUSED: dict[str, tuple[Callable[[str], bytes], Properties]] = {
    "no JSON": (lambda tenant: b"hello", Properties()),
    "empty": (lambda tenant: b"", Properties()),
    "pickle": (
        lambda tenant: pickle.dumps({"businessKey": "1"}),
        Properties(content_type="application/x-python-serialize", content_encoding="binary"),
    ),
    "pickle without its type": (lambda tenant: pickle.dumps({"businessKey": "1"}), Properties()),
    "not UTF-8": (lambda tenant: b'{"businessKey": "\xff"}', Properties(content_type="application/json")),
    "wrong types": (lambda tenant: event(tenant, businessKey=4711), Properties()),
    "another tenant": (lambda tenant: event("other"), Properties()),
    "an unknown event": (lambda tenant: event(tenant, event="Lost"), Properties()),
    "NaN": (lambda tenant: event(tenant, payload=float("nan")), Properties()),
    "Celery's protocol 1": (
        lambda tenant: json.dumps(CELERY_1).encode(),
        Properties(content_type="application/json"),
    ),
    "Celery's protocol 2": (
        lambda tenant: b"[[], {}, {}]",
        Properties(content_type="application/json", content_encoding="utf-8", headers=CELERY_2),
    ),
    "an event dressed as a Celery task": (
        event,
        Properties(headers={"task": "payment"}),
    ),
    "compressed": (
        lambda tenant: gzip.compress(event(tenant), mtime=0),
        Properties(content_type="application/json", headers={"compression": "application/x-gzip"}),
    ),
    "said to be compressed": (event, Properties(headers={"compression": "zstd"})),
    "huge": (lambda tenant: b" " * (1024 * 1024 + 1), Properties()),
    "deeply nested": (lambda tenant: b"[" * 100_000, Properties()),
    "UTF-16": (
        lambda tenant: event(tenant).decode().encode("utf-16-le"),
        Properties(content_type="application/json", content_encoding="utf-16-le"),
    ),
    "Latin-1": (
        lambda tenant: event(tenant).replace(b"hostile", b"\xfc"),
        Properties(content_type="application/json", content_encoding="latin-1"),
    ),
    "an unknown encoding": (event, Properties(content_encoding="rot13")),
    "a control character as id": (event, Properties(message_id="a\nb")),
}


class YearTenThousand(datetime):
    """A time that AMQP can carry and Python cannot."""

    def utctimetuple(self) -> tuple[int, ...]:  # type: ignore[override]
        return (9999, 12, 31, 24, 0, 0)


# What py-amqp cannot decode, nor pika: these go to payment's queue alone.
UNDECODABLE: dict[str, tuple[Callable[[str], bytes], Properties]] = {
    "an id that is no UTF-8": (event, Properties(message_id=b"\xff\xfe")),
    "a type that is no UTF-8 and no body": (lambda tenant: b"", Properties(content_type=b"\xff\xfe")),
    "a header after the year 9999": (
        event,
        Properties(headers={"when": YearTenThousand(2026, 1, 1)}),
    ),
}

# What is odd, but an event.
HONOURED: dict[str, Properties] = {
    "no properties": Properties(),
    "a timestamp beyond all calendars": Properties(timestamp=2**63 - 1),
    "headers of every type": Properties(
        headers={
            "a": None,
            "b": True,
            "c": Decimal("1.5"),
            "d": [1, [2]],
            "e": {"f": {}},
            "g": 2**62,
            "h": datetime(2020, 1, 1),
        }
    ),
    "wrong types in our headers": Properties(
        headers={
            "cause": 5,
            "traceparent": [],
            "tracestate": {},
            "published-at": True,
            "trackflow-attempt": "x",
        }
    ),
    "a header name that is no UTF-8": Properties(headers={b"x-\xff": 1}),
    "text as its type": Properties(content_type="text/plain", content_encoding="utf-8"),
    "every property": Properties(
        priority=9,
        reply_to="nobody",
        expiration="600000",
        type="lie",
        app_id="x" * 255,
        correlation_id="other",
    ),
}


def letters(amqp_url: str, queue: str) -> list[bytes]:
    """The bodies of all messages of a queue."""
    bodies = []
    with Connection(amqp_url) as connection:
        connection.connect()
        tolerate_undecodable(connection)
        channel = connection.default_channel
        channel.auto_decode = False
        while (letter := channel.basic_get(queue, no_ack=True)) is not None:
            bodies.append(letter.body or b"")  # py-amqp has text for an empty one
    return bodies


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_hostile_messages_end_no_worker_and_are_kept_as_they_came(
    pool: str, workers: Workers, wire: Wire, amqp_url: str
) -> None:
    # Given a worker, everything hostile before it, and good orders after that
    worker = workers.start("payment", "-P", pool).ready()
    queue = f"{wire.tenant}.payment"
    for make, properties in REFUSED.values():
        wire.publish(make(wire.tenant), "order", properties)
    for make, properties in UNDECODABLE.values():
        wire.channel.basic_publish("", queue, make(wire.tenant), properties)
    for name, properties in HONOURED.items():
        wire.publish(event(wire.tenant, businessKey=name), "order", properties)
    wire.place_order("good")
    # When it has handled all of it
    until(lambda: {"good", *HONOURED} <= wire.keys_of("Payment_Done"), 60, "every event is honoured")
    refused = [make(wire.tenant) for make, _ in (*REFUSED.values(), *UNDECODABLE.values())]
    until(lambda: wire.count(f"{queue}.dead") >= len(refused), 60, "everything else is a dead letter")
    # Then it lives, did nothing else, and every dead letter has the body that was sent
    assert wire.keys_of("Payment_Done") == {"good", *HONOURED}
    assert sorted(letters(amqp_url, f"{queue}.dead")) == sorted(refused)
    assert worker.stop() == 0
