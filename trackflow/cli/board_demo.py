"""Orders that come and go while somebody looks at the board: a real worker, in memory, in this process."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import uuid4

import click
from pydantic import JsonValue

from trackflow.cli.demo import move_into_memory, start_event
from trackflow.cli.local_worker import local_worker
from trackflow.cli.placing import place, progress
from trackflow.engines.answers import awaited
from trackflow.errors import TrackflowError
from trackflow.extension import Trackflow
from trackflow.message import Message

logger = logging.getLogger(__name__)

_FIRST = 200  # orders of an empty ledger
_EVERY = 1.0  # seconds between two orders
_UNDER_WAY = 40  # slow orders at once
_STEP = 0.12  # of them move in a second
_IN_TROUBLE = 15  # one of so many
_LONGEST_SWEEP = 1.0  # seconds
_CUSTOMERS = ("Ada", "Bo", "Chen", "Dilek", "Emeka", "Frida", "Zoë")


@contextmanager
def demonstration(trackflow: Trackflow) -> Iterator[None]:
    """Fill an empty ledger, then place an order every second until the block ends. Raises Failure."""
    move_into_memory(trackflow)
    demo = _Demo(trackflow)
    trackflow.tracker.start_sweeping()
    try:
        with local_worker(trackflow.app) as worker:
            if not trackflow.queries.orders(limit=1):
                demo.fill(worker)
            with demo.running():
                yield
    finally:
        trackflow.tracker.stop(wait=_LONGEST_SWEEP)


class _Demo:
    """Some orders run through all services, which takes milliseconds; others are slow, or in trouble.

    Of those the tracker alone is told, as if their services took their time or never heard of them.
    """

    def __init__(self, trackflow: Trackflow) -> None:
        self._trackflow = trackflow
        self._start = start_event(trackflow)
        self._others = [event for event in trackflow.choreography.events if event != self._start]
        self._slow: list[Message] = []
        self._placed = 0
        self._run_id = uuid4().hex[:6]  # its keys are nobody else's
        self._ends = threading.Event()

    def fill(self, worker: threading.Thread) -> None:
        """As `demo` does, and every kind of trouble."""
        click.echo(f"The ledger is empty: placing {_FIRST} orders …", err=True)
        keys = [self._key() for _ in range(_FIRST)]
        with progress(len(keys)) as ended:
            place(self._trackflow, self._start, keys, worker, payload=_payload, ended=ended)
        for _ in range(4):
            for trouble in self._troubles:
                trouble()
        for _ in range(_UNDER_WAY // 2):
            self._place_slow()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Go on in a thread of its own."""
        thread = threading.Thread(target=self._run, name="demo", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ends.set()
            thread.join(_LONGEST_SWEEP)

    def _run(self) -> None:
        while not self._ends.wait(_EVERY):
            try:
                self._go_on()
            except TrackflowError as exc:
                logger.warning("the demonstration pauses: %s", exc)

    def _go_on(self) -> None:
        self._trackflow.emit(self._start, self._key(), _payload())
        if self._placed % _IN_TROUBLE == 0:
            random.choice(self._troubles)()
        if len(self._slow) < _UNDER_WAY:
            self._place_slow()
        for order in [order for order in self._slow if random.random() < _STEP]:
            self._move(order)

    def _place_slow(self) -> None:
        self._slow.append(self._tell(self._start, self._key()))

    def _move(self, order: Message) -> None:
        """Tell the next event that it waits for; the order is done with when it waits for none."""
        self._slow.remove(order)
        key = order.business_key
        instances = self._trackflow.engine.instances(order.tenant, [key])[key]
        known = self._trackflow.choreography.events
        possible = [event for event in awaited(instances) if event in known]
        if possible:
            self._slow.append(self._tell(random.choice(possible), key, cause=order))

    @property
    def _troubles(self) -> Sequence[Callable[[], None]]:
        return self._lost, self._twice, self._early, self._late

    def _lost(self) -> None:
        """No service ever hears of it, so it waits."""
        self._tell(self._start, self._key())

    def _twice(self) -> None:
        """Its start comes again under another id."""
        first = self._tell(self._start, self._key())
        self._tell(self._start, first.business_key)

    def _early(self) -> None:
        """What comes last comes first."""
        self._tell(self._others[-1], self._key())

    def _late(self) -> None:
        """Something comes after its end, or before its time."""
        ended = self._trackflow.queries.orders("completed", limit=1)
        key = ended[0].business_key if ended else self._key()
        self._tell(self._others[0], key)

    def _tell(self, event: str, key: str, cause: Message | None = None) -> Message:
        message = Message.new(
            tenant=self._trackflow.settings.tenant,
            business_key=key,
            event=event,
            payload=cause.payload if cause is not None else _payload(),
            cause=cause.id if cause is not None else None,
        ).published_now()
        self._trackflow.tracker.handle(message)
        return message

    def _key(self) -> str:
        self._placed += 1
        return f"order-{self._run_id}-{self._placed:04}"


def _payload() -> JsonValue:
    """As a shop's orders have it; the card's number is masked by default."""
    return {
        "customer": random.choice(_CUSTOMERS),
        "amount": random.randint(5, 500),
        "card_number": "4111 1111 1111 1111",
    }
