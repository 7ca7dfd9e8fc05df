"""The API by its own description: whatever that allows is answered as it says, and never with 5xx."""

from __future__ import annotations

import pytest
import schemathesis
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.board.conftest import BASE, Signed
from tests.board.orders import PLAIN
from trackflow.board.app import API

EXAMPLES = 20  # of each operation: a unit test's share
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
OPERATIONS = sorted(
    (method, route.path)
    for router in API
    for route in router.routes
    if isinstance(route, APIRoute) and "stream" not in route.path  # which would not end
    for method in route.methods
)
UNHURRIED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_is_as_described(shared_operator: Signed, method: str, path: str) -> None:
    schema = schemathesis.openapi.from_dict(shared_operator.client.get("/api/openapi.json").json())
    (event,) = shared_operator.client.get("/api/events", params={"key": PLAIN, "limit": 1}).json()
    there = {"key": PLAIN, "id": event["id"], "process": "claim", "version": 1}

    @UNHURRIED
    @given(case=schema[path][method].as_strategy(), is_there=st.booleans())
    def ask(case: Case, is_there: bool) -> None:
        case.headers.update(shared_operator.headers)
        if is_there:  # nobody would guess the name of something
            for parameters in (case.path_parameters, case.query):
                parameters.update({name: there[name] for name in parameters.keys() & there})
        arguments = case.as_transport_kwargs(base_url=BASE)
        del arguments["cookies"]  # the client's own stay
        answer = shared_operator.client.request(**arguments)
        case.validate_response(answer, checks=CHECKS)

    ask()
