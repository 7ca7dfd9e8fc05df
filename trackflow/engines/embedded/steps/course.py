"""What one event or one timer sets going: one stack of moves, in whatever instances it reaches."""

from __future__ import annotations

from collections.abc import Iterable

from trackflow.engines.embedded.steps.state import Token
from trackflow.engines.embedded.steps.step import Happening, Move, Refused, Step

# A step that ends takes about as many moves as its model has elements. One that goes round a loop in which
# nothing waits never ends, since nothing from outside comes in between.
MOVES = 10_000
# Places where one instance is at once: each step looks at all of them, and no order has so many.
TOKENS = 2_000


class Course:
    """Of an instance that is alone: it calls no other, and no other hears it.

    Several instances share one stack, as in the engine family all that a command does shares one
    (`CommandInvocationContext`): what a called process does comes before what its caller does beside it.

    Attributes:
        now: epoch seconds.
        pending: what is still to be done, and in which instance; the last comes first.
        is_outside: whether nothing was done from the stack yet since a waiting token got its event.
        most: how many moves may be made.
    """

    def __init__(self, now: float) -> None:
        self.now = now
        self.pending: list[tuple[Step, Move | Happening]] = []
        self.is_outside = False
        self.most = MOVES

    def begin(self, process: str, _caller: Step, _visit: int) -> Step:
        """A new instance of a process, called by a token of another. Raises Refused: it cannot be called."""
        raise Refused(f"no process {process!r} is deployed")

    def caller(self, _called: Step) -> tuple[Step, Token] | None:
        """Of a called instance, who called it, and the token that waits for its end."""
        return None

    def called(self, _caller: Step, _visit: int) -> Step | None:
        """The running instance that a token waits for."""
        return None

    def hearing(self, _thrower: Step, _signal: str) -> Iterable[Step]:
        """The other instances that listen for a signal."""
        return ()
