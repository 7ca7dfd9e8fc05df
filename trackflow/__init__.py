"""Events instead of call chains for Celery, and every order visible on its BPMN process."""

from typing import TYPE_CHECKING

from trackflow.lazily import attributes

if TYPE_CHECKING:
    from trackflow.extension import Trackflow
    from trackflow.message import Message
    from trackflow.messaging import EVERY_EVENT, Choreography, Service, Subscription, transaction
else:
    __getattr__ = attributes(
        __name__,
        {
            "EVERY_EVENT": "trackflow.messaging",
            "Choreography": "trackflow.messaging",
            "Message": "trackflow.message",
            "Service": "trackflow.messaging",
            "Subscription": "trackflow.messaging",
            "Trackflow": "trackflow.extension",
            "transaction": "trackflow.messaging",
        },
    )

__all__ = ["EVERY_EVENT", "Choreography", "Message", "Service", "Subscription", "Trackflow", "transaction"]
