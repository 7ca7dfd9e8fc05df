"""Files that are no models, or that want to harm: one line each, soon, and nothing read from elsewhere."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import pytest

from tests.bpmn.lint.models import HEAD
from trackflow.bpmn import parse, read
from trackflow.bpmn.document import MOST_BYTES
from trackflow.errors import ModelError

PROCESS = '<process id="p" isExecutable="true">{}</process>'


def refusal(source: str | bytes) -> str:
    """The line that says why a file is no model. It comes soon, whatever the file."""
    began = time.process_time()
    with pytest.raises(ModelError) as caught:
        parse(source if isinstance(source, bytes) else source.encode(), "bad.bpmn")
    assert time.process_time() - began < 5
    said = str(caught.value)
    assert said.startswith("bad.bpmn: ")
    assert "\n" not in said
    assert len(said) < 1000
    return said


def bpmn(body: str, dtd: str = "") -> str:
    return f"{dtd}{HEAD}{PROCESS.format(body)}</definitions>"


def test_an_xml_bomb_is_refused_before_it_goes_off() -> None:
    entities = '<!ENTITY e0 "lol">' + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    dtd = f"<!DOCTYPE definitions [{entities}]>"
    for body in ('<task id="t" name="&e11;"/>', "<documentation>&e11;</documentation>"):
        tracemalloc.start()
        assert "DTD" in (said := refusal(bpmn(body, dtd))) or "no XML" in said
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
        tracemalloc.stop()


@pytest.mark.parametrize(
    "dtd",
    [
        '<!DOCTYPE definitions SYSTEM "http://localhost:1/x.dtd">',
        '<!DOCTYPE definitions [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE definitions [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]>',
        "<!DOCTYPE definitions>",
    ],
)
def test_no_dtd_is_read_and_no_file_or_host_that_it_names(dtd: str) -> None:
    said = refusal(bpmn('<task id="t" name="a"/>', dtd))
    assert "root:" not in said
    assert "DTD" in said or "no XML" in said


def test_a_foreign_file_in_the_text_is_not_read() -> None:
    dtd = '<!DOCTYPE definitions [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    assert "root:" not in refusal(bpmn("<documentation>&x;</documentation>", dtd))


def test_a_file_that_is_too_big_is_not_even_read(tmp_path: Path) -> None:
    # Given a file of 100 MB that takes no room on the disk
    big = tmp_path / "big.bpmn"
    with big.open("wb") as file:
        file.truncate(100_000_000)

    tracemalloc.start()
    with pytest.raises(ModelError, match=r"big\.bpmn: the file has more than 10,485,760 bytes"):
        read(big)
    assert tracemalloc.get_traced_memory()[1] < 3 * MOST_BYTES
    tracemalloc.stop()


def test_a_timer_fires_at_one_time_only() -> None:
    times = "<timeDuration>PT5S</timeDuration><timeDate>2030-01-31T12:00:00Z</timeDate>"
    event = f"<timerEventDefinition>{times}</timerEventDefinition>"
    said = refusal(bpmn(f'<intermediateCatchEvent id="t">{event}</intermediateCatchEvent>'))
    assert said.endswith("'t': it has 2 times to fire at"), said


def test_the_limit_is_one_of_bytes() -> None:
    long = f"<documentation>{' ' * 1_000_000}</documentation>"
    room = MOST_BYTES - len(bpmn("")) - 10 * len(long)
    assert parse(bpmn(10 * long + " " * room).encode(), "bad.bpmn").process == "p"
    assert "more than" in refusal(bpmn(10 * long + " " * (room + 1)))


@pytest.mark.parametrize("element", ["subProcess", "documentation", "unknown"])
def test_what_is_nested_too_deeply_is_refused(element: str) -> None:
    opened = "".join(f'<{element} id="e{n}">' for n in range(100_000))
    assert "no XML" in refusal(bpmn(opened + f"</{element}>" * 100_000))


def test_subprocesses_as_deep_as_xml_allows_are_read() -> None:
    opened = "".join(f'<subProcess id="e{n}">' for n in range(250))
    assert len(parse(bpmn(opened + "</subProcess>" * 250).encode(), "deep.bpmn").elements) == 250


@pytest.mark.parametrize("id_", ["a b", "1st", "a:b", "ä&lt;b", "a/b", "{x}y", "-x", "a\u202eb"])
def test_an_id_that_xml_does_not_allow_is_named(id_: str) -> None:
    said = refusal(bpmn(f'<task id="{id_}"/>'))
    assert "task '" in said
    assert "an id has letters" in said


@pytest.mark.parametrize("id_", ["_", "a.b-c_1", "Übergabe", "注文"])
def test_an_id_may_have_the_letters_of_any_language(id_: str) -> None:
    assert list(parse(bpmn(f'<task id="{id_}"/>').encode(), "x.bpmn").elements) == [id_]


def test_what_was_deployed_before_ids_were_looked_at_is_read() -> None:
    source = bpmn('<task id="a b"/>').encode()
    assert list(parse(source, "version 1", deployed=True).elements) == ["a b"]


@pytest.mark.parametrize(
    ("processes", "said"),
    [
        ("", "has: none"),
        ('<process id="p"/>', "has: none"),
        ('<process id="p" isExecutable="true"/><process id="q" isExecutable="true"/>', "has: 'p', 'q'"),
        ('<process id="p" isExecutable="true"/><process id="p" isExecutable="true"/>', "there 2 times"),
    ],
)
def test_there_is_one_executable_process(processes: str, said: str) -> None:
    assert said in refusal(f"{HEAD}{processes}</definitions>")


@pytest.mark.parametrize(
    "body",
    [
        '<task id="a"/><sequenceFlow id="f" sourceRef="a" targetRef="nobody"/>',
        '<receiveTask id="a" messageRef="nobody"/>',
        '<boundaryEvent id="a" attachedToRef="nobody"><timerEventDefinition/></boundaryEvent>',
        '<endEvent id="a"><errorEventDefinition errorRef="nobody"/></endEvent>',
        '<intermediateThrowEvent id="a"><signalEventDefinition signalRef="nobody"/></intermediateThrowEvent>',
    ],
)
def test_a_reference_to_nothing_is_named(body: str) -> None:
    assert "'nobody'" in refusal(bpmn(body))


def test_the_line_of_what_is_wrong_is_known() -> None:
    for source in (bpmn('\n\n<task id="a b"/>'), bpmn("\n\n<task")):
        with pytest.raises(ModelError) as caught:
            parse(source.encode(), "bad.bpmn")
        assert caught.value.line == 3
