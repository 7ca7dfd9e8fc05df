"""The URLs of a process's page: everything that is chosen stands in them, so that each view can be shared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from trackflow.board.process.selections import Selection
from trackflow.projection.period import Period

_COMPARED = ("compare", "other_from", "other_to", "other_version")
_CHOSEN = ("period", "from", "to")


class Links:
    """Of the page as it is, and with something else chosen."""

    def __init__(
        self,
        process: str,
        selected: Selection,
        other: Selection | None,
        compare: str | None,
        show: str | None,
        sort: str | None,
    ) -> None:
        self.parameters = _given(
            {
                "id": process,
                **selected.parameters,
                "compare": compare,
                **({} if compare or other is None else _prefixed(other)),
                "show": show,
                "sort": sort,
            }
        )

    def to(self, **changed: Any) -> str:
        """The page with some parameters changed; None takes one away."""
        return f"/process?{urlencode(_given({**self.parameters, **changed}))}"

    def preset(self, name: str) -> str:
        """The page of another period. What it is compared with is the time before it, or another version."""
        return self.to(**dict.fromkeys((*_CHOSEN, "other_from", "other_to")) | {"period": name})

    def period(self, period: Period) -> str:
        """The same."""
        first, last = period.moments
        return self.to(**dict.fromkeys((*_CHOSEN, "other_from", "other_to")) | {"from": first, "to": last})

    def against(self, **chosen: Any) -> str:
        """The page with another comparison, or with none."""
        return self.to(**dict.fromkeys(_COMPARED) | chosen)

    def fields(self, *chosen: str) -> list[tuple[str, str]]:
        """Hidden fields of a form in which people choose the other parameters."""
        return [(name, value) for name, value in self.parameters.items() if name not in chosen]


def _prefixed(other: Selection) -> dict[str, Any]:
    return {"other_version": other.version} | {
        f"other_{name}": value for name, value in other.moments.items()
    }


def _given(parameters: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in parameters.items() if value is not None}
