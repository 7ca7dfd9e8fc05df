"""Inventory: fetches the goods of a paid order."""

from tasks.celery import app
from trackflow import Message, Service


@app.task(base=Service, name="inventory", emits=("Goods_Fetched",))
def inventory(order: Message) -> Message:
    """Fetch the goods from their shelves."""
    return order.followed_by("Goods_Fetched")
