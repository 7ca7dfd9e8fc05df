"""Topology: no event is published into the void, and none is lost on its way between queues."""

from tests.chaos.mutants.mutant import Mutant

_QUEUE = "trackflow/messaging/event_queue.py"
_LIMITS = (
    "tests/messaging/test_choreography.py::"
    "test_crash_loops_end_and_dead_letters_stay_however_often_they_are_looked_at"
)
_ARGUMENTS = (
    "tests/messaging/test_choreography.py::"
    "test_every_queue_is_durable_quorum_and_loses_nothing_on_the_way_to_the_dead_letters"
)

MUTANTS = (
    Mutant(
        "behind-declared-last",
        "nothing is dead-lettered into the void: the queues behind are there first",
        _QUEUE,
        "for queue in self.behind:",
        "super().declare(nowait=nowait, channel=channel)\n        for queue in self.behind:",
        ("tests/messaging/test_settling.py::test_the_queues_behind_are_there_before_their_work_queue",),
    ),
    Mutant(
        "own-queues-only",
        "an event is kept for a service that has not started yet",
        "trackflow/messaging/consumer.py",
        "for queue in self.app.trackflow.queues:",
        "for queue in self.app.amqp.queues.consume_from.values():",
        (
            "tests/messaging/test_settling.py::test_a_worker_declares_the_whole_choreography_whatever_it_consumes",
        ),
    ),
    Mutant(
        "dead-lettered-at-most-once",
        "the broker loses no event on its way to the dead letters",
        _QUEUE,
        '"x-dead-letter-strategy": "at-least-once",',
        "",
        (_ARGUMENTS,),
    ),
    Mutant(
        "overflow-drops",
        "a full queue refuses events instead of dropping the oldest",
        _QUEUE,
        '"x-overflow": "reject-publish",',
        "",
        (_ARGUMENTS,),
    ),
    Mutant(
        "classic-queues",
        "events are replicated, and redeliveries counted",
        _QUEUE,
        '_SAFE = {\n    "x-queue-type": "quorum",',
        '_SAFE = {\n    "x-queue-type": "classic",',
        (_ARGUMENTS,),
    ),
    Mutant(
        "no-delivery-limit",
        "a crash loop ends: an event that kills its worker is a dead letter after 20 deliveries",
        _QUEUE,
        '"x-delivery-limit": DELIVERY_LIMIT,',
        "",
        (_LIMITS,),
    ),
    Mutant(
        "dead-letters-have-a-delivery-limit",
        "looking at a dead letter often does not lose it",
        _QUEUE,
        '"x-queue-type": "quorum", "x-delivery-limit": DEAD_DELIVERY_LIMIT',
        '"x-queue-type": "quorum"',
        (_LIMITS,),
    ),
)
