"""BPMN engines: one port, two families (REST and embedded)."""
