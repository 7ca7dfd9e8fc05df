"""Moves a running instance to another version of its model, as the engine family does it.

Whatever waits goes on waiting where it is. What it listens for beside that follows the new version: the
boundary events, event subprocesses and events behind a gateway that are new there begin to listen now, those
that are gone listen no more, and a message with another name is awaited under it. Timers that are set stay
(`MigratingEventSubscriptionInstance`, `ActivityInstanceJobHandler`). The path stays as it is: it is history.

Not followed: in the engine family an interrupting event subprocess that has begun listens again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trackflow.bpmn import Model
from trackflow.engines.embedded.models.prepare import prepare
from trackflow.engines.embedded.models.process import Process
from trackflow.engines.embedded.steps import subscriptions
from trackflow.engines.embedded.steps.course import Course
from trackflow.engines.embedded.steps.state import Done, Scope, State, Token
from trackflow.engines.embedded.steps.step import Refused, Step
from trackflow.engines.misfits import Misfit, continues, misfits, renamed, undone_by
from trackflow.errors import ExpressionError


class Migration:
    """From one version of a process to another. Pure: it reads no clock and does no I/O."""

    def __init__(self, old: Model, new: Model) -> None:
        """Raises ModelError: one of them is not supported."""
        self._old, self._new = old, new
        self.before, self.after = prepare(old), prepare(new)
        self._renamed = renamed(old, new)

    def moved(self, state: State, now: float, business_key: str | None = None) -> State | tuple[Misfit, ...]:
        """The state of a running instance in the new version, or why it has none there."""
        found = misfits(self._old, self._new, (*_active(state), *self._undoable(state)))
        if found:
            return tuple(found)
        moved = state.copy()
        step = Step(self.after, moved, Course(now), business_key=business_key)
        holders: list[Token | Scope] = [*moved.tokens, *moved.scopes]
        for holder in holders:
            before = frozenset(_heard(self.before, holder))
            misfit = self._listen(step, holder, before, tuple(_heard(self.after, holder)))
            if misfit is not None:
                return (misfit,)
        for scope in moved.scopes:
            scope.done = [self._still_done(each) for each in scope.done]
        return moved

    def _undoable(self, state: State) -> Iterator[str]:
        """Ids of what keeps in mind that something is done and can be compensated."""
        for scope in state.scopes:
            for done in scope.done:
                yield from self._kept_in_mind(done)

    def _kept_in_mind(self, done: Done) -> Iterator[str]:
        yield undone_by(self._old, done.handler) if done.handler else done.element
        for each in done.inside:
            yield from self._kept_in_mind(each)

    def _still_done(self, done: Done) -> Done:
        """It is compensated as the new version says (`MigratingCompensationEventSubscriptionInstance`)."""
        if done.handler is None:
            return done._replace(inside=tuple(map(self._still_done, done.inside)))
        event = self._new.elements[undone_by(self._old, done.handler)]
        return Done(event.attached_to or done.element, event.reference or done.handler)

    def _listen(
        self, step: Step, holder: Token | Scope, before: frozenset[str], elements: tuple[str, ...]
    ) -> Misfit | None:
        """Let it listen to these elements from now on; what goes wrong with one of them."""
        kept = {id_ for id_ in elements if id_ in before and self._stays(id_)}
        holder.names = {id_: name for id_, name in holder.names.items() if id_ in kept}
        holder.due = {id_: due for id_, due in holder.due.items() if id_ in kept}
        for id_ in elements:
            if id_ not in kept:
                try:
                    subscriptions.begin(step, holder, (id_,))
                except (Refused, ExpressionError) as exc:
                    return Misfit(id_, self._new.elements[id_].name, f"cannot begin to listen: {exc}")
        return None

    def _stays(self, element: str) -> bool:
        return continues(self._old, self._new.elements[element]) and element not in self._renamed


def _active(state: State) -> Iterator[str]:
    """Ids of the elements where something is."""
    for token in state.tokens:
        yield token.at
    for scope in state.scopes:
        if scope.of is not None:
            yield scope.of


def _heard(process: Process, holder: Token | Scope) -> Iterable[str]:
    """The elements whose events a token or scope listens to."""
    if isinstance(holder, Token):
        return subscriptions.of_token(process, holder)
    return subscriptions.of_scope(process, holder)
