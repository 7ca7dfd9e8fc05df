"""A dead letter as a person is shown it, and the form in which an operator edits it.

What masking cannot understand, since it is no JSON, only operators see: nobody can tell what is private.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import JsonValue

from trackflow.board.context import Board
from trackflow.errors import MessageError
from trackflow.masking import Concealed, Mask
from trackflow.message import MAX_BODY
from trackflow.upkeep.editing import Editor
from trackflow.upkeep.letter import Letter
from trackflow.upkeep.letter_text import as_text, hexdump, plain
from trackflow.upkeep.raw import RawMessage

MOST_SHOWN = 20_000  # characters of a body

BodyKind = Literal["json", "text", "bytes", "hidden"]


@dataclass(frozen=True, slots=True)
class Body:
    """What is shown of a body.

    Attributes:
        kind: "json" with hidden fields masked; "text"; "bytes": in hexadecimal; "hidden" from whoever may not
            see what is no JSON.
        text: its beginning.
        more: how many characters are not shown.
    """

    kind: BodyKind
    text: str
    more: int = 0

    @classmethod
    def of(cls, body: bytes, mask: Mask, sees_raw: bool) -> Body:
        """A body for somebody."""
        text = _masked(body, mask)
        if text is not None:
            return cls("json", text[:MOST_SHOWN], max(0, len(text) - MOST_SHOWN))
        if not sees_raw:
            return cls("hidden", "")
        text = as_text(body)
        if text is None:
            return cls("bytes", hexdump(body))
        return cls("text", text[:MOST_SHOWN], max(0, len(text) - MOST_SHOWN))


def table_of(values: Mapping[Any, Any], mask: Mask) -> dict[str, str]:
    """Properties or headers, masked, each on one line."""
    shown: dict[str, JsonValue] = mask.masked(plain(values))  # type: ignore[assignment]
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in sorted(shown.items())
    }


class LetterForm:
    """What of a letter can be edited: an event's payload; or the body of what is no event, if it is text.

    Attributes:
        field: "payload", "body", or None: nothing.
        text: what the form begins with.
    """

    def __init__(self, letter: Letter, editor: Editor, mask: Mask) -> None:
        self.field: Literal["payload", "body"] | None = None
        self.text = ""
        self._letter = letter
        self._editor = editor
        self._concealed: Concealed | None = None
        if letter.raw.undecodable is not None or len(letter.raw.body) > MAX_BODY:
            return
        event = editor.event(letter)
        value = event.payload if event is not None else _parsed(letter.raw.body)
        if event is not None or value is not None:
            self.field = "payload" if event is not None else "body"
            self._concealed = Concealed(mask, value)
            self.text = _pretty(self._concealed.value)
        elif (text := as_text(letter.raw.body)) is not None:
            self.field, self.text = "body", text

    def edited(self, text: str, who: str) -> RawMessage:
        """The letter as the form was sent back. Raises MessageError."""
        if self.field is None:
            raise MessageError("this letter cannot be edited: it is no text, or too large")
        text = text.replace("\r\n", "\n")  # as browsers send it
        if self._concealed is None:
            return self._editor.with_body(self._letter, text, who)
        try:
            value = self._concealed.reveal(json.loads(text))
        except (ValueError, RecursionError) as exc:
            raise MessageError(f"{self.field}: {exc or 'nested too deep'}") from exc
        if self.field == "payload":
            return self._editor.with_payload(self._letter, value, who)
        return self._editor.with_body(self._letter, json.dumps(value, ensure_ascii=False), who)


def form_of(board: Board, letter: Letter) -> LetterForm:
    """The form in which a letter of the board is edited."""
    trackflow = board.trackflow
    queue = next(each for each in trackflow.queues if each.name == letter.queue)
    editor = Editor(queue, trackflow.settings.tenant, trackflow.choreography)
    return LetterForm(letter, editor, board.mask)


def _masked(body: bytes, mask: Mask) -> str | None:
    """The JSON of a body, masked and indented; None if it is none."""
    if len(body) > MAX_BODY:
        return None
    try:
        return _pretty(mask.masked(json.loads(body)))
    except (ValueError, RecursionError):
        return None


def _parsed(body: bytes) -> JsonValue:
    """A body that is a JSON object or array; None if it is none."""
    try:
        value: JsonValue = json.loads(body)
        _pretty(value)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def _pretty(value: JsonValue) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return text.encode(errors="replace").decode()  # a lone surrogate, which JSON can escape, is no text
