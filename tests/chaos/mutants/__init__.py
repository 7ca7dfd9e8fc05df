"""The table of safeguards: each with a mutant that lacks it, and the tests that notice."""

from __future__ import annotations

from tests.chaos.mutants import (
    claims,
    ending,
    engines,
    ledger,
    neighbours,
    publishing,
    receiving,
    recovery,
    reopening,
    repairs,
    services,
    telling,
    timers,
    topology,
)
from tests.chaos.mutants.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = (
    *services.MUTANTS,
    *recovery.MUTANTS,
    *publishing.MUTANTS,
    *receiving.MUTANTS,
    *topology.MUTANTS,
    *ending.MUTANTS,
    *repairs.MUTANTS,
    *claims.MUTANTS,
    *telling.MUTANTS,
    *timers.MUTANTS,
    *neighbours.MUTANTS,
    *reopening.MUTANTS,
    *ledger.MUTANTS,
    *engines.MUTANTS,
)
