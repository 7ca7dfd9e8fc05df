"""What a called process gives back, and the conditions that it makes true in its caller."""

from collections.abc import Callable

from tests.engines.called_models import CALLED, boundary, call, end, model, receive, start
from trackflow.engines.answers import Answer, Outcome
from trackflow.engines.embedded import EmbeddedEngine

BACK = '<camunda:out sourceExpression="${1 + 1}" target="n"/>'


def test_a_condition_that_what_comes_back_makes_true_interrupts_the_call(
    engine: EmbeddedEngine, tell: Callable[..., Answer]
) -> None:
    body = start() + call("K", "called", BACK) + receive("B", "B") + end("E")
    body += boundary("X", "K", "conditional", "n == 2") + end("F")
    engine.deploy([model("caller", body, "S>K>B>E X>F"), CALLED], "own")
    tell("Go", payload={"n": 1})

    assert tell("A").outcome is Outcome.ACCEPTED

    caller = engine.history("own", "4711")[0]
    assert (caller.state, caller.end) == ("completed", "F")
    assert [(step.element, step.canceled) for step in caller.path] == [
        ("S", False),
        ("K", True),
        ("X", False),
        ("F", False),
    ]
