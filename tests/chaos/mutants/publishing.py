"""Publishing: emitted is what the broker has confirmed and a queue has."""

from tests.chaos.mutants.mutant import Mutant

_PUBLISHER = "trackflow/messaging/publisher.py"
_WITH_BROKER = "tests/integration/test_publisher.py"

MUTANTS = (
    Mutant(
        "confirms-off",
        "an event counts as emitted when the broker has confirmed it",
        _PUBLISHER,
        '"confirm_publish": True',
        '"confirm_publish": False',
        (f"{_WITH_BROKER}::test_what_the_broker_refuses_to_confirm_is_an_error",),
    ),
    Mutant(
        "mandatory-off",
        "an event that no queue takes is an error, not a loss",
        _PUBLISHER,
        "mandatory=True",
        "mandatory=False",
        (f"{_WITH_BROKER}::test_an_event_that_no_queue_takes_is_an_error",),
    ),
    Mutant(
        "foreign-tenant-published",
        "no event of another tenant is published here",
        _PUBLISHER,
        "if event.tenant != self._tenant:",
        "if False:",
        ("tests/messaging/test_service.py::test_what_cannot_follow_is_an_error_in_words",),
    ),
    Mutant(
        "events-not-persistent",
        "events survive a restart of the broker",
        "trackflow/messaging/envelope.py",
        '"delivery_mode": PERSISTENT',
        '"delivery_mode": 1',
        ("tests/messaging/test_envelope.py::test_the_properties_are_those_of_the_wire_contract",),
    ),
)
