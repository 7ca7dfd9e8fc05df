"""The same project with a payment that runs once for each event."""

from tasks.celery import app
from trackflow import Message, Service


# Of the same name, and defined first: so Celery takes this one and not tasks.payment's.
@app.task(base=Service, name="payment", emits=("Payment_Done",), once=True)
def payment(order: Message) -> Message:
    return order.followed_by("Payment_Done")
