"""What goes from a calling instance to the one that it calls, and back (`CallableElementActivityBehavior`).

A call activity runs an instance of another process and waits for its end (BPMN 10.3.4). The called instance
has the business key of its caller, so that events reach it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from trackflow.bpmn.execution import BUSINESS_KEY
from trackflow.engines.embedded.models.process import Handing, Node
from trackflow.engines.embedded.steps.state import PROCESS
from trackflow.engines.embedded.steps.step import Move, Refused, Step
from trackflow.engines.variables import Scalar


def handed_over(step: Step, node: Node, move: Move) -> dict[str, Scalar]:
    """The variables that the called instance begins with."""
    assert node.calls is not None
    return _handed(node, node.calls.into, step.variables(move.scope, move.counter))


def given_back(step: Step, node: Node) -> dict[str, Scalar]:
    """The variables that a called instance gives back to its caller's call activity."""
    assert node.calls is not None
    return _handed(node, node.calls.back, step.variables(PROCESS))


def _handed(node: Node, handings: Iterable[Handing], variables: Mapping[str, object]) -> dict[str, Scalar]:
    """A variable that is not there is handed over as null (`CallableElementParameter.getSource`)."""
    handed = dict[str, object]()
    for each in handings:
        if each.source is None:
            handed |= {name: value for name, value in variables.items() if name != BUSINESS_KEY}
        elif isinstance(each.source, str):
            handed[each.target] = variables.get(each.source)
        else:
            handed[each.target] = each.source.evaluate(variables)
    return {name: _scalar(node, name, value) for name, value in handed.items()}


def _scalar(node: Node, name: str, value: object) -> Scalar:
    if value is None or isinstance(value, str | int | float):
        return value
    raise Refused(f"{node.id!r} cannot hand over {name!r}: it is a string, a number, a Boolean or null")
