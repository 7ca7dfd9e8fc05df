"""All that lies between the broker and a user's function.

broker → `event_queue` → `service` (a function from an event to the events it causes) → `publisher` → broker
"""

from trackflow.messaging.choreography import EVERY_EVENT, Choreography, Subscription
from trackflow.messaging.publisher import Publisher
from trackflow.messaging.service import Service
from trackflow.messaging.transaction import transaction

__all__ = ["EVERY_EVENT", "Choreography", "Publisher", "Service", "Subscription", "transaction"]
