"""Events instead of call chains for Celery, and every order visible on its BPMN process."""

from trackflow.extension import Trackflow
from trackflow.message import Message
from trackflow.messaging import EVERY_EVENT, Choreography, Service, Subscription, transaction

__all__ = ["EVERY_EVENT", "Choreography", "Message", "Service", "Subscription", "Trackflow", "transaction"]
