"""Receiving: anybody may publish anything, and no worker ends, no event is lost, nothing is unpickled."""

from tests.chaos.mutants.mutant import Mutant

_RECEIVER = "trackflow/messaging/receiver.py"
_SETTLING = "tests/messaging/test_settling.py"
_BYTE_FOR_BYTE = (
    "tests/messaging/test_recovery_in_memory.py::test_what_is_no_event_is_a_dead_letter_byte_for_byte"
)

MUTANTS = (
    Mutant(
        "translation-unguarded",
        "a mistake of ours in the translation costs one event, not the worker",
        _RECEIVER,
        "        except Exception as exc:\n            logger.exception",
        "        except ZeroDivisionError as exc:\n            logger.exception",
        (f"{_SETTLING}::test_a_mistake_of_ours_in_the_translation_costs_one_event_not_the_worker",),
    ),
    Mutant(
        "foreign-tenant-accepted",
        "another tenant's event is refused",
        _RECEIVER,
        "if event.tenant != tenant:",
        "if False:",
        (f"{_BYTE_FOR_BYTE}[another tenant]",),
    ),
    Mutant(
        "unknown-event-accepted",
        "an event that is not in the choreography is a dead letter",
        _RECEIVER,
        "if event.event not in choreography.events:",
        "if False:",
        (f"{_BYTE_FOR_BYTE}[an unknown event]",),
    ),
    Mutant(
        "celery-messages-accepted",
        "nobody calls a task by a forged Celery message",
        _RECEIVER,
        'if "task" in incoming.headers:',
        "if False:",
        (f"{_BYTE_FOR_BYTE}[a Celery message]",),
    ),
    Mutant(
        "size-unlimited",
        "a body beyond 1 MiB is a dead letter",
        _RECEIVER,
        "if len(body) > MAX_BODY:",
        "if False:",
        (f"{_BYTE_FOR_BYTE}[too long]",),
    ),
    Mutant(
        "compression-accepted",
        "nothing is decompressed",
        _RECEIVER,
        'if incoming.headers.get("compression"):',
        "if False:",
        (f"{_BYTE_FOR_BYTE}[compressed]",),
    ),
    Mutant(
        "any-content-type",
        "a body that says it is a pickle is refused as such",
        _RECEIVER,
        "if content_type not in _CONTENT_TYPES:",
        "if False:",
        (f"{_BYTE_FOR_BYTE}[pickle]",),
    ),
    Mutant(
        "unreadable-acked-unkept",
        "what is unreadable and cannot be kept by us is left to the broker",
        _RECEIVER,
        'broker does: %s", queue.name, exc)\n            incoming.reject()',
        'broker does: %s", queue.name, exc)\n            incoming.ack()',
        (f"{_SETTLING}::test_what_is_unreadable_and_cannot_be_kept_by_us_is_left_to_the_broker",),
    ),
    Mutant(
        "unreadable-acked-first",
        "what is unreadable is acked after its dead letter is published",
        _RECEIVER,
        'self._recovery.bury(delivery, "unreadable", error)',
        'incoming.ack(); self._recovery.bury(delivery, "unreadable", error)',
        (f"{_SETTLING}::test_what_is_unreadable_is_acked_after_its_dead_letter_is_published",),
    ),
    Mutant(
        "any-message-id",
        "an id that the ledger could not store makes an event unreadable",
        "trackflow/messaging/envelope.py",
        'envelope["id"] = _identity(identity)',
        'envelope["id"] = identity',
        (f"{_BYTE_FOR_BYTE}[a bad id]",),
    ),
    Mutant(
        "undecodable-ends-the-worker",
        "no worker ends of properties that its AMQP client cannot decode",
        "trackflow/messaging/consumer.py",
        "tolerate_undecodable(connection)",
        "pass",
        ("tests/integration/test_undecodable.py::test_a_worker_survives_properties_that_cannot_be_decoded",),
    ),
)
