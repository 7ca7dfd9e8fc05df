"""Payment: takes the money for an order."""

from tasks.celery import app
from trackflow import Message, Service


@app.task(base=Service, name="payment", emits=("Payment_Done",))
def payment(order: Message) -> Message:
    """Take the payment for an order."""
    return order.followed_by("Payment_Done")
