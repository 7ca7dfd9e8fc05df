"""A model's file as XML again, for what is in no field of `Model`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from lxml import etree

from trackflow.bpmn import document
from trackflow.bpmn.document import BPMN
from trackflow.bpmn.model import Model


@lru_cache(maxsize=16)
def root_of(model: Model) -> etree._Element:
    """The file's root element, read once."""
    return document.definitions(model.source, model.file)


@lru_cache(maxsize=16)
def nodes_of(model: Model) -> Mapping[str, etree._Element]:
    """By id everything in the file that has one and is BPMN."""
    return {node.get("id", ""): node for node in root_of(model).iter(f"{BPMN}*") if node.get("id")}
