"""Shipment: sends the fetched goods to the customer."""

from tasks.celery import app
from trackflow import Message, Service


@app.task(base=Service, name="shipment", emits=("Goods_Shipped",))
def shipment(order: Message) -> Message:
    """Hand the goods to the carrier."""
    return order.followed_by("Goods_Shipped")
