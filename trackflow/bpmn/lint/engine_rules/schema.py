"""Files that are not as the XML Schema of BPMN 2.0 has it: the family validates with it (`Parse.execute`).

The schema is OMG's, as Operaton ships it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from lxml import etree

from trackflow.bpmn.lint.finding import Finding, error
from trackflow.bpmn.lint.source import root_of
from trackflow.bpmn.model import Element, Flow, Model

REFUSED = error("refused-schema")

_FILE = Path(__file__).parents[2] / "schema" / "BPMN20.xsd"
_NAMESPACE = re.compile(r"\{[^}]*\}")
_MOST = 20  # faults of one file; what is wrong in one way often is so in many places


def invalid(model: Model) -> Iterator[Finding]:
    """What is where it must not be, by line."""
    schema, root = _schema(), root_of(model)
    if schema.validate(root):
        return
    prefixes = _prefixes(root)
    faults: Any = schema.error_log  # lxml-stubs know no iterator
    for fault in islice(faults, _MOST):
        words = f"no valid BPMN 2.0: {_in_short(fault.message)}"
        where = _around(model, root, fault.path, prefixes)
        yield (
            REFUSED.of(model, words, fault.line) if where is None else REFUSED.at(model, where, f"is {words}")
        )


def _prefixes(root: etree._Element) -> Mapping[str, str]:
    """The namespaces of the file by its own prefixes, in which the paths of faults are written."""
    return {
        prefix: namespace
        for node in root.iter(etree.Element)
        for prefix, namespace in node.nsmap.items()
        if prefix
    }


def _around(
    model: Model, root: etree._Element, path: str | None, prefixes: Mapping[str, str]
) -> Element | Flow | None:
    """The element or sequence flow that a fault is in."""
    found: Any = root.xpath(path, namespaces=prefixes) if path else []  # lxml-stubs know no nodes
    for node in [*found[:1], *(found[0].iterancestors() if found else ())]:
        id_ = node.get("id") or ""
        if where := model.elements.get(id_) or model.flows.get(id_):
            return where
    return None


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(_FILE), etree.XMLParser(no_network=True)))


def _in_short(message: str) -> str:
    words = " ".join(_NAMESPACE.sub("", message).split())
    return words if len(words) <= 200 else f"{words[:200]}…"
