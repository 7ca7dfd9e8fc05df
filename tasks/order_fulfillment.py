"""The tracker: hears every event and tells the BPMN engine, so that each order is seen on its process."""

from tasks.celery import app, trackflow
from trackflow import Message
from trackflow.tracking.service import TrackingService


@app.task(base=TrackingService, name="order_fulfillment")
def order_fulfillment(event: Message) -> None:
    """Record an event, and tell the engine."""
    trackflow.tracker.handle(event)
