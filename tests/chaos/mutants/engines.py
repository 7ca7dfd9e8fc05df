"""Engines: what an answer, or none, means; the embedded one changes with the ledger or not at all."""

from tests.chaos.mutants.mutant import Mutant

_REST = "trackflow/engines/camunda/rest.py"
_CONNECTIONS = "trackflow/engines/camunda/connections.py"
_TELLING = "trackflow/engines/embedded/telling.py"
_ANSWERS = "tests/engines/test_camunda_answers.py"
_OF_EMBEDDED = "tests/engines/embedded/test_engine.py"

MUTANTS = (
    Mutant(
        "lost-answers-mean-nothing",
        "a request that was sent and not answered may have taken effect",
        _REST,
        "lost = AnswerUnknown if changes else EngineUnreachable",
        "lost = EngineUnreachable",
        (f"{_ANSWERS}::test_an_event_that_was_sent_and_not_answered_may_have_happened",),
    ),
    Mutant(
        "bad-gateways-mean-nothing",
        "so may one that a proxy answered with 502 or 504",
        _REST,
        "return status != HTTPStatus.SERVICE_UNAVAILABLE",
        "return False",
        (f"{_ANSWERS}::test_an_event_that_was_sent_and_not_answered_may_have_happened",),
    ),
    Mutant(
        "refused-connections-mean-doubt",
        "a refused connection leaves no doubt: no case waits for a quarantine",
        _REST,
        'raise EngineUnreachable(f"{self._shown} cannot be reached: {exc}") from exc',
        'raise lost(f"{self._shown} cannot be reached: {exc}") from exc',
        (f"{_ANSWERS}::test_nobody_listens",),
    ),
    Mutant(
        "anybodys-word",
        "only the engine's own JSON counts as its word",
        _REST,
        'is_error = isinstance(said, dict) and "type" in said and isinstance(said.get("message"), str)',
        "is_error = True",
        (f"{_ANSWERS}::test_a_page_of_somebody_in_between_means_that_nothing_happened",),
    ),
    Mutant(
        "urllib3-tells-again",
        "only the tracker decides where and when an event is told again",
        _CONNECTIONS,
        "retries=False,",
        "retries=3,",
        (f"{_ANSWERS}::test_a_page_of_somebody_in_between_means_that_nothing_happened",),
    ),
    Mutant(
        "trickles-unlimited",
        "a request lasts no longer than the lease assumes, also if its answer trickles",
        _CONNECTIONS,
        "if monotonic() > deadline:",
        "if False:",
        (f"{_ANSWERS}::test_an_event_that_was_sent_and_not_answered_may_have_happened",),
    ),
    Mutant(
        "no-trace-in-the-engine",
        "each request leaves the event's own variable in the engine's history, by which it is found",
        "trackflow/engines/camunda/words.py",
        "event_variable(event.id): ",
        "event_variable(event.cause or ''): ",
        (f"{_ANSWERS}::test_what_is_told",),
    ),
    Mutant(
        "recorded-and-told-apart",
        "with the embedded engine an event's record and its step are one transaction",
        "trackflow/tracking/transactional.py",
        "return self._cases.change(message.business_key, lambda case: self._record_and_tell(case, event))",
        "self._cases.change(message.business_key, lambda case: (case.record(event), case.release(0)))\n"
        "        return self._cases.change(message.business_key, lambda case: self._tell(case, event))",
        ("tests/tracking/test_transactional.py::test_an_event_whose_step_breaks_is_not_recorded",),
    ),
    Mutant(
        "first-of-several-moves",
        "an event that several instances wait for changes nothing",
        _TELLING,
        "if len(waiting) > 1:",
        "if False:",
        (f"{_OF_EMBEDDED}::test_several_that_wait_are_ambiguous_and_nothing_changes",),
    ),
    Mutant(
        "refused-steps-kept",
        "an event that the embedded engine refuses changes nothing",
        "trackflow/engines/embedded/steps/interpreter.py",
        "return Refusal(str(exc))",
        "return state",
        (f"{_OF_EMBEDDED}::test_a_refused_event_changes_nothing_not_even_variables",),
    ),
    Mutant(
        "start-before-who-waits",
        "an event that an instance waits for starts no second one",
        _TELLING,
        "        if waiting:\n",
        "        if waiting and startable() is None:\n",
        (f"{_OF_EMBEDDED}::test_an_instance_that_waits_goes_before_a_start",),
    ),
    Mutant(
        "dtd-allowed",
        "a model file reads no other file, and expands no entity",
        "trackflow/bpmn/document.py",
        "if root.getroottree().docinfo.internalDTD is not None:",
        "if False:",
        ("tests/bpmn/test_reader.py::test_no_dtd_and_so_no_entity_and_no_foreign_file_is_read",),
    ),
)
