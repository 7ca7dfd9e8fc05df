from collections.abc import Callable

from trackflow.bpmn import Model
from trackflow.engines.embedded.models.prepare import prepare
from trackflow.engines.embedded.steps import interpreter
from trackflow.engines.embedded.steps.state import (
    PROCESS,
    Caller,
    Done,
    Due,
    Scope,
    State,
    Times,
    Token,
    Visit,
)

ModelOf = Callable[..., Model]

# As version 0.1.0 wrote it: of a process that waits for its next message after a join that waits, too.
OF_0_1_0 = """{"variables":{"amount":150},
 "tokens":[{"at":"J","scope":0,"visit":2},{"at":"R","scope":0,"visit":3,"names":{"R":"Paid_north"}}],
 "scopes":[{"id":0,"of":null,"token":null}],
 "path":[["S",1.5,1.5],["P",1.5,1.5],["J",1.5,null],["R",1.5,null]],"end":null}"""


def test_an_instance_that_version_0_1_0_wrote_goes_on(model_of: ModelOf) -> None:
    elements = (
        '<startEvent id="S"><messageEventDefinition messageRef="Go"/></startEvent><parallelGateway id="P"/>'
        '<receiveTask id="R" messageRef="Paid___branch_"/><parallelGateway id="J"/><endEvent id="E"/>'
    )
    flows = ("S>P", "P>J", "P>R", "R>J", "J>E")
    process = prepare(model_of(elements, *flows, messages="Go Paid_${branch}"))

    state = State.from_json(OF_0_1_0)

    assert [scope.id for scope in state.scopes] == [PROCESS]
    (wait,) = interpreter.awaited(process, state)
    assert (wait.message, wait.element) == ("Paid_north", "R")
    ended = interpreter.take(process, state, wait, {}, now=2.0)
    assert isinstance(ended, State)
    assert ended.end == "completed"
    assert ended.variables == {"amount": 150}


def test_an_instance_that_version_0_1_0_ended_has_ended() -> None:
    state = State.from_json('{"variables":{},"tokens":[],"scopes":[],"path":[["S",1,1]],"end":"completed"}')

    assert (state.end, state.scopes, state.path) == ("completed", [], [Visit("S", 1, 1)])


def test_all_that_a_state_can_hold_survives_as_json() -> None:
    every = State(
        variables={"a": None, "b": True, "c": 1.5, "d": "ü", "e": 10**30},
        tokens=[
            Token(
                "U", PROCESS, 1, {"M": "A_1"}, {"T": Due(5.5), "C": Due(6.5, 1.5, "R3/PT5S")}, 0, muted=True
            ),
            Token("R", 1, 2, due={"T": Due(7.5, trouble="no way"), "C": Due(8.5, 1.5, "R/PT7S", "no way")}),
        ],
        scopes=[
            Scope(PROCESS, None, {"N": "B_1"}, {"T": Due(9.5)}, muted=True),
            Scope(1, "U", times=Times(3, 1), done=[Done("R", "H"), Done("V", None, (Done("W", "X"),))]),
        ],
        path=[Visit("S", 1.5, 1.5), Visit("U", 1.5, 2.5, canceled=True), Visit("R", 1.5, None)],
        caller=Caller("0a", 7),
    )

    assert State.from_json(every.to_json()) == every
