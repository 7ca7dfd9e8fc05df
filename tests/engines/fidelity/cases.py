"""The recorded cases of tests/engines/cases: `NAME.bpmn`, and `NAME.json`, a script and what came of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.engines.fidelity.comparison import difference
from tests.engines.fidelity.real import RealEngine
from tests.engines.fidelity.script import Case, Played, Seen, Step, fixed

FOLDER = Path(__file__).parents[1] / "cases"
_ANSWER = ("outcome", "instances")  # of a step in the file; the rest is told


def paths() -> list[Path]:
    """The scripts of all cases."""
    return sorted(FOLDER.glob("*.json"))


def case_of(path: Path) -> Case:
    """Ready to be played."""
    steps = tuple(told(step) for step in json.loads(path.read_text())["steps"])
    return Case(path.stem, path.with_suffix(".bpmn").read_text(), fixed(steps))


def told(step: dict[str, Any]) -> Step:
    """Of a step in the file, what is told to the engine."""
    return {name: value for name, value in step.items() if name not in _ANSWER}


def recorded(path: Path) -> Played:
    """What the engine did. Of a wait the file does not say whether a timer failed."""
    steps = json.loads(path.read_text())["steps"]
    return Played(
        steps=[told(step) for step in steps],
        answers=[
            {"outcome": step.get("outcome", "waited"), "words": None, "instances": step["instances"]}
            for step in steps
        ],
    )


def record(engine: RealEngine, files: Sequence[Path]) -> None:
    """Write down what the engine does with each case. Raises AssertionError if it differs from before."""
    for path, played in zip(files, engine.play([case_of(path) for path in files]), strict=True):
        script = json.loads(path.read_text())
        known = all("instances" in step for step in script["steps"])
        assert not played.refused, f"{path.stem}: {played.refused}"
        different = difference(recorded(path), played) if known else None
        assert different is None, f"{path.stem}: {different}"
        steps = [_step(step, answer) for step, answer in zip(played.steps, played.answers, strict=True)]
        path.write_text(_text(script | {"steps": steps}))


def _text(script: dict[str, Any]) -> str:
    """One step a line."""
    lines = [
        f"  {json.dumps(name)}: {json.dumps(value)},\n" for name, value in script.items() if name != "steps"
    ]
    steps = ",\n".join(f"    {json.dumps(step, ensure_ascii=False)}" for step in script["steps"])
    return "".join(["{\n", *lines, f'  "steps": [\n{steps}\n  ]\n}}\n'])


def _step(step: Step, answer: dict[str, Any]) -> dict[str, Any]:
    outcome = {} if "wait" in step else {"outcome": answer["outcome"]}
    return (
        step
        | outcome
        | {"instances": {key: list(map(_seen, found)) for key, found in answer["instances"].items()}}
    )


def _seen(seen: Seen) -> Seen:
    return {name: seen[name] for name in ("awaits", "timers", "due", "active", "passed", "ended", "how")}
