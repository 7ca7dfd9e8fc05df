"""Flower beside the workers: who they are and what they did, with readable arguments and no secret."""

import json
import urllib.request
from urllib.error import URLError

import pytest

from tests.integration.wire import Wire
from tests.integration.workers import Workers
from tests.servers.process import free_port
from tests.waiting import until

pytestmark = pytest.mark.broker

SECRET = "sEcReTpAyLoAd"


def get(url: str) -> str:
    """The page, or nothing while it is not there."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read().decode()
    except (URLError, ConnectionError):
        return ""


def test_flower_shows_workers_and_readable_tasks_but_no_payload(
    workers: Workers, wire: Wire, amqp_url: str
) -> None:
    # Given Flower and two workers that send events
    address = f"http://127.0.0.1:{(port := free_port())}"
    workers.run("flower", f"--port={port}", "--address=127.0.0.1", FLOWER_UNAUTHENTICATED_API="1")
    until(lambda: get(f"{address}/healthcheck"), 60, "Flower is up")
    for queue in ("payment", "inventory,shipment"):
        workers.start(queue, "-E").ready()
    names = {f"{wire.tenant}-{number}@" for number in (1, 2)}
    until(
        lambda: (
            {
                name.partition("@")[0] + "@"
                for name in json.loads(get(f"{address}/api/workers?refresh=1") or "{}")
            }
            >= names
        ),
        60,
        "Flower knows both workers",
    )
    # When an order with a private payload goes through
    fields = {"businessKey": "order-4711", "tenant": wire.tenant, "event": "Order_Placed", "payload": SECRET}
    wire.publish(json.dumps(fields).encode())
    until(lambda: wire.keys_of("Goods_Shipped"), 60, "the order is shipped")

    # Then its three tasks succeeded, with business key and event as arguments and what followed as result
    def ours() -> dict[str, tuple[str, str, str]]:
        tasks = json.loads(get(f"{address}/api/tasks") or "{}").values()
        return {
            task["name"]: (task["state"], task["args"], task["result"])
            for task in tasks
            if task["args"].startswith("order-4711")
        }

    until(
        lambda: {state for state, _, _ in ours().values()} == {"SUCCESS"} and len(ours()) == 3,
        60,
        "Flower saw it",
    )
    assert ours() == {
        "payment": ("SUCCESS", "order-4711 Order_Placed", "'Payment_Done'"),
        "inventory": ("SUCCESS", "order-4711 Payment_Done", "'Goods_Fetched'"),
        "shipment": ("SUCCESS", "order-4711 Goods_Fetched", "'Goods_Shipped'"),
    }
    # and neither the payload nor the broker's password is to be seen anywhere
    pages = [get(f"{address}/{page}") for page in ("workers", "tasks", "broker", "api/workers", "api/tasks")]
    password = amqp_url.partition("@")[0].rpartition(":")[2]
    assert "Traceback" not in workers.logs()  # they have answered all that Flower asked
    for text in (*pages, workers.logs()):
        assert SECRET not in text
        assert f":{password}@" not in text
