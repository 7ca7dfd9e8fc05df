"""An event in the engine's words, and the engine's words about an event."""

from __future__ import annotations

import re
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from trackflow.engines.answers import Answer, Outcome
from trackflow.engines.camunda.rest import Reply
from trackflow.engines.variables import Scalar, variables_of
from trackflow.message import Message

_NAME = 255  # characters in the engine's column for a variable's name
_LONG = range(-(2**63), 2**63)
_REASON = 300  # of the engine's words, which can hold a whole variable

# The engine's errors begin with the name of a Java class.
_JAVA_CLASS = re.compile(r"^(?:[a-z]\w*\.)+[A-Z]\w*: ")


def event_variable(event_id: str) -> str:
    """The process variable that proves in the engine's history that the event took effect."""
    name = f"event:{event_id}"
    return name if len(name) <= _NAME else f"event:{sha256(event_id.encode()).hexdigest()}"


def correlation(event: Message, wanted: frozenset[str]) -> dict[str, Any]:
    """The body of `POST /message`: it moves the one execution that waits for it, or starts an instance."""
    payload = {name: _typed(value) for name, value in variables_of(event.payload, wanted).items()}
    return {
        "messageName": event.event,
        "businessKey": event.business_key,
        "tenantId": event.tenant,
        "resultEnabled": True,  # an answer with content: an empty 204 could be anybody's
        "processVariables": {**payload, event_variable(event.id): _typed(event.event)},
    }


def answer_to(reply: Reply) -> Answer:
    """What the engine's reply to a correlation means."""
    if reply.ok:
        return Answer(Outcome.ACCEPTED)
    words = _JAVA_CLASS.sub("", reply.words)
    return Answer(_outcome(reply.status, words), words[:_REASON])


def _outcome(status: int, words: str) -> Outcome:
    """The engine has one status and one type for these; only its words tell them apart."""
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return Outcome.FAILED
    if "No process definition or execution matches" in words:
        return Outcome.NOT_AWAITED
    return Outcome.AMBIGUOUS if "ENGINE-13031" in words else Outcome.REFUSED


def _typed(value: Scalar) -> dict[str, Any]:
    """A value with the engine's name of its type."""
    if value is None:
        return {"value": None, "type": "Null"}
    if isinstance(value, bool):
        return {"value": value, "type": "Boolean"}
    if isinstance(value, int) and value in _LONG:
        return {"value": value, "type": "Long"}
    if isinstance(value, int | float):
        return {"value": _double(value), "type": "Double"}
    return {"value": value, "type": "String"}


def _double(value: float) -> float | str:
    try:
        return float(value)
    except OverflowError:
        return "Infinity" if value > 0 else "-Infinity"  # the engine's words: JSON has no such number
