"""Reading a broker's refusals, and asking until it has named everything."""

from collections.abc import Mapping

import pytest
from amqp.exceptions import AccessRefused, PreconditionFailed

from trackflow.upkeep.difference import Difference, Value, differences, read_refusal


@pytest.mark.parametrize(
    ("said", "asked", "argument", "found"),
    [
        ("received '77' but current is '5000'", 77, "x-message-ttl", 5000),
        ("received 'reject-publish' but current is 'drop-head'", "reject-publish", "x-overflow", "drop-head"),
        ("received none but current is the value '5' of type 'signedint'", None, "x-max-length", 5),
        ("received none but current is the value '5' of type 'longstr'", None, "x-group", "5"),
        ("received none but current is the value 'true' of type 'bool'", None, "x-single", True),
        ("received 'true' but current is 'false'", True, "durable", False),
        ("received the value '20' of type 'signedint' but current is none", 20, "x-delivery-limit", None),
        ("received the value '' of type 'longstr' but current is none", "", "x-dead-letter-exchange", None),
    ],
)
def test_a_refusal_names_an_argument_and_what_the_broker_has(
    said: str, asked: Value, argument: str, found: Value
) -> None:
    text = f"PRECONDITION_FAILED - inequivalent arg '{argument}' for queue 'it's' in vhost '/': {said}"

    assert read_refusal(text, {argument: asked}) == (argument, found)


def test_another_refusal_names_none() -> None:
    assert read_refusal("PRECONDITION_FAILED - invalid arg 'x-expires' for queue 'q'", {}) is None


class Broker:
    """Compares as RabbitMQ does, and names one argument at a time."""

    def __init__(self, has: Mapping[str, Value]) -> None:
        self.has = has

    def declare(self, arguments: Mapping[str, Value]) -> None:
        for name in sorted({*arguments, *self.has}):
            wanted, found = arguments.get(name), self.has.get(name)
            if wanted != found:
                raise PreconditionFailed(
                    f"inequivalent arg '{name}' for queue 'q' in vhost '/': "
                    f"received {self._said(wanted, found)} but current is {self._said(found, wanted)}"
                )

    @staticmethod
    def _said(value: Value, other: Value) -> str:
        kind = "signedint" if isinstance(value, int) else "longstr"
        if value is None:
            return "none"
        return f"the value '{value}' of type '{kind}'" if other is None else f"'{value}'"


def test_every_difference_is_told_not_only_the_first() -> None:
    broker = Broker({"x-message-ttl": 77, "x-max-length": 5, "x-queue-type": "quorum"})
    wanted: dict[str, Value] = {"x-message-ttl": 5000, "x-queue-type": "quorum", "x-overflow": "drop-head"}

    assert differences(wanted, broker.declare) == [
        Difference("x-max-length", None, 5),
        Difference("x-message-ttl", 5000, 77),
        Difference("x-overflow", "drop-head", None),
    ]


def test_nothing_differs_where_the_broker_agrees() -> None:
    assert differences({"x-message-ttl": 77}, Broker({"x-message-ttl": 77}).declare) == []


def test_a_broker_that_names_the_same_again_is_not_asked_for_ever() -> None:
    def refuse(_: Mapping[str, Value]) -> None:
        raise PreconditionFailed("inequivalent arg 'x' for queue 'q': received '1' but current is '2'")

    assert differences({"x": 1}, refuse) == [Difference("x", 1, 2)]


@pytest.mark.parametrize("error", [PreconditionFailed("invalid arg"), AccessRefused("no permission")])
def test_a_refusal_that_compares_nothing_is_the_callers(error: Exception) -> None:
    def refuse(_: Mapping[str, Value]) -> None:
        raise error

    with pytest.raises(type(error)):
        differences({"x": 1}, refuse)


def test_a_difference_says_what_is_found_and_what_is_wanted() -> None:
    assert str(Difference("x-message-ttl", 5000, 77)) == "x-message-ttl is 77, should be 5000"
    assert str(Difference("x-overflow", None, "drop-head")) == "x-overflow is 'drop-head', should be none"
