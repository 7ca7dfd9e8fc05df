"""Tells a remote engine every event once, though requests, answers and trackers get lost.

The ledger is a durable inbox. A delivery is written into it, and whoever finds the event's case free claims
it, tells the engine the case's events one by one, and releases it when none is left. Whoever finds it
claimed is done: the holder will see the event, and if the holder dies a sweeper takes over.

1. A case with an open event has `due_at`; a claim sets it to its own end. So nothing is ever forgotten.
2. `attempted` is committed before its request; a doubt ends only with a final outcome.
3. Every transaction locks the case's row first, and reads its events after that.
4. Only a claim lets anybody write, except for `correlated`: that is the engine's word.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from uuid import uuid4

from trackflow.engines.port import RemoteEngine
from trackflow.errors import EngineError
from trackflow.message import Message
from trackflow.tracking.asking import SILENT, Asking, Job, Said, Verdict
from trackflow.tracking.breaker import Breaker
from trackflow.tracking.case import Case
from trackflow.tracking.cases import Cases
from trackflow.tracking.lease import Timing
from trackflow.tracking.open_event import HAD_ENDED, OpenEvent
from trackflow.tracking.repair import Repair
from trackflow.tracking.retried import Retried
from trackflow.tracking.tables import OPEN, Outcome

logger = logging.getLogger(__name__)


class RemoteTeller:
    """Records events and tells a remote engine."""

    def __init__(
        self,
        cases: Cases,
        engine: RemoteEngine,
        starts: frozenset[str],
        stopping: threading.Event,
        timing: Timing,
    ) -> None:
        """Raises ValueError if the timing would let two trackers tell one event."""
        timing.check(engine.request_seconds)
        self._starts = starts
        self._stopping = stopping
        self._timing = timing
        self._request = engine.request_seconds
        self._cases = cases
        self._breaker = Breaker(timing, engine.request_seconds)
        self._repair = Repair(engine, self._breaker, self._cases)
        self._asking = Asking(engine, self._breaker, self._repair)

    def handle(self, message: Message) -> Outcome:
        """Record a delivery, and work its case if that is free. Raises LedgerError."""
        outcome, job = self.record(message)
        if job is None:
            return outcome
        said = self._work(job).get(message.id)
        if said is not None and said.verdict is Verdict.CORRELATED:
            return Outcome.CORRELATED
        return self._cases.outcome(message.id)

    def sweep(self) -> bool:
        """Work the case that is most overdue: its holder died, or it was held back, or its events wait."""
        job = self.take_over()
        if job is not None:
            self._work(job)
        return job is not None

    def retry(self, business_key: str, event_ids: Sequence[str]) -> Retried:
        """Reopen what was refused or waits, and tell it at once, if nobody holds the case."""
        reopened, is_held, job = self._cases.change(business_key, lambda case: self._reopen(case, event_ids))
        said = self._work(job)
        silence = next((each.reason for each in said.values() if each.verdict in SILENT), None)
        if reopened and job is None and self._breaker.open:
            silence = "the engine gives no answer"
        return Retried(self._cases.standings(reopened), is_held, silence)

    def record(self, message: Message) -> tuple[Outcome, Job | None]:
        """Write a delivery into the ledger; then it may be acked. A job if that claimed the case."""
        event = OpenEvent.received(message, starts=message.event in self._starts)
        return self._cases.change(message.business_key, lambda case: self._record(case, event))

    def take_over(self) -> Job | None:
        """Claim the case that is most overdue."""
        if not self._breaker.allows_probe():
            return None
        job = None
        try:
            job = self._cases.change_overdue(self._claim_overdue)
        finally:
            if job is None:
                self._breaker.give_probe_back()
        return job

    def settle(self, job: Job, said: Said) -> Job | None:
        """Write down what the engine said. The case's next job; None: it is released, or was lost."""
        message = job.event.message
        is_news, following = self._cases.change(
            message.business_key, lambda case: self._settle(case, job, said)
        )
        if said.verdict is Verdict.CORRELATED and (job.event.attempted or not is_news):
            self._look_for_twins(job.event)
        return following

    def _work(self, job: Job | None) -> dict[str, Said]:
        """Tell the events of a claimed case; what the engine said of each last, by their ids."""
        said = {}
        while job is not None:
            said[job.event.id] = self._asking.about(job)
            job = self.settle(job, said[job.event.id])
        return said

    def _record(self, case: Case, event: OpenEvent) -> tuple[Outcome, Job | None]:
        may_tell = not (case.is_claimed or self._breaker.open or self._stopping.is_set())
        is_only = may_tell and not case.open  # then it need not be looked for, nor be written twice
        recorded = case.record(event, attempted=is_only)
        if recorded.outcome not in OPEN or case.is_claimed:
            return recorded.outcome, None
        if not may_tell:
            case.release(due_in=0)
            return recorded.outcome, None
        return recorded.outcome, self._claim(case, event) if is_only else self._claim_next(case)

    def _reopen(self, case: Case, event_ids: Sequence[str]) -> tuple[list[str], bool, Job | None]:
        reopened = [each for each in event_ids if case.reopen(each)]
        if not reopened or case.is_claimed:
            return reopened, case.is_claimed, None
        case.idle = 0
        if self._breaker.open or self._stopping.is_set():
            case.release(due_in=0)
            return reopened, False, None
        return reopened, False, self._claim_next(case)

    # ---- claim ---------------------------------------------------------------------------------------

    def _claim_next(self, case: Case) -> Job | None:
        """Claim the case if it has an event to tell now; otherwise let it rest."""
        event = case.next_event()
        if event is None:
            case.release(due_in=self._timing.pause(case.idle))
            return None
        if not event.attempted:
            case.attempt(event)
        return self._claim(case, event)

    def _claim(self, case: Case, event: OpenEvent, *, is_told: bool = True) -> Job:
        if is_told and event.starts:
            case.start_event_id = event.id
        if is_told and event.outcome is Outcome.RECEIVED:
            case.idle = 0
        token = uuid4().hex  # never the one of an earlier claim: its holder may still be alive
        case.claim(token, self._timing.lease)
        last_moment = self._timing.last_moment(case.locked_at, self._request)
        return Job(event, is_told, case.version, token, last_moment)

    def _claim_overdue(self, case: Case) -> Job | None:
        job = self._claim_next(case)
        if job is None and case.open:  # what waits is not to be told now: has it anything to wait for?
            job = self._claim(case, case.any_open_event(), is_told=False)
        return job

    # ---- settle --------------------------------------------------------------------------------------

    def _settle(self, case: Case, job: Job, said: Said) -> tuple[bool, Job | None]:
        """Whether the ledger learnt that the event took effect, and the case's next job."""
        is_mine = case.token == job.token
        is_news = said.verdict is Verdict.CORRELATED and case.correlate(job.event)
        following = None
        if is_mine:
            self._write(case, job, said)
            following = self._go_on(case, said.verdict)
        elif is_news:
            case.look_soon()
        return is_news, following

    def _write(self, case: Case, job: Job, said: Said) -> None:
        if said.verdict is Verdict.ENDED:
            case.end()
            case.look_again()
        elif said.verdict is Verdict.NOT_ENDED:
            case.ended = False
            case.look_again()
        elif job.is_told:
            self._write_outcome(case, job, said)

    def _write_outcome(self, case: Case, job: Job, said: Said) -> None:
        event, verdict = job.event, said.verdict
        if verdict is Verdict.WAITING and case.ended and not event.starts:
            case.finish(event, Outcome.UNMATCHED, HAD_ENDED)
        elif verdict is Verdict.WAITING:
            case.wait(event, seen=job.version)
        elif verdict is Verdict.FAILED and event.failures + 1 < self._timing.failures:
            case.set_aside(event, said.reason)
        elif verdict in (Verdict.FAILED, Verdict.REFUSED):
            case.finish(event, Outcome.REFUSED, said.reason)
        elif verdict in (Verdict.NOTHING, Verdict.UNKNOWN):
            case.delay(event, said.reason, doubt=event.attempted or verdict is Verdict.UNKNOWN)

    def _go_on(self, case: Case, verdict: Verdict) -> Job | None:
        if verdict is Verdict.UNKNOWN:
            case.hold(self._timing.quarantine)
        elif verdict is Verdict.NOTHING:
            case.release(due_in=self._timing.retry)
        elif self._stopping.is_set():
            case.release(due_in=0)
        else:
            return self._claim_next(case)
        return None

    def _look_for_twins(self, event: OpenEvent) -> None:
        try:
            self._repair.end_twins(event)
        except EngineError as exc:  # they are found when the next event of the case is ambiguous
            logger.warning("%s: cannot see whether it has started twice: %s", event.message, exc)
