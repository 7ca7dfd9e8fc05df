"""Files that are not as the XML Schema of BPMN 2.0 has it: the family validates with it (`Parse.execute`).

The schema is OMG's, as Operaton ships it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from lxml import etree

from trackflow.bpmn.lint.finding import Finding, error
from trackflow.bpmn.lint.source import root_of
from trackflow.bpmn.model import Model

REFUSED = error("refused-schema")

_FILE = Path(__file__).parents[2] / "schema" / "BPMN20.xsd"
_NAMESPACE = re.compile(r"\{[^}]*\}")
_MOST = 20  # faults of one file; what is wrong in one way often is so in many places


def invalid(model: Model) -> Iterator[Finding]:
    """What is where it must not be, by line."""
    schema = _schema()
    if schema.validate(root_of(model)):
        return
    faults: Any = schema.error_log  # lxml-stubs know no iterator
    for fault in islice(faults, _MOST):
        yield REFUSED.of(model, f"no valid BPMN 2.0: {_in_short(fault.message)}", fault.line)


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(_FILE), etree.XMLParser(no_network=True)))


def _in_short(message: str) -> str:
    words = " ".join(_NAMESPACE.sub("", message).split())
    return words if len(words) <= 200 else f"{words[:200]}…"
