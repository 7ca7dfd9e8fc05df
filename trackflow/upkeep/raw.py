"""Messages read and copied as they are, whatever they hold: for dead letters, and for moving queues.

    with RawReader(connection) as reader, RawWriter(connection) as writer:
        for message in reader.read("a", reader.count("a") or 0):
            writer.publish("b", message, message.headers)
            writer.confirm()  # better once for many
            reader.ack(message)

A message that was not acked goes back into its queue when the reader ends, also by a kill. After a kill
between confirm and ack it is in both queues.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from amqp.exceptions import AMQPError, NotFound
from kombu import Connection
from kombu.exceptions import OperationalError

from trackflow.messaging.frames import UNDECODABLE, tolerate_undecodable

QUIET = 15  # seconds without a delivery after which a queue counts as read: somebody else took the rest

# A broker holds what is on its way to us in memory, and reads all of that from its disk before it sends the
# first. AMQP limits it by number only, for each consumer, and what is not acked counts: a reader that acks
# nothing gets one more consumer whenever those that it has are full. Without a limit of ours a quorum queue
# would stop at 2,000.
FIRST = 20  # messages, while it is not known how large they are
MOST = 1000  # messages; more are not faster
MOST_BYTES = 16 * 1024 * 1024


class Enough(Exception):
    """Whoever raises it while reading has read enough: that is no failure, and all acks must arrive."""


@dataclass(frozen=True, slots=True)
class RawMessage:
    """One message as the broker has it.

    Attributes:
        body: bytes, never decoded.
        properties: the AMQP properties by py-amqp's names, without the headers.
        headers: the table of headers; a name that is no UTF-8 is bytes.
        delivery_tag: what acks it, on the reader that read it.
        routing_key: what it was published with.
        undecodable: why properties and headers could not be decoded; None if they could. Such a message has
            neither here, and cannot be copied.
    """

    body: bytes
    properties: Mapping[str, Any]
    headers: Mapping[Any, Any]
    delivery_tag: int
    routing_key: str
    undecodable: str | None = None


class OnOwnConnection:
    """A channel on a connection of its own, from `with` to the end of its block.

    On one that a reader and a writer shared, deliveries would flood whoever waits for a confirm. And after an
    error nothing that is still on its way may be taken for the answer to something else.
    """

    def __init__(self, connection: Connection, seconds: int) -> None:
        # The heartbeats of a connection that only reads or only waits would be nobody's work.
        options = {**(connection.transport_options or {}), "confirm_publish": False}
        self._connection = connection.clone(heartbeat=0, transport_options=options)
        self._seconds = seconds
        self._channel: Any = None

    def __enter__(self) -> Self:
        # Each node of a cluster once.
        others = max(len(self._connection.alt) - 1, 0)
        self._connection.ensure_connection(max_retries=others, timeout=self._seconds)
        tolerate_undecodable(self._connection)
        opened: Any = self._connection.connection
        opened.sock.settimeout(self._seconds)  # once: py-amqp would set and reset it with every frame
        self._channel = opened.channel()
        self._channel.auto_decode = False  # a body is bytes, whatever its properties say
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if _is_well(kind):
            self._connection.release()
        else:
            self._connection.collect()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """The seam where the errors of a socket become those of a broker."""
        try:
            yield
        except TimeoutError as exc:
            raise OperationalError(f"no answer within {self._seconds} seconds") from exc
        except OSError as exc:
            raise OperationalError(str(exc)) from exc


class RawReader(OnOwnConnection):
    """Reads a queue without taking from it what is not acked."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, QUIET)
        self._inbox: deque[Any] = deque()
        self._consumers: list[str] = []
        self._credit = 0  # how many messages they get altogether
        self._unacked = 0
        self._seen = self._seen_bytes = 0
        self._queue = ""
        self._left = 0  # how many the queue must have when all is given back

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if _is_well(kind):
            with suppress(OSError, AMQPError):  # all that mattered is done, and it is given back anyway
                self._give_back()
        super().__exit__(kind, error, trace)

    def count(self, queue: str) -> int | None:
        """How many messages are ready in a queue; None if there is no such queue. Asked before `read`."""
        found = self._look_at(queue)
        return found and int(found.message_count)

    def consumers(self, queue: str) -> int:
        """How many read a queue, or consume it, at this moment. Asked before `read`."""
        found = self._look_at(queue)
        return int(found.consumer_count) if found else 0

    def _look_at(self, queue: str) -> Any:
        with self._translated():
            asking: Any = self._connection.channel()  # "no" closes it
            with asking as channel:
                try:
                    return channel.queue_declare(queue, passive=True)
                except NotFound:
                    return None

    def read(self, queue: str, most: int) -> Iterator[RawMessage]:
        """The messages of a queue, at most so many; one queue for each reader.

        The oldest come first, except those that somebody read and gave back: a quorum queue puts them behind.

        Ends earlier after QUIET seconds without any: then others have taken what is missing. Nothing is kept
        here, so a queue of any length can be read.

        Raises:
            kombu.exceptions.OperationalError: the broker went away.
            amqp.exceptions.ChannelError: there is no such queue, or it may not be read.
        """
        self._queue, self._left = queue, most
        for _ in range(most):
            if self._unacked == self._credit:
                self._consume()
            if not self._inbox and not self._wait():
                self._left = self._unacked
                return
            message = _raw(self._inbox.popleft())
            self._unacked += 1
            self._seen += 1
            self._seen_bytes += len(message.body)
            yield message

    def ack(self, *messages: RawMessage) -> None:
        """Take messages out of the queue for good."""
        with self._translated():
            for message in messages:
                self._channel.basic_ack(message.delivery_tag)
        self._unacked -= len(messages)
        self._left -= len(messages)

    def _give_back(self) -> None:
        """Let the queue have what was not acked. The broker takes its time; who looks next must see it."""
        for consumer in self._consumers:
            self._channel.basic_cancel(consumer)
        self._channel.close()
        deadline = time.monotonic() + QUIET  # another reader may have got it by now
        while (self.count(self._queue) or 0) < self._left and time.monotonic() < deadline:
            time.sleep(0.01)

    def _consume(self) -> None:
        fitting = MOST_BYTES * self._seen // (self._seen_bytes or 1)
        window = max(1, min(fitting, MOST)) if self._seen else FIRST
        with self._translated():
            self._channel.basic_qos(0, window, False)  # for the next consumer
            self._consumers.append(self._channel.basic_consume(self._queue, callback=self._inbox.append))
        self._credit += window

    def _wait(self) -> bool:
        """Whether a message came."""
        with self._translated():
            try:
                while not self._inbox:
                    self._channel.connection.drain_events()
            except TimeoutError:
                return False
        return True


def _is_well(kind: type[BaseException] | None) -> bool:
    # Whoever read in a generator has read enough too.
    return kind is None or issubclass(kind, GeneratorExit | Enough)


def _raw(message: Any) -> RawMessage:
    properties = message.properties
    headers = properties.pop("application_headers", None) or {}
    body = message.body or b""  # py-amqp has text for an empty one
    why = headers.get(UNDECODABLE)
    key = message.delivery_info["routing_key"]
    return RawMessage(body, properties, headers, message.delivery_tag, key, why and str(why))
