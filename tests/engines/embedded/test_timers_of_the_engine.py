"""The engine alone: what it says of timers to whoever fires them, without a tracker and its ledger."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine as Database

from tests.timer_models import AS_LONG_AS, PATIENT, REMINDER, choosy
from trackflow.engines.answers import Answer, Instance, Outcome
from trackflow.engines.embedded import EmbeddedEngine

HOUR = 3600.0
TENANT, KEY = "own", "4711"
Tell = Callable[..., Answer]


@pytest.fixture
def hand() -> list[float]:
    """The clock's one hand: epoch seconds."""
    return [1_800_000_000.0]


@pytest.fixture
def engine(database: Database, hand: list[float]) -> EmbeddedEngine:
    return EmbeddedEngine(database, clock=lambda: hand[0])


@pytest.fixture
def fire(database: Database, engine: EmbeddedEngine) -> Callable[..., Answer]:
    def fire(now: float | None = None) -> Answer:
        with database.begin() as transaction:
            return engine.fire(TENANT, KEY, transaction, now)

    return fire


def _only(engine: EmbeddedEngine) -> Instance:
    (instance,) = engine.history(TENANT, KEY)
    return instance


def test_an_answer_says_when_the_first_timer_is_due(
    engine: EmbeddedEngine, tell: Tell, fire: Tell, hand: list[float]
) -> None:
    engine.deploy([REMINDER], TENANT)

    assert tell("Order_Placed").due_at == hand[0] + HOUR
    assert tell("Goods_Fetched").due_at == hand[0] + HOUR
    assert fire(hand[0] + HOUR).due_at == hand[0] + 2 * HOUR
    assert tell("Payment_Done").due_at is None


def test_of_several_instances_of_one_key_the_most_overdue_timer_fires(
    engine: EmbeddedEngine, tell: Tell, fire: Tell, hand: list[float]
) -> None:
    # Given two instances of one key, of which the second waits for less
    engine.deploy([AS_LONG_AS], TENANT)
    tell("Order_Placed", payload={"wait": "PT3H"})
    hand[0] += 1
    assert tell("Order_Placed", payload={"wait": "PT1H"}).due_at == hand[0] + HOUR
    overdue = hand[0] + 3 * HOUR - 1
    hand[0] += 5 * HOUR

    first = fire()
    states = [instance.state for instance in engine.history(TENANT, KEY)]
    second = fire()

    assert (first.outcome, first.due_at, states) == (
        Outcome.ACCEPTED,
        overdue,
        ["running", "completed"],
    )
    assert (second.outcome, second.due_at) == (Outcome.ACCEPTED, None)
    assert fire().outcome is Outcome.NOT_AWAITED


def test_what_is_not_due_does_not_fire(engine: EmbeddedEngine, tell: Tell, fire: Tell) -> None:
    engine.deploy([PATIENT], TENANT)
    due_at = tell("Order_Placed").due_at
    assert due_at is not None

    assert fire(due_at - 0.001) == Answer(Outcome.NOT_AWAITED, "no timer is due", due_at)
    assert fire(due_at).outcome is Outcome.ACCEPTED


def test_a_timer_keeps_its_due_time_when_the_instance_is_read_again(
    database: Database, engine: EmbeddedEngine, tell: Tell
) -> None:
    engine.deploy([REMINDER], TENANT)
    tell("Order_Placed")

    again = EmbeddedEngine(database).history(TENANT, KEY)

    assert again == engine.history(TENANT, KEY)
    assert [timer.element for timer in again[0].timers] == ["Remind", "GiveUp"]


def test_a_timer_that_cannot_fire_stands_until_it_is_resumed(
    database: Database, engine: EmbeddedEngine, tell: Tell, fire: Tell, hand: list[float]
) -> None:
    engine.deploy([choosy("PT1H")], TENANT)
    due_at = tell("Order_Placed").due_at
    hand[0] += HOUR
    refused = fire()
    assert refused.outcome is Outcome.REFUSED
    assert refused.due_at == hand[0] + HOUR  # of the other one
    assert fire().outcome is Outcome.NOT_AWAITED
    tell("Payment_Done", payload={"amount": 200})
    assert _only(engine).timers[0].trouble == refused.reason

    with database.begin() as transaction:
        assert engine.resume(TENANT, KEY, transaction) == 1
        assert engine.resume(TENANT, KEY, transaction) == 0

    assert _only(engine).timers[0].due.timestamp() == due_at
    assert fire().outcome is Outcome.ACCEPTED
