"""The same model and events on SpiffWorkflow, which is only measured against: Trackflow does not use it.

Its licence is the LGPL 3. `bench.engine.beside` says how to get it, and goes without it if it is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from SpiffWorkflow import version
from SpiffWorkflow.bpmn import BpmnEvent, BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import DEFAULT_CONFIG, BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.serializer.default.workflow import BpmnWorkflowConverter
from SpiffWorkflow.bpmn.specs.event_definitions import MessageEventDefinition

INSTALLED: str = version.__version__


class Spiff:
    """One process of a file, parsed once, and the messages that lead an instance to its end."""

    def __init__(self, model: Path, process: str, events: Sequence[str]) -> None:
        parser = BpmnParser()
        parser.add_bpmn_file(str(model))
        self._model = parser.get_spec(process)
        self._messages = [MessageEventDefinition(name) for name in events]
        self._whole = BpmnWorkflowSerializer()
        self._state_alone = _serializer_of_states(self._model)

    def in_memory(self) -> None:
        """One instance from start to end, never leaving Python."""
        workflow = self._new()
        for message in self._messages:
            _tell(workflow, message)
        _check_ended(workflow)

    def stored(self) -> None:
        """The same, read from JSON and written to it at every event, as its own `serialize_json` does."""
        self._stored(self._whole)

    def stored_without_model(self) -> None:
        """The same without the model in the JSON, which is then about as much as ours: its best case."""
        self._stored(self._state_alone)

    def _stored(self, serializer: BpmnWorkflowSerializer) -> None:
        text = None
        for message in self._messages:
            workflow = self._new() if text is None else serializer.deserialize_json(text)
            _tell(workflow, message)
            text = serializer.serialize_json(workflow)
        _check_ended(workflow)

    def _new(self) -> BpmnWorkflow:
        workflow = BpmnWorkflow(self._model)
        workflow.do_engine_steps()  # to its message start event, which waits as any other
        return workflow


def _tell(workflow: BpmnWorkflow, message: MessageEventDefinition) -> None:
    workflow.send_event(BpmnEvent(message))  # raises WorkflowException if nothing waits for it
    workflow.do_engine_steps()


def _check_ended(workflow: BpmnWorkflow) -> None:
    if not workflow.completed:
        raise RuntimeError("SpiffWorkflow's instance has not completed")


def _serializer_of_states(model: Any) -> BpmnWorkflowSerializer:
    """One whose JSON names no model: whoever reads it knows which one it is."""

    class StateConverter(BpmnWorkflowConverter):
        def to_dict(self, workflow: BpmnWorkflow) -> dict[str, Any]:
            return {
                **super(BpmnWorkflowConverter, self).to_dict(workflow),
                "subprocesses": self.mapping_to_dict(workflow.subprocesses),
                "bpmn_events": self.registry.convert(workflow.bpmn_events),
            }

        def from_dict(self, value: dict[str, Any]) -> BpmnWorkflow:
            return super().from_dict({**value, "spec": model})

    config = {**DEFAULT_CONFIG, BpmnWorkflow: StateConverter}
    return BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure(config))
