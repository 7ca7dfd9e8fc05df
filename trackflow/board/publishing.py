"""Publishes test events, where that is allowed."""

from __future__ import annotations

import logging
from uuid import uuid4

from fastapi import HTTPException
from pydantic import JsonValue

from trackflow.board.context import Board
from trackflow.board.repair.repairs import By
from trackflow.board.security.people import Person
from trackflow.errors import ChoreographyError, MessageError
from trackflow.message import Message
from trackflow.tracking.audit import Audit, Entry

logger = logging.getLogger(__name__)

SENDER = "board"  # the event's `app_id`


def publish(board: Board, person: Person, event: str, key: str | None, payload: JsonValue) -> Message:
    """Note in the audit, then publish, an event that nothing of ours caused; without a key of a new order.

    Raises HTTPException in words, LedgerError: nothing is published then, PublishError, and OperationalError
    if the broker went away just now.
    """
    if not board.may_publish:
        raise HTTPException(403, "test events may not be published here: BOARD_PUBLISH would allow it")
    broker = board.health.report.broker
    # The publisher is patient with a broker that restarts; a person is not.
    if broker.state in ("away", "none"):
        raise HTTPException(503, f"nobody would hear the event: {broker.words}")
    try:
        board.trackflow.choreography.routing_key(event)
        message = Message.new(
            business_key=key or uuid4().hex,
            tenant=board.trackflow.settings.tenant,
            event=event,
            payload=payload,
        )
    except (ChoreographyError, MessageError) as exc:
        raise HTTPException(422, str(exc)) from exc
    audit = Audit(board.trackflow.ledger, message.tenant)
    audit.write("publish", [Entry(message.id, message.business_key)], who=By(person).who)
    logger.info("%s publishes %s (%s)", person.name, message, message.id)
    return board.trackflow.publisher.emit(message, app_id=SENDER)
