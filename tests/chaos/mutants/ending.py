"""The end of a worker, by a person, a bug or the system; and services that must not do a thing twice."""

from tests.chaos.mutants.mutant import Mutant

_SERVICE = "trackflow/messaging/service.py"
_INBOX = "trackflow/tracking/inbox.py"
_SHUTDOWN = "trackflow/messaging/shutdown.py"
_RECOVERY = "tests/integration/trouble/test_recovery.py"
_SHUTTING = "tests/integration/trouble/test_shutdown.py"
_OF_INBOX = "tests/tracking/test_inbox.py"

MUTANTS = (
    Mutant(
        "lost-with-its-process",
        "an event whose process is killed comes again, until the delivery limit makes it a dead letter",
        _SERVICE,
        "reject_on_worker_lost = True",
        "reject_on_worker_lost = False",
        (f"{_RECOVERY}::test_an_event_that_kills_its_worker_is_dead_in_the_end_and_the_others_go_on",),
    ),
    Mutant(
        "lost-by-its-time-limit",
        "so does one that a hard time limit ends",
        _SERVICE,
        "acks_on_timeout = False",
        "acks_on_timeout = True",
        (f"{_RECOVERY}::test_a_hard_time_limit_is_as_a_death",),
    ),
    Mutant(
        "gives-up-without-its-ledger",
        "while the ledger is away no event becomes a dead letter for it",
        _SERVICE,
        "if isinstance(error, LedgerError):  # says",
        "if False:  # says",
        (f"{_RECOVERY}::test_a_ledger_that_is_away_makes_no_event_a_dead_letter",),
    ),
    Mutant(
        "hangs-for-ever",
        "a worker that is asked to end ends within a bounded time, also if a service hangs",
        _SHUTDOWN,
        "                break\n        _end_by_force()",
        "                break",
        (f"{_SHUTTING}::test_a_service_that_hangs_is_ended_by_force_and_its_event_goes_to_the_next_worker",),
    ),
    Mutant(
        "running-work-cut-off",
        "what runs when a worker is asked to end may finish",
        _SHUTDOWN,
        "self._asked.put(self._longest)\n        if sig",
        "self._asked.put(0)\n        if sig",
        (f"{_SHUTTING}::test_what_runs_may_finish_and_is_not_run_again",),
    ),
    Mutant(
        "more-than-once",
        "a service with `once=True` runs once for an event, and emits the same effects again",
        _SERVICE,
        "self._host.inbox.once(self.name, event, run) if self.once else run()",
        "run()",
        (f"{_OF_INBOX}::test_a_service_with_once_runs_once_and_emits_the_same_each_time",),
    ),
    Mutant(
        "twins-write-both",
        "of two deliveries of an event at the same time one writes",
        _INBOX,
        "if not self._claim.run(connection",
        "if not 1 + self._claim.run(connection",
        (f"{_OF_INBOX}::test_a_twin_that_comes_too_late_emits_what_the_first_did",),
    ),
    Mutant(
        "twins-emit-both",
        "and both emit what that one returned",
        _INBOX,
        "elif not self._ledger.write(",
        "elif not 1 + self._ledger.write(",
        (f"{_OF_INBOX}::test_a_twin_that_comes_too_late_emits_what_the_first_did",),
    ),
    Mutant(
        "effects-not-saved",
        "its effects are committed together with what it wrote",
        _INBOX,
        "if not connection.execute(_SAVE, saved).rowcount:",
        "if False:",
        (f"{_OF_INBOX}::test_a_handled_event_is_not_run_again_and_has_the_same_effects",),
    ),
    Mutant(
        "function-ends-its-transaction",
        "a function cannot commit what it wrote without its event's id",
        _INBOX,
        "if not self._is_ending:",
        "if False:",
        (f"{_OF_INBOX}::test_a_function_that_ends_its_transaction_is_told_not_to",),
    ),
)
