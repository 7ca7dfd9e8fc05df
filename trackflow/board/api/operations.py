"""`/api/operations`: work that takes longer than a request."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from trackflow.board.context import TheBoard
from trackflow.board.repair.operations import Kind, State, operation_of
from trackflow.board.security.people import Operator, Reader

router = APIRouter(prefix="/api/operations", tags=["operations"])


class OperationState(BaseModel):
    """How far an operation is."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True)

    id: str
    kind: Kind
    description: str
    who: str
    why: str | None
    state: State
    total: int | None = Field(description="how many things are to be done, as far as is known")
    done: int
    result: str = Field(description="in words what became of it; empty while it goes on")
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


@router.get("", summary="Operations since the board started, the newest first")
def show_all(board: TheBoard, _: Reader) -> list[OperationState]:
    """At most 200; what each has done to each event is in the audit."""
    return [OperationState.model_validate(operation) for operation in board.operations.newest()]


@router.get("/{identity}", summary="One operation")
def show(board: TheBoard, _: Reader, identity: str) -> OperationState:
    """How far it is."""
    return OperationState.model_validate(operation_of(board.operations, identity))


@router.post("/{identity}/stop", summary="Stop an operation")
def stop(board: TheBoard, _: Operator, identity: str) -> OperationState:
    """Between two of its steps: what is done stays done."""
    operation = operation_of(board.operations, identity)
    operation.stop()
    return OperationState.model_validate(operation)
