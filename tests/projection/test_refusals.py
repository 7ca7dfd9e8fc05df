"""What the engine refused is told by cause, however many events and however wordy the engine."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
import sqlalchemy as sa

from trackflow.projection import refusals as module
from trackflow.projection.refusals import NO_REASON, OTHERS, Refusals, cause_of, literal_part
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.tables import events

TENANT = "showcase"


def refuse(
    ledger: Ledger, reasons: Iterable[str | None], event: str = "Order_Placed", tenant: str = TENANT
) -> None:
    """One refused event for each reason, a second after the other; its order is its number."""
    rows = [
        {
            "tenant": tenant,
            "event_id": f"{event}-{number}",
            "business_key": str(number),
            "name": event,
            "starts": True,
            "body": "{}",
            "received_at": 1000.0 + number,
            "outcome": "refused",
            "reason": reason,
            "attempted": False,
            "seen_version": 0,
            "deliveries": 1,
            "failures": 0,
        }
        for number, reason in enumerate(reasons)
    ]
    with ledger.writing() as transaction:
        transaction.execute(sa.insert(events), rows)


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("the engine failed at it: 3 rows", "the engine failed at it: … rows"),
        ("order 4711-a3 (id=77) of 2026-01-31T12:00:00Z", "order … (id=…) of …"),
        ("instance f81d4fae-7dec-11d0-a765-00a0c91e6bf6 is gone", "instance … is gone"),
        ("Cannot resolve identifier 'amount'", "Cannot resolve identifier …"),
        ("ENGINE-13031 several executions", "ENGINE-13031 several executions"),
        ("'${amount >= 100}', character 10", "'${amount >= 100}', character …"),
        ("it's not what it wasn't", "it's not what it wasn't"),
        (None, NO_REASON),
    ],
)
def test_a_cause_leaves_out_what_differs_from_order_to_order(reason: str | None, cause: str) -> None:
    assert cause_of(reason) == cause


def test_the_longest_text_that_all_of_a_cause_have_is_known() -> None:
    assert literal_part("order … is refused by …") == "is refused by"
    assert literal_part("…") is None


def test_refused_events_are_grouped_by_name_and_cause(ledger: Ledger) -> None:
    # Given three of one cause, one of another, one of another event, and another tenant's
    refuse(ledger, ["no amount in order 1", "no amount in order 2", "no amount in order 3", "timeout"])
    refuse(ledger, ["no amount in order 9"], event="Claim_Rated")
    refuse(ledger, ["no amount in order 9"], tenant="other")

    groups = Refusals(ledger, TENANT).groups()

    assert [(group.event, group.cause, group.count) for group in groups] == [
        ("Order_Placed", "no amount in order …", 3),
        ("Claim_Rated", "no amount in order …", 1),
        ("Order_Placed", "timeout", 1),
    ]
    assert (groups[0].first.timestamp(), groups[0].last.timestamp()) == (1000.0, 1002.0)
    assert sorted(groups[0].orders) == ["0", "1", "2"]
    assert groups[0].example.startswith("no amount in order ")


def test_many_reasons_make_few_groups(ledger: Ledger) -> None:
    refuse(ledger, (f"execution {number:x}-0 of order K-{number} is gone" for number in range(3000)))

    (group,) = Refusals(ledger, TENANT).groups()

    assert (group.cause, group.count, len(group.orders)) == ("execution … of order … is gone", 3000, 3)


def test_groups_are_bounded(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GROUPS", 2)
    refuse(ledger, ["one", "two", "three", "four"])

    groups = Refusals(ledger, TENANT).groups()

    assert [group.count for group in groups if group.cause != OTHERS] == [1, 1]
    assert [(group.event, group.count) for group in groups if group.cause == OTHERS] == [("", 2)]


def test_the_events_of_a_group_are_listed_the_newest_first(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(ledger, [f"order {number} is odd" if number % 2 else "even" for number in range(20)])
    refusals = Refusals(ledger, TENANT)

    first = refusals.events("Order_Placed", "order … is odd", 6)
    rest = refusals.events("Order_Placed", "order … is odd", 6, first[-1].place)

    assert [each.business_key for each in first] == ["19", "17", "15", "13", "11", "9"]
    assert [each.business_key for each in rest] == ["7", "5", "3", "1"]
    assert first[0].event.reason == "order 19 is odd"
    assert refusals.events("Order_Placed", "unknown", 6) == []


def test_events_of_one_moment_are_all_listed(ledger: Ledger) -> None:
    refuse(ledger, ["same"] * 7)
    with ledger.writing() as transaction:
        transaction.execute(sa.update(events).values(received_at=1000.123456789))
    refusals = Refusals(ledger, TENANT)

    found, place = [], None
    while page := refusals.events("Order_Placed", "same", 2, place):
        found += [each.event.id for each in page]
        place = page[-1].place

    assert sorted(found) == [f"Order_Placed-{number}" for number in range(7)]


def test_no_refused_event_is_no_group(ledger: Ledger) -> None:
    assert Refusals(ledger, TENANT).groups() == []


def test_the_groups_are_read_by_their_index(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db")
    statement = module._BY_REASON.params(t=TENANT)
    query = statement.compile(ledger.database, compile_kwargs={"literal_binds": True})

    with ledger.reading() as transaction:
        plan = transaction.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all()

    ledger.close()
    assert any("events_refused" in row[-1] for row in plan), plan
