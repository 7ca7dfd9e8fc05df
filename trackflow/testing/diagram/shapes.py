"""The shapes of a diagram: events, activities, gateways, pools, lanes, data, texts."""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from trackflow.testing.diagram.icons import icon
from trackflow.testing.diagram.layout import Box, Point, Shape
from trackflow.testing.diagram.meaning import Meaning
from trackflow.testing.diagram.svg import number, path, svg
from trackflow.testing.diagram.texts import LINE, label, lines_of

_BAND = 30  # px: where a pool's or lane's name stands
_ICON = 24  # px: the height of a task's corner with its sign
_LABEL = 96  # px: the widest label below an event or gateway

Nodes = list[etree._Element]


def shape(drawn: Shape, meaning: Meaning) -> Nodes:
    """What shows one shape, its label included."""
    return _drawer(meaning)(drawn, meaning)


def _drawer(meaning: Meaning) -> Callable[[Shape, Meaning], Nodes]:
    kind = meaning.type
    if kind.endswith("Event"):
        return _event
    if kind.endswith("Gateway"):
        return _gateway
    if kind in ("participant", "lane"):
        return _pool
    if kind.startswith("data"):
        return _data
    return {"textAnnotation": _annotation, "group": _group}.get(kind, _activity)


def _event(drawn: Shape, meaning: Meaning) -> Nodes:
    box, kind = drawn.box, meaning.type
    middle, radius = box.centre, min(box.width, box.height) / 2
    style = "body dashed" if meaning.dashed else "body"
    nodes = [_circle(middle, radius, f"{style} thick" if kind == "endEvent" else style)]
    if kind not in ("startEvent", "endEvent"):
        nodes.append(_circle(middle, radius - 3.5, "ring dashed" if meaning.dashed else "ring"))
    if meaning.event:
        nodes.append(icon(meaning.event, middle, radius * 1.05, filled=meaning.throws))
    return nodes + _below(drawn, meaning)


def _gateway(drawn: Shape, meaning: Meaning) -> Nodes:
    box, middle = drawn.box, drawn.box.centre
    rim = f"M{_at(middle.x, box.y)}L{_at(box.x + box.width, middle.y)}"
    rim += f"L{_at(middle.x, box.y + box.height)}L{_at(box.x, middle.y)}Z"
    nodes = [path(rim, "body"), icon(meaning.type, middle, box.width * 0.46)]
    return nodes + _below(drawn, meaning)


def _activity(drawn: Shape, meaning: Meaning) -> Nodes:
    box = drawn.box
    style = "body thick" if meaning.type == "callActivity" else "body"
    if meaning.event_subprocess:
        style = "body dotted"
    open_inside = meaning.is_subprocess and drawn.expanded
    nodes = [_rectangle(box, 10, f"{style} pane" if open_inside else style)]
    if meaning.type == "transaction":
        nodes.append(_rectangle(box.grown(-3.5), 7, "ring"))
    has_icon = meaning.type.endswith("Task")
    if has_icon:
        corner = Point(box.x + 15, box.y + 14)
        nodes.append(icon(meaning.type, corner, 16, filled=meaning.type == "sendTask"))
    markers = [*meaning.markers]
    if meaning.type == "callActivity" or (meaning.is_subprocess and not drawn.expanded):
        markers.append("collapsed")
    nodes += _markers(box, markers)
    if open_inside:
        return nodes + _heading(box, meaning.name)
    return nodes + _inside(box, meaning.name, below_icon=has_icon)


def _pool(drawn: Shape, meaning: Meaning) -> Nodes:
    box = drawn.box
    nodes = [_rectangle(box, 2, "pool")]
    if meaning.empty:
        return nodes + _inside(box, meaning.name)
    if drawn.horizontal:
        band = Box(box.x, box.y, _BAND, box.height)
        name = label(lines_of(meaning.name, box.height - 10, 2), Point(0, 0))
        place = f"translate({_at(band.centre.x, band.centre.y)}) rotate(-90)"
        name = svg("g", {"transform": place}, [name])
    else:
        band = Box(box.x, box.y, box.width, _BAND)
        name = label(lines_of(meaning.name, box.width - 10, 2), band.centre)
    border = [_rectangle(band, 2, "pool")] if meaning.type == "participant" else []
    return [*nodes, *border, name]


def _data(drawn: Shape, meaning: Meaning) -> Nodes:
    box = drawn.box
    right, bottom = box.x + box.width, box.y + box.height
    if meaning.type.startswith("dataStore"):
        curve = box.height / 8
        top = f"C{_at(box.x, box.y - curve)} {_at(right, box.y - curve)} {_at(right, box.y + curve)}"
        lid = f"C{_at(right, box.y + 3 * curve)} {_at(box.x, box.y + 3 * curve)} {_at(box.x, box.y + curve)}"
        sides = f"V{number(bottom - curve)}C{_at(right, bottom + curve)} {_at(box.x, bottom + curve)} "
        rim = f"M{_at(box.x, box.y + curve)}{top}{sides}{_at(box.x, bottom - curve)}Z"
        rim += f"M{_at(right, box.y + curve)}{lid}"
    else:
        fold = min(box.width, box.height) / 3
        rim = f"M{_at(box.x, box.y)}H{number(right - fold)}L{_at(right, box.y + fold)}V{number(bottom)}"
        rim += f"H{number(box.x)}Z M{_at(right - fold, box.y)}v{number(fold)}h{number(fold)}"
    return [path(rim, "body"), *_below(drawn, meaning)]


def _annotation(drawn: Shape, meaning: Meaning) -> Nodes:
    box = drawn.box
    bracket = f"M{_at(box.x + 8, box.y)}H{number(box.x)}V{number(box.y + box.height)}h8"
    lines = lines_of(meaning.name, box.width - 10)
    return [path(bracket, "line"), label(lines, Point(box.x + 6, box.centre.y), anchor="start")]


def _group(drawn: Shape, _meaning: Meaning) -> Nodes:
    return [_rectangle(drawn.box, 10, "line grouped")]


def _markers(box: Box, markers: list[str]) -> Nodes:
    first = box.centre.x - (len(markers) - 1) * 9
    y = box.y + box.height - 10
    return [icon(name, Point(first + 18 * place, y), 13) for place, name in enumerate(markers)]


def _inside(box: Box, name: str, *, below_icon: bool = False) -> Nodes:
    most = max(1, int((box.height - 8) // LINE))
    lines = lines_of(name, box.width - 14, most)
    down = 9 if below_icon and len(lines) * LINE > box.height - 2 * _ICON else 0
    return [label(lines, Point(box.centre.x, box.centre.y + down))] if name else []


def _heading(box: Box, name: str) -> Nodes:
    lines = lines_of(name, box.width - 30, 1)
    return [label(lines, Point(box.centre.x, box.y + 14), style="label strong")] if name else []


def _below(drawn: Shape, meaning: Meaning) -> Nodes:
    """The label of something too small to hold it: where the file says, otherwise below."""
    if not meaning.name:
        return []
    place = drawn.label or drawn.below
    # By the modeler, which knows what lies around.
    is_broken = drawn.label is not None and place.height > 1.5 * LINE
    lines = lines_of(meaning.name, max(place.width * 1.2, _LABEL / 2) if is_broken else _LABEL, 4)
    return [label(lines, Point(place.centre.x, place.y + LINE * len(lines) / 2), style="label outside")]


def _circle(middle: Point, radius: float, style: str) -> etree._Element:
    place = {"cx": number(middle.x), "cy": number(middle.y), "r": number(max(radius, 0.5))}
    return svg("circle", {**place, "class": style})


def _rectangle(box: Box, corner: float, style: str) -> etree._Element:
    place = {"x": number(box.x), "y": number(box.y)}
    size = {"width": number(max(box.width, 1)), "height": number(max(box.height, 1)), "rx": number(corner)}
    return svg("rect", {**place, **size, "class": style})


def _at(x: float, y: float) -> str:
    return f"{number(x)},{number(y)}"
