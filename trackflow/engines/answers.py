"""What BPMN engines answer: the same words, whichever of them is asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trackflow.engines.misfits import Misfit


class Outcome(StrEnum):
    """What an engine says of an event."""

    ACCEPTED = "accepted"  # it started an instance or moved one
    NOT_AWAITED = "not awaited"  # no instance waits for it and no model starts with it: nothing changed
    AMBIGUOUS = "ambiguous"  # several executions wait for it: nothing changed
    REFUSED = "refused"  # it can never be accepted as it is: nothing changed
    FAILED = "failed"  # the engine failed at it this time: nothing changed, asking again may help


@dataclass(frozen=True, slots=True)
class Moved:
    """A business key whose instances moved by what another one did. `due_at`: as of an `Answer`."""

    business_key: str
    due_at: float | None


@dataclass(frozen=True, slots=True)
class Answer:
    """An engine's word on one event, or on a timer that is due.

    Attributes:
        outcome: what it did.
        reason: in the engine's words, unless it was accepted.
        due_at: of a `TransactionalEngine`: when the first timer that is set now for the business key is due,
            in epoch seconds; None: none is set.
        moved: of a `TransactionalEngine`: the other business keys whose instances moved, too, by a signal.
    """

    outcome: Outcome
    reason: str | None = None
    due_at: float | None = None
    moved: tuple[Moved, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One element that an instance entered."""

    element: str  # its id in the model
    name: str | None  # its label
    entered: datetime
    left: datetime | None  # None while it is active
    canceled: bool = False  # it was interrupted: by a boundary event, a terminate end event, from outside


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer that is set."""

    element: str  # id of the event that it triggers
    due: datetime
    trouble: str | None = None  # why it could not fire: it stands until somebody retries it


@dataclass(frozen=True, slots=True)
class Instance:
    """Where one process instance is, and how it got there. Times are UTC."""

    id: str
    process: str  # the id of the BPMN process
    version: int  # of the deployed model
    state: str  # "running", "completed", or "terminated" (ended from outside)
    awaiting: tuple[str, ...]  # message names that would be accepted now, sorted
    active: tuple[str, ...]  # ids of the elements where it waits, sorted
    path: tuple[Step, ...]  # in the order in which they were entered
    started: datetime
    ended: datetime | None
    timers: tuple[Timer, ...] = ()  # that are set, by their due times
    end: str | None = None  # once it has ended, and with its path: id of the end event that it reached last
    caller: str | None = None  # id of the instance whose call activity called it


def newest(instances: Sequence[Instance]) -> Instance | None:
    """Of an order's instances, oldest first, the one that says where it is: not one that another called."""
    roots = [each for each in instances if each.caller is None] or instances
    return roots[-1] if roots else None


def awaited(instances: Iterable[Instance]) -> tuple[str, ...]:
    """The message names that any of an order's instances would accept now, sorted."""
    return tuple(sorted({name for each in instances for name in each.awaiting}))


@dataclass(frozen=True, slots=True)
class Deployment:
    """What became of one model."""

    process: str
    version: int
    changed: bool  # False: the same content was deployed already
    notes: tuple[str, ...] = ()  # what the engine was given differently from the file, in words


BROUGHT_BACK = "it was withdrawn, and starts again"  # a note of a `Deployment`


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a process that is deployed."""

    process: str
    version: int
    running: int  # instances that are on it


@dataclass(frozen=True, slots=True)
class Running:
    """A running instance and the version that it is on."""

    id: str
    business_key: str
    process: str
    version: int


@dataclass(frozen=True, slots=True)
class Migrated:
    """What became of an instance that was to move to another version.

    Attributes:
        misfits: why it could not; empty if it did.
        is_gone: it did not run on its version any more, so there was nothing to do.
        due_at: as of an `Answer`.
    """

    misfits: tuple[Misfit, ...] = ()
    is_gone: bool = False
    due_at: float | None = None
