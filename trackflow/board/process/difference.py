"""What the page of one process shows of two selections: both figures, and the difference in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trackflow.board.process.words import AT_ONCE, Elements, difference, duration, percent, share_difference
from trackflow.projection.comparison import Change, Comparison, ElementChange

Sides = tuple[str, str]  # how sentences name both selections: ("before", "now")

_SAME = "the same"
_MOST = 5  # sentences about what changed most
_SAME_TIME = 0.02  # periods that differ by less are as long as each other


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of both selections, in words; `words` is empty if nothing can be said."""

    name: str
    before: str
    after: str
    words: str

    @property
    def both(self) -> str:
        """`1.4 h → 2.3 h`; what is the same is said once."""
        return self.after if self.before == self.after else f"{self.before} → {self.after}"


@dataclass(frozen=True, slots=True)
class ElementDifference:
    """One element's figures."""

    name: str
    share: Figure
    p50: Figure
    p95: Figure


@dataclass(frozen=True, slots=True)
class Differences:
    """All of it."""

    figures: Sequence[Figure]
    elements: Sequence[ElementDifference]
    deviations: Sequence[Figure]
    greatest: Sequence[str]  # sentences about what changed most


def differences(of: Comparison, elements: Elements, sides: Sides) -> Differences:
    """All of it; `sides` name both selections in sentences."""
    return Differences(
        figures=_figures(of),
        elements=_element_differences(of, elements),
        deviations=[_share(elements.deviation(each.name), each.share) for each in of.deviations],
        greatest=_Sentences(elements, sides).greatest(of),
    )


def _figures(differences: Comparison) -> list[Figure]:
    same_time = abs(differences.seconds.relative or 0.0) <= _SAME_TIME
    numbers = (("Orders that started", differences.started), ("Orders that ended", differences.ended))
    rates = (("Started per day", differences.started_per_day), ("Ended per day", differences.ended_per_day))
    return [
        *(_number(name, change, "{:,.0f}", compared=same_time) for name, change in numbers),
        *(_number(name, change, "{:,.1f}") for name, change in (() if same_time else rates)),
        _duration("Half took less than", differences.p50),
        _duration("95 % took less than", differences.p95),
        _share("Followed the model", differences.followed),
        *(_share(f"Ended: {each.name}", each.share) for each in differences.endings),
    ]


def _element_differences(differences: Comparison, elements: Elements) -> list[ElementDifference]:
    return [
        ElementDifference(
            name=elements.element(each.id),
            share=_share("Orders that came here", each.share),
            p50=_duration("Half stayed less than", each.p50),
            p95=_duration("95 % stayed less than", each.p95),
        )
        for each in sorted(differences.elements.values(), key=lambda each: elements.place(each.id))
    ]


@dataclass(frozen=True, slots=True)
class _Sentences:
    """About what changed most."""

    elements: Elements
    sides: Sides

    def greatest(self, differences: Comparison) -> list[str]:
        """The greatest changes first."""
        found = [
            (abs(change.strength), words)
            for element in differences.elements.values()
            for change, words in self._of(element)
            if not change.is_noise
        ]
        return [words for _, words in sorted(found, key=lambda each: -each[0])[:_MOST]]

    def _of(self, element: ElementChange) -> Iterator[tuple[Change, str]]:
        name = self.elements.element(element.id)
        yield element.per_order, self._often(name, element.per_order)
        # One sentence of the two, and none of what takes no time anyway.
        slow, usual = element.p95, element.p50
        if max(slow.before or 0.0, slow.after or 0.0) <= AT_ONCE:
            return
        if abs(slow.strength) >= abs(usual.strength):
            yield slow, f"95 % got through ‘{name}’ in {self._times(slow)}"
        else:
            yield usual, f"‘{name}’ usually took {self._times(usual)}"

    def _times(self, change: Change) -> str:
        before, after = self.sides
        words = difference(change, "slower", "faster")
        return f"{duration(change.before)} {before}, {duration(change.after)} {after}: {words}."

    def _often(self, name: str, change: Change) -> str:
        before, after = (round(100 * (each or 0.0)) for each in (change.before, change.after))
        words = difference(change, "more often", "less often")
        return f"Of 100 orders, {before} came to ‘{name}’ {self.sides[0]}, {after} {self.sides[1]}: {words}."


def _number(name: str, change: Change, form: str, *, compared: bool = True) -> Figure:
    before, after = ("–" if each is None else form.format(each) for each in (change.before, change.after))
    return Figure(name, before, after, difference(change, "more", "fewer") if compared else "")


def _duration(name: str, change: Change) -> Figure:
    before, after = duration(change.before), duration(change.after)
    return Figure(name, before, after, _SAME if before == after else difference(change, "slower", "faster"))


def _share(name: str, change: Change) -> Figure:
    before, after = percent(change.before), percent(change.after)
    return Figure(name, before, after, _SAME if before == after else share_difference(change))
