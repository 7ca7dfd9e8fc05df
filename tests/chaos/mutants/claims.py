"""Claims: one tracker at a time tells a case's events; what it sent is over before the next one begins."""

from tests.chaos.mutants.mutant import Mutant

_REMOTE = "trackflow/tracking/remote.py"
_CASE = "trackflow/tracking/case.py"
_LEASE = "trackflow/tracking/lease.py"
_ASKING = "trackflow/tracking/asking.py"
_STATEMENTS = "trackflow/tracking/statements.py"
_CLAIMS = "tests/tracking/test_claims.py"
_LOST = "tests/tracking/test_lost_answers.py"
_EVENTS = "tests/tracking/test_events.py"

MUTANTS = (
    Mutant(
        "no-token-check",
        "who lost a case changes nothing in it any more",
        _REMOTE,
        "is_mine = case.token == job.token",
        "is_mine = True",
        (f"{_CLAIMS}::test_a_late_answer_of_a_lost_claim_changes_nothing",),
    ),
    Mutant(
        "tokens-inherited",
        "two claims of a case are told apart",
        _REMOTE,
        "token = uuid4().hex  #",
        "token = case.token or uuid4().hex  #",
        (f"{_CLAIMS}::test_a_late_answer_does_not_touch_the_claim_of_another",),
    ),
    Mutant(
        "no-last-moment",
        "a tracker that slept through its lease sends nothing when it wakes up",
        _ASKING,
        "if uptime() > job.last_moment:",
        "if False:",
        (f"{_CLAIMS}::test_a_holder_that_slept_too_long_sends_nothing_more",),
    ),
    Mutant(
        "last-moment-too-late",
        "no request can outlive its tracker's lease",
        _LEASE,
        "return claimed_at + self.lease - request - self.quarantine",
        "return claimed_at + self.lease",
        (f"{_CLAIMS}::test_a_holder_that_slept_too_long_sends_nothing_more",),
    ),
    Mutant(
        "lease-counted-from-after-the-lock",
        "the wait for a case's lock is part of the lease",
        "trackflow/tracking/cases.py",
        "_locked(transaction, key), locked_at)",
        "_locked(transaction, key), uptime())",
        (f"{_CLAIMS}::test_a_lease_counts_from_before_the_wait_for_the_case",),
    ),
    Mutant(
        "lease-unchecked",
        "a timing that would let two trackers tell one event is refused at the start",
        _REMOTE,
        "timing.check(engine.request_seconds)",
        "pass",
        (f"{_CLAIMS}::test_a_lease_that_is_too_short_for_its_requests_is_an_error",),
    ),
    Mutant(
        "lease-for-one-request",
        "a lease is long enough for its question, its request and the quarantine",
        _LEASE,
        "needed = 2 * request + self.quarantine + self.slack",
        "needed = request + self.quarantine + self.slack",
        (f"{_CLAIMS}::test_a_lease_that_is_too_short_for_its_requests_is_an_error",),
    ),
    Mutant(
        "claims-never-due",
        "a dead tracker's case is taken over when its lease is over",
        _CASE,
        "self.token = token\n        self.claimed_until = self.due_at = self.now + seconds",
        "self.token = token\n        self.claimed_until = self.now + seconds",
        (f"{_CLAIMS}::test_a_claim_is_due_at_its_own_end",),
    ),
    Mutant(
        "quarantines-never-due",
        "a case in quarantine is looked at when that is over",
        _CASE,
        "self.token = None\n        self.claimed_until = self.due_at = self.now + seconds",
        "self.token = None\n        self.claimed_until = self.now + seconds",
        (f"{_LOST}::test_after_a_lost_answer_the_case_is_in_quarantine",),
    ),
    Mutant(
        "released-never-due",
        "a case with an open event is looked at again",
        _CASE,
        "looks = [moment] if self.open else []",
        "looks = list[float]()",
        (f"{_EVENTS}::test_an_early_event_waits_and_says_so",),
    ),
    Mutant(
        "claimed-cases-told",
        "an event of a case that somebody holds is left to the holder",
        _REMOTE,
        "if recorded.outcome not in OPEN or case.is_claimed:",
        "if recorded.outcome not in OPEN:",
        (f"{_CLAIMS}::test_events_of_a_claimed_case_are_left_to_its_holder",),
    ),
    Mutant(
        "claimed-cases-swept",
        "a sweeper leaves a case alone that somebody holds",
        _STATEMENTS,
        "    .where(or_(cases.c.claimed_until.is_(None), cases.c.claimed_until <= _NOW))\n",
        "",
        (f"{_CLAIMS}::test_a_claimed_case_is_not_taken_over_even_if_it_seems_overdue",),
    ),
    Mutant(
        "other-tenants-swept",
        "a sweeper leaves the cases of other tenants alone",
        _STATEMENTS,
        'cases.c.tenant == bindparam("t"), cases.c.due_at',
        'bindparam("t", type_=String).is_not(None), cases.c.due_at',
        (f"{_CLAIMS}::test_a_sweeper_leaves_the_cases_of_other_tenants_alone",),
    ),
    Mutant(
        "kept-when-stopped",
        "a tracker that is told to stop gives its cases back",
        _REMOTE,
        "        elif self._stopping.is_set():\n            case.release(due_in=0)\n",
        "",
        (f"{_CLAIMS}::test_a_tracker_that_is_stopped_gives_its_case_back_after_the_event_at_hand",),
    ),
)
