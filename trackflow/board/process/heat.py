"""What `static/diagram.js` paints on a process: how warm its elements and flows are, and a word on each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from trackflow.board.process.words import AT_ONCE, difference, duration, percent
from trackflow.bpmn import Model
from trackflow.projection.comparison import Change, Comparison, ElementChange
from trackflow.projection.statistics import ElementFigures, Statistics

Show = Literal["often", "usual", "slow"]

# What people are shown on the diagram: its name, and what it means.
SHOWS: Mapping[Show, tuple[str, str]] = {
    "often": ("How often", "The stronger the colour, the more orders came here."),
    "usual": (
        "Usual time",
        "The stronger the colour, the longer orders usually stay: half of them stay shorter.",
    ),
    "slow": (
        "Slow orders",
        "The stronger the colour, the longer the slow orders stay: 95 % of all stay shorter.",
    ),
}
# The same where two selections are compared.
CHANGES: Mapping[Show, tuple[str, str]] = {
    "often": ("How often", "Orange: orders come here more often. Blue: less often."),
    "usual": ("Usual time", "Orange: orders usually stay longer. Blue: shorter."),
    "slow": ("Slow orders", "Orange: the slow orders stay longer. Blue: shorter."),
}
_LABEL: Mapping[Show, tuple[str, str]] = {
    "often": ("more often", "less often"),
    "usual": ("slower", "faster"),
    "slow": ("slower", "faster"),
}


def marks(figures: Statistics, model: Model | None, show: Show) -> dict[str, Any]:
    """The heat of one selection."""
    return _often(figures, model) if show == "often" else _times(figures, show)


def change_marks(differences: Comparison, model: Model | None, show: Show) -> dict[str, Any]:
    """The difference of two: heat from -1 (less, faster) to 1. What may well be the same has none."""
    more, less = _LABEL[show]
    of = _CHANGES[show]
    changes = {element: of(each) for element, each in differences.elements.items()}
    heat = {element: change.strength for element, change in changes.items() if not change.is_noise}
    if show == "often":
        ids = _flow_ids(model)
        for flow in differences.flows:
            if not flow.per_order.is_noise and (identity := ids.get((flow.source, flow.target))):
                heat[identity] = flow.per_order.strength
    return {
        "heat": heat,
        "labels": {
            element: difference(changes[element], more, less) for element in heat if element in changes
        },
        "legend": {"low": f"half or less: {less}", "high": f"double or more: {more}", "both": True},
    }


_CHANGES: Mapping[Show, Callable[[ElementChange], Change]] = {
    "often": lambda element: element.per_order,
    "usual": lambda element: element.p50,
    "slow": lambda element: element.p95,
}
_SECONDS: Mapping[Show, Callable[[ElementFigures], float | None]] = {
    "usual": lambda element: element.took.p50,
    "slow": lambda element: element.took.p95,
}


def _often(figures: Statistics, model: Model | None) -> dict[str, Any]:
    most = max((element.visits for element in figures.elements.values()), default=0)
    heat = {element.id: element.visits / most for element in figures.elements.values()}
    labels = {element.id: f"{element.visits:,}" for element in figures.elements.values()}
    ids = _flow_ids(model)
    left: dict[str, int] = {}
    for flow in figures.flows:
        left[flow.source] = left.get(flow.source, 0) + flow.number
    for flow in figures.flows:
        if (identity := ids.get((flow.source, flow.target))) is None:
            continue
        heat[identity] = min(1.0, flow.number / most) if most else 0.0
        if (
            model and len(model.elements[flow.source].outgoing) > 1
        ):  # where orders part, it is not plain to see
            labels[identity] = percent(flow.number / left[flow.source])
    return {"heat": heat, "labels": labels, "legend": {"low": "no order", "high": f"{most:,} visits"}}


def _times(figures: Statistics, show: Show) -> dict[str, Any]:
    of = _SECONDS[show]
    seconds = {
        element.id: value
        for element in figures.elements.values()
        if (value := of(element)) is not None and value >= AT_ONCE
    }
    most = max(seconds.values(), default=0.0)
    return {
        "heat": {element: value / most for element, value in seconds.items()},
        "labels": {element: duration(value) for element, value in seconds.items()},
        "legend": {"low": "at once", "high": duration(most)},
    }


def _flow_ids(model: Model | None) -> dict[tuple[str, str], str]:
    """Of two flows between the same elements nobody knows which one was taken: the first stands for both."""
    ids: dict[tuple[str, str], str] = {}
    for flow in model.flows.values() if model else ():
        ids.setdefault((flow.source, flow.target), flow.id)
    return ids
