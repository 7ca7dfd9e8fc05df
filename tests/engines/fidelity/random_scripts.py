"""Scripts drawn at random while they are played: mostly what is awaited, sometimes anything else.

Each step is chosen by a seed and by what was seen after the step before. What was played is a fixed script.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from tests.engines.fidelity.script import Seen, Step
from tests.engines.fidelity.vocabulary import MESSAGES, START

_WAITS = (1, 5, 7, 10, 14, 20, 33)
_KEYS = ("k1", "k2", "k3")
# What each variable usually is; the model's conditions ask for these.
_USUAL: dict[str, tuple[Any, ...]] = {
    "a": (True, False),
    "b": (True, False),
    "n": (0, 1, 2, 3),
    "s": ("x", "y", ""),
    "d": ("PT5S", "PT12S", "P0D"),
}
_UNUSUAL: tuple[Any, ...] = (
    None,
    1.5,
    -1,
    "2",
    "x",
    True,
    False,
    [1, 2],
    {"x": 1},
    "",
    10**20,
    "PT1M",
    0.0,
    2,
)


class Walk:
    """A script that is drawn as it goes."""

    def __init__(self, seed: int, length: int = 10) -> None:
        self._random = Random(f"walk/{seed}")
        self._length = length
        self._told = 0

    def __call__(self, seen: Mapping[str, list[Seen]]) -> Step | None:
        """The next step, None at the end. `seen`: by business key, after the step before."""
        if self._told == self._length:
            return None
        self._told += 1
        if not seen:
            return self._event(START, _KEYS[0])
        if any(each["timers"] for found in seen.values() for each in found) and self._random.random() < 0.3:
            return self._wait()
        awaited = [
            (each.rpartition("@")[0], key)
            for key, found in seen.items()
            for instance in found
            for each in instance["awaits"]
            if key
        ]
        if awaited and self._random.random() < 0.72:
            return self._event(*self._random.choice(sorted(awaited)))
        if not awaited and len(seen) < len(_KEYS) and self._random.random() < 0.6:
            return self._event(START, _KEYS[len(seen)])
        return self._anything(len(seen))

    def _anything(self, keys: int) -> Step:
        kind = self._random.choices(("start", "message", "unknown", "other", "wait"), (40, 34, 8, 8, 10))[0]
        if kind == "wait":
            return self._wait()
        key = self._random.choice(_KEYS[: keys + 1])
        if kind == "start":
            return self._event(START if self._random.random() < 0.85 else "Go2", key)
        if kind == "unknown":
            return self._event("Unheard", key)
        step = self._event(self._random.choice(MESSAGES), key)
        return step if kind == "message" else step | {"tenant": "other"}

    def _wait(self) -> Step:
        step: Step = {"wait": self._random.choice(_WAITS)}
        return step | {"late": True} if self._random.random() < 0.2 else step

    def _event(self, name: str, key: str) -> Step:
        variables = {each: self._value(each) for each in _USUAL if self._is_told(name)}
        return {"event": name, "key": key, "variables": variables, "tenant": "own"}

    def _is_told(self, event: str) -> bool:
        """Whether a variable is told: a start tells nearly all, so that conditions can be decided."""
        return self._random.random() < (0.96 if event.startswith("Go") else 0.25)

    def _value(self, name: str) -> Any:
        return self._random.choice(_USUAL[name] if self._random.random() < 0.93 else _UNUSUAL)
