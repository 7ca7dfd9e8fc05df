"""The page: heading, legend, and every diagram of a model below each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from lxml import etree

from trackflow.bpmn import Model
from trackflow.bpmn.document import definitions
from trackflow.testing.diagram.edges import edge, middle_of
from trackflow.testing.diagram.layout import Plane, Point, planes
from trackflow.testing.diagram.meaning import NOTHING, Meaning, meanings
from trackflow.testing.diagram.shapes import shape
from trackflow.testing.diagram.style import css
from trackflow.testing.diagram.svg import number, svg
from trackflow.testing.diagram.texts import label, width_of

_MARGIN = 28  # px around all
_HEADING = 62  # px
_GAP = 36  # px between two diagrams
_LEGEND = (("plain", "not executable"), ("never", "never"), ("taken", "taken"))  # from the right
_SWATCH = 40  # px: a colour, and the space around it
_HOLDERS = frozenset({"participant", "lane", "group", "textAnnotation"})


class _Drawing(NamedTuple):
    """One thing on its way to the page."""

    behind: int  # what lies behind others is drawn first
    node: etree._Element


def drawn(model: Model, counts: Mapping[str, int], title: str, summary: str) -> str | None:
    """The model's diagram as an SVG; None if its file has none.

    Args:
        model: what is drawn, whatever its file shows around the executable process included.
        counts: by id of an element or flow, how often it ran; none of the others did.
        title: stands above.
        summary: stands below the title.
    """
    root = definitions(model.source, model.file)
    found = planes(root)
    if not found:
        return None
    things, counted = meanings(root), {id_: counts.get(id_, 0) for id_ in (*model.elements, *model.flows)}
    boxes = [plane.box.grown(8) for plane in found]  # a count stands out of its shape
    width = max(_heading_width(title, summary), *(box.width for box in boxes)) + 2 * _MARGIN
    parts, bottom = _heading(title, summary, width), _MARGIN + float(_HEADING)
    for plane, box in zip(found, boxes, strict=True):
        place = f"translate({number((width - box.width) / 2 - box.x)} {number(bottom - box.y)})"
        parts.append(svg("g", {"transform": place}, _nodes(plane, things, counted)))
        bottom += box.height + _GAP
    return _document(width, bottom - _GAP + _MARGIN, parts, f"{title}: {summary}")


def _nodes(plane: Plane, things: Mapping[str, Meaning], counts: Mapping[str, int]) -> list[etree._Element]:
    drawings = []
    for each in plane.shapes:
        meaning = things.get(each.element, NOTHING)
        behind = 0 if meaning.type in _HOLDERS or (meaning.is_subprocess and each.expanded) else 2
        corner = Point(each.box.x + each.box.width, each.box.y)
        if meaning.type.endswith(("Event", "Gateway")):
            corner = Point(corner.x - each.box.width * 0.12, corner.y + each.box.height * 0.12)
        drawings.append(_Drawing(behind, _thing(each.element, meaning, shape(each, meaning), corner, counts)))
    for each_edge in plane.edges:
        meaning = things.get(each_edge.element, NOTHING)
        nodes, middle = edge(each_edge, meaning), middle_of(each_edge.points)
        drawings.append(_Drawing(1, _thing(each_edge.element, meaning, nodes, middle, counts)))
    return [each.node for each in sorted(drawings, key=lambda drawing: drawing.behind)]


def _thing(
    identity: str,
    meaning: Meaning,
    nodes: list[etree._Element],
    at: Point,
    counts: Mapping[str, int],
) -> etree._Element:
    """One shape or edge with its colour, its count, and its tooltip."""
    count = counts.get(identity)
    style = "plain" if count is None else "taken" if count else "never"
    what = f"{meaning.name} ({identity})" if meaning.name else identity
    ran = "not part of the executable process" if count is None else f"{count:,} ×" if count else "never"
    tooltip = svg("title", content=f"{what}: {ran}")
    badge = [_count(f"{count:,}", at)] if count else []
    return svg("g", {"class": style, "data-element": identity}, [tooltip, *nodes, *badge])


def _count(text: str, at: Point) -> etree._Element:
    width = max(15.0, width_of(text, 9.5) + 8)
    box = {"x": number(at.x - width / 2), "y": number(at.y - 7.5), "width": number(width), "height": "15"}
    return svg("g", {"class": "count"}, [svg("rect", {**box, "rx": "7.5"}), label([text], at, size=9.5)])


def _heading_width(title: str, summary: str) -> float:
    legend = sum(width_of(words, 12) + _SWATCH for _, words in _LEGEND)
    # Nobody knows which font the reader has: some are wider.
    return max(width_of(title, 16) * 1.25 + legend, width_of(summary, 12) * 1.2)


def _heading(title: str, summary: str, width: float) -> list[etree._Element]:
    nodes = [
        label([title], Point(_MARGIN, _MARGIN + 8), size=16, anchor="start", style="strong"),
        label([summary], Point(_MARGIN, _MARGIN + 32), size=12, anchor="start", style="quiet"),
    ]
    x = width - _MARGIN
    for style, words in _LEGEND:
        x -= width_of(words, 12)
        nodes.append(label([words], Point(x, _MARGIN + 8), size=12, anchor="start", style="quiet"))
        swatch = {"x": number(x - 22), "y": number(_MARGIN + 1), "width": "16", "height": "14", "rx": "4"}
        nodes.append(svg("g", {"class": style}, [svg("rect", {**swatch, "class": "body"})]))
        x -= _SWATCH
    return nodes


def _document(width: float, height: float, nodes: list[etree._Element], title: str) -> str:
    size = {
        "width": number(width),
        "height": number(height),
        "viewBox": f"0 0 {number(width)} {number(height)}",
    }
    sheet = {"x": "0.5", "y": "0.5", "width": number(width - 1), "height": number(height - 1), "rx": "12"}
    head = [svg("title", content=title), svg("style", content=css()), svg("rect", {**sheet, "class": "page"})]
    root = svg("svg", {**size, "role": "img"}, [*head, *nodes])
    return etree.tostring(root, encoding="unicode", pretty_print=False)
