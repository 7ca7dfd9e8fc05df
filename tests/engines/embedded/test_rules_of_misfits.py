"""What keeps an instance out of another version, by the models alone."""

from tests.engines.called_models import catch, model, receive, start
from trackflow.bpmn import Model
from trackflow.engines.misfits import misfits, renamed


def _inside(kind: str) -> Model:
    flow = '<sequenceFlow id="f" sourceRef="s" targetRef="R"/>'
    body = f'<{kind} id="U"><startEvent id="s"/>{receive("R", "A")}{flow}</{kind}>'
    return model("orders", start() + body, "S>U")


def test_what_is_inside_of_something_of_another_kind_stays() -> None:
    (misfit,) = misfits(_inside("subProcess"), _inside("transaction"), ["R"])

    assert str(misfit) == "'R' is in 'U', which is a transaction there, not a subProcess"
    assert misfit.as_json() == {"element": "R", "name": None, "reason": misfit.reason}


def test_a_signal_of_another_name_is_another_name_to_listen_for() -> None:
    old, new = (model("orders", start() + catch("c", "signal", name), "S>c") for name in ("Alarm", "Calm"))

    assert renamed(old, new) == {"c"}
    assert renamed(old, old) == frozenset()
