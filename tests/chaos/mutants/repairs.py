"""Repairs: looking at dead letters, replaying them and replacing queues loses nothing, if killed either."""

from tests.chaos.mutants.mutant import Mutant

_DEAD = "trackflow/upkeep/dead_letters.py"
_WRITER = "trackflow/upkeep/raw_writer.py"
_MIGRATION = "trackflow/upkeep/migration.py"
_OF_DEAD = "tests/upkeep/test_dead_letters.py"
_OF_RAW = "tests/upkeep/test_raw.py"
_OF_MIGRATION = "tests/cli/test_migration.py"

MUTANTS = (
    Mutant(
        "replay-acked-unconfirmed",
        "a dead letter is taken out of its queue when the broker has confirmed its copy",
        _DEAD,
        "writer.confirm()",
        "reader.ack(*(each.raw for each in batch)); writer.confirm()",
        (f"{_OF_DEAD}::test_a_missing_work_queue_loses_nothing",),
    ),
    Mutant(
        "replay-not-noted-first",
        "no letter is replayed that the audit does not know",
        _DEAD,
        "if each.content not in replayed}\n                note(list(fresh.values()))",
        "if each.content not in replayed}",
        (f"{_OF_DEAD}::test_nothing_is_done_before_it_is_noted",),
    ),
    Mutant(
        "discard-not-noted-first",
        "nor is any discarded",
        _DEAD,
        "if each.content not in discarded}\n                note(list(fresh.values()))",
        "if each.content not in discarded}",
        (f"{_OF_DEAD}::test_nothing_is_done_before_it_is_noted",),
    ),
    Mutant(
        "copies-replayed",
        "of the copies of a letter that a killed broker left one is replayed",
        _DEAD,
        "for each in batch if each.content not in replayed}",
        "for each in batch}",
        (f"{_OF_DEAD}::test_copies_in_two_batches_are_one",),
    ),
    Mutant(
        "death-replayed",
        "a replayed event is as it was before it died, and has all its tries again",
        _DEAD,
        "return replace(letter.raw, headers=letter.headers)",
        "return letter.raw",
        (f"{_OF_DEAD}::test_a_replayed_letter_is_as_it_was_before_it_died",),
    ),
    Mutant(
        "uncopied-letters-acked",
        "a letter that cannot be copied stays where it is",
        _DEAD,
        "reader.ack(*(each.raw for each in batch if each.content in replayed))",
        "reader.ack(*(each.raw for each in batch))",
        (f"{_OF_DEAD}::test_what_cannot_be_copied_stays_and_can_be_discarded",),
    ),
    Mutant(
        "replayed-for-others",
        "a letter is replayed to its one queue, whatever its headers say",
        _WRITER,
        "for name, value in headers.items() if not is_brokers(name)}",
        "for name, value in headers.items()}",
        (f"{_OF_RAW}::test_a_copy_goes_to_one_queue_whatever_its_headers_say",),
    ),
    Mutant(
        "refused-copies-counted",
        "a copy that the broker refuses is an error",
        _WRITER,
        'raise PublishError("the broker refused a message: the queue takes no more")',
        "self._on_ack(tag, multiple)",
        (f"{_OF_RAW}::test_a_message_that_the_queue_refuses_is_an_error",),
    ),
    Mutant(
        "returned-copies-counted",
        "and so is one that no queue takes",
        _WRITER,
        "mandatory=True",
        "mandatory=False",
        (f"{_OF_RAW}::test_a_message_that_no_queue_takes_is_an_error",),
    ),
    Mutant(
        "nobody-listens-beside",
        "an event that is published while its queue is replaced is kept beside it",
        _MIGRATION,
        "channel.queue_bind(beside, work.exchange.name, binding.routing_key)",
        "pass",
        (f"{_OF_MIGRATION}::test_what_is_published_meanwhile_is_not_lost",),
    ),
    Mutant(
        "moved-unconfirmed",
        "a message is taken out of the old queue when the broker has confirmed its copy",
        _MIGRATION,
        "            writer.confirm()\n            reader.ack(*batch)",
        "            reader.ack(*batch)\n            writer.confirm()",
        ("tests/upkeep/test_moving.py::test_what_the_broker_has_not_confirmed_stays_in_the_old_queue",),
    ),
    Mutant(
        "deleted-with-what-is-in-it",
        "only an empty queue that nobody consumes is deleted",
        _MIGRATION,
        "if found.messages or found.consumers:",
        "if False:",
        ("tests/upkeep/test_moving.py::test_a_queue_that_holds_something_is_not_deleted",),
    ),
    Mutant(
        "migrations-meet",
        "two migrations of one tenant do not meet",
        _MIGRATION,
        "channel.queue_declare(lock, durable=False, exclusive=True)",
        "pass",
        (f"{_OF_MIGRATION}::test_two_migrations_at_once_do_not_meet",),
    ),
)
