"""Retry by a person: what is told again is told once, and what has come to its end is left alone."""

from tests.chaos.mutants.mutant import Mutant

_REMOTE = "trackflow/tracking/remote.py"
_CASE = "trackflow/tracking/case.py"
_STATEMENTS = "trackflow/tracking/statements.py"
_RETRY = "tests/tracking/test_retry.py"

MUTANTS = (
    Mutant(
        "held-cases-retried",
        "retry leaves an order to the tracker that holds it",
        _REMOTE,
        "if not reopened or case.is_claimed:",
        "if not reopened:",
        (f"{_RETRY}::test_an_order_that_a_living_tracker_holds_is_left_to_it",),
    ),
    Mutant(
        "retried-unasked",
        "before an event that was given up is told again the engine is asked whether it took effect",
        _STATEMENTS,
        "reason=None, attempted=True, **_AFRESH",
        "reason=None, **_AFRESH",
        (f"{_RETRY}::test_a_refused_event_that_took_effect_all_the_same_is_not_told_again",),
    ),
    Mutant(
        "second-start-retried",
        "a second start stays one when it is retried",
        _CASE,
        "self._rejected_if_second(OpenEvent.from_row(row))",
        "pass",
        (f"{_RETRY}::test_a_refused_start_event_is_a_duplicate_once_another_has_started_the_order",),
    ),
    Mutant(
        "finished-events-retried",
        "only what is open or refused is retried",
        _STATEMENTS,
        ".where(_EVENT, events.c.outcome == Outcome.REFUSED.value)",
        ".where(_EVENT)",
        (f"{_RETRY}::test_what_came_to_its_end_is_left_alone",),
    ),
    Mutant(
        "reopened-never-due",
        "a retried event is open: its order is looked at until it is told",
        _CASE,
        "            return waits == 1\n        self.open += 1\n",
        "            return waits == 1\n",
        (f"{_RETRY}::test_a_refused_event_is_told_again",),
    ),
    Mutant(
        "reopened-due-too-late",
        "what is retried while the engine is silent is told as soon as it is back",
        _REMOTE,
        "            case.release(due_in=0)\n            return reopened, False, None\n",
        "            return reopened, False, None\n",
        (f"{_RETRY}::test_while_the_engine_is_silent_events_are_reopened_for_later",),
    ),
)
