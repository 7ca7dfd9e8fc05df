"""The signs of BPMN (BPMN 2.0, 7 and 10), each a path in a square from -10 to 10.

`_OUTLINES` are the catching and plain ones; of the throwing ones the same path is filled.
"""

from __future__ import annotations

import math

from lxml import etree

from trackflow.testing.diagram.layout import Point
from trackflow.testing.diagram.svg import number, svg


def _circle(radius: float, x: float = 0, y: float = 0) -> str:
    return (
        f"M{x - radius},{y}a{radius},{radius} 0 1,0 {2 * radius},0a{radius},{radius} 0 1,0 {-2 * radius},0Z"
    )


def _polygon(corners: int, radius: float) -> str:
    angles = [2 * math.pi * corner / corners - math.pi / 2 for corner in range(corners)]
    points = [f"{number(radius * math.cos(angle))},{number(radius * math.sin(angle))}" for angle in angles]
    return f"M{'L'.join(points)}Z"


def _gear(teeth: int = 8) -> str:
    points = []
    for tooth in range(teeth):
        for share, radius in ((-0.36, 6.6), (-0.22, 9.5), (0.22, 9.5), (0.36, 6.6)):
            angle = 2 * math.pi * (tooth + share) / teeth
            points.append(f"{number(radius * math.cos(angle))},{number(radius * math.sin(angle))}")
    return f"M{'L'.join(points)}Z{_circle(3)}"


_TICKS = "".join(
    f"M{number(7 * math.cos(angle))},{number(7 * math.sin(angle))}"
    f"L{number(9 * math.cos(angle))},{number(9 * math.sin(angle))}"
    for angle in (math.pi * hour / 6 for hour in range(12))
)
_ENVELOPE = "M-10,-7H10V7H-10Z M-10,-7L0,1.5L10,-7"
_PLUS = "M-2.6,-9H2.6V-2.6H9V2.6H2.6V9H-2.6V2.6H-9V-2.6H-2.6Z"
_CROSS = "M-9,-6.5L-6.5,-9L0,-2.5L6.5,-9L9,-6.5L2.5,0L9,6.5L6.5,9L0,2.5L-6.5,9L-9,6.5L-2.5,0Z"

_OUTLINES = {
    "message": _ENVELOPE,
    "timer": f"{_circle(10)}{_TICKS}M0,0L1.5,-7M0,0L5.5,2",
    "signal": "M0,-9.5L9.5,7.5H-9.5Z",
    "escalation": "M0,-10L7.5,9.5L0,1.5L-7.5,9.5Z",
    "error": "M-8.5,9L-4,-8L3,1.5L8.5,-9L4,7.5L-3,-2Z",
    "compensate": "M-9.5,0L0,-7V7ZM0,0L9.5,-7V7Z",
    "conditional": "M-7.5,-9.5H7.5V9.5H-7.5Z M-5,-5.5H5 M-5,-1.8H5 M-5,1.8H5 M-5,5.5H5",
    "link": "M-9.5,-4H1.5V-8.5L10,0L1.5,8.5V4H-9.5Z",
    "cancel": _CROSS,
    "multiple": _polygon(5, 10),
    "parallelMultiple": _PLUS,
    "terminate": _circle(10),
    # Gateways
    "exclusiveGateway": "M-7.5,-9H-3.8L0,-2.8L3.8,-9H7.5L2,0L7.5,9H3.8L0,2.8L-3.8,9H-7.5L-2,0Z",
    "parallelGateway": _PLUS,
    "inclusiveGateway": _circle(9),
    "complexGateway": "M0,-10V10M-10,0H10M-7,-7L7,7M7,-7L-7,7",
    "eventBasedGateway": f"{_circle(10)}{_circle(8)}{_polygon(5, 5)}",
    # Tasks
    "receiveTask": _ENVELOPE,
    "sendTask": _ENVELOPE,
    "serviceTask": _gear(),
    "userTask": f"{_circle(4.2, 0, -4.8)}M-9,9V6C-9,2.5 -5,0.6 -2.5,0.4H2.5C5,0.6 9,2.5 9,6V9Z",
    "manualTask": "M-10,-1L-3,-7.5H1L-2,-4H9.5V-1H2H9.5V2H2H8.5V5H2H7V8H-6L-10,5Z",
    "scriptTask": "M-5,-10H9C4,-5 11,1 5,10H-9C-3,2 -10,-4 -5,-10ZM-4,-5.5H4M-3,0H5.5M-4.5,5.5H3.5",
    "businessRuleTask": "M-10,-8H10V8H-10ZM-10,-3.5H10M-10,2.3H10M-3.5,-3.5V8",
    # Markers of activities
    "parallel": "M-5,-8V8M0,-8V8M5,-8V8",
    "sequential": "M-8,-5H8M-8,0H8M-8,5H8",
    "loop": "M-4,7.5A8.5,8.5 0 1,1 2,8.2M-4,7.5L-3.5,2.5M-4,7.5L-9,7.5",
    "adHoc": "M-9,2C-6,-6 -3,-4 0,0C3,4 6,5 9,-2",
    "collapsed": "M-9,-9H9V9H-9ZM0,-6V6M-6,0H6",
}
_ALWAYS_FILLED = frozenset({"terminate", "exclusiveGateway", "parallelGateway"})


def icon(name: str, middle: Point, size: float, *, filled: bool = False) -> etree._Element:
    """A sign of so many px around a point; nothing is drawn for a name that has none."""
    place = f"translate({number(middle.x)} {number(middle.y)}) scale({number(size / 20)})"
    style = "solid" if filled or name in _ALWAYS_FILLED else "line"
    data = _OUTLINES.get(name)
    return svg("g", {"transform": place}, [svg("path", {"d": data, "class": style})] if data else [])
