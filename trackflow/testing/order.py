"""The order that a test is about."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import JsonValue

from trackflow.bpmn import Model
from trackflow.engines.answers import Instance, Step
from trackflow.projection.flows import flows_taken
from trackflow.testing.bench import Bench
from trackflow.testing.names import Names
from trackflow.tracking.orders import Event

Deliver = Callable[[str, str, JsonValue], None]  # event, business key, payload


class Order:
    """One order (claim, parcel, …), named by its business key.

    What is asked is asked of the engine and the ledger when it is asked; `expect(order)` says it in words.
    """

    def __init__(self, key: str, bench: Bench, names: Names, deliver: Deliver) -> None:
        self.key = key
        self.names = names
        self._bench = bench
        self._deliver = deliver

    def __repr__(self) -> str:
        return f"Order({self.key!r})"

    def gets(self, event: str, payload: JsonValue = None) -> Order:
        """Let an event of this order happen.

        Raises:
            ChoreographyError: nothing knows the event.
            MessageError: the payload is no JSON.
            What a service raised, where services run too.
        """
        __tracebackhide__ = True
        self._deliver(self.names.event(event), self.key, payload)
        return self

    @property
    def events(self) -> tuple[Event, ...]:
        """What happened to it, in the order of arrival but each after its cause, with the outcomes."""
        order = self._bench.queries.order(self.key)
        return order.events or () if order is not None else ()

    @property
    def instances(self) -> list[Instance]:
        """Its process instances, oldest first, with their paths."""
        return self._bench.engine.history(self._bench.tenant, self.key)

    @property
    def awaiting(self) -> set[str]:
        """Names of the events that its process takes now."""
        return {name for instance in self.instances for name in instance.awaiting}

    @property
    def active(self) -> set[str]:
        """Ids of the elements where it is."""
        return {element for instance in self.instances for element in instance.active}

    @property
    def path(self) -> list[Step]:
        """The elements that it entered, in that order."""
        return [step for instance in self.instances for step in instance.path]

    @property
    def flows(self) -> list[str]:
        """Ids of the sequence flows that it took, in that order."""
        return [
            flow.id
            for instance in self.instances
            for flow in flows_taken(instance.path, self._bench.model_of(instance))
        ]

    @property
    def has_ended(self) -> bool:
        """Whether it has had a process, and none of it runs any more."""
        instances = self.instances
        return bool(instances) and all(instance.ended for instance in instances)

    def model_of(self, instance: Instance) -> Model:
        """The model that one of its process instances is on."""
        return self._bench.model_of(instance)
