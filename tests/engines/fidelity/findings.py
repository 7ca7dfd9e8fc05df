"""What a run found: models on which two engines differ, and how much was compared."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.engines.fidelity.comparison import Difference, told
from tests.engines.fidelity.drawing import xml
from tests.engines.fidelity.script import Played
from tests.engines.fidelity.shrinking import Sample


@dataclass(frozen=True)
class Finding:
    """A model on which an engine differs from the first one.

    Attributes:
        engine: its name.
        first: what the first one did.
        other: what it did.
    """

    seed: int
    engine: str
    sample: Sample
    first: Played
    other: Played
    difference: Difference

    @property
    def kind(self) -> tuple[str, ...]:
        """What stays the same while it is shrunk."""
        found = self.difference
        if found.kind == "deploy":
            return ("deploy", _words(found.first), _words(found.other))
        if found.kind == "outcome":
            return ("outcome", found.first.partition(" (")[0], found.other.partition(" (")[0])
        return (found.kind,)

    def __str__(self) -> str:
        return "\n".join(
            [
                f"seed {self.seed}, {self.difference} ({self.engine})",
                xml(self.sample.process),
                "the first engine:",
                told(self.sample.steps, self.first),
                f"{self.engine}:",
                told(self.sample.steps, self.other),
            ]
        )


def _words(refusal: str) -> str:
    """Of a refusal what does not name this one model."""
    return re.sub(r"'[^']*'|\d+|\| resource.*", "", refusal)


@dataclass
class Figures:
    """Of a run so far. Steps and their outcomes are those of the first engine; all are told the same."""

    engines: tuple[str, ...]
    models: int = 0
    steps: int = 0
    seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[str, ...]] = field(default_factory=Counter)
    differ: Counter[tuple[str, str]] = field(default_factory=Counter)

    def count(self, played: Mapping[str, Played]) -> None:
        """One more model. `played`: by engine."""
        first = played[self.engines[0]]
        self.models += 1
        self.steps += len(first.answers)
        self.outcomes.update(answer["outcome"] for answer in first.answers)
        if by := tuple(name for name in self.engines if played[name].refused):
            self.refused[by] += 1

    def __str__(self) -> str:
        outcomes = ", ".join(f"{number} {outcome}" for outcome, number in self.outcomes.most_common())
        refused = ", ".join(
            f"{number} by {'all' if by == self.engines else ' and '.join(by) + ' only'}"
            for by, number in self.refused.items()
        )
        return (
            f"{', '.join(self.engines)}: {self.models} models, {self.steps} steps ({outcomes}) "
            f"in {self.seconds:.0f} s; models refused: {refused or 'none'}; "
            f"different: {sum(self.differ.values())}"
        )
