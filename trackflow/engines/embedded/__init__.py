"""Our own BPMN engine: no server, its state in the ledger's database, exactly once with no protocol.

`models` makes a model ready to run, `steps` takes one step, which is a pure function. Around them: `telling`
(what an event or a timer does to the instances of one order), `runs` and `reached` (the instances that a step
reads and writes), `deployments` and `versions`, `migration`, `store` (tables and statements), `report` (what
people see), and `engine`, which answers the port's questions.
"""

from trackflow.engines.embedded.engine import EmbeddedEngine
from trackflow.engines.embedded.store import create_tables

__all__ = ["EmbeddedEngine", "create_tables"]
