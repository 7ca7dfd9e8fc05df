"""Services: what a function returns is published whole, under the same ids, before its cause is acked."""

from tests.chaos.mutants.mutant import Mutant

_SERVICE = "trackflow/messaging/service.py"
_MESSAGE = "trackflow/message.py"
_OF_SERVICE = "tests/messaging/test_service.py"
_SETTLING = "tests/messaging/test_settling.py"

MUTANTS = (
    Mutant(
        "acked-early",
        "an event is acked only when it is handled: a worker that dies loses none",
        _SERVICE,
        "acks_late = True",
        "acks_late = False",
        (f"{_SETTLING}::test_an_event_is_acked_after_what_follows_from_it_is_published",),
    ),
    Mutant(
        "published-after-the-ack",
        "what follows from an event is published before that is acked",
        _SERVICE,
        "self._host.publisher.emit(effect, app_id=self.name)",
        "threading.Timer(0.5, self._host.publisher.emit, (effect, self.name)).start()",
        (f"{_SETTLING}::test_an_event_is_acked_after_what_follows_from_it_is_published",),
    ),
    Mutant(
        "rejected-after-the-dead-letter",
        "a failed event makes one dead letter, ours: the broker is not told to make a second",
        _SERVICE,
        "acks_on_failure = True",
        "acks_on_failure = False",
        (f"{_SETTLING}::test_a_failed_event_is_acked_after_its_dead_letter_is_published",),
    ),
    Mutant(
        "parking-fails-silently",
        "an event that can be copied nowhere goes back to its queue",
        _SERVICE,
        "raise Reject(exc, requeue=True) from error",
        "return",
        (f"{_SETTLING}::test_an_event_that_cannot_be_parked_goes_back_to_its_queue",),
    ),
    Mutant(
        "exit-in-a-pool-thread",
        "an event whose function calls `sys.exit` in a pool thread comes again",
        _SERVICE,
        "raise Reject(repr(exc), requeue=True) from exc",
        "raise",
        (f"{_SETTLING}::test_a_service_that_exits_in_a_pool_thread_gets_its_event_again",),
    ),
    Mutant(
        "always-gives-up",
        "a service may ask for more tries than its ladder has steps",
        _SERVICE,
        "return len(ladder) + 1 if self.tries is None else self.tries",
        "return len(ladder) + 1",
        (f"{_SETTLING}::test_a_service_that_never_gives_up_repeats_the_last_step_of_its_ladder",),
    ),
    Mutant(
        "never-gives-up",
        "after the ladder's last step a failing event is a dead letter",
        _SERVICE,
        "if passing and attempt + 1 < self._most_tries(ladder, error):",
        "if passing:",
        (
            "tests/messaging/test_recovery_in_memory.py::test_a_passing_error_is_tried_again_until_the_ladder_ends",
        ),
    ),
    Mutant(
        "everything-passes",
        "an error that will not pass makes a dead letter at once",
        _SERVICE,
        "passing = isinstance(error, (*self.transient, LedgerError)) and bool(ladder)",
        "passing = bool(ladder)",
        ("tests/messaging/test_recovery_in_memory.py::test_any_other_error_is_a_dead_letter_at_once",),
    ),
    Mutant(
        "published-one-by-one",
        "of several effects none is published if one of them is wrong",
        _SERVICE,
        "checked.append(effect.caused_by(cause, place))",
        "checked.append(self._host.publisher.emit(effect.caused_by(cause, place)))",
        (f"{_SETTLING}::test_of_several_effects_none_is_published_if_one_is_wrong",),
    ),
    Mutant(
        "undeclared-effects",
        "a service emits only what it says that it emits",
        _SERVICE,
        "if effect.event not in self.emits:",
        "if False:",
        (f"{_OF_SERVICE}::test_what_cannot_follow_is_an_error_in_words",),
    ),
    Mutant(
        "random-effect-ids",
        "a service that runs again emits the same ids, so that every consumer can tell",
        _MESSAGE,
        'update={"id": _id_of_effect(cause, self.event, place), "cause": cause.id}',
        'update={"id": uuid4().hex, "cause": cause.id}',
        ("tests/messaging/test_message.py::test_an_effect_has_the_same_id_each_time_the_service_runs",),
    ),
    Mutant(
        "one-id-for-several-effects",
        "two effects of one event are two events",
        _SERVICE,
        "effect.caused_by(cause, place)",
        "effect.caused_by(cause, 0)",
        (f"{_OF_SERVICE}::test_several_may_follow_each_with_an_id_of_its_own",),
    ),
    Mutant(
        "random-foreign-ids",
        "a foreign client's event without an id has the same one when it is delivered again",
        _MESSAGE,
        'uuid5(_EVENT_IDS, body.model_dump_json(exclude={"command"})).hex',
        "uuid4().hex",
        ("tests/messaging/test_message.py::test_an_id_derived_from_the_content_is_that_of_the_redelivery",),
    ),
)
