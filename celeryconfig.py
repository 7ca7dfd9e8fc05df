"""Celery's settings. What Trackflow itself needs (queues, consumer, acks) it sets; the rest is here.

Names as in https://docs.celeryq.dev/en/stable/userguide/configuration.html
"""

from config.settings import settings

broker_url = settings.amqp_url
# A worker that starts before its broker waits for it, and never gives up.
broker_connection_retry_on_startup = True
broker_connection_max_retries = None

# Unpickling runs the sender's code.
accept_content = ["json"]
# Events have effects, not results.
task_ignore_result = True

timezone = "UTC"
