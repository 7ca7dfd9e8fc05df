"""Goes along the tokens of one `${…}`."""

from __future__ import annotations

from typing import NoReturn

from trackflow.bpmn.tokens import Token, fail, tokens

# Nested brackets, choices and unary operators: far from Python's limit of frames, and beyond any reader's.
DEPTH = 32

_HINTS = {
    "=": ": equality is ==",
    "&": ": and is &&",
    "|": ": or is ||",
    "'": ": the string has no end, or a \\ that is before neither ' nor \\",
    '"': ': the string has no end, or a \\ that is before neither " nor \\',
    "instanceof": ": no engine can evaluate it",
}


class Cursor:
    """At one token of a text, from a place behind a `${` on."""

    def __init__(self, text: str, start: int) -> None:
        self.text = text
        self._tokens = tokens(text, start)
        self._depth = 0
        self.token = next(self._tokens)

    def take(self) -> Token:
        """The token here; the cursor goes on."""
        token = self.token
        self.token = next(self._tokens, Token("end", "", len(self.text)))
        return token

    def accept(self, *signs: str) -> Token | None:
        """The token here, if it is one of these signs; the cursor goes on then."""
        return self.take() if self.is_at(*signs) else None

    def is_at(self, *signs: str) -> bool:
        """Whether the token here is one of these signs."""
        return self.token.kind == "sign" and self.token.value in signs

    def need(self, sign: str) -> None:
        """Go on behind this sign. Raises ExpressionError if it is not here."""
        if not self.accept(sign):
            self.unexpected()

    def deeper(self) -> None:
        """Count one level of nesting, until `higher`. Raises ExpressionError if there are too many."""
        self._depth += 1
        if self._depth > DEPTH:
            fail(self.text, self.token.position, f"nested deeper than {DEPTH}")

    def higher(self) -> None:
        """Count one level of nesting less."""
        self._depth -= 1

    def unexpected(self, token: Token | None = None) -> NoReturn:
        """Raise ExpressionError: nothing that begins like this can stand here."""
        token = token or self.token
        if token.kind == "end":
            fail(self.text, token.position, "it ends too early")
        fail(
            self.text,
            token.position,
            f"{token.value[:20]!r} is not expected here" + _HINTS.get(token.value, ""),
        )
