"""A message that the AMQP client itself cannot decode, and a worker that must not die of it."""

from pathlib import Path
from uuid import uuid4

import pika
import pytest
from celery.contrib.testing.worker import start_worker

from tests.messaging.shop import shop_app
from tests.waiting import until
from trackflow import Message, Service

pytestmark = pytest.mark.broker

SECONDS = 20


def test_a_worker_survives_properties_that_cannot_be_decoded(amqp_url: str, tmp_path: Path) -> None:
    # Given a worker of one service
    tenant = f"t{uuid4().hex[:8]}"
    app = shop_app(tenant, tmp_path)
    app.conf.broker_url, app.conf.broker_transport_options = amqp_url, {}
    heard: list[str] = []

    @app.task(shared=False, base=Service, name="till")
    def till(order: Message) -> None:
        heard.append(order.business_key)

    with (
        pika.BlockingConnection(pika.URLParameters(amqp_url.rstrip("/") + "/")) as connection,
        start_worker(app, queues=["till"], perform_ping_check=False, shutdown_timeout=SECONDS),
    ):
        # When a client sends it an id that is no UTF-8, and then an order
        channel = connection.channel()
        for key, properties in (("odd", {"message_id": b"\xff\xfe"}), ("good", {})):
            body = Message.new(business_key=key, tenant=tenant, event="Placed").body()
            channel.basic_publish("", f"{tenant}.till", body.encode(), pika.BasicProperties(**properties))
        # Then the order is heard, and the other message is a dead letter of the broker's
        until(lambda: heard == ["good"], SECONDS, "the order is heard")
        until(lambda: channel.basic_get(f"{tenant}.till.dead")[0], SECONDS, "the other is dead")
        for queue in (queue for each in app.trackflow.queues for queue in (each, *each.behind)):
            channel.queue_delete(queue.name)
        channel.exchange_delete(tenant)
