"""What is broken knowingly: the extension property `lint-ignore` names rules that its element may break.

On a process it holds for everything in the process.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set

from trackflow.bpmn.document import extension_property
from trackflow.bpmn.lint.finding import Finding, warning
from trackflow.bpmn.lint.source import nodes_of
from trackflow.bpmn.model import Model

PROPERTY = "lint-ignore"
UNKNOWN = warning("unknown-rule")


def heard(model: Model, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings that nobody has silenced."""
    of_process = _ignored(model, model.process)
    for finding in findings:
        if finding.rule not in of_process | _ignored(model, finding.element):
            yield finding


def misnamed(model: Model, rules: Set[str]) -> Iterator[Finding]:
    """Properties that name a rule that cannot be silenced, or that there is not."""
    for id_ in (model.process, *model.elements, *model.flows):
        for name in sorted(_ignored(model, id_) - rules):
            words = f"{PROPERTY} names {name!r}, which is no rule that can be ignored"
            where = model.elements.get(id_) or model.flows.get(id_)
            if where is None:
                yield UNKNOWN.of(model, f"process {id_!r}: {words}")
            else:
                yield UNKNOWN.at(model, where, f"has a property {words}")


def _ignored(model: Model, element: str | None) -> frozenset[str]:
    node = nodes_of(model).get(element or "")
    value = None if node is None else extension_property(node, PROPERTY)
    return frozenset(filter(None, re.split(r"[\s,;]+", value or "")))
