"""The base of every service: a Celery task that is a function from an event to the events it causes.

    @app.task(base=Service, name="payment", emits=("Payment_Done",))
    def payment(order: Message) -> Message:
        return order.followed_by("Payment_Done")

The function is pure and is tested by calling it. Called by a worker, `Service` reads the event, publishes
what the function returns, and only then lets Celery ack. `Task.__call__` is the one place that Celery offers
inside the task's trace *and* before the ack, so every outcome is settled there, with a confirmed publish.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, Protocol, cast

from celery import Task
from celery.exceptions import Ignore, Reject, Retry
from kombu.exceptions import OperationalError

from trackflow.errors import ChoreographyError
from trackflow.message import Message
from trackflow.messaging.delivery import Delivery, attempts_before
from trackflow.messaging.publisher import Publisher
from trackflow.messaging.recovery import Recovery


class Host(Protocol):
    """What a service finds on its app as `app.trackflow`."""

    publisher: Publisher
    recovery: Recovery


class Service(Task):  # type: ignore[type-arg]
    """A task on an event queue. At least once: it may run twice for one event, and then emits the same ids.

    Attributes (options of the decorator):
        emits: names of the events that the function may return.
        transient: errors that pass: the event is tried again, down the ladder of its subscription. Any other
            error makes it a dead letter at once.
        gives_up: after the ladder's last step the event becomes a dead letter; False: the last step is
            repeated for ever.
    """

    abstract = True
    acks_late = True
    acks_on_failure = True  # what leaves __call__ as an error is parked already
    acks_on_timeout = False  # redelivered; the queue's delivery limit decides
    reject_on_worker_lost = True
    ignore_result = True

    emits: tuple[str, ...] = ()
    transient: tuple[type[Exception], ...] = (ConnectionError, TimeoutError, OperationalError)
    gives_up = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """As a plain function when called as one; for a worker (and in eager mode): handle a delivery."""
        if self.request.called_directly:
            return super().__call__(*args, **kwargs)
        delivery: Delivery = (self.request.headers or {})["trackflow"]
        try:
            return self._handle(cast(Message, delivery["event"]))
        except (Reject, Retry, Ignore):
            raise
        except SystemExit as exc:
            if threading.current_thread() is threading.main_thread():
                raise
            # Celery would leave the delivery of a pool thread unsettled for ever.
            raise Reject(repr(exc), requeue=True) from exc
        except Exception as exc:
            if self.request.is_eager:
                raise
            self._park(delivery, exc)
            raise

    def _handle(self, event: Message) -> str | None:
        """Returns what a person sees in Flower: the names of the emitted events."""
        effects = self._effects(event, self.run(event))
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
        passing = isinstance(error, self.transient) and bool(ladder)
        try:
            if passing and (attempt < len(ladder) or not self.gives_up):
                seconds = ladder[min(attempt, len(ladder) - 1)]
                recovery.retry(delivery, seconds, error)
            else:
                recovery.bury(delivery, "exhausted" if passing else "permanent", error)
                return
        except Exception as exc:  # nothing was settled: the broker redelivers it
            raise Reject(exc, requeue=True) from error
        raise Retry(str(error), exc=error, when=seconds) from error  # type: ignore[arg-type]

    @property
    def _host(self) -> Host:
        return self.app.trackflow  # type: ignore[attr-defined,no-any-return]
