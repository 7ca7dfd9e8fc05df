"""Reading and judging BPMN models: `read` a file, and find in the `Model` what it awaits and uses."""

from trackflow.bpmn.model import Element, Flow, Model
from trackflow.bpmn.reader import parse, read

__all__ = ["Element", "Flow", "Model", "parse", "read"]
