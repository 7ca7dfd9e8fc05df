"""The orders: which events each of them has, and in which disorder they are published."""

from __future__ import annotations

import random
from collections.abc import Iterator
from uuid import NAMESPACE_URL, uuid5

from trackflow.message import Message

EVENTS = ("Order_Placed", "Payment_Done", "Goods_Fetched", "Goods_Shipped")
COPIES = 3
_WINDOW = 50  # orders whose events are shuffled among each other


class Orders:
    """`count` orders, all of them derived from the seed: keys, ids and the disorder."""

    def __init__(self, seed: str, count: int, tenant: str) -> None:
        self.seed = seed
        self.count = count
        self.tenant = tenant

    @property
    def keys(self) -> list[str]:
        return [self._key(number) for number in range(self.count)]

    def events(self, key: str) -> list[Message]:
        """An order's four events, under the very ids that the services emit them with.

        So what a service emits and what is published here is one event, and whoever comes first has told it.
        """
        placed = Message(
            business_key=key,
            tenant=self.tenant,
            event=EVENTS[0],
            id=uuid5(NAMESPACE_URL, f"{self.seed} {key}").hex,
        )
        events = [placed]
        for name in EVENTS[1:]:
            events.append(events[-1].followed_by(name))
        return events

    def copies(self) -> Iterator[Message]:
        """Every event of every order three times, shuffled over a window of orders."""
        chance = random.Random(f"{self.seed} disorder")
        window: list[Message] = []
        for number in range(self.count):
            window += self.events(self._key(number)) * COPIES
            while len(window) > _WINDOW * len(EVENTS) * COPIES:
                yield _take_any(window, chance)
        while window:
            yield _take_any(window, chance)

    def _key(self, number: int) -> str:
        return f"{self.seed}-{number}"


def _take_any(window: list[Message], chance: random.Random) -> Message:
    place = chance.randrange(len(window))
    window[place], window[-1] = window[-1], window[place]
    return window.pop()
