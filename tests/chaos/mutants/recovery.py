"""Recovery: a copy is not what came unless it is told apart from it, counted, and kept."""

from tests.chaos.mutants.mutant import Mutant

_RECOVERY = "trackflow/messaging/recovery.py"
_PUBLISHER = "trackflow/messaging/publisher.py"
_SETTLING = "tests/messaging/test_settling.py"
_IN_MEMORY = "tests/messaging/test_recovery_in_memory.py"

MUTANTS = (
    Mutant(
        "attempts-not-counted",
        "tries are counted: a failing event comes to the ladder's end",
        _RECOVERY,
        'attempt = attempts_before(delivery["headers"]) + 1',
        'attempt = attempts_before(delivery["headers"])',
        (f"{_IN_MEMORY}::test_a_passing_error_is_tried_again_until_the_ladder_ends",),
    ),
    Mutant(
        "forged-attempts-believed",
        "a forged number of tries counts as none",
        "trackflow/messaging/delivery.py",
        "return value if type(value) is int and 0 <= value < _MOST_ATTEMPTS else 0",
        "return value or 0",
        (f"{_SETTLING}::test_a_forged_number_of_tries_counts_as_none",),
    ),
    Mutant(
        "brokers-headers-kept",
        "what the broker noted on an event (x-death) is not published again: it would take it for a cycle",
        _RECOVERY,
        'str(header)[:2] == "x-" or ',
        "",
        (f"{_SETTLING}::test_what_the_broker_noted_on_an_event_is_not_published_again",),
    ),
    Mutant(
        "sender-selected-queues-kept",
        "a copy goes to its one queue, whatever queues the event's sender had named (CC, BCC)",
        _RECOVERY,
        ' or header in ("CC", "BCC")',
        "",
        ("tests/upkeep/test_raw.py::test_a_copy_goes_to_one_queue_whatever_its_headers_say",),
    ),
    Mutant(
        "headers-lost",
        "a dead letter has the headers that came",
        _RECOVERY,
        "headers={**headers, **notes}",
        "headers=notes",
        (f"{_IN_MEMORY}::test_a_passing_error_is_tried_again_until_the_ladder_ends",),
    ),
    Mutant(
        "retried-for-everybody",
        "an event is tried again by the service that failed, and by nobody else",
        "trackflow/messaging/delivery.py",
        'message.delivery_info = {**message.delivery_info, "exchange": "", "routing_key": queue}',
        "message.delivery_info = {**message.delivery_info}",
        (f"{_SETTLING}::test_celerys_own_retry_reaches_nobody_else",),
    ),
    Mutant(
        "copies-not-persistent",
        "what is kept survives a restart of the broker",
        _PUBLISHER,
        'properties["delivery_mode"] = envelope.PERSISTENT',
        'properties["delivery_mode"] = 1',
        (f"{_SETTLING}::test_what_is_kept_survives_a_restart_of_the_broker",),
    ),
    Mutant(
        "copies-encoded-anew",
        "a dead letter's body is that which came, whatever encoding it claims",
        _PUBLISHER,
        "raw = body.encode() if isinstance(body, str) else body",
        "raw = body",
        (f"{_IN_MEMORY}::test_a_failed_event_of_any_declared_encoding_is_kept_once",),
    ),
    Mutant(
        "translation-requeued",
        "in memory too an event that is given back is the one that came",
        "trackflow/messaging/delivery.py",
        "message.serializable = lambda: came",
        "pass",
        (f"{_SETTLING}::test_an_event_that_cannot_be_parked_goes_back_to_its_queue",),
    ),
)
