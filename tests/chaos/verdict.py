"""Compares broker, engine and ledger: what was lost, doubled or stuck, and on what they disagree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from tests.chaos.evidence import Evidence, Instance, Recorded
from tests.chaos.orders import Orders
from trackflow.tracking.tables import OPEN, Outcome

# The model's elements, each of which an order passes once.
ACTIVITIES = ("order_placed", "payment_done", "goods_fetched", "goods_shipped", "order_fulfilled")
_REPAIRED = "it had started "  # the ledger's words when twins were ended
_WORDS = {True: "all done", False: "not done"}


@dataclass
class Verdict:
    """Each finding is one line that begins with the business key."""

    orders: int
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    disagreements: list[str] = field(default_factory=list)
    repairs: list[str] = field(default_factory=list)
    deliveries: int = 0

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.stuck or self.disagreements)


def judge(orders: Orders, published: Collection[str], evidence: Evidence) -> Verdict:
    """All orders must be done once, and the business keys of all must have been published."""
    verdict = Verdict(orders.count)
    for key in orders.keys:
        if key in published:
            _judge_order(verdict, orders, key, evidence)
        else:
            verdict.lost.append(f"{key}: not published")
    strangers = {*evidence.events, *evidence.instances} - {*orders.keys}
    verdict.disagreements += [f"{key}: nobody ordered it" for key in sorted(strangers)]
    verdict.stuck += [f"{key}: its case is claimed" for key in sorted(evidence.claimed)]
    verdict.stuck += [
        f"queue {queue}: {count} messages" for queue, count in evidence.messages.items() if count
    ]
    return verdict


def _judge_order(verdict: Verdict, orders: Orders, key: str, evidence: Evidence) -> None:
    wanted = {event.id: event.event for event in orders.events(key)}
    in_ledger = _judge_events(verdict, key, wanted, evidence.events.get(key, []))
    on_engine = _judge_instances(verdict, key, evidence.instances.get(key, []))
    if in_ledger != on_engine:
        verdict.disagreements.append(f"{key}: ledger {_WORDS[in_ledger]}, engine {_WORDS[on_engine]}")


def _judge_events(
    verdict: Verdict, key: str, wanted: Mapping[str, str], recorded: Sequence[Recorded]
) -> bool:
    """Whether the ledger has exactly the order's events, all of them correlated."""
    found = {event.id: event for event in recorded}
    for identity, name in wanted.items():
        event = found.get(identity)
        if event is None:
            verdict.lost.append(f"{key}: {name} is not in the ledger")
        elif event.outcome in OPEN:
            verdict.stuck.append(f"{key}: {name} is {event.outcome}: {event.reason}")
        elif event.outcome != Outcome.CORRELATED:
            verdict.lost.append(f"{key}: {name} is {event.outcome}: {event.reason}")
    others = [event for event in recorded if event.id not in wanted]
    verdict.doubled += [f"{key}: {event.name} has another id, {event.id}" for event in others]
    reasons = [event.reason or "" for event in recorded]
    verdict.repairs += [f"{key}: {reason}" for reason in reasons if reason.startswith(_REPAIRED)]
    verdict.deliveries += sum(event.deliveries for event in recorded)
    return found.keys() == wanted.keys() and all(e.outcome == Outcome.CORRELATED for e in recorded)


def _judge_instances(verdict: Verdict, key: str, instances: Sequence[Instance]) -> bool:
    """Whether the engine has exactly one instance, which has passed every element once.

    Twins that the tracker has ended were repaired, and are counted there.
    """
    alive = [instance for instance in instances if not instance.state.endswith("TERMINATED")]
    if not alive:
        verdict.lost.append(f"{key}: no instance on the engine")
        return False
    if len(alive) > 1:
        verdict.doubled.append(f"{key}: {len(alive)} instances: {', '.join(each.state for each in alive)}")
        return False
    passed = alive[0].activities
    if alive[0].state != "COMPLETED":
        verdict.stuck.append(f"{key}: its instance is {alive[0].state} after {', '.join(passed)}")
        return False
    if passed != Counter(ACTIVITIES):
        kind = verdict.doubled if passed > Counter(ACTIVITIES) else verdict.lost
        kind.append(f"{key}: its instance passed {dict(passed)}")
        return False
    return True
