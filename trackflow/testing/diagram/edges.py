"""The lines of a diagram: flows with their arrows, message flows, associations."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise

from lxml import etree

from trackflow.testing.diagram.layout import Box, Edge, Point
from trackflow.testing.diagram.meaning import Meaning
from trackflow.testing.diagram.svg import number, path, svg
from trackflow.testing.diagram.texts import LINE, SIZE, label, lines_of, width_of

_Frame = tuple[Point, Point, Point]  # a point of a line, and the unit vectors along and across the line
_CORNER = 6.0  # px: the radius of a bend
_ARROW = 9.0  # px: an arrow's length
_LABEL = 110  # px: the widest label


def edge(drawn: Edge, meaning: Meaning) -> list[etree._Element]:
    """What shows one edge, its label included."""
    if meaning.type == "messageFlow":
        points = drawn.points
        line = [path(_rounded(points), "line messages"), _start(points), _arrow(points, "body")]
    elif meaning.type == "sequenceFlow":
        line = _sequence_flow(drawn, meaning)
    else:
        line = [path(_rounded(drawn.points), "line dots")]
    return line + _name(drawn, meaning.name)


def middle_of(points: tuple[Point, ...]) -> Point:
    """The middle of the longest straight part."""
    first, last = max(pairwise(points), key=lambda ends: math.dist(*ends))
    return Point((first.x + last.x) / 2, (first.y + last.y) / 2)


def _sequence_flow(drawn: Edge, meaning: Meaning) -> list[etree._Element]:
    points = drawn.points
    nodes = [path(_rounded(_shortened(points)), "line flow"), _arrow(points, "solid")]
    if meaning.is_default:
        frame = _along(points, 11)
        nodes.append(path(f"M{_within(frame, -3, -5)}L{_within(frame, 3, 5)}", "line"))
    if meaning.conditional:
        nodes.append(path(_polygon(_along(points, 0), [(0, 0), (8, -4.5), (16, 0), (8, 4.5)]), "body"))
    return nodes


def _rounded(points: tuple[Point, ...]) -> str:
    """A path through the points, with round bends."""
    data = f"M{_at(points[0])}"
    for before, bend, after in zip(points, points[1:], points[2:], strict=False):
        radius = min(_CORNER, math.dist(before, bend) / 2, math.dist(bend, after) / 2)
        data += f"L{_at(_towards(bend, before, radius))}Q{_at(bend)} {_at(_towards(bend, after, radius))}"
    return f"{data}L{_at(points[-1])}"


def _shortened(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """The line ends where its arrow begins, so that it does not show beside the point."""
    return (*points[:-1], _towards(points[-1], points[-2], min(_ARROW - 1, math.dist(*points[-2:]) / 2)))


def _arrow(points: tuple[Point, ...], style: str) -> etree._Element:
    frame = _along(points[::-1], 0)
    corners = [(_ARROW, -_ARROW * 0.42), (0, 0), (_ARROW, _ARROW * 0.42)]
    return path(_polygon(frame, corners), style)


def _start(points: tuple[Point, ...]) -> etree._Element:
    at = _towards(points[0], points[1], 3.5)
    return svg("circle", {"cx": number(at.x), "cy": number(at.y), "r": "3.5", "class": "body"})


def _name(drawn: Edge, name: str) -> list[etree._Element]:
    if not name:
        return []
    place = drawn.label
    lines = lines_of(name, max(place.width if place else 0, _LABEL), 3)
    if place is None:
        at = middle_of(drawn.points)
        half = max(map(width_of, lines)) / 2
        place = Box(at.x - half, at.y - LINE * len(lines) - 4, 2 * half, LINE * len(lines))
    at = Point(place.centre.x, place.y + LINE * len(lines) / 2)
    return [label(lines, at, size=SIZE - 0.5, style="label outside")]


def _along(points: tuple[Point, ...], distance: float) -> _Frame:
    """A point so far along the line, with the unit vectors along it and across it."""
    first, second = points[0], points[1]
    length = math.dist(first, second) or 1.0
    along = Point((second.x - first.x) / length, (second.y - first.y) / length)
    at = Point(first.x + along.x * distance, first.y + along.y * distance)
    return at, along, Point(-along.y, along.x)


def _polygon(frame: _Frame, corners: Iterable[tuple[float, float]]) -> str:
    return f"M{'L'.join(_within(frame, *corner) for corner in corners)}Z"


def _within(frame: _Frame, forth: float, aside: float) -> str:
    at, along, across = frame
    x = at.x + along.x * forth + across.x * aside
    y = at.y + along.y * forth + across.y * aside
    return _at(Point(x, y))


def _towards(start: Point, end: Point, distance: float) -> Point:
    length = math.dist(start, end) or 1.0
    return Point(
        start.x + (end.x - start.x) / length * distance, start.y + (end.y - start.y) / length * distance
    )


def _at(point: Point) -> str:
    return f"{number(point.x)},{number(point.y)}"
