"""Timers that could not fire: each stands, with the reason, until somebody retries it.

As a job without retries left does, of which the engine family makes an incident (`JobRetryCmd`). The other
timers of the instance go on.
"""

from __future__ import annotations

from trackflow.engines.embedded.steps.state import Due, State
from trackflow.engines.embedded.steps.subscriptions import first_to_fire, timers, timers_with


def set_aside(state: State, reason: str) -> State:
    """The state in which the timer stands that was to fire."""
    changed = state.copy()
    timer = first_to_fire(changed)
    if timer is None:
        raise ValueError("no timer is set")
    due = timers_with(changed, timer)
    due[timer.element] = due[timer.element]._replace(trouble=reason)
    return changed


def standing(state: State) -> int:
    """How many timers stand."""
    return sum(timer.trouble is not None for timer in timers(state))


def resumed(state: State) -> State:
    """The state in which none stands: each is due since it was."""
    changed = state.copy()
    for token in changed.tokens:
        token.due = _without_trouble(token.due)
    for scope in changed.scopes:
        scope.due = _without_trouble(scope.due)
    return changed


def _without_trouble(timers_set: dict[str, Due]) -> dict[str, Due]:
    return {element: due._replace(trouble=None) for element, due in timers_set.items()}
