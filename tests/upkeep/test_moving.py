"""What a migration relies on: a message leaves a queue when its copy is safe, and a queue goes when empty."""

import pytest
from kombu import Connection
from kombu.exceptions import OperationalError

from tests.integration.wire import Wire
from tests.waiting import until
from trackflow.upkeep import migration
from trackflow.upkeep.raw_writer import RawWriter

pytestmark = pytest.mark.broker

SECONDS = 20


@pytest.fixture(autouse=True)
def three(wire: Wire, queue: str) -> None:
    """The queue holds three messages."""
    for body in (b"1", b"2", b"3"):
        wire.channel.basic_publish("", queue, body)


def test_what_is_moved_is_in_the_new_queue_alone(wire: Wire, queue: str, connection: Connection) -> None:
    migration._move_all(connection, queue, f"{queue}.new")

    assert [seen.body for seen in wire.take(f"{queue}.new")] == [b"1", b"2", b"3"]
    assert wire.count(queue) == 0


def test_what_the_broker_has_not_confirmed_stays_in_the_old_queue(
    wire: Wire, queue: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a broker that goes away before it confirms
    def goes_away(_: RawWriter) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(RawWriter, "confirm", goes_away)

    # When messages are moved
    with pytest.raises(OperationalError):
        migration._move_all(connection, queue, f"{queue}.new")

    # Then none has left
    until(lambda: wire.count(queue) == 3, SECONDS, "all are in the old queue")


def test_a_queue_that_holds_something_is_not_deleted(wire: Wire, queue: str, connection: Connection) -> None:
    until(lambda: wire.count(queue) == 3, SECONDS, "all are in the queue")

    assert not migration.delete_if_empty(connection, queue)
    assert migration.delete_if_empty(connection, f"{queue}.new")

    assert wire.count(queue) == 3
