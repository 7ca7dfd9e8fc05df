"""A queue that still hears what its service does not: with a real worker on the broker in memory."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from celery.contrib.testing.worker import start_worker
from kombu import Exchange, Queue

from tests.messaging.shop import shop_app
from tests.waiting import until
from trackflow import Message, Service

TENANT = "stale"
receiver = logging.getLogger("trackflow.messaging.receiver")


def test_a_stale_binding_is_reported_once_and_what_it_brings_is_not_heard(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # Given a queue that somebody bound to a key of which its service hears nothing
    app, heard = shop_app(TENANT, tmp_path), list[str]()

    @app.task(shared=False, base=Service, name="parcels")
    def parcels(event: Message) -> None:
        heard.append(event.event)

    with app.connection_for_write() as connection:
        Queue(f"{TENANT}.parcels", Exchange(TENANT), "order")(connection.default_channel).declare()

    # When two such events come, and then one that it hears
    receiver.addHandler(caplog.handler)  # Celery takes the root logger for itself, and only lets errors pass
    with (
        caplog.at_level(logging.WARNING, receiver.name),
        start_worker(app, pool="solo", queues="parcels", perform_ping_check=False, shutdown_timeout=30),
    ):
        for event in ("Placed", "Placed", "Paid"):
            app.trackflow.emit(event, "4711")
        until(lambda: heard, 10, "the last one is heard")
    receiver.removeHandler(caplog.handler)

    # Then
    assert heard == ["Paid"]
    assert caplog.messages == [
        "stale.parcels: a stale binding brings what has the routing key 'order' and is not heard; "
        "`celery -A tasks track deploy` removes it"
    ]
