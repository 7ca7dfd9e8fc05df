"""All rules, in the order in which their findings are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from trackflow.bpmn.lint import (
    correlation,
    dead_ends,
    diagram,
    events,
    loops,
    reachability,
    silence,
    time_to_live,
    waits,
)
from trackflow.bpmn.lint.engine_rules import refused_by_the_family
from trackflow.bpmn.lint.finding import Finding, Rule
from trackflow.bpmn.lint.surroundings import Surroundings
from trackflow.bpmn.model import Model

_OF_A_MODEL: Sequence[Callable[[Model], Iterator[Finding]]] = (
    correlation.uncorrelated,
    reachability.unreachable,
    dead_ends.without_way_out,
    waits.ambiguous,
    loops.without_wait,
    time_to_live.unlimited,
    diagram.undrawn,
)
# What the extension property `lint-ignore` may name. What an engine refuses cannot be ignored.
IGNORABLE: Sequence[Rule] = (
    events.UNKNOWN,
    events.NOT_EMITTED,
    correlation.NO_MESSAGE_START,
    correlation.NO_MESSAGE,
    correlation.NO_BUSINESS_KEY,
    reachability.UNREACHABLE,
    dead_ends.NO_WAY_OUT,
    waits.AMBIGUOUS,
    loops.ENDLESS,
    loops.UNWAITING,
    time_to_live.NO_TIME_TO_LIVE,
    diagram.NO_DIAGRAM,
    diagram.NOT_DRAWN,
)


def lint(models: Sequence[Model], around: Surroundings, *, complete: bool = True) -> Iterator[Finding]:
    """The findings of some models, each model's in the order of its lines.

    `complete`: whether these are all the models that there are; only then can an event be one too many.
    """
    for model in models:
        found = [*refused_by_the_family(model), *silence.heard(model, _of(model, around))]
        found += silence.misnamed(model, frozenset(rule.id for rule in IGNORABLE))
        yield from sorted(found, key=lambda finding: finding.line or 0)
    yield from events.starts_of_two(models)
    if complete:
        yield from events.unawaited(models, around)
    yield from events.undeclared(around)


def _of(model: Model, around: Surroundings) -> Iterator[Finding]:
    yield from events.unknown(model, around)
    yield from events.unemitted(model, around)
    for rule in _OF_A_MODEL:
        yield from rule(model)
