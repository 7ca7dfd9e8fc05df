"""A process that is withdrawn, on the board."""

from __future__ import annotations

from fastapi.testclient import TestClient

from trackflow import Trackflow

PROCESS = "order_fulfillment"


def test_the_board_says_that_a_process_starts_no_more(client: TestClient, trackflow: Trackflow) -> None:
    trackflow.engine.withdraw(trackflow.settings.tenant, PROCESS)

    page = client.get("/processes").text
    known = {each["id"]: each["withdrawn"] for each in client.get("/api/processes").json()}

    assert page.count("withdrawn: no new order starts") == 1
    assert known.pop(PROCESS)
    assert known
    assert not any(known.values())
