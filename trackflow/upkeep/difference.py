"""How an exchange or a queue differs from what is wanted, as far as AMQP tells.

A declaration with other arguments is refused with 406, and the text names one argument, what we want and what
the broker has. So we ask again with that argument as the broker has it, until it names no other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from amqp.exceptions import PreconditionFailed

Value = str | int | bool | None

# RabbitMQ 3.10: "inequivalent arg 'x-message-ttl' for queue 'q' in vhost '/': received '77' but current is
# '5000'". A value that the other side lacks has its type beside it: "the value '77' of type 'signedint'".
_REFUSAL = re.compile(r"inequivalent arg '([^']+)'.*: received (.+) but current is (.+)$", re.DOTALL)
_VALUE = re.compile(r"(?:the value )?'(.*?)'(?: of type '(\w+)')?", re.DOTALL)
_BOOLEANS: Mapping[str, bool] = {"true": True, "false": False}


class Refusal(NamedTuple):
    """What one 406 names."""

    argument: str
    found: Value


@dataclass(frozen=True, slots=True)
class Difference:
    """One argument that is not as wanted.

    Attributes:
        argument: by RabbitMQ's name: `x-message-ttl`, `durable`, an exchange's `type`.
        wanted: its value; None if it should not be there.
        found: likewise, what the broker has.
    """

    argument: str
    wanted: Value
    found: Value

    def __str__(self) -> str:
        return f"{self.argument} is {_in_words(self.found)}, should be {_in_words(self.wanted)}"


def differences(
    wanted: Mapping[str, Value], ask: Callable[[Mapping[str, Value]], object]
) -> list[Difference]:
    """Everything that the broker names as other than wanted; empty if nothing is.

    `ask` declares with the given arguments, on a channel that it throws away.

    Raises:
        amqp.exceptions.ChannelError: the broker refuses for another reason: it is another connection's
            exclusive queue, or we have no permission.
    """
    asked, found = dict(wanted), dict[str, Difference]()
    while True:
        try:
            ask({name: value for name, value in asked.items() if value is not None})
        except PreconditionFailed as exc:
            refusal = read_refusal(str(exc.reply_text), asked)
            if refusal is None and not found:
                raise
            if refusal is None or refusal.argument in found:
                return list(found.values())  # it names no other one
            argument = refusal.argument
            found[argument] = Difference(argument, wanted.get(argument), refusal.found)
            asked[argument] = refusal.found
        else:
            return list(found.values())


def read_refusal(text: str, asked: Mapping[str, Value]) -> Refusal | None:
    """The argument that a 406 names, and its value at the broker; None if it names none.

    The value has no type beside it if we asked with one: then it is of the same.
    """
    match = _REFUSAL.search(text)
    if match is None:
        return None
    argument, _, found = match.groups()
    return Refusal(argument, _value(found, like=asked.get(argument)))


def _value(text: str, like: Value) -> Value:
    match = _VALUE.fullmatch(text)
    if match is None:
        return None  # "none"
    value, kind = match.groups()
    if kind == "bool" or isinstance(like, bool):
        return _BOOLEANS.get(value, value)
    is_number = value.lstrip("-").isdigit() and (kind not in (None, "longstr") or isinstance(like, int))
    return int(value) if is_number else str(value)


def _in_words(value: Value) -> str:
    return "none" if value is None else repr(value)
