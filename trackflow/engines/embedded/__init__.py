"""Our own BPMN engine: no server, its state in the ledger's database, exactly once with no protocol.

`process` makes a model ready to run, `interpreter` takes one step, `state` is what a step changes, `store`
keeps it, `engine` answers the port's questions.
"""

from trackflow.engines.embedded.engine import EmbeddedEngine
from trackflow.engines.embedded.store import create_tables

__all__ = ["EmbeddedEngine", "create_tables"]
