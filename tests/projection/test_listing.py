"""Lists of orders: right for every filter and sorting, page by page, and never by reading all."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest
import sqlalchemy as sa

from tests.projection.orders_at_random import HOSTILE, NOW, TENANT, Order, at_random, write
from tests.tracking.conftest import ledger, ledger_url  # noqa: F401
from trackflow.errors import FilterError
from trackflow.masking import Mask
from trackflow.projection import look as look_module
from trackflow.projection import tables
from trackflow.projection.cursor import Cursor, Sorting
from trackflow.projection.filters import Filter
from trackflow.projection.listing import Listing
from trackflow.projection.look import Page
from trackflow.projection.ranges import ranges_of
from trackflow.tracking import tables as ledger_tables
from trackflow.tracking.ledger import Ledger

pytestmark = pytest.mark.parametrize(
    "ledger_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)

ORDERS = at_random(150)
STRANGER = replace(ORDERS[20], tenant="other", key="a-stranger")


@pytest.fixture
def full(ledger: Ledger) -> Ledger:  # noqa: F811
    """A ledger with all of the orders, and one of somebody else."""
    write(ledger, [*ORDERS, STRANGER])
    return ledger


def wanted(query: str) -> Filter:
    return Filter.of(parse_qsl(query), Mask())


def pages(ledger: Ledger, query: str, sort: str = "-started", limit: int = 50) -> Iterator[Page]:  # noqa: F811
    listing, cursor = Listing(ledger, TENANT), None
    while True:
        page = listing.page(wanted(query), Sorting.of(sort), cursor, limit, NOW)
        yield page
        if page.next is None:
            return
        cursor = Cursor.of(str(page.next), Sorting.of(sort))


def keys(ledger: Ledger, query: str, sort: str = "-started", limit: int = 50) -> list[str]:  # noqa: F811
    return [order.business_key for page in pages(ledger, query, sort, limit) for order in page.orders]


def naively(query: str, sort: str) -> list[str]:
    """The same, as anybody would write it who has only a few orders."""
    by = sort.removeprefix("-")
    conditions = parse_qsl(query)
    states = [value for name, value in conditions if name == "state"]
    element = dict(conditions).get("element", "")
    found = [
        order
        for order in ORDERS
        if (not states or order.state in states)
        and all(_holds(order, name, value) for name, value in conditions if not name.startswith("payload."))
        and _has_payload(
            order, [(name[8:], value) for name, value in conditions if name.startswith("payload.")]
        )
    ]
    places = {
        "started": lambda order: (order.started_at, order.key),
        "updated": lambda order: (order.updated_at, order.key),
        "key": lambda order: order.key,
        "since": lambda order: (order.elements[element], order.key),
    }
    return [order.key for order in sorted(found, key=places[by], reverse=sort.startswith("-"))]


def _holds(order: Order, name: str, value: str) -> bool:
    seconds = {"m": 60, "h": 3600, "d": 86_400}
    match name:
        case "key":
            return order.key.startswith(value)
        case "process" | "last_event":
            return bool(getattr(order, name) == value)
        case "version":
            return order.version == int(value)
        case "awaits":
            return value in order.awaits
        case "element":
            return value in order.elements
        case "outcome":
            return order.counts[value] > 0
        case "late" | "deviates":
            return bool(getattr(order, name) == (value == "true"))
        case "deviation":
            return value in order.deviations
        case "older_than":
            return order.started_at < NOW - int(value[:-1]) * seconds[value[-1]]
        case "younger_than":
            return order.started_at >= NOW - int(value[:-1]) * seconds[value[-1]]
    return True


def _has_payload(order: Order, fields: list[tuple[str, str]]) -> bool:
    def holds(payload: Any, path: str, value: str) -> bool:
        for name in path.split("."):
            if not isinstance(payload, dict) or name not in payload:
                return False
            payload = payload[name]
        if isinstance(payload, str):
            return payload == value
        try:
            return bool(json.loads(value) == payload and type(json.loads(value)) is type(payload)) or (
                type(payload) in (int, float) and float(value) == payload
            )
        except ValueError:
            return False

    return not fields or any(all(holds(each, *field) for field in fields) for each in order.payloads)


CONDITIONS = [
    "key=a-",
    "key=%F0%9F%A6%8A",
    "key=%25",
    "key=%F4%8F%BF%BF",
    "key=%ED%9F%BF",
    "state=running",
    "state=completed&state=waiting",
    "process=claim",
    "version=2",
    "last_event=Payment_Done",
    "awaits=Goods_Fetched",
    "element=Wait_Goods",
    "outcome=refused",
    "late=true",
    "late=false",
    "deviates=true",
    "deviation=early:Payment",
    "deviation=unmatched:Zo%C3%AB",
    "older_than=1h",
    "younger_than=30m",
    "payload.amount=150",
    "payload.amount=true",
    "payload.amount=null",
    "payload.amount=15e1",
    "payload.to.city=Zo%C3%AB",
    "payload.to=x",
    "payload.amount=150.5&payload.to.city=Bern",
]
SORTS = ("-started", "started", "-updated", "updated", "key", "-key")


@pytest.fixture(params=["roomy", "narrow"])
def bounds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As they are, and so tight that every page meets them."""
    if request.param == "narrow":
        monkeypatch.setattr(look_module, "SMALL", 5)
        monkeypatch.setattr(look_module, "CHUNK", 7)
        monkeypatch.setattr(look_module, "LOOK", 20)


@pytest.mark.usefixtures("bounds")
def test_every_filter_finds_what_a_loop_over_all_orders_finds(full: Ledger) -> None:
    for number, condition in enumerate(["", *CONDITIONS]):
        for sort in ("-started", SORTS[1 + number % 5]):
            assert keys(full, condition, sort, 13) == naively(condition, sort), (condition, sort)


@pytest.mark.usefixtures("bounds")
def test_filters_can_be_combined_at_will(full: Ledger) -> None:
    dice = random.Random(7)
    found = 0
    for _ in range(120):
        some = {each.partition("=")[0]: each for each in dice.sample(CONDITIONS, dice.choice((2, 2, 3, 4)))}
        query, sort = "&".join(some.values()), dice.choice(SORTS)
        right = naively(query, sort)
        assert keys(full, query, sort, 9) == right, (query, sort)
        found += len(right)
    assert found > 50


@pytest.mark.usefixtures("bounds")
@pytest.mark.parametrize("sort", ["since", "-since"])
def test_orders_at_an_element_are_sorted_by_how_long_they_are_there(full: Ledger, sort: str) -> None:
    for query in ("element=Wait_Payment", "element=Wait_Goods&late=true", "element=Wait_Goods&process=claim"):
        assert keys(full, query, sort, 10) == naively(query, sort)
    with pytest.raises(FilterError, match="only with an element"):
        keys(full, "late=true", sort)


@pytest.mark.usefixtures("bounds")
@pytest.mark.parametrize("query", ["", "state=running", "process=claim", "key=a-", "payload.amount=150"])
def test_one_can_go_back_as_one_came(full: Ledger, query: str) -> None:
    for sort in ("-started", "key"):
        right, cursor = naively(query, sort), None
        listing, there = Listing(full, TENANT), list(pages(full, query, sort, 10))
        cursor = next(page.previous for page in reversed(there) if page.previous)
        last = next(page for page in reversed(there) if page.previous)
        back: list[str] = [order.business_key for order in last.orders]
        while cursor is not None:
            page = listing.page(wanted(query), Sorting.of(sort), cursor, 10, NOW)
            back = [*(order.business_key for order in page.orders), *back]
            cursor = page.previous
        assert back == right[: len(back)]
        assert len(back) == len(right)


@pytest.mark.parametrize("sort", ["-started", "started", "key"])
def test_what_was_there_is_neither_repeated_nor_skipped_while_orders_come(full: Ledger, sort: str) -> None:
    before, seen, dice = naively("", sort), [], random.Random(3)
    for number, page in enumerate(pages(full, "", sort, 17)):
        seen += [order.business_key for order in page.orders]
        began = dice.choice(ORDERS).started_at
        write(full, [replace(ORDERS[30], key=f"{dice.choice('abc')}-new-{number}", started_at=began)])

    assert len(seen) == len(set(seen))
    assert [key for key in seen if "-new-" not in key] == before


def test_a_look_that_found_too_little_says_how_far_it_went(
    full: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("SMALL", 5), ("CHUNK", 10), ("LOOK", 30)):
        monkeypatch.setattr(look_module, name, value)

    first = next(pages(full, "payload.amount=nothing", limit=10))

    newest_first = sorted(((order.started_at, order.key) for order in ORDERS), reverse=True)
    assert first.orders == ()
    assert first.looked_to == newest_first[30]
    assert first.next is not None
    assert list(pages(full, "payload.amount=nothing", limit=10))[-1].looked_to is None


def test_an_order_is_shown_as_it_stands(ledger: Ledger) -> None:  # noqa: F811
    order = Order(
        "k",
        elements={"Wait_Goods": NOW + 2, "Wait_Payment": NOW + 1},
        awaits=("B", "A"),
        counts={"refused": 2},
        late=True,
    )
    write(ledger, [order])

    (listed,) = next(pages(ledger, "")).orders

    assert listed.as_json() == {
        "businessKey": "k",
        "tenant": TENANT,
        "state": "running",
        "process": "track-flow",
        "version": 1,
        "instanceId": None,
        "awaiting": ["A", "B"],
        "lastEvent": "Order_Placed",
        "startedAt": "2027-01-15T08:00:00.000Z",
        "updatedAt": "2027-01-15T08:00:00.000Z",
        "endedAt": None,
        "elements": [
            {"element": "Wait_Payment", "since": "2027-01-15T08:00:01.000Z", "late": False},
            {"element": "Wait_Goods", "since": "2027-01-15T08:00:02.000Z", "late": False},
        ],
        "late": True,
        "deviates": False,
        "counts": {"refused": 2, "waiting": 0, "received": 0, "duplicate": 0, "unmatched": 0},
    }


def test_hostile_keys_are_found_as_they_are(full: Ledger) -> None:
    for key in HOSTILE:
        found = Listing(full, TENANT).page(Filter(key=key), Sorting.of("key"))
        assert key in [order.business_key for order in found.orders]
        assert Listing(full, TENANT).exists(key)
    assert not Listing(full, TENANT).exists(STRANGER.key)


def test_a_nul_in_a_payload_spoils_no_search(ledger: Ledger) -> None:  # noqa: F811
    write(ledger, [Order("nul", payloads=[{"a": "x\0y", "b": 1}]), Order("plain", payloads=[{"b": 1}])])

    assert sorted(keys(ledger, "payload.b=1")) == ["nul", "plain"]
    assert keys(ledger, "payload.a=x") == []


@pytest.mark.parametrize("value", ["9" * 30, "1e99", "-0", "0.1", "9223372036854775808", "1" * 200])
def test_numbers_of_any_size_can_be_asked_for(ledger: Ledger, value: str) -> None:  # noqa: F811
    write(ledger, [Order("big", payloads=[{"n": json.loads(value)}]), Order("other", payloads=[{"n": 7}])])

    assert keys(ledger, f"payload.n={value}") in (["big"], [] if len(value) > 100 else ["big"])


def test_what_is_tallied_has_a_total(full: Ledger) -> None:
    rows = [
        ("p", 1, "state", "running", 3),
        ("p", 2, "state", "running", 4),
        ("q", 1, "state", "completed", 5),
        ("p", 1, "element", "Wait", 2),
        ("p", 1, "late orders", "", 1),
        ("p", 1, "refused", "", 6),
    ]
    names = ("process", "version", "kind", "name", "number")
    with full.writing() as transaction:
        some = [{"tenant": TENANT, **dict(zip(names, row, strict=True))} for row in rows]
        transaction.execute(sa.insert(tables.tallies), some)
    totals = {
        "": 12,
        "state=running": 7,
        "state=running&state=completed": 12,
        "state=running&process=p&version=2": 4,
        "element=Wait": 2,
        "late=true": 1,
        "outcome=refused": 6,
        "process=q": 5,
        "late=false": None,
        "deviation=early:Payment_Done": None,
        "outcome=waiting": None,
        "state=running&late=true": None,
        "key=a": None,
    }
    listing = Listing(full, TENANT)

    assert {query: listing.total(wanted(query)) for query in totals} == totals


INDEXES = {
    ("", "-started"): "standings_started",
    ("", "-updated"): "standings_updated",
    ("", "key"): "standings_pkey",
    ("key=a-0", "key"): "standings_pkey",
    ("state=completed", "-started"): "standings_state",
    ("last_event=Payment_Done", "-started"): "standings_last_event",
    ("awaits=Payment_Done", "-started"): "awaited_event",
    ("element=Wait_Goods", "since"): "places_element",
    ("outcome=refused", "-started"): "standings_refused",
    ("outcome=waiting", "-started"): "standings_waiting",
    ("late=true", "-started"): "standings_late",
    ("deviates=true", "-started"): "standings_deviates",
    ("deviation=early:Payment_Done", "-started"): "standings_deviates",
    ("younger_than=1h", "-started"): "standings_started",
}


@pytest.mark.parametrize("with_statistics", [False, True])
def test_every_stretch_is_read_along_its_index(
    ledger: Ledger,  # noqa: F811
    with_statistics: bool,
) -> None:
    write(ledger, [replace(order, key=f"{order.key[:20]}{n}") for n in range(20) for order in ORDERS])
    if with_statistics or ledger.database.dialect.name == "postgresql":  # which makes them itself
        with ledger.database.connect().execution_options(
            isolation_level="AUTOCOMMIT", reading=True
        ) as session:
            session.execute(sa.text("ANALYZE"))
    with ledger.reading() as connection:
        for (query, sort), index in INDEXES.items():
            sorting = Sorting.of(sort)
            some = next(each for each in ranges_of(TENANT, wanted(query), NOW) if each.sort == sorting.by)
            first = some.positions(connection, sorting, None, 20)[-1]
            for part in some.parts:
                for after in (None, first):
                    plan = _plan(
                        connection, some.statement(connection.dialect.name, part, sorting, after, 50)
                    )
                    assert index in plan.replace("sqlite_autoindex_standings_1", "standings_pkey"), plan
                    assert not any(word in plan for word in ("Seq Scan", "SCAN ", "TEMP B-TREE", "Sort")), (
                        plan
                    )


def test_what_is_known_of_a_page_is_read_by_key(ledger: Ledger) -> None:  # noqa: F811
    write(ledger, [replace(order, key=f"{order.key[:20]}{n}") for n in range(20) for order in ORDERS])
    with ledger.database.connect().execution_options(isolation_level="AUTOCOMMIT", reading=True) as session:
        if ledger.database.dialect.name == "postgresql":  # which makes its statistics itself
            session.execute(sa.text("ANALYZE"))
    some = [f"{order.key[:20]}7" for order in ORDERS[:50]]
    with ledger.reading() as connection:
        for table in (tables.standings, tables.places, tables.awaited, ledger_tables.events):
            mine = (table.c.tenant == TENANT, table.c.business_key.in_(some))
            plan = _plan(connection, sa.select(table).where(*mine))
            assert "business_key" in plan, plan
            assert not any(word in plan for word in ("Seq Scan", "SCAN ")), plan


def _plan(connection: sa.Connection, statement: sa.Select[Any]) -> str:
    dialect = connection.dialect
    is_sqlite = dialect.name == "sqlite"
    compiled = statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
    if not is_sqlite:
        for way in ("seqscan", "bitmapscan"):  # so few rows are soon read and sorted
            connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
    rows = connection.exec_driver_sql(explain + str(compiled).replace("%", "%%" if not is_sqlite else "%"))
    return "\n".join(str(row[-1]) for row in rows)
