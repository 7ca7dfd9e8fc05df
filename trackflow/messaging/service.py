"""The base of every service: a Celery task that is a function from an event to the events it causes.

    @app.task(base=Service, name="payment", emits=("Payment_Done",))
    def payment(order: Message) -> Message:
        return order.followed_by("Payment_Done")

The function is pure and is tested by calling it. Called by a worker, `Service` reads the event, publishes
what the function returns, and only then lets Celery ack. `Task.__call__` is the one place that Celery offers
inside the task's trace *and* before the ack, so every outcome is settled there, with a confirmed publish.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Protocol, cast

from billiard.process import current_process
from celery import Task
from celery.exceptions import Ignore, Reject, Retry, WorkerShutdown, WorkerTerminate
from kombu.exceptions import OperationalError

from trackflow.errors import ChoreographyError, LedgerError, TrackflowError
from trackflow.message import Message
from trackflow.messaging.delivery import Delivery, attempts_before
from trackflow.messaging.publisher import Publisher
from trackflow.messaging.recovery import Recovery


class Inbox(Protocol):
    """Remembers what services have handled."""

    def once(self, service: str, event: Message, run: Callable[[], list[Message]]) -> list[Message]:
        """The event's effects: those of an earlier run if it was handled already, otherwise of this one."""


class Host(Protocol):
    """What a service finds on its app as `app.trackflow`."""

    publisher: Publisher
    recovery: Recovery

    @property
    def inbox(self) -> Inbox:
        """For services with `once=True`. Raises LedgerError."""


class Service(Task):  # type: ignore[type-arg]
    """A task on an event queue. At least once: it may run twice for one event, and then emits the same ids.

    Attributes (options of the decorator):
        emits: names of the events that the function may return.
        transient: errors that pass: the event is tried again, down the ladder of its subscription. Any other
            error makes it a dead letter at once.
        tries: how often the event is tried at most before it is a dead letter. None: once, and once more
            after each step of the ladder. With more tries than steps the last step is repeated; `math.inf`:
            for ever. A ledger that is away ends no event, whatever is said here.
        once: remember handled events in the ledger's database, in one transaction with what the function
            writes through `trackflow.transaction()`. A redelivery or a replay of a handled event emits the
            same again, and the function does not run. What the function does elsewhere (an HTTP call, another
            database) still happens at least once: a worker may die before the event is remembered. Events
            are told apart by their ids: two of a foreign client that sets no `message_id` are one event if
            their bodies are equal.
    """

    abstract = True
    acks_late = True
    acks_on_failure = True  # what leaves __call__ as an error is parked already
    acks_on_timeout = False  # redelivered; the queue's delivery limit decides
    reject_on_worker_lost = True
    ignore_result = True
    throws = (TrackflowError,)  # it says what is wrong in one line, and that is logged: no traceback

    emits: tuple[str, ...] = ()
    transient: tuple[type[Exception], ...] = (ConnectionError, TimeoutError, OperationalError)
    tries: float | None = None
    once = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """As a plain function when called as one; for a worker (and in eager mode): handle a delivery."""
        if self.request.called_directly:
            return super().__call__(*args, **kwargs)
        delivery: Delivery = (self.request.headers or {})["trackflow"]
        try:
            return self._handle(delivery)
        except (Reject, Retry, Ignore):
            raise
        except (WorkerShutdown, WorkerTerminate):  # Celery's own way to end a worker
            raise
        except SystemExit as exc:
            if self.request.is_eager or current_process().name != "MainProcess":
                raise  # a process of a pool ends by it, and its parent requeues the delivery
            # Celery would go on, and leave the delivery unsettled for ever.
            raise Reject(repr(exc), requeue=True) from exc
        except Exception as exc:
            if self.request.is_eager:
                raise
            self._park(delivery, exc)
            raise

    def _handle(self, delivery: Delivery) -> str | None:
        """Returns what a person sees in Flower: the names of the emitted events."""
        event = cast(Message, delivery["event"])
        taken_at, attempt = datetime.now(UTC), attempts_before(delivery["headers"]) + 1

        def run() -> list[Message]:
            return [effect.timed(taken_at, attempt) for effect in self._effects(event, self.run(event))]

        effects = self._host.inbox.once(self.name, event, run) if self.once else run()
        for effect in effects:
            self._host.publisher.emit(effect, app_id=self.name)
        return ", ".join(effect.event for effect in effects) or None

    def _effects(self, cause: Message, returned: Any) -> list[Message]:
        """What the function returned, checked as a whole before any of it is published."""
        if returned is None:
            return []
        effects = [returned] if isinstance(returned, Message) else returned
        if not isinstance(effects, Iterable):
            raise TypeError(
                f"{self.name} returned {type(returned).__name__}, not a Message, several, or None"
            )
        checked = []
        for place, effect in enumerate(effects):
            if not isinstance(effect, Message):
                raise TypeError(f"{self.name} returned {type(effect).__name__} in place of a Message")
            if effect.event not in self.emits:
                emits = ", ".join(self.emits) or "nothing"
                raise ChoreographyError(
                    f"{self.name} returned {effect.event!r}, but says that it emits {emits}"
                )
            checked.append(effect.caused_by(cause, place))
        return checked

    def _park(self, delivery: Delivery, error: Exception) -> None:
        """Copy the failed event to where it waits (raises Retry) or is kept; Reject if that fails."""
        recovery = self._host.recovery
        ladder, attempt = delivery["ladder"], attempts_before(delivery["headers"])
        passing = isinstance(error, (*self.transient, LedgerError)) and bool(ladder)
        try:
            if passing and attempt + 1 < self._most_tries(ladder, error):
                seconds = ladder[min(attempt, len(ladder) - 1)]
                recovery.retry(delivery, seconds, error)
            else:
                recovery.bury(delivery, "exhausted" if passing else "permanent", error)
                return
        except Exception as exc:  # nothing was settled: the broker redelivers it
            raise Reject(exc, requeue=True) from error
        raise Retry(str(error), exc=error, when=seconds) from error  # type: ignore[arg-type]

    def _most_tries(self, ladder: tuple[int, ...], error: Exception) -> float:
        if isinstance(error, LedgerError):  # says nothing about the event
            return math.inf
        return len(ladder) + 1 if self.tries is None else self.tries

    @property
    def _host(self) -> Host:
        return self.app.trackflow  # type: ignore[attr-defined,no-any-return]
