"""What anybody may send, and what must become of it: the table that the test reads.

Each kind is sent to the queue of a service (payment, which hears `Order_Placed`) and to the tracker's (which
hears everything): through the exchange, or straight to each queue. It is either honoured, or kept as exactly
one dead letter in that queue's `.dead`, with the body that was sent. Nothing is dropped: even what expires is
kept, by the broker, since a fact stays one. (The one thing that is rightly dropped is an event that a queue
gets only because it shares its routing key with one that is heard there; this choreography has none, see
`test_recovery_in_memory`.)
"""

from __future__ import annotations

import bz2
import gzip
import json
import pickle
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import Any

from pika import BasicProperties

MIB = 1024 * 1024

# ---- what becomes of a message -----------------------------------------------------------------------


@dataclass(frozen=True)
class Honoured:
    """The service emits its effect, the ledger has the event."""

    event: str = "Order_Placed"


@dataclass(frozen=True)
class Dead:
    """Kept with this reason and a message that begins so; reason None: by the broker, whose word it gives."""

    words: str
    reason: str | None = "unreadable"


EXPIRED = Dead("expired", reason=None)
REJECTED = Dead("rejected", reason=None)  # its properties cannot be decoded, so it cannot be copied
NO_JSON = Dead("Invalid JSON: ")
CELERY = Dead("a Celery message on an event queue")
COMPRESSED = Dead("compressed body")
Becomes = Honoured | Dead


@dataclass(frozen=True)
class Kind:
    """One kind of message.

    Attributes:
        body: its body, given the tenant and a business key of its own.
        payment: what becomes of it in the service's queue.
        tracker: and in the tracker's; None: the same.
        properties: AMQP properties. Without a `message_id` it gets its name as one, so that logs can be
            searched for it; an empty one means: none.
        key: the routing key; None: straight to each of the two queues.
        raw: instead of properties, their bytes on the wire (flags first). Always straight to the queues:
            other clients cannot decode them either.
    """

    body: Callable[[str, str], bytes]
    payment: Becomes
    tracker: Becomes | None = None
    properties: dict[str, Any] | None = None
    key: str | None = "order"
    raw: bytes | None = None


# ---- bodies ------------------------------------------------------------------------------------------


def event(tenant: str, key: str, /, **changes: object) -> bytes:
    """The JSON of an event; a change to `...` leaves the field out."""
    fields = {
        "businessKey": key,
        "tenant": tenant,
        "event": "Order_Placed",
        "command": None,
        "payload": None,
        **changes,
    }
    return json.dumps({name: value for name, value in fields.items() if value is not ...}).encode()


def with_(**changes: object) -> Callable[[str, str], bytes]:
    return partial(event, **changes)


def payload(text: str) -> Callable[[str, str], bytes]:
    """An event whose payload is this text, be it JSON or not."""
    return lambda tenant, key: event(tenant, key, payload="HERE").replace(b'"HERE"', text.encode())


def literally(body: bytes) -> Callable[[str, str], bytes]:
    return lambda tenant, key: body


def before(text: str, more: str) -> Callable[[str, str], bytes]:
    """An event with more text before a part of it."""
    return lambda tenant, key: event(tenant, key).replace(text.encode(), (more + text).encode(), 1)


def coded(encoding: str, key: str = "Zürich") -> Callable[[str, str], bytes]:
    def body(tenant: str, _: str) -> bytes:
        return event(tenant, "HERE").decode().replace("HERE", key).encode(encoding)

    return body


def long(size: int) -> Callable[[str, str], bytes]:
    """An event of so many bytes, whose effects have as many."""

    def body(tenant: str, key: str) -> bytes:
        compact = json.dumps(json.loads(event(tenant, key, payload="")), separators=(",", ":")).encode()
        return compact.replace(b'"payload":""', b'"payload":"%s"' % (b"x" * (size - len(compact))))

    return body


def padded(tenant: str, key: str) -> bytes:
    """An event of 1 MiB whose effects are longer: a service writes the fields that it leaves out."""
    short = event(tenant, key, command=..., payload="").decode().replace(", ", ",").replace(": ", ":")
    return short.replace('"payload":""', f'"payload":"{"x" * (MIB - len(short))}"').encode()


@cache
def bomb(how: str) -> bytes:
    """Less than 1 MiB that grows to 512 MiB (zlib), 1 GiB (gzip) or 10 GiB (bzip2)."""
    zeros = bytes(64 * MIB)
    if how == "zlib":
        squeeze = zlib.compressobj(9)
        return b"".join(squeeze.compress(zeros) for _ in range(8)) + squeeze.flush()
    if how == "gzip":
        return gzip.compress(zeros, mtime=0) * 16
    return bz2.compress(zeros) * 160


class Canary:
    """Whoever unpickles it makes the file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._file,)


CANARY = Path(__file__).parent / "unpickled"


def pickled(tenant: str, key: str) -> bytes:
    return pickle.dumps({"businessKey": key, "tenant": tenant, "event": Canary(CANARY)})


# ---- properties --------------------------------------------------------------------------------------

CELERY_HEADERS = {
    "lang": "py",
    "id": "1",
    "root_id": "1",
    "parent_id": None,
    "group": None,
    "retries": 99,
    "eta": "2099-01-01T00:00:00+00:00",
    "expires": "2000-01-01T00:00:00+00:00",
    "timelimit": [1, 1],
    "shadow": "x",
    "stamps": {"a": [1]},
}


def headers(**values: Any) -> dict[str, Any]:
    return {"headers": values}


def typed(content_type: str, encoding: str = "utf-8", **more: Any) -> dict[str, Any]:
    return {"content_type": content_type, "content_encoding": encoding, **more}


def task(name: Any) -> dict[str, Any]:
    return typed("application/json", headers={**CELERY_HEADERS, "task": name})


def short(text: bytes) -> bytes:
    return bytes([len(text)]) + text


def table(*fields: bytes) -> bytes:
    joined = b"".join(fields)
    return struct.pack(">I", len(joined)) + joined


def only_headers(*fields: bytes) -> bytes:
    return struct.pack(">H", 0x2000) + table(*fields)


def nested(depth: int) -> bytes:
    inner = b""
    for _ in range(depth):
        inner = short(b"a") + b"F" + table(inner)
    return inner


EVERY_TYPE = (
    b"\1at\1",  # a Boolean
    b"\1bb\xff",  # 8 bits, signed, then unsigned
    b"\1cB\xff",
    b"\1ds\xff\xff",  # 16 bits
    b"\1eu\xff\xff",
    b"\1fI\xff\xff\xff\xff",  # 32 bits
    b"\1gi\xff\xff\xff\xff",
    b"\1hl" + b"\xff" * 8,  # 64 bits
    b"\1if\x3f\x80\0\0",  # float and double; RabbitMQ takes no infinite ones
    b"\1jd\x3f\xf0" + bytes(6),
    b"\1kD\2\0\0\0\1",  # a decimal
    b"\1lS\0\0\0\3\xff\xfe\xfd",  # text that is no UTF-8
    b"\1mA\0\0\0\2t\0",  # an array
    b"\1nT" + bytes(8),  # a time
    b"\1oF\0\0\0\0",  # an empty table
    b"\1pV",  # nothing
    b"\1qx\0\0\0\1\0",  # bytes
)
YEAR_10000 = struct.pack(">Q", 253402300800)

# ---- the table ---------------------------------------------------------------------------------------

WRONG_TYPES: dict[str, object] = {
    "null": None,
    "a number": 4711,
    "a fraction": 1.5,
    "true": True,
    "a list": ["a"],
    "an object": {"a": "b"},
    "left out": ...,
}

KINDS: dict[str, Kind] = {
    # What is not there any more when a worker comes: sent first, while nobody consumes.
    "expired": Kind(event, EXPIRED, properties={"expiration": "1"}),
    "expired, and no event": Kind(literally(b"?"), EXPIRED, properties={"expiration": "1"}),
    "expired, with a forged x-death": Kind(
        event, EXPIRED, properties={"expiration": "1", **headers(**{"x-death": "text"})}
    ),
    # No JSON, or JSON that means different things to different readers (RFC 8259).
    "empty": Kind(literally(b""), NO_JSON),
    "text": Kind(literally(b"hello"), NO_JSON),
    "truncated": Kind(lambda tenant, key: event(tenant, key)[:-10], NO_JSON),
    "two documents": Kind(lambda tenant, key: event(tenant, key) * 2, NO_JSON),
    "Python's own notation": Kind(lambda tenant, key: repr({"businessKey": key}).encode(), NO_JSON),
    "a comma too many": Kind(before("}", ","), NO_JSON),
    "100,000 brackets": Kind(literally(b"[" * 100_000), NO_JSON),
    "255 lists in each other": Kind(payload("[" * 255 + "]" * 255), NO_JSON),
    "NaN": Kind(payload("NaN"), Dead("payload: ")),
    "Infinity": Kind(payload("Infinity"), Dead("payload: ")),
    "-Infinity, deep": Kind(payload('{"a": [-Infinity]}'), Dead("payload: ")),
    "1e400": Kind(payload("1e400"), Dead("payload: ")),  # infinite to most readers
    "NaN in a field that is ignored": Kind(with_(more=float("nan")), NO_JSON),
    "5,000 digits": Kind(payload("1" * 5000), NO_JSON),
    "a leading zero": Kind(payload("0123"), NO_JSON),
    # The first counts for some readers and the last for others: then one event is about two orders.
    "two business keys": Kind(before('"tenant"', '"businessKey": "other", '), Dead("Invalid JSON: two")),
    "the same business key twice": Kind(
        lambda tenant, key: event(tenant, key).replace(b"{", b'{"event": "Order_Placed", '),
        Dead("Invalid JSON: two fields are called 'event'"),
    ),
    "two fields of one name in the payload": Kind(payload('[{"a": 1, "a": 2}]'), Dead("Invalid JSON: two")),
    "two fields of one name, escaped": Kind(payload(r'{"a": 1, "\u0061": 2}'), Dead("Invalid JSON: two")),
    "half a surrogate pair": Kind(payload(r'"\ud800"'), NO_JSON),
    "half a surrogate pair as key": Kind(
        lambda tenant, key: event(tenant, "HERE").replace(b"HERE", rb"\udfff"), NO_JSON
    ),
    "a surrogate as bytes": Kind(
        lambda tenant, key: event(tenant, key, payload="HALF").replace(b"HALF", b"\xed\xa0\x80"),
        Dead("body is not UTF-8"),
    ),
    # JSON, but no object.
    "a list": Kind(literally(b"[]"), Dead("Input should be an object")),
    "a number": Kind(literally(b"4711"), Dead("Input should be an object")),
    "a string": Kind(literally(b'"Order_Placed"'), Dead("Input should be an object")),
    "null": Kind(literally(b"null"), Dead("Input should be an object")),
    "true": Kind(literally(b"true"), Dead("Input should be an object")),
    "an empty object": Kind(literally(b"{}"), Dead("businessKey: Field required")),
    # Each field with each type that it should not have.
    **{
        f"{field}: {what}": Kind(with_(**{field: value}), Dead(f"{field}: "))
        for field in ("businessKey", "tenant", "event")
        for what, value in WRONG_TYPES.items()
    },
    **{
        f"command: {what}": Kind(with_(command=value), Dead("command: "))
        for what, value in WRONG_TYPES.items()
        if value not in (None, ...)
    },
    # Names that no broker, engine or database could carry, or that would make two lines of one in a log.
    "an empty business key": Kind(with_(businessKey=""), Dead("businessKey: should have 1 to 255 bytes")),
    "a business key of 256 bytes": Kind(with_(businessKey="x" * 256), Dead("businessKey: ")),
    "a business key of 128 umlauts": Kind(with_(businessKey="ü" * 128), Dead("businessKey: ")),
    "a business key of 10 kB": Kind(with_(businessKey="x" * 10_000), Dead("businessKey: ")),
    "NUL in the business key": Kind(with_(businessKey="a\0b"), Dead("businessKey: ")),
    "a line break in the business key": Kind(with_(businessKey="a\nERROR: forged"), Dead("businessKey: ")),
    "a terminal's escape in the business key": Kind(with_(businessKey="\x1b[31m"), Dead("businessKey: ")),
    "one of eight bits": Kind(with_(businessKey="\x9b31m"), Dead("businessKey: ")),
    "a line separator in the business key": Kind(with_(businessKey="a\u2028b"), Dead("businessKey: ")),
    "a business key under Python's name": Kind(
        lambda tenant, key: event(tenant, key).replace(b"businessKey", b"business_key"),
        Dead("businessKey: Field required"),
    ),
    "another tenant": Kind(with_(tenant="other"), Dead("tenant 'other' on the exchange of")),
    "a tenant in capitals": Kind(lambda tenant, key: event(tenant.upper(), key), Dead("tenant 'T")),
    "no tenant's name": Kind(with_(tenant="amq.direct"), Dead("tenant: should be")),
    "an unknown event": Kind(with_(event="Lost"), Dead("event 'Lost' is not in the choreography")),
    "an event in small letters": Kind(with_(event="order_placed"), Dead("event 'order_placed' is not")),
    "an event with a blank": Kind(with_(event="Order_Placed "), Dead("event 'Order_Placed ' is not")),
    # Too long, or long enough to hurt. RabbitMQ takes 128 MiB, in frames of 128 KiB.
    "1 MiB": Kind(long(MIB), Honoured()),
    "1 MiB and a byte": Kind(long(MIB + 1), Dead("body of 1048577 bytes, the limit is 1048576")),
    "20 MB": Kind(long(20_000_000), Dead("body of 20000000 bytes, the limit is 1048576")),
    "1 MiB, and what follows is longer": Kind(
        padded, payment=Dead("", reason="permanent"), tracker=Honoured()
    ),
    # Never decompressed: neither by us nor by Kombu, which would do it for this header.
    "a bomb of zlib": Kind(
        lambda tenant, key: bomb("zlib"),
        COMPRESSED,
        properties=typed("application/json", headers={"compression": "application/x-gzip"}),
    ),
    "a bomb of gzip": Kind(
        lambda tenant, key: bomb("gzip"),
        COMPRESSED,
        properties=typed("application/json", headers={"compression": "gzip"}),
    ),
    "a bomb of bzip2": Kind(
        lambda tenant, key: bomb("bzip2"),
        COMPRESSED,
        properties=typed("application/json", headers={"compression": "application/x-bz2"}),
    ),
    "a bomb as content encoding": Kind(
        lambda tenant, key: bomb("gzip"),
        Dead("content encoding 'gzip'"),
        properties=typed("application/json", "gzip"),
    ),
    "a bomb that says nothing": Kind(lambda tenant, key: bomb("bzip2"), Dead("body is not UTF-8")),
    "said to be compressed": Kind(event, COMPRESSED, properties=headers(compression="zstd")),
    "said to be compressed by a number": Kind(event, COMPRESSED, properties=headers(compression=7)),
    # Other languages than JSON.
    "pickle": Kind(
        pickled,
        Dead("content type 'application/x-python-serialize'"),
        properties=typed("application/x-python-serialize", "binary"),
    ),
    "pickle without its type": Kind(pickled, Dead("body is not UTF-8")),
    "pickle as JSON": Kind(pickled, Dead("body is not UTF-8"), properties=typed("application/json")),
    "pickle as a Celery task": Kind(
        pickled,
        CELERY,
        properties=typed(
            "application/x-python-serialize", "binary", headers={**CELERY_HEADERS, "task": "payment"}
        ),
    ),
    "msgpack": Kind(
        literally(b"\x81\xabbusinessKey\xa11"),
        Dead("content type 'application/x-msgpack'"),
        properties=typed("application/x-msgpack", "binary"),
    ),
    "yaml": Kind(
        literally(b"businessKey: !!python/object/apply:os.getpid []"),
        Dead("content type 'application/x-yaml'"),
        properties=typed("application/x-yaml"),
    ),
    "JSON as yaml": Kind(event, Dead("content type 'text/yaml'"), properties=typed("text/yaml")),
    "Kombu's raw data": Kind(
        event, Dead("content type 'application/data'"), properties=typed("application/data")
    ),
    "a type of 255 bytes": Kind(event, Dead("content type 'x"), properties=typed("x" * 255)),
    # Other encodings than UTF-8.
    "a byte order mark": Kind(coded("utf-8-sig"), NO_JSON),  # RFC 8259, section 8.1: not to be added
    "UTF-16": Kind(coded("utf-16"), Dead("body is not UTF-8")),
    "UTF-16 without a mark": Kind(coded("utf-16-le", "a"), NO_JSON),
    "UTF-16, said to be": Kind(
        coded("utf-16"), Dead("content encoding 'utf-16'"), properties=typed("application/json", "utf-16")
    ),
    "Latin-1": Kind(coded("latin-1"), Dead("body is not UTF-8")),
    "Latin-1, said to be": Kind(
        coded("latin-1"), Dead("content encoding 'latin-1'"), properties=typed("application/json", "latin-1")
    ),
    "an overlong NUL": Kind(literally(b'{"businessKey": "\xc0\x80"}'), Dead("body is not UTF-8")),
    "an unknown encoding": Kind(
        event, Dead("content encoding 'rot13'"), properties=typed("application/json", "rot13")
    ),
    # Celery's own messages: an event queue runs no task that a sender chooses.
    "Celery's protocol 1": Kind(
        literally(json.dumps({"id": "1", "task": "payment", "args": [1], "kwargs": {}}).encode()),
        Dead("businessKey: Field required"),
        properties=typed("application/json"),
    ),
    "protocol 1 for another queue's task": Kind(
        literally(json.dumps({"id": "1", "task": "shipment", "args": [], "kwargs": {}}).encode()),
        Dead("businessKey: Field required"),
        properties=typed("application/json"),
    ),
    "protocol 1 with the fields of an event": Kind(  # unknown fields are ignored; its task does not run
        with_(id="1", task="celery.backend_cleanup", args=[], kwargs={}), Honoured()
    ),
    "Celery's protocol 2": Kind(literally(b"[[], {}, {}]"), CELERY, properties=task("payment")),
    "protocol 2 with an event": Kind(event, CELERY, properties=task("payment")),
    "another queue's task": Kind(event, CELERY, properties=task("shipment")),
    "Celery's own task": Kind(event, CELERY, properties=task("celery.backend_cleanup")),
    "an unknown task": Kind(event, CELERY, properties=task("os.system")),
    "a task that is none": Kind(event, CELERY, properties=task(None)),
    "protocol 2 without a task": Kind(event, Honoured(), properties=headers(**CELERY_HEADERS)),
    # Headers of ours and of the broker's, forged: the event is good, so they count as absent.
    "a huge attempt": Kind(event, Honoured(), properties=headers(**{"trackflow-attempt": 2**63 - 1})),
    "a negative attempt": Kind(event, Honoured(), properties=headers(**{"trackflow-attempt": -5})),
    "an attempt that is true": Kind(event, Honoured(), properties=headers(**{"trackflow-attempt": True})),
    "an attempt in words": Kind(event, Honoured(), properties=headers(**{"trackflow-attempt": "x" * 1000})),
    "a forged delivery": Kind(
        event, Honoured(), properties=headers(trackflow={"queue": "x.payment", "event": None, "body": "{}"})
    ),
    "a forged dead letter": Kind(
        event, Honoured(), properties=headers(**{"trackflow-reason": "permanent", "trackflow-at": 1})
    ),
    "a forged dead letter, no event": Kind(
        literally(b"?"), NO_JSON, properties=headers(**{"trackflow-reason": "x", "trackflow-message": "x"})
    ),
    "a forged mark": Kind(event, Honoured(), properties=headers(**{"trackflow-undecodable": "a\nb"})),
    "a cause of 10 kB": Kind(event, Honoured(), properties=headers(cause="x" * 10_000)),
    "a cause in pieces": Kind(event, Honoured(), properties=headers(cause=["a"], traceparent={"b": "c"})),
    "a cause with a line break": Kind(event, Honoured(), properties=headers(cause="a\nb", tracestate="\0")),
    "a forged x-death": Kind(
        event,
        Honoured(),
        properties=headers(**{"x-death": [{"queue": "x", "count": 2**40, "reason": "expired"}]}),
    ),
    "an x-death that is none": Kind(event, Honoured(), properties=headers(**{"x-death": "x"})),
    "a forged x-death, no event": Kind(
        literally(b"?"), NO_JSON, properties=headers(**{"x-death": "x", "x-first-death-queue": 1})
    ),
    "a forged count of deliveries": Kind(
        event, Honoured(), properties=headers(**{"x-delivery-count": 10**6, "x-acquired-count": 10**6})
    ),
    "forged delivery info": Kind(
        event,
        Honoured(),
        properties=headers(
            delivery_info={"exchange": "x", "routing_key": "y"}, exchange="amq.direct", routing_key="payment"
        ),
    ),
    "more recipients": Kind(event, Honoured(), properties=headers(CC=["nowhere"], BCC=["nowhere"])),
    # Where and under which key it comes.
    "another's event, straight": Kind(  # replays and tests of people come this way
        with_(event="Payment_Done"),
        payment=Dead("payment does not hear 'Payment_Done', which came with the routing key"),
        tracker=Honoured("Payment_Done"),
        key=None,
    ),
    "an event under another's key": Kind(  # inventory, which hears it, gets nothing: somebody must know
        with_(event="Goods_Shipped"),
        payment=Dead(
            "payment does not hear 'Goods_Shipped', which came with the routing key 'order' instead"
        ),
        tracker=Honoured("Goods_Shipped"),  # hears everything: the fact is a fact
    ),
    "straight to the queue": Kind(event, Honoured(), key=None),
    # Who it says it is. One without an id gets one of its content, see `test_bad_messages` for two alike.
    "no id": Kind(event, Honoured(), properties={"message_id": ""}),
    "no properties at all": Kind(event, Honoured(), raw=b"\0\0", key=None),
    "an id of 255 bytes": Kind(event, Honoured(), properties={"message_id": "ü" * 127 + "x"}),
    "an id with a line break": Kind(
        event, Dead("message_id: should have no"), properties={"message_id": "a\nb"}
    ),
    "an id with NUL": Kind(event, Dead("message_id: "), properties={"message_id": "a\0b"}),
    "an id of half a surrogate pair": Kind(
        event, Dead("message_id: "), raw=struct.pack(">H", 0x80) + short(b"\xed\xa0\x80"), key=None
    ),
    # The other properties are the sender's own business.
    "every property": Kind(
        event,
        Honoured(),
        properties={
            "priority": 255,
            "reply_to": "amq.rabbitmq.reply-to.g2dkAA",
            "expiration": "600000",
            "type": "Goods_Shipped",
            "app_id": "x" * 255,
            "correlation_id": "another order",
            "user_id": "guest",
            "cluster_id": "x",
            "delivery_mode": 1,
        },
    ),
    "a timestamp at the end of time": Kind(event, Honoured(), properties={"timestamp": 2**63 - 1}),
    "a timestamp of ours, in no calendar": Kind(
        event, Honoured(), properties=headers(**{"published-at": "2026-13-45T99:00:00Z"})
    ),
    "a timestamp of the year 1": Kind(
        event, Honoured(), properties=headers(**{"published-at": "0001-01-01T00:00:00+00:00"})
    ),
    "a timestamp that is a decimal": Kind(
        event, Honoured(), properties=headers(**{"published-at": Decimal("1.5")})
    ),
    "a type in capitals, with a charset": Kind(
        event, Honoured(), properties=typed("Application/JSON; charset=utf-8", "UTF-8")
    ),
    "text as its type": Kind(event, Honoured(), properties=typed("text/plain", "us-ascii")),
    "bytes as its type": Kind(event, Honoured(), properties=typed("application/octet-stream", "binary")),
    # Headers of every type and length.
    "headers of every type": Kind(event, Honoured(), raw=only_headers(*EVERY_TYPE), key=None),
    "headers of every type, no event": Kind(
        literally(b"?"), NO_JSON, raw=only_headers(*EVERY_TYPE), key=None
    ),
    "a header's name that is no UTF-8": Kind(event, Honoured(), raw=only_headers(b"\1\xfft\1"), key=None),
    "a header's time": Kind(event, Honoured(), properties=headers(at=datetime(2020, 1, 1, tzinfo=UTC))),
    "headers of 60 kB": Kind(event, Honoured(), properties=headers(a="x" * 60_000)),
    "headers of 60 kB, no event": Kind(literally(b"?"), NO_JSON, properties=headers(a="x" * 60_000)),
    # What py-amqp cannot decode, or what would not fit in a frame with our notes: the broker keeps it whole.
    "headers of 100 kB": Kind(event, REJECTED, properties=headers(a="x" * 100_000)),
    "headers that fill a frame": Kind(event, REJECTED, properties=headers(a="x" * 130_900)),
    "an id that is no UTF-8": Kind(
        event, REJECTED, raw=struct.pack(">H", 0x80) + short(b"\xff\xfe"), key=None
    ),
    "a type that is no UTF-8, and no body": Kind(
        literally(b""), REJECTED, raw=struct.pack(">H", 0x8000) + short(b"\xff\xfe"), key=None
    ),
    "a header after the year 9999": Kind(event, REJECTED, raw=only_headers(b"\1aT" + YEAR_10000), key=None),
    **{
        f"headers {depth} deep{', no event' * (body is not event)}": Kind(
            body, Honoured() if body is event else NO_JSON, raw=only_headers(nested(depth)), key=None
        )
        for depth in (100, 200, 300, 400)
        for body in (event, literally(b"?"))
    },
    "headers 2,000 deep": Kind(event, REJECTED, raw=only_headers(nested(2000)), key=None),
    "a forged x-death, undecodable": Kind(
        event, REJECTED, raw=only_headers(b"\1aT" + YEAR_10000, b"\7x-death" + b"S\0\0\0\1x"), key=None
    ),
    # Odd, but an event.
    "a business key of 255 bytes": Kind(lambda tenant, key: event(tenant, key.ljust(255)), Honoured()),
    "unknown fields": Kind(with_(more={"a": [1]}, id="4711", cause=5), Honoured()),
    "only what must be": Kind(with_(command=..., payload=...), Honoured()),
    "white space": Kind(lambda tenant, key: b" \r\n\t" + event(tenant, key) + b"\n", Honoured()),
    "a command of 10 kB": Kind(with_(command="\0" * 10_000), Honoured()),
    "200 lists in each other": Kind(payload("[" * 199 + "]" * 199), Honoured()),
    "199 objects in each other": Kind(payload('{"a":' * 199 + "1" + "}" * 199), Honoured()),
    "100 digits": Kind(payload("1" * 100), Honoured()),
    "4,000 digits": Kind(payload("-" + "1" * 4000), Honoured()),
    "a number close to nothing": Kind(payload("1e-400"), Honoured()),
    "a payload with NUL": Kind(payload(r'{"a\u0000": "\u0000"}'), Honoured()),
    "a payload of many words": Kind(payload('["𝄞", "\u202e", "ﷺ", "\u0085"]'), Honoured()),
    "a payload with an event's fields": Kind(payload('{"businessKey": "x", "event": "Lost"}'), Honoured()),
    "variables of a strange kind": Kind(
        payload('{"__class__": 1, "": 2, "a.b": 3, "${x}": "${x}"}'), Honoured()
    ),
}


def properties_of(name: str) -> BasicProperties:
    """A kind's properties, as pika wants them."""
    given = KINDS[name].properties or {}
    identity = given.get("message_id", name) or None
    return BasicProperties(**{**given, "message_id": identity})
