"""What people did to events is kept, with who and why, before it is done."""

from datetime import UTC, datetime
from typing import Any

import pytest

from trackflow.errors import LedgerError
from trackflow.tracking import audit as audit_module
from trackflow.tracking.audit import Audit, Entry
from trackflow.tracking.ledger import Ledger


def test_an_act_is_kept_with_who_when_and_why(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given somebody at some computer
    monkeypatch.setattr(audit_module.getpass, "getuser", lambda: "ada")
    monkeypatch.setattr(audit_module.socket, "gethostname", lambda: "engine-room")
    audit = Audit(ledger, "showcase")
    # When she replays two letters
    letter = Entry("id-1", "4711", "permanent: ValueError", "showcase.payment")
    audit.write("replay", [letter, Entry("id-2")], why="the bank is back")
    # Then each has its act
    (act,) = audit.acts("id-1")
    assert (act.action, act.who, act.why, act.entry) == (
        "replay",
        "ada@engine-room",
        "the bank is back",
        letter,
    )
    assert abs((datetime.now(UTC) - act.at).total_seconds()) < 3600
    assert [act.entry for act in audit.acts("id-2")] == [Entry("id-2")]


def test_acts_are_told_in_the_order_in_which_they_were_done(ledger: Ledger) -> None:
    audit = Audit(ledger, "showcase")
    for action, why in (("replay", "first"), ("replay", "second"), ("discard", "third")):
        audit.write(action, [Entry("id")], why)  # type: ignore[arg-type]

    assert [act.why for act in audit.acts("id")] == ["first", "second", "third"]


def test_tenants_do_not_see_each_others_acts(ledger: Ledger) -> None:
    Audit(ledger, "showcase").write("retry", [Entry("id")])

    assert Audit(ledger, "other").acts("id") == []


def test_nothing_to_do_is_no_act(ledger: Ledger) -> None:
    Audit(ledger, "showcase").write("replay", [])

    assert Audit(ledger, "showcase").acts("") == []


def test_what_cannot_be_stored_as_it_is_is_stored_nearly(ledger: Ledger) -> None:
    # Given words as a shell gives them that are no UTF-8, and a NUL
    why = "caf\udce9\0"

    Audit(ledger, "showcase").write("replay", [Entry("id")], why)

    assert [act.why for act in Audit(ledger, "showcase").acts("id")] == ["caf? "]


def test_a_user_without_a_name_is_a_number(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")  # in a container

    monkeypatch.setattr(audit_module.getpass, "getuser", nameless)
    monkeypatch.setattr(audit_module.os, "getuid", lambda: 4711)

    Audit(ledger, "showcase").write("replay", [Entry("id")])

    assert Audit(ledger, "showcase").acts("id")[0].who.startswith("4711@")


def test_somebody_at_a_board_is_named(ledger: Ledger) -> None:
    Audit(ledger, "showcase").write("replay", [Entry("id")], who="ada@board")

    assert [act.who for act in Audit(ledger, "showcase").acts("id")] == ["ada@board"]


def test_what_an_edited_letter_was_is_kept_and_read_alone(ledger: Ledger) -> None:
    audit = Audit(ledger, "showcase")
    audit.write("edit", [Entry("id", original='{"body": "\\u0000"}'), Entry("id")])

    first, second = audit.acts("id")

    assert (first.has_original, second.has_original) == (True, False)
    assert first.entry.original is None
    assert audit.original(first.number) == '{"body": "\\u0000"}'
    assert audit.original(second.number) is None
    assert audit.original(second.number + 1) is None
    assert Audit(ledger, "other").original(first.number) is None


def test_the_newest_acts_are_read_page_by_page(ledger: Ledger) -> None:
    audit = Audit(ledger, "showcase")
    for number in range(5):
        audit.write("replay", [Entry(f"id-{number}", f"order-{number % 2}")], who="ada@board")
    audit.write("discard", [Entry("id-5", "order-1")], who="bob@board")

    def ids(most: int = 10, **chosen: Any) -> list[str]:
        return [act.entry.event_id for act in audit.newest(most, **chosen)]

    assert ids(2) == ["id-5", "id-4"]
    assert ids(2, before=audit.newest(2)[-1].number) == ["id-3", "id-2"]
    assert ids(who="bob@board") == ["id-5"]
    assert ids(action="replay", business_key="order-1") == ["id-3", "id-1"]
    assert Audit(ledger, "other").newest(10) == []


def test_without_the_ledger_the_act_fails(ledger: Ledger) -> None:
    audit = Audit(ledger, "showcase")
    with ledger.writing() as transaction:
        transaction.exec_driver_sql("DROP TABLE audit")

    with pytest.raises(LedgerError, match="audit"):
        audit.write("discard", [Entry("id")])


def test_an_act_is_printed_as_json(ledger: Ledger) -> None:
    audit = Audit(ledger, "showcase")
    audit.write("discard", [Entry("id", "4711", "unreadable", "showcase.payment")], "rubbish")

    (act,) = audit.acts("id")

    assert act.as_json() == {
        "action": "discard",
        "id": "id",
        "businessKey": "4711",
        "queue": "showcase.payment",
        "reason": "unreadable",
        "who": act.who,
        "why": "rubbish",
        "at": act.as_json()["at"],
    }
    assert act.as_json()["at"].endswith("Z")
