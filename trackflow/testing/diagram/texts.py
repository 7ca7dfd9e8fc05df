"""Labels: how wide a text is, and where its lines break. SVG itself breaks none."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from lxml import etree

from trackflow.testing.diagram.layout import Point
from trackflow.testing.diagram.svg import number, svg

SIZE = 11.5  # px
LINE = 14  # px between two lines
_SHARES = (("iljI.,:;'|!", 0.25), ("frt()[]-/ ", 0.33), ("mwMW@%—…", 0.86))  # of the size, in Helvetica
_UPPER, _WIDE, _OTHER = 0.69, 1.0, 0.55
# After a space, and within names as code has them: Order_Placed, order.paid, OrderPlaced.
_BREAKS = re.compile(r"\S+?(?:[_.\-/](?=\w)|(?<=[a-z])(?=[A-Z]))|\S+")


def width_of(text: str, size: float = SIZE) -> float:
    """About how wide a text is, in px."""
    return sum(map(_share, text)) * size


def lines_of(text: str, width: float, most: int = 6, size: float = SIZE) -> list[str]:
    """The text in lines of at most this width; with `…` if there would be too many."""
    lines: list[str] = [""]
    for part in _parts(text, width, size):
        if lines[-1] and width_of(lines[-1] + part.rstrip(), size) > width:
            lines.append("")
        lines[-1] += part
    lines = [line.rstrip() for line in lines if line.strip()]
    if len(lines) > most:
        lines[most - 1 :] = [f"{lines[most - 1][:-1]}…"]
    return lines


def label(
    lines: list[str], middle: Point, *, size: float = SIZE, anchor: str = "middle", style: str = "label"
) -> etree._Element:
    """Lines around a point."""
    text = svg("text", {"class": style, "text-anchor": anchor, "font-size": number(size)})
    step = LINE * size / SIZE
    first = middle.y - (len(lines) - 1) * step / 2 + size * 0.36
    for place, line in enumerate(lines):
        text.append(svg("tspan", {"x": number(middle.x), "y": number(first + place * step)}, line))
    return text


def _share(char: str) -> float:
    if unicodedata.east_asian_width(char) in "WF":
        return _WIDE
    for chars, share in _SHARES:
        if char in chars:
            return share
    return _UPPER if char.isupper() else _OTHER


def _parts(text: str, width: float, size: float) -> Iterator[str]:
    """What stays on one line, each with the space that follows it."""
    for word in text.split():
        parts = _BREAKS.findall(word)
        for place, part in enumerate(parts):
            end = " " if place == len(parts) - 1 else ""
            yield from _cut(part + end, width, size)


def _cut(part: str, width: float, size: float) -> Iterator[str]:
    """A part that is wider than a line, in pieces."""
    while width_of(part.rstrip(), size) > width and len(part.rstrip()) > 1:
        end = 1
        while width_of(part[: end + 1], size) <= width:
            end += 1
        yield part[:end]
        part = part[end:]
    yield part
