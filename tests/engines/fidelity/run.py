"""A run: random models on several engines, and what differs, shrunk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import monotonic
from typing import Protocol
from uuid import uuid4

from tests.engines.fidelity.comparison import difference
from tests.engines.fidelity.drawing import Node, xml
from tests.engines.fidelity.findings import Figures, Finding
from tests.engines.fidelity.random_models import drawn
from tests.engines.fidelity.random_scripts import Walk
from tests.engines.fidelity.script import Case, Played, Script, fixed
from tests.engines.fidelity.shrinking import Sample, shrunk

TOGETHER = 100  # models on a real engine at once

Batch = list[tuple[int, Node]]  # seeds and their models


class Player(Protocol):
    """An engine that plays cases."""

    @property
    def name(self) -> str:
        """Its own in this run."""

    def play(self, cases: Sequence[Case]) -> list[Played]:
        """What it did with each."""


class Run:
    """Compares engines with the first one: they are told what that was told."""

    def __init__(self, first: Player, *others: Player) -> None:
        """`first`: whose word is the truth."""
        self._first = first
        self._others = {other.name: other for other in others}
        self.figures = Figures((first.name, *self._others))
        self._token = uuid4().hex[:6]  # an engine may still hold what another run left

    def differing(
        self, seeds: Sequence[int], say: Callable[[str], None] = lambda text: None
    ) -> list[Finding]:
        """Play the models of these seeds; every one that differs, not shrunk yet."""
        begun, found = monotonic(), list[Finding]()
        for batch, played in self._ahead(seeds):
            found += self._found(batch, played)
            self.figures.seconds = monotonic() - begun
            say(str(self.figures))
        return found

    def shrunk(self, finding: Finding) -> Finding:
        """The same in the smallest model that still differs in the same way."""

        def still_differ(samples: Sequence[Sample]) -> list[bool]:
            found = self._compared(samples, finding.engine)
            return [each is not None and each.kind == finding.kind for each in found]

        steps = finding.sample.steps[: finding.difference.step or 0]
        first = Sample(finding.sample.process, steps)
        small = shrunk(first if still_differ([first])[0] else finding.sample, still_differ)
        [found] = self._compared([small], finding.engine)
        # Played alone it may not differ: that is a finding of its own.
        return replace(found, seed=finding.seed) if found else finding

    def _ahead(self, seeds: Sequence[int]) -> Iterator[tuple[Batch, list[Played]]]:
        """What the first engine did, batch by batch: it plays the next one meanwhile."""
        batches = [
            [(seed, drawn(seed)) for seed in seeds[start : start + TOGETHER]]
            for start in range(0, len(seeds), TOGETHER)
        ]
        with ThreadPoolExecutor(1) as thread:
            playing = [thread.submit(self._walked, batch) for batch in batches]
            for batch, played in zip(batches, playing, strict=True):
                yield batch, played.result()

    def _walked(self, batch: Batch) -> list[Played]:
        return self._first.play([self._case(seed, model, Walk(seed)) for seed, model in batch])

    def _found(self, batch: Batch, played: list[Played]) -> Iterator[Finding]:
        samples = [Sample(model, tuple(done.steps)) for (_, model), done in zip(batch, played, strict=True)]
        by_others = self._by_others(samples)
        for number, (seed, _) in enumerate(batch):
            others = {name: by_other[number] for name, by_other in by_others.items()}
            self.figures.count({self._first.name: played[number], **others})
            for name, other in others.items():
                if different := difference(played[number], other):
                    self.figures.differ[name, different.kind] += 1
                    yield Finding(seed, name, samples[number], played[number], other, different)

    def _by_others(self, samples: Sequence[Sample]) -> dict[str, list[Played]]:
        """All at the same time."""
        with ThreadPoolExecutor(max(1, len(self._others))) as threads:
            playing = {
                name: threads.submit(other.play, self._cases(samples)) for name, other in self._others.items()
            }
            return {name: played.result() for name, played in playing.items()}

    def _compared(self, samples: Sequence[Sample], name: str) -> list[Finding | None]:
        """For each, in what this engine differs from the first one."""
        first = self._first.play(self._cases(samples))
        other = self._others[name].play(self._cases(samples))
        return [
            Finding(0, name, sample, one, two, different) if (different := difference(one, two)) else None
            for sample, one, two in zip(samples, first, other, strict=True)
        ]

    def _cases(self, samples: Sequence[Sample]) -> list[Case]:
        return [
            self._case(number, sample.process, fixed(sample.steps)) for number, sample in enumerate(samples)
        ]

    def _case(self, number: int, model: Node, script: Script) -> Case:
        return Case(f"m{number}-{self._token}", xml(model), script)
