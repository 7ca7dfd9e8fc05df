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
        theirs: of the real engine.
        ours: of the embedded one.
    """

    step: int
    kind: str
    theirs: Any
    ours: Any

    def __str__(self) -> str:
        return (
            f"step {self.step}: {self.kind}: the real engine {self.theirs!r}, the embedded one {self.ours!r}"
        )


def difference(theirs: Played, ours: Played) -> Difference | None:
    """The first difference, if there is one."""
    if ours.crashed:
        return Difference(0, "crash", theirs.refused or "runs it", ours.crashed)
    if (theirs.refused is None) != (ours.refused is None):
        return Difference(0, "deploy", theirs.refused or "runs it", ours.refused or "runs it")
    for number, (real, embedded) in enumerate(zip(theirs.answers, ours.answers, strict=False), start=1):
        if real["outcome"] != embedded["outcome"]:
            return Difference(number, "outcome", _outcome(real), _outcome(embedded))
        keys = sorted(real["instances"].keys() | embedded["instances"].keys())
        for key in keys:
            found = _instances(real["instances"].get(key, []), embedded["instances"].get(key, []))
            if found is not None:
                kind, their, our = found
                return Difference(number, kind, f"{key}: {their}", f"{key}: {our}")
    return None


def _outcome(answer: dict[str, Any]) -> str:
    return f"{answer['outcome']} ({answer['words']})" if answer["words"] else str(answer["outcome"])


def _instances(theirs: list[Seen], ours: list[Seen]) -> tuple[str, Any, Any] | None:
    if len(theirs) != len(ours):
        return "instances", len(theirs), len(ours)
    for real, embedded in zip(theirs, ours, strict=True):
        for kind in SEEN:
            if kind in real and _compared(real[kind]) != _compared(embedded[kind]):
                return kind, real[kind], embedded[kind]
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
