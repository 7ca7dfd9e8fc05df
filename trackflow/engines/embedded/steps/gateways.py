"""Gateways (BPMN 13.4), as the engine family runs them.

- A parallel join counts tokens, not the flows that they come over, and conditions on the flows of a parallel
  gateway mean nothing (`ParallelGatewayActivityBehavior`).
- An inclusive join looks whether another token can still come only when one arrives, not when one has gone
  elsewhere (`InclusiveGatewayActivityBehavior`).
"""

from __future__ import annotations

from trackflow.engines.embedded.models.process import Node
from trackflow.engines.embedded.steps.scopes import follow
from trackflow.engines.embedded.steps.state import Token
from trackflow.engines.embedded.steps.step import Step, stuck


def choose(step: Step, node: Node, visit: int, scope: int) -> None:
    """Exclusive: the first flow whose condition is true or that has none, else the default (BPMN 13.4.2)."""
    chosen = next(step.open(node.exits, scope), node.default)
    if chosen is None:
        stuck(node)
    step.left(visit)
    step.follow([chosen], scope)


def join(step: Step, node: Node, visit: int, scope: int) -> None:
    """Parallel: once a token has come for every incoming flow, one leaves over every flow (BPMN 13.4.1)."""
    arrived = _arrive(step, node, visit, scope)
    if len(arrived) == max(1, node.incoming):
        _depart(step, arrived)
        follow(step, [*node.exits, *([node.default] if node.default else [])], scope)


def merge(step: Step, node: Node, visit: int, scope: int) -> None:
    """Inclusive: once no other token can come, over every flow whose condition is true (BPMN 13.4.3)."""
    arrived = _arrive(step, node, visit, scope)
    if len(arrived) < node.incoming and _another_can_come(step, node, scope, arrived):
        return
    exits = step.exits(node, scope)
    if not exits:
        stuck(node)
    _depart(step, arrived)
    step.follow(exits, scope)


def _arrive(step: Step, node: Node, visit: int, scope: int) -> list[Token]:
    """The tokens at the gateway, with the one that has just come."""
    tokens = step.state.tokens
    tokens.append(Token(node.id, scope, visit))
    return [token for token in tokens if token.at == node.id and token.scope == scope]


def _depart(step: Step, tokens: list[Token]) -> None:
    for token in tokens:
        step.state.tokens.remove(token)
        step.left(token.visit)


def _another_can_come(step: Step, node: Node, scope: int, arrived: list[Token]) -> bool:
    """Whether a token in the scope, or in a subprocess in it, is where a way leads from to the gateway."""
    reach = step.process.reach[node.id]
    scopes = step.inside(scope)
    hosts = {each.id for each in step.state.scopes}  # what goes on inside of them counts, not they
    return any(move.scope in scopes and move.element in reach for move in step.moves()) or any(
        token.scope in scopes and token.at in reach and token.visit not in hosts and token not in arrived
        for token in step.state.tokens
    )
