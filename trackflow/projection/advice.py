"""One thing to know of an order, in words, and what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from trackflow.upkeep.letter import Letter

Tone = Literal["bad", "late", "good", "info"]  # somebody must act · should look · all is well · may know
TONES: Sequence[Tone] = ("bad", "late", "good", "info")


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do.

    Attributes:
        kind: "replay" a dead letter, "retry" an event, look into the "cockpit", type a "command".
        words: what a button or a link says, or what a command does.
        letter: to be replayed.
        event_ids: to be retried.
        command: to be typed.
    """

    kind: Literal["replay", "retry", "cockpit", "command"]
    words: str
    letter: Letter | None = None
    event_ids: tuple[str, ...] = ()
    command: str | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """A sentence, what explains it, and what can be done."""

    tone: Tone
    title: str
    words: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()

    def __str__(self) -> str:
        return " ".join((self.title, *self.words))
