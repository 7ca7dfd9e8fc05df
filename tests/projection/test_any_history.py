"""After any history of events, of people in the engine, and of projectors that die, everything is right."""

import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa

from tests.projection.shop import EAGER, ORDER, TENANT, Absent, Shop, check_all, settle
from trackflow.bpmn import Model
from trackflow.engines.embedded import store
from trackflow.message import Message
from trackflow.messaging import EVERY_EVENT, Choreography, Subscription
from trackflow.projection.projector import Projector
from trackflow.projection.tables import projectors
from trackflow.projection.writing import Writer

# Placed, then A and B in any order, then C (which goes back to before them) or D (which ends it).
_MODEL = """<startEvent id="Start"><messageEventDefinition messageRef="Go"/></startEvent>
<exclusiveGateway id="Back"/><parallelGateway id="Split"/><parallelGateway id="Join"/>
<intermediateCatchEvent id="CatchA"><messageEventDefinition messageRef="A"/></intermediateCatchEvent>
<intermediateCatchEvent id="CatchB"><messageEventDefinition messageRef="B"/></intermediateCatchEvent>
<eventBasedGateway id="Race"/>
<intermediateCatchEvent id="CatchC"><messageEventDefinition messageRef="C"/></intermediateCatchEvent>
<intermediateCatchEvent id="CatchD"><messageEventDefinition messageRef="D"/></intermediateCatchEvent>
<endEvent id="End"/>"""
_FLOWS = (
    "Start>Back", "Back>Split", "Split>CatchA", "Split>CatchB", "CatchA>Join", "CatchB>Join", "Join>Race",
    "Race>CatchC", "Race>CatchD", "CatchC>Back", "CatchD>End",
)  # fmt: skip
_KEYS = [f"k{number}" for number in range(12)]
_MOVES = ("A", "B", "C", "D", "Payment_Done")
_EVENTS = ("Go", "Go", "Order_Placed", *_MOVES)


class Killed(BaseException):
    """The projector's process is gone."""


class World:
    """Does one thing after the other, as chance has it."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self.shop = shop
        self.chance = random.Random(seed)
        self.told: list[Message] = []
        self.projector = shop.projector(speed=EAGER)

    def happen(self) -> None:
        things: list[tuple[Callable[[], None], int]] = [
            (self.an_event, 50),
            (self.a_step, 15),
            (self.a_second_delivery, 5),
            (self.somebody_moves_an_instance, 5),
            (self.somebody_ends_an_instance, 2),
            (self.the_projector_dies, 5),
            (self.the_engine_is_away, 4),
            (self.time_passes, 4),
        ]
        works, weights = zip(*things, strict=True)
        self.chance.choices(works, weights)[0]()

    def an_event(self) -> None:
        message = self._message()
        self.told.append(message)
        self.shop.tracker.handle(message)

    def a_second_delivery(self) -> None:
        if self.told:
            self.shop.tracker.handle(self.chance.choice(self.told))

    def somebody_moves_an_instance(self) -> None:
        with self.shop.ledger.writing() as transaction:
            self.shop.engine.correlate(self._message(_MOVES), transaction)  # type: ignore[attr-defined]

    def somebody_ends_an_instance(self) -> None:
        chosen = sa.and_(
            store.instances.c.business_key == self.chance.choice(_KEYS), store.instances.c.ended.is_(None)
        )
        with self.shop.ledger.writing() as transaction:
            ended = {"ended": time.time(), "how": "terminated"}
            transaction.execute(sa.update(store.instances).where(chosen).values(ended))

    def time_passes(self) -> None:
        self.shop.tracker.sweep()

    def a_step(self) -> None:
        self.projector.step()

    def the_engine_is_away(self) -> None:
        with Absent(self.shop.engine):
            self.an_event()
            self.projector.step()
        self.projector._steps.asking._away_until = 0.0

    def the_projector_dies(self) -> None:
        """In the middle of what it writes, or before; another board takes its place."""
        at = self.chance.choice(["_tally", "_measure", "_clear"])
        with pytest.MonkeyPatch.context() as patch, suppress(Killed):
            patch.setattr(Writer, at, _die)
            self.an_event()
            self.projector.step()
        self.shop.set(projectors, claimed_until=0.0)
        dead, self.projector = self.projector, self.shop.projector(speed=EAGER)
        self.projector.step()
        if self.chance.random() < 0.5:
            self.an_event()
            dead.step()  # it was not dead, it only slept

    def _message(self, events: Sequence[str] = _EVENTS) -> Message:
        event, key = self.chance.choice(events), self.chance.choice(_KEYS)
        return Message.new(tenant=TENANT, business_key=key, event=event)


def _die(*_: Any) -> None:
    raise Killed


@pytest.mark.parametrize("seed", range(20))
def test_every_count_is_right_after_any_history(
    seed: int,
    in_file: Callable[[list[Model]], Shop],
    model_of: Callable[..., Model],
    track_flow: Model,
) -> None:
    # Given two processes
    model = model_of(_MODEL, *_FLOWS, process="race", messages="Go A B C D")
    shop = in_file([model, track_flow])
    # some of whose orders are late at once, and others soon
    names = (*ORDER, "Go", "A", "B", "C", "D")
    shop.choreography = Choreography(
        events=dict.fromkeys(names, "key"),
        subscriptions=(Subscription("tracker", hears=EVERY_EVENT),),
        limits={"A": "PT0.001S", "Payment_Done": "PT0.05S"},
    )
    world = World(shop, seed)

    # When anything happens
    for _ in range(60):
        world.happen()

    # Then in the end everything is shown as it is
    settle(world.projector)
    world.projector._steps._asked_at = 0.0
    settle(world.projector)
    check_all(world.shop)


def test_a_projection_that_was_rebuilt_is_the_same(shop: Shop) -> None:
    world = World(shop, seed=7)
    for _ in range(80):
        world.happen()
    settle(world.projector)

    Projector.rebuild(world.projector)
    fresh = shop.projector(speed=EAGER)
    settle(fresh)

    check_all(shop)
