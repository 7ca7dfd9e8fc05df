"""What JUEL said of expressions over `VARIABLES`: in recorded.json, for tests without Java.

    .venv/bin/python -m tests.bpmn.juel.recorded [TEXT…]

adds the texts, and asks Operaton's JUEL anew for each that is there.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bpmn.juel.oracle import Answer, Oracle, read_value, value_in_words
from tests.bpmn.juel.variables import VARIABLES

_FILE = Path(__file__).with_name("recorded.json")


def _read() -> Mapping[str, Answer]:
    return {
        text: Answer(kind, read_value(iter(value.split())), form)
        for text, (kind, value, form) in json.loads(_FILE.read_text()).items()
    }


RECORDED = _read()


def record(texts: list[str]) -> None:
    with TemporaryDirectory(prefix="trackflow-juel-") as folder:
        oracle = Oracle(Path(folder), "operaton")
        answers = {text: oracle.ask(text, VARIABLES) for text in sorted({*texts, *RECORDED})}
        oracle.stop()
    lines = (f"{json.dumps(text, ensure_ascii=False)}: {_line(answer)}" for text, answer in answers.items())
    _FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def _line(answer: Answer) -> str:
    # An error's words are Java's own, and differ from version to version.
    form = answer.text if answer.kind == "value" else ""
    return json.dumps([answer.kind, value_in_words(answer.value), form], ensure_ascii=False)


if __name__ == "__main__":
    record(sys.argv[1:])
