"""Work that takes longer than a page: it goes on if the browser closes, shows progress and can be stopped.

Kept in memory for as long as the board runs. What an operation has done to each event is in the audit anyway.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from uuid import uuid4

from amqp.exceptions import AMQPError
from fastapi import HTTPException
from kombu.exceptions import OperationalError

from trackflow.errors import TrackflowError
from trackflow.urls import said

logger = logging.getLogger(__name__)

Kind = Literal["replay", "discard", "edit", "retry"]
State = Literal["waiting", "running", "done", "stopped", "failed"]

_KEPT = 200  # operations, the newest
_WAITING = 20  # operations that may wait for their turn
# Two that replay would hide letters from each other, so those of a lane come one after the other.
_LANES = {"replay": "letters", "discard": "letters", "edit": "letters", "retry": "events"}
_OVER = ("done", "stopped", "failed")


@dataclass(slots=True, eq=False)
class Operation:
    """One operation, for its worker to fill and for anybody to look at.

    Attributes:
        id: in the URL of its page.
        kind: what is done.
        description: the same in words.
        who: whoever started it.
        why: in their words, if they said.
        total: how many things are to be done, as far as is known.
        done: how many are done for good.
        state: "waiting" for its turn, "running", "done", "stopped" by somebody, or "failed".
        result: in words, what became of it; empty while it goes on.
        asked_at, started_at, ended_at: UTC.
    """

    kind: Kind
    description: str
    who: str
    why: str | None = None
    total: int | None = None
    id: str = field(default_factory=lambda: uuid4().hex)
    done: int = 0
    state: State = "waiting"
    result: str = ""
    asked_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started_at: datetime | None = None
    ended_at: datetime | None = None
    _stop: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def is_over(self) -> bool:
        """Whether it has ended, however."""
        return self.state in _OVER

    @property
    def is_to_stop(self) -> bool:
        """Whether somebody wants it to stop: its worker looks between two steps."""
        return self._stop.is_set()

    @property
    def share(self) -> int | None:
        """How far it is, in percent; None if that is not known."""
        return min(100, 100 * self.done // self.total) if self.total else None

    def stop(self) -> None:
        """Ask it to stop: what is done stays done."""
        self._stop.set()


Work = Callable[[Operation], str]  # does it, counts in `done`, looks at `is_to_stop`; the result in words


class Operations:
    """The operations of one board."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: OrderedDict[str, Operation] = OrderedDict()
        self._lanes = {
            lane: ThreadPoolExecutor(1, thread_name_prefix=f"operation-{lane}")
            for lane in set(_LANES.values())
        }

    def start(
        self, kind: Kind, description: str, total: int | None, work: Work, who: str, why: str | None = None
    ) -> Operation:
        """Begin, or wait for those before. Raises 429: too many wait."""
        operation = Operation(kind, description, who, why, total)
        with self._lock:
            if sum(not each.is_over for each in self._all.values()) >= _WAITING:
                raise HTTPException(429, f"{_WAITING} operations wait already: stop some, or try again later")
            self._all[operation.id] = operation
            self._forget()
        self._lanes[_LANES[kind]].submit(_run, operation, work)
        return operation

    def find(self, identity: str) -> Operation | None:
        """One of them."""
        with self._lock:
            return self._all.get(identity)

    def newest(self) -> list[Operation]:
        """All that are kept, the newest first."""
        with self._lock:
            return list(reversed(self._all.values()))

    def running(self) -> list[Operation]:
        """Those that are not over, the newest first."""
        return [operation for operation in self.newest() if not operation.is_over]

    def close(self) -> None:
        """Stop all between two of their steps, and wait for that."""
        for operation in self.running():
            operation.stop()
        for lane in self._lanes.values():
            lane.shutdown(wait=True)

    def _forget(self) -> None:
        over = [each.id for each in self._all.values() if each.is_over]
        for identity in over[: max(0, len(self._all) - _KEPT)]:
            del self._all[identity]


def operation_of(operations: Operations, identity: str) -> Operation:
    """One operation. Raises 404."""
    operation = operations.find(identity)
    if operation is None:
        raise HTTPException(
            404, "there is no such operation; those of an earlier board are in the audit only"
        )
    return operation


def _run(operation: Operation, work: Work) -> None:
    operation.started_at = datetime.now(UTC)
    state: State = "failed"
    if not operation.is_to_stop:
        operation.state = "running"
        state, operation.result = _worked(operation, work)
    else:
        state, operation.result = "stopped", "Nothing was done."
    operation.ended_at = datetime.now(UTC)
    operation.state = state


def _worked(operation: Operation, work: Work) -> tuple[State, str]:
    try:
        result = work(operation)
    except (TrackflowError, OperationalError, AMQPError, OSError) as exc:
        return "failed", f"{said(exc) or type(exc).__name__}. {_so_far(operation)}"
    except Exception as exc:  # a bug of ours must not end as one that runs for ever
        logger.exception("operation %s: %s", operation.id, operation.description)
        return "failed", f"{type(exc).__name__}: the board's log says more. {_so_far(operation)}"
    return ("stopped" if operation.is_to_stop and _is_part(operation) else "done"), result


def _is_part(operation: Operation) -> bool:
    return operation.total is None or operation.done < operation.total


def _so_far(operation: Operation) -> str:
    return f"{operation.done:,} were done before; what is not done stands as it stood."
