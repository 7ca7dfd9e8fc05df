"""What people did to events and letters, as pages and API show it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import get_args

from fastapi import HTTPException

from trackflow.board.context import Board
from trackflow.board.repair.letter_view import Body, table_of
from trackflow.board.security.people import Person
from trackflow.tracking.audit import Act, Action, Audit

MOST_ACTS = 50


@dataclass(frozen=True, slots=True)
class Original:
    """What a letter was before it was edited, masked."""

    body: Body
    properties: dict[str, str]
    headers: dict[str, str]


def acts_of(
    board: Board,
    who: str = "",
    action: str = "",
    key: str = "",
    before: int | None = None,
    most: int = MOST_ACTS,
) -> list[Act]:
    """The newest first; what is "" chooses nothing. Raises 422: there is no such action; LedgerError."""
    if action and action not in get_args(Action):
        raise HTTPException(422, f"action={action[:80]}: should be one of {', '.join(get_args(Action))}")
    audit = Audit(board.trackflow.ledger, board.trackflow.settings.tenant)
    return audit.newest(most, who=who or None, action=action or None, business_key=key or None, before=before)


def original_of(board: Board, number: int, person: Person) -> Original:
    """What an act edited. Raises 404, LedgerError."""
    text = Audit(board.trackflow.ledger, board.trackflow.settings.tenant).original(number)
    if text is None:
        raise HTTPException(404, f"act {number} has edited nothing")
    kept = json.loads(text)
    body = kept["body"].encode() if "body" in kept else base64.b64decode(kept["bodyBase64"])
    return Original(
        Body.of(body, board.mask, person.may_write),
        table_of(kept["properties"], board.mask),
        table_of(kept["headers"], board.mask),
    )
