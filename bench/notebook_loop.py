"""The notebook's way, as a script: the yardstick.

One process hears every queue (auto-ack, nothing durable) and posts to the engine with `requests.post`,
without a session, ignoring the answer. What it cannot do (survive a crash, tell early from late) is the point
of Trackflow; what it costs is what Trackflow is measured against.

    python -m bench.notebook_loop AMQP_URL ENGINE_URL TENANT ORDERS

prints the seconds from the first delivery to the last answer of the engine.
"""

import json
import sys
import time
import uuid

import pika
import requests

BINDINGS = {
    "order": ("order",),
    "payment": ("payment",),
    "inventory": ("inventory",),
    "order_fulfillment": ("order", "payment", "inventory", "shipment"),
}
# queue → the event that its service emits, and its routing key
SERVICES = {
    "order": ("Payment_Done", "payment"),
    "payment": ("Goods_Fetched", "inventory"),
    "inventory": ("Goods_Shipped", "shipment"),
}
EVENTS_OF_AN_ORDER = 4


def main(amqp_url: str, engine_url: str, tenant: str, orders: int) -> float:
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    channel = connection.channel()
    channel.exchange_declare(exchange=tenant)
    for queue, keys in BINDINGS.items():
        channel.queue_declare(queue=queue)
        for key in keys:
            channel.queue_bind(exchange=tenant, queue=queue, routing_key=key)

    def publish(message, event, key):
        channel.basic_publish(exchange=tenant, routing_key=key, body=json.dumps(message | {"event": event}))

    def service(event, key):
        def on_delivery(_channel, _method, _properties, body):
            publish(json.loads(body), event, key)

        return on_delivery

    told = 0

    def tracker(_channel, _method, _properties, body):
        nonlocal told
        message = json.loads(body)
        requests.post(
            f"{engine_url}/message",
            json={
                "messageName": message["event"],
                "businessKey": message["businessKey"],
                "tenantId": message["tenant"],
            },
        )
        told += 1
        if told == EVENTS_OF_AN_ORDER * orders:
            channel.stop_consuming()

    for queue, emits in SERVICES.items():
        channel.basic_consume(queue, service(*emits), auto_ack=True)
    channel.basic_consume("order_fulfillment", tracker, auto_ack=True)
    for _ in range(orders):
        publish({"businessKey": str(uuid.uuid4()), "tenant": tenant}, "Order_Placed", "order")
    started = time.perf_counter()
    channel.start_consuming()
    return time.perf_counter() - started


if __name__ == "__main__":
    print(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
