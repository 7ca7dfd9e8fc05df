"""What a session covered: lines for the terminal, and a coloured diagram of each model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from trackflow.bpmn import Element, Flow
from trackflow.testing.coverage import Coverage, Covered, Share
from trackflow.testing.diagram import drawn
from trackflow.words import joined


class Line(NamedTuple):
    """One line of the terminal's report."""

    text: str
    markup: Mapping[str, bool]  # as pytest's terminal writer takes it


_PLAIN: Mapping[str, bool] = {}
_GOOD, _BAD, _MISSING = {"green": True}, {"yellow": True}, {"red": True}


class Report(NamedTuple):
    """All that is said at the end of a session, and whether that fails it."""

    lines: list[Line]
    failed: bool


def report(coverage: Coverage, folder: Path | None, least: float | None) -> Report:
    """The table; the diagrams, if there is a folder for them; and whether so many per cent were taken."""
    said, failed = list(lines(coverage)), False
    if folder is not None:
        try:
            said += draw(coverage, folder)
        except OSError as exc:
            said.append(Line(f"FAILED: cannot draw into {folder}: {exc.strerror or exc}", _MISSING))
            failed = True
    if least is not None and coverage.total.percent < least:
        words = f"FAILED: {coverage.total.percent:.2f} % of the models taken, {least:g} % wanted"
        said.append(Line(words, _MISSING))
        failed = True
    return Report(said, failed)


def lines(coverage: Coverage) -> Iterator[Line]:
    """The table: each model with its shares, and what never ran by its id and label."""
    if not coverage:
        yield Line("no test has run a model", _MISSING)
        return
    width = max(len("total"), *(len(each.file) for each in coverage))
    yield Line(f"{'model':{width}}  {'elements':>17}  {'flows':>17}  {'both':>6}", {"bold": True})
    elements, flows = Share(0, 0), Share(0, 0)
    for each in coverage:
        elements, flows = elements + each.elements, flows + each.flows
        yield _row(each.file, width, each.elements, each.flows)
        yield from _never("never entered", each, each.model.elements)
        yield from _never("never taken", each, each.model.flows)
    yield _row("total", width, elements, flows)


def picture_of(covered: Covered) -> str | None:
    """The model's diagram as an SVG, with its shares; None if its file has none."""
    elements, flows = covered.elements, covered.flows
    summary = (
        f"{_printable(covered.file)} · elements {elements} ({elements.done} of {elements.total})"
        f" · flows {flows} ({flows.done} of {flows.total})"
    )
    return drawn(covered.model, covered.counts, covered.model.name or covered.model.process, summary)


def draw(coverage: Coverage, folder: Path) -> Iterator[Line]:
    """Write each model's diagram into the folder; says which file is which. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    taken = Counter[str]()
    for each in coverage:
        stem = Path(each.file).stem
        taken[stem] += 1
        file = folder / (f"{stem}.svg" if taken[stem] == 1 else f"{stem}-{taken[stem]}.svg")
        picture = picture_of(each)
        if picture is None:
            yield Line(f"{each.file} has no diagram to colour (no BPMN DI)", _BAD)
        else:
            file.write_text(picture, encoding="utf-8")
            yield Line(f"{each.file} → {file}", _PLAIN)


def _row(what: str, width: int, elements: Share, flows: Share) -> Line:
    both = elements + flows
    text = f"{what:{width}}  {_cell(elements)}  {_cell(flows)}  {both!s:>6}"
    return Line(text, _GOOD if both.done == both.total else _BAD)


def _cell(share: Share) -> str:
    return f"{f'{share.done} of {share.total}':>10} {share!s:>6}"


def _never(what: str, covered: Covered, parts: Mapping[str, Element] | Mapping[str, Flow]) -> Iterator[Line]:
    for place, part in enumerate(covered.never(parts)):
        yield Line(f"  {'' if place else what:13}  {_named(part)}", _MISSING)


def _named(part: Element | Flow) -> str:
    label = _printable(part.name or "")
    if isinstance(part, Flow):
        way = f"{part.source} → {part.target}"
        return f"{part.id} ({joined(filter(None, [label, way]))})"
    return f"{part.id} ({label})" if label else part.id


def _printable(text: str) -> str:
    """On one line, with nothing that a terminal would take for an order."""
    return "".join(char if char.isprintable() else "?" for char in " ".join(text.split()))
