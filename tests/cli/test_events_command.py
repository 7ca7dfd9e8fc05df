"""`track events`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.test_orders import OF_AN_EVENT as IN_AN_ORDER
from trackflow import Message
from trackflow.cli.errors import Failure
from trackflow.cli.events import moment_of

OF_AN_EVENT = IN_AN_ORDER | {"businessKey"}


@pytest.fixture
def shop(project, track):
    """A project whose order `4711` was placed, and whose order `early` was only paid, twice delivered."""
    app = project()
    track(app, "deploy")
    for key, event in (("4711", "Order_Placed"), ("early", "Payment_Done"), ("early", "Payment_Done")):
        message = Message.new(business_key=key, tenant="showcase", event=event, id=f"{key}-{event}")
        app.trackflow.tracker.handle(message)
    return app


def test_events_are_a_table(shop, track):
    result = track(shop, "events", "--key", "early")

    assert result.exit_code == 0
    header, row = result.stdout.splitlines()
    assert header.split() == ["when", "key", "event", "outcome", "deliveries", "reason"]
    assert row.split()[2:6] == ["early", "Payment_Done", "waiting", "2"]
    assert row.endswith("nothing waits for it yet")


def test_json_tells_each_event(shop, track):
    events = json.loads(track(shop, "events", "--json").stdout)

    assert {event["businessKey"] for event in events} == {"4711", "early"}
    assert all(set(event) == OF_AN_EVENT for event in events)


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        (("--outcome", "correlated"), ["4711"]),
        (("--event", "Payment_Done"), ["early"]),
        (("--since", "1h", "--key", "4711"), ["4711"]),
        (("--since", "2100-01-01"), []),
        (("--key", "nobody"), []),
    ],
)
def test_each_option_narrows_what_is_printed(shop, track, options, keys):
    events = json.loads(track(shop, "events", *options, "--json").stdout)

    assert [event["businessKey"] for event in events] == keys


def test_nothing_found_says_so(shop, track):
    result = track(shop, "events", "--key", "nobody")

    assert (result.exit_code, result.stdout) == (0, "No such event.\n")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7200), ("3d", 259_200), ("0s", 0)]
)
def test_an_age_is_that_long_ago(text, seconds):
    wanted = datetime.now(UTC) - timedelta(seconds=seconds)

    assert abs(moment_of(text) - wanted) < timedelta(minutes=1)


def test_a_time_is_one_of_iso_8601():
    noon = datetime(2026, 1, 31, 12, tzinfo=UTC)

    assert moment_of("2026-01-31T12:00:00Z") == noon
    assert moment_of("2026-01-31T13:00:00+01:00") == noon
    assert moment_of("2026-01-31T12:00:00") == datetime(2026, 1, 31, 12).astimezone()  # this machine's


@pytest.mark.parametrize(
    "text",
    ["yesterday", "", "15", "m", "-5m", "1.5h", "999999d", "9999999d", "2026-02-30", "٣d", "0001-01-01"],
)
def test_what_is_no_time_is_an_error_that_says_what_would_be(text):
    with pytest.raises(Failure, match="is neither ISO 8601 nor an age like 15m, 2h or 3d"):
        moment_of(text)


def test_a_wrong_time_is_one_line(shop, track):
    result = track(shop, "events", "--since", "yester\nday")

    assert result.exit_code == 1
    assert (
        result.stderr == "Error: --since 'yester\\nday' is neither ISO 8601 nor an age like 15m, 2h or 3d\n"
    )


def test_a_text_that_no_database_can_hold_is_one_line(shop, track):
    result = track(shop, "events", "--key", "\udcff")

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ledger sqlite:///")
    assert result.stderr.count("\n") == 1
