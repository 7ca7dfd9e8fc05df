"""The colours, for a light and a dark page: plain CSS classes, which every SVG reader knows.

Nobody needs to tell red from green: what never ran has no count, a heavier outline, and flows in dashes.
"""

from __future__ import annotations

from typing import NamedTuple


class _Colours(NamedTuple):
    page: str
    frame: str
    ink: str
    quiet: str  # of less weight
    pale: str  # the lines of what is not part of the executable process
    pale_fill: str
    taken: str
    taken_fill: str
    never: str
    never_fill: str


_LIGHT = _Colours(
    "#ffffff",
    "#d0d7de",
    "#1f2328",
    "#59636e",
    "#9aa4ae",
    "#f6f8fa",
    "#1a7f37",
    "#dafbe1",
    "#cf222e",
    "#ffebe9",
)
_DARK = _Colours(
    "#0d1117",
    "#30363d",
    "#e6edf3",
    "#9198a1",
    "#656d76",
    "#161b22",
    "#3fb950",
    "#12321c",
    "#f85149",
    "#3c1618",
)

_SHAPES = """
text { font-family: -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; }
.strong { font-weight: 600; }
.outside { paint-order: stroke; stroke-width: 3px; stroke-linejoin: round; }
.body, .ring, .line, .pool { stroke-width: 1.5; stroke-linejoin: round; stroke-linecap: round; }
.ring, .line { fill: none; }
.solid { stroke: none; }
.thick { stroke-width: 3.5; }
.line { vector-effect: non-scaling-stroke; stroke-width: 1.3; }
.flow { stroke-width: 1.8; }
.never > .flow { stroke-dasharray: 5 4; }
.never > .body { stroke-width: 2; }
.never > .thick { stroke-width: 4; }
.pane { fill-opacity: 0.3; }
.dashed { stroke-dasharray: 5 3.5; }
.dotted { stroke-dasharray: 1 4; }
.messages { stroke-dasharray: 7 5; }
.dots { stroke-dasharray: 0.5 4; }
.grouped { stroke-dasharray: 8 4 1 4; }
.count text { font-size: 9.5px; font-weight: 600; }
"""


def css() -> str:
    """The whole style sheet."""
    return f"{_SHAPES}{_rules(_LIGHT)}@media (prefers-color-scheme: dark) {{\n{_rules(_DARK)}}}\n"


def _rules(colours: _Colours) -> str:
    rules = [
        f".page {{ fill: {colours.page}; stroke: {colours.frame}; }}",
        f"text {{ fill: {colours.ink}; }}",
        f".outside {{ stroke: {colours.page}; stroke-opacity: 0.75; }}",
        f".quiet {{ fill: {colours.quiet}; }}",
        f".pool {{ fill: none; stroke: {colours.pale}; }}",
        f".count text {{ fill: {colours.page}; }}",
    ]
    for name, ink, fill in (
        ("taken", colours.taken, colours.taken_fill),
        ("never", colours.never, colours.never_fill),
        ("plain", colours.pale, colours.pale_fill),
    ):
        rules += [
            f".{name} .body {{ fill: {fill}; stroke: {ink}; }}",
            f".{name} .ring, .{name} .line {{ stroke: {ink}; }}",
            f".{name} .solid {{ fill: {ink}; }}",
            f".{name} .count rect {{ fill: {ink}; stroke: {colours.page}; }}",
        ]
    rules.append(f".plain .label {{ fill: {colours.quiet}; }}")
    return "".join(f"{rule}\n" for rule in rules)
