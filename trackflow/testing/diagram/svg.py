"""Nodes of an SVG. They are built as XML, so whatever stands in a model's texts is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lxml import etree

NAMESPACE = "http://www.w3.org/2000/svg"
_NSMAP: Any = {None: NAMESPACE}  # lxml-stubs forbid the None


def svg(
    tag: str, attributes: Mapping[str, str] | None = None, content: str | list[etree._Element] = ""
) -> etree._Element:
    """A node with its attributes, and its text or children."""
    node = etree.Element(f"{{{NAMESPACE}}}{tag}", dict(attributes or {}), nsmap=_NSMAP)
    if isinstance(content, str):
        node.text = content or None
    else:
        node.extend(content)
    return node


def path(data: str, style: str) -> etree._Element:
    """A path of a style's class."""
    return svg("path", {"d": data, "class": style})


def number(value: float) -> str:
    """With two decimals at most, and no more than it needs."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
