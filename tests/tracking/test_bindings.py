"""What the ledger remembers of a deployment."""

from datetime import datetime

from tests.waiting import until
from trackflow.tracking.bindings import ITSELF, Bindings
from trackflow.tracking.ledger import Ledger


def pairs(bindings: Bindings) -> list[tuple[str, str]]:
    return [(each.queue, each.routing_key) for each in bindings.remembered()]


def test_what_was_deployed_is_remembered_with_its_time(ledger: Ledger) -> None:
    bindings = Bindings(ledger, "showcase")

    bindings.remember([("b", "order"), ("a", "order"), ("a", ITSELF)])

    assert pairs(bindings) == [("a", ITSELF), ("a", "order"), ("b", "order")]
    assert all(each.deployed_at.year >= 2026 for each in bindings.remembered())


def test_a_second_deployment_is_the_newer_one(ledger: Ledger) -> None:
    bindings = Bindings(ledger, "showcase")
    bindings.remember([("a", "order"), ("a", "payment")])
    first = {each.routing_key: each.deployed_at for each in bindings.remembered()}

    def again() -> dict[str, datetime]:
        bindings.remember([("a", "order")])
        return {each.routing_key: each.deployed_at for each in bindings.remembered()}

    # SQLite's clock has milliseconds.
    until(lambda: again()["order"] > first["order"], 10, "the binding is newer")
    assert again()["payment"] == first["payment"]


def test_only_what_is_named_is_forgotten(ledger: Ledger) -> None:
    bindings = Bindings(ledger, "showcase")
    bindings.remember([("a", "order"), ("a", "payment"), ("b", "order")])

    bindings.forget([("a", "order"), ("c", "never there")])
    bindings.forget([])

    assert pairs(bindings) == [("a", "payment"), ("b", "order")]


def test_tenants_do_not_see_each_others(ledger: Ledger) -> None:
    one, other = Bindings(ledger, "one"), Bindings(ledger, "other")
    one.remember([("a", "order")])
    other.remember([("a", "order")])

    one.forget([("a", "order")])

    assert pairs(one) == []
    assert pairs(other) == [("a", "order")]
