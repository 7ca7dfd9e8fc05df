import re
from collections.abc import Callable

import pytest
from sqlalchemy import Connection
from sqlalchemy import Engine as Database

from trackflow.bpmn import Model, parse
from trackflow.engines.answers import Answer, Outcome
from trackflow.engines.embedded import EmbeddedEngine
from trackflow.message import Message

_FILE = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:test">
  {messages}
  <process id="{process}" isExecutable="true">{body}</process>
</definitions>"""


def _flow(text: str) -> str:
    """`A>B` or `A>B ${condition}`; the flow's id is `A_B`."""
    ends, _, condition = text.partition(" ")
    source, target = ends.split(">")
    inner = f"<conditionExpression><![CDATA[{condition}]]></conditionExpression>" if condition else ""
    attributes = f'id="{source}_{target}" sourceRef="{source}" targetRef="{target}"'
    return f"<sequenceFlow {attributes}>{inner}</sequenceFlow>"


@pytest.fixture
def model_of() -> Callable[..., Model]:
    """A model from its elements, and its flows as `A>B ${condition}`.

    A message's id is its name, without what no id may have: that of `A_${b}` is `A___b_`.
    """

    def build(elements: str, *flows: str, process: str = "orders", messages: str = "Go A B C") -> Model:
        named = "".join(
            f'<message id="{re.sub(r"[^a-zA-Z0-9_]", "_", name)}" name="{name}"/>'
            for name in messages.split()
        )
        body = elements + "".join(map(_flow, flows))
        return parse(_FILE.format(messages=named, process=process, body=body).encode(), f"{process}.bpmn")

    return build


@pytest.fixture
def engine(embedded: EmbeddedEngine) -> EmbeddedEngine:
    return embedded


@pytest.fixture
def tell(database: Database, engine: EmbeddedEngine) -> Callable[..., Answer]:
    """Tell the engine an event, in a transaction that is rolled back unless the event is accepted."""

    def tell(event: str, key: str = "4711", payload: object = None, tenant: str = "own") -> Answer:
        message = Message.new(business_key=key, tenant=tenant, event=event, payload=payload)
        with database.connect() as connection, connection.begin() as transaction:
            answer = engine.correlate(message, connection)
            if answer.outcome is not Outcome.ACCEPTED:
                transaction.rollback()
            return answer

    return tell


@pytest.fixture
def stored(database: Database) -> Callable[[str], list[tuple[object, ...]]]:
    """Everything in a table."""

    def stored(table: str) -> list[tuple[object, ...]]:
        with database.connect() as connection:
            return [tuple(row) for row in _rows(connection, table)]

    return stored


def _rows(connection: Connection, table: str) -> list[object]:
    return list(connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY 1, 2, 3").all())
