"""The Camunda 7 family of BPMN engines (Operaton, Camunda 7, CIB seven), told and asked over its REST API."""

from trackflow.engines.camunda.engine import CamundaEngine

__all__ = ["CamundaEngine"]
