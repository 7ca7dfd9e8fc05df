"""The chaos suite in the size that CI has time for: `make chaos` runs the large one.

CHAOS_SEED repeats a run's plan and disorder.
"""

import os
import secrets

import pytest

from tests.chaos.run import Options, run
from tests.chaos.system import LEDGERS, missing
from tests.servers.needed import need

# One of each kind; what is SQLite's or PostgreSQL's alone is left out for the other.
FAULTS = (
    "kill",
    "term",
    "freeze",
    "broker-killed",
    "connections-closed",
    "memory-alarm",
    "engine-killed",
    "refused",
    "storm",
    "disk-full",
    "locked",
    "database-restarted",
    "clock-set-back",
)


@pytest.mark.broker
@pytest.mark.engine
@pytest.mark.postgresql
@pytest.mark.timeout(1200)  # about two minutes on two quiet cores
@pytest.mark.parametrize("ledger", LEDGERS)
def test_nothing_is_lost_doubled_or_stuck(ledger: str) -> None:
    need(missing())
    # Given two hundred orders, each event of them published three times, and all out of order
    seed = os.environ.get("CHAOS_SEED") or secrets.token_hex(4)
    options = Options(200, seed, ledger, FAULTS, brief=True)
    # When every part of the system fails, alone and together, while they run
    report = run(options)
    # Then broker, engine and ledger agree that each was done once
    print(report)
    assert report.is_clean, str(report)
