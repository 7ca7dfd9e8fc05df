"""What is known of the system while it runs: so that publishing keeps pace, and a person sees progress."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
import urllib.request
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import amqp

from config.topology import choreography
from tests.chaos.checkout import AWAY, connected
from tests.chaos.system import TENANT, System
from trackflow.messaging.choreography import dead_queue_name, queue_name, retry_queue_name

_EVERY = 1.0  # seconds
_ANSWER = 120  # seconds; a page of a long history takes its time

WORK = tuple(queue_name(TENANT, each.name) for each in choreography.subscriptions)
RETRY = tuple(
    retry_queue_name(queue_name(TENANT, each.name), seconds)
    for each in choreography.subscriptions
    for seconds in each.ladder
)
DEAD = tuple(dead_queue_name(queue) for queue in WORK)


def ask(engine_url: str, path: str, **query: object) -> Any:
    """The engine's JSON, asked for behind the proxy's back. Raises OSError."""
    url = f"{engine_url}{path}?{urlencode(query)}"
    with urllib.request.urlopen(url, timeout=_ANSWER) as answer:
        return json.load(answer)


def completed(engine_url: str) -> int:
    """How many instances have completed. Raises OSError."""
    path = "/history/process-instance/count"
    return int(ask(engine_url, path, tenantIdIn=TENANT, completed="true")["count"])


def ready(connection: amqp.Connection, queues: Sequence[str]) -> dict[str, int]:
    """How many messages are ready in each queue. Raises OSError or amqp.AMQPError."""
    channel = connection.channel()
    try:
        return {queue: _ready(channel, queue) for queue in queues}
    finally:
        channel.close()


def _ready(channel: Any, queue: str) -> int:
    return int(channel.queue_declare(queue, passive=True).message_count)


class Watch:
    """Looks every second. While broker or engine is away the last values stay."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._connection: amqp.Connection | None = None
        self.completed = 0
        self.queued = 0
        self._moved_at = time.monotonic()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def still_for(self) -> float:
        """Seconds since an order completed."""
        return time.monotonic() - self._moved_at

    def _run(self) -> None:
        while not self._stop.wait(_EVERY):
            with contextlib.suppress(OSError, http.client.HTTPException):
                now = completed(self._system.engine.url)
                if now != self.completed:
                    self.completed, self._moved_at = now, time.monotonic()
            self._count_messages()
        self._forget_connection()

    def _count_messages(self) -> None:
        try:
            if self._connection is None:
                self._connection = connected(self._system.broker.url)
            self.queued = sum(ready(self._connection, WORK).values())
        except AWAY:
            self._forget_connection()

    def _forget_connection(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(*AWAY):
                self._connection.collect()
            self._connection = None
