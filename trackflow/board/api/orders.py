"""`/api/orders`: the list of orders as JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from trackflow.board.context import TheBoard
from trackflow.board.orders.asked import BY_PAYLOAD, PAGING, AskedOrders, documented, listing_of
from trackflow.board.security.people import Reader

router = APIRouter(prefix="/api/orders", tags=["orders"])


class _Answer(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True)


class ListedPlace(_Answer):
    """An element that is active."""

    element: str
    since: datetime
    late: bool = Field(description="It waits there longer than its limit")


class ListedOrder(_Answer):
    """An order as `track list --json` prints it, and where it is. Times are UTC."""

    business_key: str
    tenant: str
    state: str = Field(description="running, completed, terminated, waiting, refused or unknown")
    process: str | None = Field(description="Of its newest instance")
    version: int | None = Field(description="Of that process's model")
    instance_id: str | None
    awaiting: list[str] = Field(description="Events that would be accepted now")
    last_event: str
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    elements: list[ListedPlace]
    late: bool
    deviates: bool = Field(description="It did not follow its model")
    counts: dict[str, int] = Field(description="How many of its events have this outcome")


class Orders(_Answer):
    """A page of the list."""

    orders: list[ListedOrder]
    next: str | None = Field(description="Cursor of the next page; null at the end")
    previous: str | None = Field(description="Cursor of the page before")
    total: int | None = Field(description="How many there are, if that is kept; nobody counts for it")
    looked_back_to: datetime | None = Field(
        description="So far was looked, if that is why the page is not full; `next` looks on from there"
    )


@router.get(
    "",
    summary="Orders by filter",
    description="Page by page. As the projection shows them: a moment after the tracker knew." + BY_PAYLOAD,
    openapi_extra=documented(*PAGING),
)
def orders(board: TheBoard, _: Reader, asked: AskedOrders) -> Orders:
    """A page of them."""
    page = asked.page(board)
    found: dict[str, Any] = {
        "orders": [ListedOrder.model_validate(order.as_json()) for order in page.orders],
        "next": page.next and str(page.next),
        "previous": page.previous and str(page.previous),
        "total": listing_of(board).total(asked.filter),
        "looked_back_to": _moment(page.looked_to.value) if page.looked_to else None,
    }
    return Orders(**found)


def _moment(value: float | str) -> datetime | None:
    return None if isinstance(value, str) else datetime.fromtimestamp(value, UTC)
