"""A run: random models on a real engine and on the embedded one, and what differs, shrunk."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from time import monotonic
from uuid import uuid4

from tests.engines.fidelity.comparison import Difference, difference, told
from tests.engines.fidelity.drawing import xml
from tests.engines.fidelity.ours import OurEngine
from tests.engines.fidelity.random_models import drawn
from tests.engines.fidelity.random_scripts import Walk
from tests.engines.fidelity.real import RealEngine
from tests.engines.fidelity.script import Case, Played, fixed
from tests.engines.fidelity.shrinking import Sample, shrunk

TOGETHER = 50  # models on a real engine at once


@dataclass
class Finding:
    """A model on which the engines differ, as small as it was found."""

    seed: int
    sample: Sample
    theirs: Played
    ours: Played
    difference: Difference

    def __str__(self) -> str:
        return "\n".join(
            [
                f"seed {self.seed}, {self.difference}",
                xml(self.sample.process),
                "the real engine:",
                told(self.sample.steps, self.theirs),
                "the embedded engine:",
                told(self.sample.steps, self.ours),
            ]
        )


@dataclass
class Figures:
    """Of a run so far."""

    models: int = 0
    steps: int = 0
    seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    differ: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        outcomes = ", ".join(f"{number} {outcome}" for outcome, number in self.outcomes.most_common())
        refused = ", ".join(f"{number} by {who}" for who, number in sorted(self.refused.items())) or "none"
        return (
            f"{self.models} models, {self.steps} steps ({outcomes}) in {self.seconds:.0f} s; "
            f"models refused: {refused}; different: {sum(self.differ.values())}"
        )


class Run:
    """Compares a real engine with ours."""

    def __init__(self, real: RealEngine | OurEngine, ours: OurEngine | None = None) -> None:
        """`real`: whose word is the truth."""
        self._real = real
        self._ours = ours or OurEngine()
        self.figures = Figures()
        self._token = uuid4().hex[:8]  # an engine may still hold what another run left

    def differing(
        self, seeds: Sequence[int], say: Callable[[str], None] = lambda text: None
    ) -> Iterator[Finding]:
        """Play the models of these seeds; every one that differs, not shrunk yet."""
        for first in range(0, len(seeds), TOGETHER):
            begun = monotonic()
            batch = seeds[first : first + TOGETHER]
            models = [drawn(seed) for seed in batch]
            cases = [
                Case(f"m{seed}-{self._token}", xml(model), Walk(seed))
                for seed, model in zip(batch, models, strict=True)
            ]
            found = []
            for seed, model, theirs in zip(batch, models, self._real.play(cases), strict=True):
                sample = Sample(model, tuple(theirs.steps))
                ours = self._by_us(sample)
                self._count(theirs, ours)
                if different := difference(theirs, ours):
                    self.figures.differ[different.kind] += 1
                    found.append(Finding(seed, sample, theirs, ours, different))
            self.figures.seconds += monotonic() - begun
            say(str(self.figures))
            yield from found

    def shrunk(self, finding: Finding) -> Finding:
        """The same in the smallest model that still differs in the same way."""
        kind = _kind(finding.difference)

        def still_differ(samples: Sequence[Sample]) -> list[bool]:
            return [found is not None and _kind(found.difference) == kind for found in self.compared(samples)]

        steps = finding.sample.steps[: finding.difference.step or 0]
        first = Sample(finding.sample.process, steps)
        small = shrunk(first if still_differ([first])[0] else finding.sample, still_differ)
        [found] = self.compared([small])
        if found is None:  # played alone it does not differ: that is a finding of its own
            return finding
        return Finding(finding.seed, small, found.theirs, found.ours, found.difference)

    def compared(self, samples: Sequence[Sample]) -> list[Finding | None]:
        """For each, in what it differs."""
        cases = [
            Case(f"c{number}-{self._token}", xml(sample.process), fixed(sample.steps))
            for number, sample in enumerate(samples)
        ]
        found: list[Finding | None] = []
        for sample, theirs in zip(samples, self._real.play(cases), strict=True):
            ours = self._by_us(sample)
            different = difference(theirs, ours)
            found.append(Finding(0, sample, theirs, ours, different) if different else None)
        return found

    def _by_us(self, sample: Sample) -> Played:
        try:
            [played] = self._ours.play([Case("ours", xml(sample.process), fixed(sample.steps))])
        except Exception as crash:  # whatever it is, it is a finding
            return Played(crashed=repr(crash))
        return played

    def _count(self, theirs: Played, ours: Played) -> None:
        self.figures.models += 1
        self.figures.steps += len(theirs.answers)
        self.figures.outcomes.update(answer["outcome"] for answer in theirs.answers)
        who = {(True, True): "both", (True, False): "the real engine only", (False, True): "ours only"}
        if theirs.refused or ours.refused:
            self.figures.refused[who[bool(theirs.refused), bool(ours.refused)]] += 1


def _kind(different: Difference) -> tuple[str, ...]:
    """What stays the same while it is shrunk."""
    if different.kind == "deploy":
        return ("deploy", _words(different.theirs), _words(different.ours))
    if different.kind == "outcome":
        return ("outcome", different.theirs.partition(" (")[0], different.ours.partition(" (")[0])
    return (different.kind,)


def _words(refusal: str) -> str:
    """Of a refusal what does not name this one model."""
    return re.sub(r"'[^']*'|\d+|\| resource.*", "", refusal)
