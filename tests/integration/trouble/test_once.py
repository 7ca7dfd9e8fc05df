"""A service with `once=True` whose worker is killed: its row and its effect exist once, whenever that was."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from tests.integration.trouble.conftest import SECONDS, Shop
from tests.integration.trouble.shop import payments
from tests.integration.workers import Worker, Workers
from tests.waiting import until

pytestmark = [pytest.mark.broker, pytest.mark.timeout(600)]

LEDGERS = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql))


@pytest.fixture(params=LEDGERS)
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """The ledger's database, with the service's own table in it."""
    if request.param == "sqlite":
        database = sa.create_engine(f"sqlite:///{tmp_path / 'ledger.db'}", connect_args={"timeout": SECONDS})
    else:
        server, schema = sa.create_engine(request.getfixturevalue("postgresql_url")), f"once_{uuid4().hex}"
        with server.begin() as connection:
            connection.execute(sa.text(f"CREATE SCHEMA {schema}"))
        database = sa.create_engine(server.url.update_query_dict({"options": f"-csearch_path={schema}"}))
    payments.create(database)
    yield database
    database.dispose()
    if request.param == "postgresql":
        with server.begin() as connection:
            connection.execute(sa.text(f"DROP SCHEMA {schema} CASCADE"))
        server.dispose()


@pytest.fixture
def environment(environment: dict[str, str], ledger: sa.Engine) -> dict[str, str]:
    url = ledger.url.render_as_string(hide_password=False)
    # Opened before the pool forks: no process may use the connection of another.
    return {**environment, "LEDGER_URL": url, "SHOP_DELIVERY_LIMIT": "100", "SHOP_OPENS_ITS_LEDGER": "1"}


def rows(ledger: sa.Engine) -> list[str]:
    """The business keys of the payments."""
    with ledger.begin() as connection:
        return list(connection.execute(sa.select(payments.c.business_key)).scalars())


def effects(shop: Shop) -> dict[str, dict[str, set[bytes]]]:
    """Business key → id → the different contents that were published under it."""
    found: dict[str, dict[str, set[bytes]]] = defaultdict(lambda: defaultdict(set))
    for seen in shop.wire.hear():
        if seen.event["event"] == "Goods_Fetched":
            found[seen.event["businessKey"]][seen.properties.message_id].add(seen.body)
    return found


def has_one_effect(shop: Shop, key: str) -> bool:
    return [len(contents) for contents in effects(shop)[key].values()] == [1]


def pay(shop: Shop, key: str, does: str = "pay") -> None:
    shop.publish(key, does, "Payment_Done", "payment")


@pytest.mark.parametrize("point", ["before the commit", "after the commit", "after publishing"])
@pytest.mark.parametrize("pool", ["threads", "prefork", "solo"])
def test_a_worker_that_dies_at_the_worst_moment(
    pool: str, point: str, workers: Workers, shop: Shop, ledger: sa.Engine
) -> None:
    # Given an event at which the process dies
    worker = workers.start("bank", "-P", pool, "-c", "1").ready()
    pay(shop, "4711", f"die {point}")
    until((shop.folder / "died-4711").exists, SECONDS, "it has died")
    # When it is delivered again
    if pool != "prefork":
        worker.ended()
        workers.start("bank", "-P", pool, "-c", "1").ready()
    pay(shop, "last")
    until(lambda: effects(shop).keys() == {"4711", "last"}, SECONDS, "both are handled")
    # Then its row exists once, and its effect under one id with one content
    assert sorted(rows(ledger)) == ["4711", "last"]
    assert has_one_effect(shop, "4711")
    assert len(shop.runs("4711", "bank")) == (2 if point == "before the commit" else 1)
    assert shop.dead("4711", "bank") == []


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_workers_that_are_killed_again_and_again(
    pool: str, workers: Workers, shop: Shop, ledger: sa.Engine
) -> None:
    seed = random.randrange(10**6)
    print("seed", seed)
    chance = random.Random(seed)
    # Given two workers, and many events, some of them published twice
    running: list[Worker] = [workers.start("bank", "-P", pool, "-c", "2").ready() for _ in range(2)]
    keys = [f"order-{number}" for number in range(150)]
    for key in keys:
        for _ in range(chance.choice((1, 1, 2))):
            pay(shop, key)
    # When one of them is killed a few times, after some more events
    for _ in range(5):
        handled = len(rows(ledger))
        until(lambda: len(rows(ledger)) >= min(handled + chance.randrange(12), len(keys)), SECONDS, "goes on")  # noqa: B023
        running.pop(0).kill()
        running.append(workers.start("bank", "-P", pool, "-c", "2"))
    for worker in running:
        worker.ready()
    until(lambda: effects(shop).keys() == set(keys), SECONDS, "every order has an effect")
    until(lambda: shop.wire.count(f"{shop.wire.tenant}.bank") == 0, SECONDS, "nothing is left")
    for worker in running:
        assert worker.stop() == 0
    # Then each row exists once, and each effect under one id with one content
    assert sorted(rows(ledger)) == sorted(keys)
    assert [key for key in keys if not has_one_effect(shop, key)] == []
    assert shop.wire.count(f"{shop.wire.tenant}.bank") == 0
    assert shop.wire.take(f"{shop.wire.tenant}.bank.dead") == []


def test_an_event_that_was_handled_is_not_run_again_when_it_is_replayed(
    workers: Workers, shop: Shop, ledger: sa.Engine
) -> None:
    # Given a handled event that comes once more under its id, after a restart
    workers.start("bank").ready()
    pay(shop, "4711")
    until(lambda: "4711" in effects(shop), SECONDS, "it is handled")
    workers.all[0].stop()
    workers.start("bank", "-P", "prefork").ready()
    pay(shop, "4711")
    # When it is handled again
    until(lambda: len([e for e in shop.heard("4711") if e == "Goods_Fetched"]) == 2, SECONDS, "twice")
    # Then the function did not run, and the effect is the same
    assert len(shop.runs("4711", "bank")) == 1
    assert rows(ledger) == ["4711"]
    assert has_one_effect(shop, "4711")
