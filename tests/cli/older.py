"""An older installation, whose queues are not as they are wanted today."""

from __future__ import annotations

from kombu import Connection

from trackflow.messaging.choreography import LADDER

NUMBER = 40  # messages in each queue
DAY = 24 * 60 * 60 * 1000  # milliseconds


class Old:
    """The payment queues of an older installation, each with messages: none is as it is wanted today."""

    def __init__(self, channel, tenant):
        self.channel = channel
        self.tenant = tenant
        self.work = f"{tenant}.payment"
        self.retry = f"{self.work}.retry.5s"
        self.dead = f"{self.work}.dead"

    def declare(self):
        """As classic queue, as one with another TTL, and as a quorum queue without a limit."""
        due = {"x-message-ttl": DAY, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": self.work}
        for name, arguments in (
            (self.work, {}),
            (self.retry, due | {"x-queue-type": "quorum"}),
            (self.dead, {"x-queue-type": "quorum"}),
        ):
            self.channel.queue_delete(name)
            self.channel.queue_declare(name, durable=True, auto_delete=False, arguments=arguments)
        self.channel.queue_bind(self.work, self.tenant, "order")

    def fill(self):
        for n in range(NUMBER):
            self.publish(f"work {n}", self.tenant, "order")
            self.publish(f"retry {n}", "", self.retry)
            self.publish(f"dead {n}", "", self.dead)

    def publish(self, body, exchange, key):
        # Only a dead letter says why it died: with it, the broker would take a retry for a cycle.
        death = {"x-death": [{"queue": self.work, "reason": "delivery_limit", "count": 1}]}
        message = self.channel.prepare_message(
            body.encode(),
            headers={"cause": "before", **(death if key == self.dead else {})},
            properties={"message_id": body, "delivery_mode": 2},
        )
        self.channel.basic_publish(message, exchange, key, mandatory=True)

    def take(self, queue):
        """Every message that is ready in a queue, out of it."""
        taken = []
        while (message := self.channel.basic_get(queue, no_ack=True)) is not None:
            taken.append(message)
        return taken

    def bodies(self, queue):
        return [message.body.decode() for message in self.take(queue)]

    def count(self, queue):
        """How many messages; None if there is no such queue."""
        with Connection(self.channel.connection.client.as_uri(include_password=True)) as connection:
            channel = connection.channel()
            try:
                return channel.queue_declare(queue, passive=True).message_count
            except connection.channel_errors:
                return None

    def nothing_is_left_behind(self):
        names = (self.work, self.dead, *(f"{self.work}.retry.{seconds}s" for seconds in LADDER))
        return all(self.count(f"{name}.migration") is None for name in names)
