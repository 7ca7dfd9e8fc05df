"""Which orders a request asks for, and how: with the same words at the page, the API and the export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends
from starlette.requests import Request

from trackflow.board.context import Board, TheBoard
from trackflow.errors import FilterError
from trackflow.projection.cursor import NEWEST, SORTS, Cursor, Sorting
from trackflow.projection.export import Exporter
from trackflow.projection.filters import Filter
from trackflow.projection.listing import Listing
from trackflow.projection.look import MOST, Page
from trackflow.projection.parameters import PARAMETERS

ROWS = 50  # of a page
BY_PAYLOAD = """

Fields of payloads are parameters too: `payload.amount=150`, `payload.customer.city=Bern`. Some event of the
order has them all. A value finds the number, the word (`true`, `false`, `null`) and the string that are
written so. Masked fields are refused: asking often enough would tell their values.
"""
_OTHERS = ("sort", "cursor", "limit")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a URL asks for.

    Attributes:
        sorting: as it is given; without, the most useful for the filter.
        cursor: where the list goes on.
        limit: orders of a page.
    """

    filter: Filter
    sorting: Sorting
    cursor: Cursor | None = None
    limit: int = ROWS

    @classmethod
    def of(cls, parameters: Sequence[tuple[str, str]], board: Board) -> Asked:
        """Of the parameters of a URL. Raises FilterError."""
        wanted = Filter.of(parameters, board.mask, _OTHERS)
        others = {name: text for name, text in parameters if name in _OTHERS and text}
        sorting = Sorting.of(others.get("sort") or _usual(wanted))
        cursor = Cursor.of(others["cursor"], sorting) if "cursor" in others else None
        return cls(wanted, sorting, cursor, _limit(others.get("limit")))

    def url(self, path: str, **others: object) -> str:
        """The same filter and sorting at a path."""
        limit = [] if self.limit == ROWS else [("limit", str(self.limit))]
        pairs = [*self.filter.pairs, *self._sort(self.sorting), *limit]
        return _url(path, [*pairs, *((name, str(value)) for name, value in others.items())])

    @property
    def sorts(self) -> dict[str, str]:
        """The URL of the page for each way to sort."""
        return {sort: _url("/orders", [*self.filter.pairs, *self._sort(Sorting.of(sort))]) for sort in _WAYS}

    def page(self, board: Board) -> Page:
        """The page that is asked for. Raises LedgerError, FilterError."""
        return listing_of(board).page(self.filter, self.sorting, self.cursor, self.limit)

    def _sort(self, sorting: Sorting) -> list[tuple[str, str]]:
        return [] if str(sorting) == _usual(self.filter) else [("sort", str(sorting))]


def asked(request: Request, board: TheBoard) -> Asked:
    """What a request asks for. Raises FilterError."""
    return Asked.of(request.query_params.multi_items(), board)


def wanted(request: Request, board: TheBoard) -> Filter:
    """The filter of a request that has no pages. Raises FilterError."""
    return Filter.of(request.query_params.multi_items(), board.mask)


AskedOrders = Annotated[Asked, Depends(asked)]
WantedOrders = Annotated[Filter, Depends(wanted)]


def listing_of(board: Board) -> Listing:
    """Lists the board's orders. Raises LedgerError."""
    board.projector.opened()  # the tables exist then
    return Listing(board.trackflow.ledger, board.trackflow.settings.tenant)


def exporter_of(board: Board) -> Exporter:
    """Reads the board's orders with their events. Raises LedgerError."""
    board.projector.opened()
    return Exporter(board.trackflow.ledger, board.trackflow.settings.tenant, board.mask)


def documented(*others: Mapping[str, Any]) -> dict[str, Any]:
    """The filter's parameters for the OpenAPI, and some others.

    OpenAPI has no words for fields of payloads: whoever has them writes them in the operation's description.
    """
    found = [
        {
            "name": name,
            "in": "query",
            "description": parameter.says,
            "schema": {"type": "array", "items": parameter.schema} if parameter.many else parameter.schema,
        }
        for name, parameter in PARAMETERS.items()
    ]
    return {"parameters": [*found, *others]}


_WAYS = tuple(sign + sort for sort in SORTS for sign in ("", "-"))
PAGING: tuple[Mapping[str, Any], ...] = (
    {
        "name": "sort",
        "in": "query",
        "description": "`-` before it: the last first. `since`, when it came to it, needs `element`. "
        "Without it: by `key` if the business key's beginning is given, by `since` if the element is, else "
        "`-started`.",
        "schema": {"type": "string", "enum": list(_WAYS)},
    },
    {
        "name": "cursor",
        "in": "query",
        "description": "`next` of the page before; the other parameters must be the same.",
        "schema": {"type": "string", "maxLength": 1000},
    },
    {
        "name": "limit",
        "in": "query",
        "description": "Orders of a page.",
        "schema": {"type": "integer", "minimum": 1, "maximum": MOST, "default": ROWS},
    },
)


def _usual(wanted: Filter) -> str:
    if wanted.element is not None:
        return "since"  # who waits longest is who has a problem
    return "key" if wanted.key is not None else NEWEST


def _limit(text: str | None) -> int:
    if text is None:
        return ROWS
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= MOST):
        raise FilterError(f"limit={text[:80]!r}: should be a whole number from 1 to {MOST}")
    return int(text)


def _url(path: str, pairs: Sequence[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(pairs)}" if pairs else path
