"""Where a BPMN file's diagrams put things (BPMN 2.0, 12: diagram interchange), as plain values.

A file has one diagram, or several where a modeler draws the inside of a collapsed subprocess on a plane of
its own. What has no place (a shape without bounds, an edge with fewer than two points) is left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lxml import etree

from trackflow.bpmn.document import is_true

_DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
_DC = "{http://www.omg.org/spec/DD/20100524/DC}"
_DD = "{http://www.omg.org/spec/DD/20100524/DI}"
_SMALL = 60  # px: what is lower cannot hold its name
_FARTHEST = 1e6  # px; beyond it a picture is no use, and its numbers grow without end


class Point(NamedTuple):
    """In px, from the left and from the top."""

    x: float
    y: float


class Box(NamedTuple):
    """A rectangle, in px."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> Point:
        """Its middle."""
        return Point(self.x + self.width / 2, self.y + self.height / 2)

    def grown(self, by: float) -> Box:
        """The same with a margin; a negative one makes it smaller."""
        return Box(self.x - by, self.y - by, self.width + 2 * by, self.height + 2 * by)


class Shape(NamedTuple):
    """Anything with an area."""

    element: str  # the id of what it shows
    box: Box
    label: Box | None  # where its name stands, if the file says so
    horizontal: bool  # of a pool or lane
    expanded: bool  # of a subprocess: its inside is shown

    @property
    def below(self) -> Box:
        """Where the name of a small one stands if the file does not say."""
        x, y, width, height = self.box
        return Box(x, y + height + 4, width, 30 if height < _SMALL else 0)


class Edge(NamedTuple):
    """Anything that connects two others."""

    element: str
    points: tuple[Point, ...]
    label: Box | None


class Plane(NamedTuple):
    """One diagram. Shapes stand in the file's order: what holds others comes before them."""

    element: str  # the process, collaboration or subprocess that it shows
    shapes: tuple[Shape, ...]
    edges: tuple[Edge, ...]

    @property
    def box(self) -> Box:
        """What holds all of it."""
        boxes = [each.box for each in self.shapes]
        boxes += [each.label or each.below for each in self.shapes]
        boxes += [each.label for each in self.edges if each.label]
        points = [Point(box.x, box.y) for box in boxes]
        points += [Point(box.x + box.width, box.y + box.height) for box in boxes]
        points += [point for edge in self.edges for point in edge.points]
        left, top = min(point.x for point in points), min(point.y for point in points)
        right, bottom = max(point.x for point in points), max(point.y for point in points)
        return Box(left, top, right - left, bottom - top)


def planes(definitions: etree._Element) -> list[Plane]:
    """The diagrams of a file that show anything."""
    found = [_plane(node) for node in definitions.iter(f"{_DI}BPMNPlane")]
    return [plane for plane in found if plane.shapes]


def _plane(node: etree._Element) -> Plane:
    shapes = tuple(_shapes(node.iterfind(f"{_DI}BPMNShape")))
    return Plane(_shown(node), shapes, tuple(_edges(node.iterfind(f"{_DI}BPMNEdge"))))


def _shapes(nodes: Iterable[etree._Element]) -> Iterator[Shape]:
    for node in nodes:
        if (box := _box(node)) is not None:
            yield Shape(
                element=_shown(node),
                box=box,
                label=_label(node),
                horizontal=is_true(node.get("isHorizontal", "true")),
                expanded=is_true(node.get("isExpanded", "true")),
            )


def _edges(nodes: Iterable[etree._Element]) -> Iterator[Edge]:
    for node in nodes:
        found = [_point(point) for point in node.iterfind(f"{_DD}waypoint")]
        points = tuple(point for point in found if point is not None)
        if len(points) > 1:
            yield Edge(_shown(node), points, _label(node))


def _shown(node: etree._Element) -> str:
    return node.get("bpmnElement", "").rpartition(":")[2]


def _label(node: etree._Element) -> Box | None:
    label = node.find(f"{_DI}BPMNLabel")
    return None if label is None else _box(label)


def _box(node: etree._Element) -> Box | None:
    bounds = node.find(f"{_DC}Bounds")
    if bounds is None:
        return None
    values = [_number(bounds.get(name)) for name in ("x", "y", "width", "height")]
    x, y, width, height = values
    return None if None in values or width < 0 or height < 0 else Box(x, y, width, height)  # type: ignore


def _point(node: etree._Element) -> Point | None:
    x, y = _number(node.get("x")), _number(node.get("y"))
    return None if x is None or y is None else Point(x, y)


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) <= _FARTHEST else None
