"""What operators do about failures, each as an operation. The audit has it before it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from trackflow.board.context import Board
from trackflow.board.repair.operations import Kind, Operation, Work
from trackflow.board.security.people import Person
from trackflow.errors import EngineUnreachable
from trackflow.projection.refusals import NO_REASON, cause_of, literal_part
from trackflow.tracking.audit import Action, Audit, Entry
from trackflow.tracking.retried import Retried
from trackflow.tracking.retry import Retry
from trackflow.tracking.search import RETRIABLE, Found, Search, Wanted
from trackflow.tracking.tables import Outcome
from trackflow.upkeep.dead_letters import DeadLetters, Done, Note, Selection
from trackflow.upkeep.editing import original
from trackflow.upkeep.letter import Letter
from trackflow.upkeep.raw import Enough, RawMessage
from trackflow.words import counted

_DONE = {"replay": "Replayed", "discard": "Discarded", "edit": "Edited and replayed"}
_GONE = "Nothing was found: it may have been replayed or discarded before."

Change = Callable[[Letter], RawMessage]


@dataclass(frozen=True, slots=True)
class By:
    """Who does something, and why in their words."""

    person: Person
    why: str | None = None

    @property
    def who(self) -> str:
        """As the audit has it."""
        return f"{self.person.name}@board"


class Repairs:
    """Starts operations. All methods raise 429: too many operations wait."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._tenant = board.trackflow.settings.tenant

    def replay(self, chosen: Selection, what: str, total: int | None, by: By) -> Operation:
        """Put dead letters back into their own queues."""
        return self._start("replay", f"Replay {what}", total, self._with_letters("replay", chosen, by), by)

    def discard(self, chosen: Selection, what: str, total: int | None, by: By) -> Operation:
        """Throw dead letters away."""
        return self._start("discard", f"Discard {what}", total, self._with_letters("discard", chosen, by), by)

    def edit(self, letter: Letter, change: Change, by: By) -> Operation:
        """Replay one letter with another body; `change` has been tried and raises nothing for it."""
        chosen = Selection(frozenset({letter.id}), queue=letter.queue, digest=letter.digest)
        work = self._with_letters("edit", chosen, by, change)
        return self._start("edit", f"Edit and replay dead letter {letter.id} of {letter.queue}", 1, work, by)

    def retry_events(self, event_ids: Sequence[str], by: By) -> Operation:
        """Tell the engine again of these refused or waiting events."""
        wanted = Wanted(outcomes=RETRIABLE, event_ids=tuple(event_ids))
        work = self._with_events([wanted], by)
        return self._start("retry", f"Retry {counted(len(event_ids), 'event')}", len(event_ids), work, by)

    def retry_cause(self, event: str, cause: str, total: int | None, by: By) -> Operation:
        """Tell the engine again of the refused events of a name and a cause (see `refusals`)."""
        part = None if cause == NO_REASON else literal_part(cause)
        wanted = Wanted(outcomes=(Outcome.REFUSED,), name=event, reason=part)
        work = self._with_events([wanted], by, lambda found: cause_of(found.event.reason) == cause)
        return self._start("retry", f"Retry refused {event}: {cause}", total, work, by)

    def retry_orders(self, keys: Iterable[Sequence[str]], what: str, total: int | None, by: By) -> Operation:
        """Tell the engine again of what is refused or waits in these orders, page by page of their keys."""
        wanted = (Wanted(outcomes=RETRIABLE, business_keys=tuple(page)) for page in keys)
        return self._start("retry", f"Retry {what}", total, self._with_events(wanted, by), by)

    def _start(self, kind: Kind, description: str, total: int | None, work: Work, by: By) -> Operation:
        return self._board.operations.start(kind, description, total, work, by.who, by.why)

    @property
    def _audit(self) -> Audit:
        return Audit(self._board.trackflow.ledger, self._tenant)

    # ---- dead letters --------------------------------------------------------------------------------

    def _with_letters(self, action: Action, chosen: Selection, by: By, change: Change | None = None) -> Work:
        def work(operation: Operation) -> str:
            done = Done()
            note = self._note(action, by, operation, done)
            try:
                with self._board.letters.reading(progress=_stoppable(operation)) as dead:
                    _act(action, dead, chosen, note, change, done)
            finally:
                operation.done = done.letters.total()
                self._board.letters.look_again()
            return _in_words(action, done, operation)

        return work

    def _note(self, action: Action, by: By, operation: Operation, done: Done) -> Note:
        def note(letters: Sequence[Letter]) -> None:
            operation.done = done.letters.total()
            entries = [entry_of(letter, original(letter) if action == "edit" else None) for letter in letters]
            self._audit.write(action, entries, by.why, by.who)

        return note

    # ---- events --------------------------------------------------------------------------------------

    def _with_events(
        self, wanted: Iterable[Wanted], by: By, only: Callable[[Found], bool] = lambda _: True
    ) -> Work:
        def work(operation: Operation) -> str:
            trackflow = self._board.trackflow
            trackflow.engine.ping()  # before anything is reopened
            retry = Retry(trackflow.tracker, Search(trackflow.ledger, self._tenant), self._audit)
            outcomes = Counter[str]()
            for each in wanted:
                for page in retry.retry(each, by.why, by.who, only):
                    _count(page, outcomes)
                    operation.done = outcomes.total()
                    if operation.is_to_stop:
                        return f"{_told(outcomes)} It was stopped: the rest stands as it stood."
            return _told(outcomes)

        return work


def entry_of(letter: Letter, before: str | None = None) -> Entry:
    """What the audit is told of a letter."""
    return Entry(letter.id, letter.business_key, letter.cause, letter.queue, before)


def _act(
    action: Action, dead: DeadLetters, chosen: Selection, note: Note, change: Change | None, done: Done
) -> None:
    if action == "discard":
        dead.discard(chosen, note, done)
    else:
        dead.replay(chosen, note, change, done)


def _stoppable(operation: Operation) -> Callable[[], None]:
    def progress() -> None:
        if operation.is_to_stop:
            raise Enough

    return progress


def _in_words(action: Action, done: Done, operation: Operation) -> str:
    sentences = [
        f"{_DONE[action]} {counted(number, 'dead letter')} of {queue}."
        for queue, number in done.letters.items()
    ]
    sentences += [
        f"{counted(left.count, 'letter')} of {queue} cannot be copied and so stayed, "
        f"for example {left.example}: {left.why}."
        for queue, left in done.left.items()
    ]
    if operation.is_to_stop:
        sentences.append("It was stopped: the rest stands as it stood.")
    return " ".join(sentences) or _GONE


def _count(page: Iterable[Retried], outcomes: Counter[str]) -> None:
    """Raises EngineUnreachable: the engine gave no answer, and will give none to those that follow."""
    for retried in page:
        if retried.is_held:
            outcomes["held"] += len(retried.events)
        else:
            outcomes.update(outcome.value for outcome, _ in retried.events)
        if retried.silence is not None:
            raise EngineUnreachable(f"{retried.silence}. {_told(outcomes)} A tracker tells the rest of these")


def _told(outcomes: Counter[str]) -> str:
    if not outcomes:
        return "No event was found that is refused or waits."
    words = ", ".join(f"{number:,} {_OUTCOMES.get(each, each)}" for each, number in outcomes.most_common())
    return f"Told again: {words}."


_OUTCOMES = {
    "correlated": "took effect",
    "refused": "refused again",
    "waiting": "wait",
    "held": "left to the trackers that hold their orders",
}
