"""Every page of the board and every answer of its API, as people and programs ask for them."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote

from bench.system import TENANT

Filled = Callable[[random.Random], str]

SEARCH = "/orders?key=<prefix>"


class Question(NamedTuple):
    """A page, or an answer of the API."""

    name: str  # the path and query, with a word in brackets for what varies
    path: Filled  # one of its many forms


def questions(count: int, process: str) -> list[Question]:
    """For a ledger of so many orders of a process. Who asks again asks for another order."""
    fill = {
        "<key>": lambda chance: f"A-{chance.randrange(count):07d}",
        # One to four digits less than a number has: a few orders, or many.
        "<prefix>": lambda chance: f"A-{chance.randrange(count):07d}"[: -chance.randrange(1, 5)],
        "<amount>": lambda chance: str(chance.randrange(500, 50_000) / 100),
        "<process>": lambda _: process,
        "<queue>": lambda _: f"{TENANT}.payment",
    }

    def path(name: str) -> Filled:
        def filled(chance: random.Random) -> str:
            text = name
            for word, value in fill.items():
                if word in text:
                    text = text.replace(word, quote(value(chance), safe=""))
            return text

        return filled

    return [Question(name, path(name)) for name in _NAMES]


_NAMES = (
    "/",
    "/orders",
    SEARCH,
    "/orders?state=running",
    "/orders?state=completed&older_than=10d",
    "/orders?key=<prefix>&state=running",
    "/orders?outcome=refused",
    "/orders?element=goods_fetched&sort=since",
    "/orders?awaits=Goods_Shipped",
    "/orders?late=true",
    "/orders?last_event=Order_Placed",
    "/orders?payload.country=CH",
    "/orders?payload.amount=<amount>",
    "/orders?sort=-updated",
    "/order?key=<key>",
    "/failures",
    "/failures/letters?queue=<queue>",
    "/processes",
    "/process?id=<process>",
    "/process?id=<process>&period=30d",
    "/process?id=<process>&period=7d&compare=before",
    "/live",
    "/audit",
    "/operations",
    "/api/overview",
    "/api/orders?limit=100",
    "/api/orders?key=<prefix>",
    "/api/order?key=<key>",
    "/api/events?limit=200",
    "/api/failures",
    "/api/letters?queue=<queue>",
    "/api/processes",
    "/api/processes/<process>/statistics?period=30d",
    "/api/processes/<process>/conformance?period=30d",
    "/api/processes/<process>/versions/1/model",
    "/api/health",
    "/api/health/parts",
    "/api/audit",
    "/api/operations",
)
