"""The one kind of thing that travels: an event, with its JSON form.

The body on the wire has five fields, the rest of a `Message` travels in the AMQP properties and headers
(`trackflow.messaging.envelope`):

    {"businessKey": "4711", "tenant": "showcase", "event": "Order_Placed", "command": null, "payload": null}
"""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime
from typing import Annotated, Any, Self
from uuid import NAMESPACE_URL, uuid4, uuid5

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationError
from pydantic.alias_generators import to_camel

from trackflow.errors import MessageError

# AMQP 0-9-1 carries message id, correlation id and type as short strings: 255 bytes. The engines' columns are
# as long, and PostgreSQL stores no NUL; a control character in a name is a mistake or an attack, and it or a
# line separator makes two lines of one in a log.
SHORT = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
MAX_BODY = 1024 * 1024  # bytes; an event is a fact, not a file
# A tenant names the exchange, prefixes the queues, and is the engine's tenant id (64 characters).
_TENANT = re.compile(r"(?!amq\.)[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_EVENT_IDS = uuid5(NAMESPACE_URL, "https://trackflow.invalid/event-id")


def short_text(value: str) -> str:
    """The value, if it fits where AMQP, the engines and the ledger put names; otherwise ValueError."""
    if not value or len(value.encode()) > SHORT:
        raise ValueError(f"should have 1 to {SHORT} bytes, has {len(value.encode())}")
    if _CONTROL.search(value):
        raise ValueError("should have no control character")
    return value


def tenant_name(value: str) -> str:
    """The value, if it can name an exchange; otherwise ValueError."""
    if not _TENANT.fullmatch(value):
        raise ValueError(
            "should be 1 to 64 letters, digits, '.', '_' or '-', begin with a letter or digit, "
            "and not with 'amq.', which AMQP reserves"
        )
    return value


def strict_json(value: JsonValue) -> JsonValue:
    """The value, if every JSON reader can read it (RFC 8259: no NaN, no lone surrogate), or ValueError."""
    if value is not None:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    return value


ShortText = Annotated[str, AfterValidator(short_text)]
TenantName = Annotated[str, AfterValidator(tenant_name)]
Payload = Annotated[JsonValue, AfterValidator(strict_json)]


class Body(BaseModel):
    """What every AMQP client can read and write: the five fields of an event's JSON body.

    Unknown fields are ignored, so that a newer publisher can talk to an older worker.
    """

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )

    business_key: ShortText
    tenant: TenantName
    event: ShortText
    command: str | None = None
    payload: Payload = None


_BODY_FIELDS = set(Body.model_fields)
_NOT_INHERITED = dict.fromkeys(("published_at", "cause_taken_at", "cause_attempts"))


class Message(Body):
    """A fact: something that happened to the business object named by `business_key`. It never changes.

    Attributes:
        business_key: names the order (or claim, or parcel) that the event is about.
        tenant: whose event it is; the exchange has the same name.
        event: what happened, in the past tense; also the message name in the BPMN model.
        command: unused by Trackflow; carried for the notebook's clients.
        payload: any JSON value.
        id: the event's identity: a redelivery or a re-run has the same one.
        cause: the `id` of the event that this one follows from.
        published_at: when it was given to the broker, UTC; None if its publisher did not say.
        cause_taken_at: when the service that emitted it took up the cause, UTC; None if that is not known.
        cause_attempts: at which try that was, from 1; None if that is not known.
        traceparent: W3C trace context, passed on to the events that follow.
        tracestate: the same.
    """

    # Only the wire is lenient; a misspelt name in a service's code is a mistake.
    model_config = ConfigDict(extra="forbid")

    id: ShortText = Field(default_factory=lambda: uuid4().hex)
    cause: ShortText | None = None
    published_at: datetime | None = None
    cause_taken_at: datetime | None = None
    cause_attempts: int | None = Field(None, ge=1, lt=2**31)
    traceparent: ShortText | None = None
    tracestate: str | None = None

    @classmethod
    def new(cls, **fields: Any) -> Self:
        """As the constructor, with the one error of a bad event. Raises MessageError."""
        try:
            return cls(**fields)
        except ValidationError as exc:
            raise MessageError(_in_words(exc)) from exc

    @classmethod
    def from_body(cls, raw: str | bytes, **envelope: Any) -> Self:
        """The event of a JSON body and the fields that travel beside it, which the caller has checked.

        Without an `id` (a foreign publisher) it is derived from tenant, business key, event and payload, so
        that a redelivery has the same one.

        JSON readers disagree about an object with two fields of one name (RFC 8259, section 4): the first
        counts, or the last. A body that means one order to us and another one to somebody else is refused.

        Raises:
            MessageError: the body is not the JSON of an event; the text says which field is wrong.
        """
        try:
            body = Body.model_validate_json(raw, by_name=False)
            _UNAMBIGUOUS.decode(raw if isinstance(raw, str) else raw.decode())
        except ValidationError as exc:
            raise MessageError(_in_words(exc)) from exc
        except ValueError as exc:
            raise MessageError(f"Invalid JSON: {exc}") from exc
        if "id" not in envelope:
            envelope["id"] = _id_of_content(body)
        # Both parts are checked: once is enough on the way of every delivery.
        return cls.model_construct(**body.__dict__, **envelope)  # type: ignore[return-value]

    def body(self) -> str:
        """The JSON body, on one line."""
        return self.model_dump_json(by_alias=True, include=_BODY_FIELDS)

    def followed_by(self, event: str, **changes: Any) -> Message:
        """The event that this one leads to, about the same business object.

        The payload is passed on unless `changes` holds another:

            order.followed_by("Payment_Done", payload={"method": "invoice"})

        Raises:
            MessageError: the new event is none (an empty name, say).
        """
        inherited = {**self.__dict__, **_NOT_INHERITED, "event": event, **changes}
        return Message.new(**{**inherited, "id": _id_of_effect(self, event, 0), "cause": self.id})

    def caused_by(self, cause: Message, place: int) -> Message:
        """The same event as the one that `cause` always leads to, at this place among its effects.

        Its id is derived from the cause's id, the event's name and the place. So a service that runs again
        after a redelivery emits the same ids, and every consumer can tell.
        """
        return self.model_copy(update={"id": _id_of_effect(cause, self.event, place), "cause": cause.id})

    def timed(self, taken_at: datetime, attempt: int) -> Message:
        """The same event, with when its service took up the cause, and at which try."""
        return self.model_copy(update={"cause_taken_at": taken_at, "cause_attempts": attempt})

    def published_now(self) -> Message:
        """The same event, stamped with the present time."""
        return self.model_copy(update={"published_at": datetime.now(UTC)})

    def __str__(self) -> str:
        """Readable in logs and in Flower: never the payload, which may be private."""
        return f"{self.business_key} {self.event}"


def _without_twins(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(fields)
    if len(unique) < len(fields):
        ((twin, _),) = Counter(name for name, _ in fields).most_common(1)
        raise ValueError(f"two fields are called {twin[:80]!r}")
    return unique


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")  # also in a field that is ignored


_UNAMBIGUOUS = json.JSONDecoder(object_pairs_hook=_without_twins, parse_constant=_refuse)


def _id_of_content(body: Body) -> str:
    return uuid5(_EVENT_IDS, body.model_dump_json(exclude={"command"})).hex


def _id_of_effect(cause: Message, event: str, place: int) -> str:
    return uuid5(_EVENT_IDS, f"{cause.id}\n{event}\n{place}").hex


def _in_words(exc: ValidationError) -> str:
    """One line for the first thing that is wrong; the value is left out, as it may be private."""
    error = exc.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in error["loc"])
    what = error["msg"].removeprefix("Value error, ")
    return f"{where}: {what}" if where else what
