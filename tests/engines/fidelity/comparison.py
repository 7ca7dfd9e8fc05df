"""What two engines did with the same case, side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.engines.fidelity.script import Played, Seen, Step

# What is compared of an instance; what was passed, as a multiset: where several tokens move in one step, the
# engines' order is their own.
SEEN = ("awaits", "timers", "due", "active", "passed", "ended", "how")


@dataclass(frozen=True)
class Difference:
    """The first one.

    Attributes:
        step: its number from 1; 0: one refused the model.
        kind: `crash`, `deploy`, `outcome`, or what of `SEEN` differs first.
        first: of one engine.
        other: of the other.
    """

    step: int
    kind: str
    first: Any
    other: Any

    def __str__(self) -> str:
        return f"step {self.step}: {self.kind}: {self.first!r}, but then {self.other!r}"


def difference(first: Played, other: Played) -> Difference | None:
    """The first difference, if there is one."""
    if other.crashed:
        return Difference(0, "crash", first.refused or "runs it", other.crashed)
    if (first.refused is None) != (other.refused is None):
        return Difference(0, "deploy", first.refused or "runs it", other.refused or "runs it")
    for number, (one, two) in enumerate(zip(first.answers, other.answers, strict=False), start=1):
        if one["outcome"] != two["outcome"]:
            return Difference(number, "outcome", _outcome(one), _outcome(two))
        for key in sorted(one["instances"].keys() | two["instances"].keys()):
            found = _instances(one["instances"].get(key, []), two["instances"].get(key, []))
            if found is not None:
                kind, seen, seen_by_other = found
                return Difference(number, kind, f"{key}: {seen}", f"{key}: {seen_by_other}")
    return None


def _outcome(answer: dict[str, Any]) -> str:
    return f"{answer['outcome']} ({answer['words']})" if answer["words"] else str(answer["outcome"])


def _instances(first: list[Seen], other: list[Seen]) -> tuple[str, Any, Any] | None:
    if len(first) != len(other):
        return "instances", len(first), len(other)
    for one, two in zip(first, other, strict=True):
        for kind in SEEN:
            if kind in one and _compared(one[kind]) != _compared(two[kind]):
                return kind, one[kind], two[kind]
    return None


def _compared(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value


def told(steps: Iterable[Step], played: Played) -> str:
    """A script and what came of it, to be read."""
    lines = [f"refused: {played.refused}"] if played.refused else []
    for number, (step, answer) in enumerate(zip(steps, played.answers, strict=False), start=1):
        lines.append(f"{number}. {_step(step)} → {_outcome(answer)}")
        lines += [
            f"     {key or '(no key)'}: "
            + ", ".join(f"{kind} {seen[kind]}" for kind in SEEN if seen.get(kind))
            for key, found in answer["instances"].items()
            if key == step.get("key", key)
            for seen in found
        ]
    return "\n".join(lines)


def _step(step: Step) -> str:
    if "wait" in step:
        return f"{step['wait']} seconds pass" + (", timers fire late" if step.get("late") else "")
    other = " for another tenant" if step["tenant"] == "other" else ""
    return f"{step['event']} of {step['key']}{other}" + (
        f" with {step['variables']}" if step["variables"] else ""
    )
