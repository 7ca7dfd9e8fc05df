"""The ledger: what is written is on the disk, and nobody writes about a case that another one has locked."""

from tests.chaos.mutants.mutant import Mutant

_LEDGER = "trackflow/tracking/ledger.py"
_GROUP = "trackflow/tracking/group_commit.py"
_OF_LEDGER = "tests/tracking/test_ledger.py"
_OF_GROUP = "tests/tracking/test_group_commit.py"

MUTANTS = (
    Mutant(
        "cases-not-locked",
        "on PostgreSQL a case is locked before its events are read",
        "trackflow/tracking/statements.py",
        ".where(_THIS_CASE).with_for_update())",
        ".where(_THIS_CASE))",
        (f"{_OF_LEDGER}::test_a_case_is_locked_while_it_is_changed",),
    ),
    Mutant(
        "begins-as-a-reader",
        "on SQLite a transaction that will write locks when it begins",
        _LEDGER,
        '"BEGIN" if reading else "BEGIN IMMEDIATE"',
        '"BEGIN"',
        (f"{_OF_LEDGER}::test_a_case_is_locked_while_it_is_changed",),
    ),
    Mutant(
        "power-cut",
        "what was acked survives a power cut",
        _LEDGER,
        '"FULL" if survives_power_cut else "NORMAL"',
        '"NORMAL"',
        (f"{_OF_LEDGER}::test_what_is_committed_survives_a_power_cut",),
    ),
    Mutant(
        "one-error-for-all",
        "a work that fails fails alone: those that shared its transaction are run again",
        _GROUP,
        "self._commit([job])",
        "job.error = exc",
        (f"{_OF_GROUP}::test_a_work_that_fails_fails_alone",),
    ),
    Mutant(
        "dead-leader",
        "nobody waits for a leader that was ended",
        _GROUP,
        "self._is_led = following is not None",
        "pass",
        (f"{_OF_GROUP}::test_after_an_error_the_next_work_is_committed",),
    ),
    Mutant(
        "sweepers-die",
        "a mistake at one case does not leave those of all others untold",
        "trackflow/tracking/sweeper.py",
        "except Exception:  #",
        "except ZeroDivisionError:  #",
        ("tests/tracking/test_sweeper.py::test_a_mistake_at_one_case_does_not_end_the_sweeper",),
    ),
    Mutant(
        "sweepers-die-with-the-ledger",
        "a ledger that is away for a while is looked at again",
        "trackflow/tracking/sweeper.py",
        "except LedgerError as exc:",
        "except ZeroDivisionError as exc:",
        ("tests/tracking/test_sweeper.py::test_a_ledger_that_is_away_does_not_end_the_sweeper",),
    ),
    Mutant(
        "backlog-told-by-one",
        "a backlog is told by many threads",
        "trackflow/tracking/sweeper.py",
        "                self._let_another_join()\n",
        "                pass\n",
        ("tests/tracking/test_sweeper.py::test_a_backlog_is_swept_by_as_many_as_may",),
    ),
)
