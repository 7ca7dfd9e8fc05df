"""Asks a remote engine about one event, and says what its answer, or its silence, means for the case."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from trackflow.engines.answers import Outcome as Word
from trackflow.engines.port import RemoteEngine
from trackflow.errors import AnswerUnknown, EngineUnreachable
from trackflow.tracking.breaker import Breaker
from trackflow.tracking.lease import uptime
from trackflow.tracking.open_event import OpenEvent, reason_of, words
from trackflow.tracking.repair import Repair


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed case, and what to ask the engine."""

    event: OpenEvent
    is_told: (
        bool  # False: the event only names the case, and the question is whether its instances have ended
    )
    version: int  # of the case
    token: str
    last_moment: float  # by `uptime`: later the event must not be sent


class Verdict(Enum):
    """What an answer means."""

    CORRELATED = auto()  # it took effect, now or earlier
    WAITING = auto()  # nothing waits for it: it came early, or too late
    REFUSED = auto()  # it will never be taken
    FAILED = auto()  # the engine failed at it: again later
    NOTHING = auto()  # nothing happened: again soon
    UNKNOWN = auto()  # it may take effect until the quarantine is over
    ENDED = auto()  # no instance runs any more
    NOT_ENDED = auto()  # one runs, or none has begun


SILENT = (Verdict.NOTHING, Verdict.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Said:
    """A verdict, and why, in words for people."""

    verdict: Verdict
    reason: str = ""


_VERDICTS = {
    Word.ACCEPTED: Verdict.CORRELATED,
    Word.NOT_AWAITED: Verdict.WAITING,
    Word.AMBIGUOUS: Verdict.REFUSED,
    Word.REFUSED: Verdict.REFUSED,
    Word.FAILED: Verdict.FAILED,
}


class Asking:
    """The only place that talks to a remote engine about events."""

    def __init__(self, engine: RemoteEngine, breaker: Breaker, repair: Repair) -> None:
        self._engine = engine
        self._breaker = breaker
        self._repair = repair

    def about(self, job: Job) -> Said:
        """Tell the engine the job's event, or ask whether its case has ended."""
        try:
            return self._tell(job) if job.is_told else self._look(job)
        except EngineUnreachable as exc:
            return Said(Verdict.NOTHING, words("the engine cannot be reached", str(exc)))
        except AnswerUnknown as exc:
            return Said(Verdict.UNKNOWN, words("the engine's answer was lost", str(exc)))

    def _look(self, job: Job) -> Said:
        with self._breaker.watching():
            running = self._engine.running(job.event.message)
        # None although events were correlated: the engine has forgotten the instance, so it had ended.
        ended = not running if running is not None else job.version > 0
        return Said(Verdict.ENDED if ended else Verdict.NOT_ENDED)

    def _tell(self, job: Job) -> Said:
        event = job.event
        if event.attempted and self._happened(event):
            return Said(Verdict.CORRELATED)
        if uptime() > job.last_moment:
            return Said(Verdict.NOTHING, "its tracker was too slow to tell it safely")
        with self._breaker.watching():
            answer = self._engine.correlate(event.message)
        verdict = _VERDICTS[answer.outcome]
        if verdict in (Verdict.WAITING, Verdict.REFUSED) and event.attempted and self._happened(event):
            return Said(Verdict.CORRELATED)  # the earlier request came through while this one was under way
        if answer.outcome is Word.AMBIGUOUS and self._repair.end_twins(event):
            return Said(Verdict.NOTHING, "two instances of one start event were one too many")
        return Said(verdict, reason_of(answer))

    def _happened(self, event: OpenEvent) -> bool:
        with self._breaker.watching():
            return self._engine.happened(event.message)
