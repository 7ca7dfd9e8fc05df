"""Coverage-guided fuzzing of expressions with Atheris, for as long as one likes.

    .venv/bin/python -m tests.bpmn.fuzz_expressions [SECONDS] [libFuzzer's options]

An input is a text, and behind its first NUL, if it has one, the variable `s`. It finds what raises anything
but ExpressionError, what takes a second or half a gigabyte, and what would run code, import or open anything.
Such an input is written to `crash-…`, `timeout-…` or `oom-…` in the current folder; given as an argument, it
is run alone. Atheris is there on Linux for Python 3.11 to 3.13.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["trackflow.bpmn"]):
    from tests.bpmn.use_of_expressions import use
from tests.bpmn.juel.recorded import RECORDED
from tests.bpmn.juel.variables import VARIABLES

_SECONDS = "600"
_WORDS = [
    *(
        "${",
        "#{",
        "\\${",
        "'\\\\'",
        " div ",
        " mod ",
        " and ",
        " or ",
        " not ",
        " empty ",
        "null",
        "true",
        "1e999",
    ),
    *(".length()", ".substring(", ".indexOf('", ".equals(", ".get(", "execution.getVariable('"),
    *("&&", "||", "==", "!=", "<=", ">=", "?", ":", "9223372036854775807", *VARIABLES),
]


def test_one_input(data: bytes) -> None:
    text, _, string = data.decode("utf-8", "replace").partition("\0")
    use(text, {**VARIABLES, "s": string})


def _escaped(word: str) -> str:
    """As libFuzzer's dictionaries have it."""
    return "".join(f"\\x{byte:02x}" for byte in word.encode())


def main(arguments: list[str]) -> None:
    seconds = arguments.pop(0) if arguments and arguments[0].isdigit() else _SECONDS
    with tempfile.TemporaryDirectory(prefix="trackflow-fuzz-") as folder:
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        for number, text in enumerate(RECORDED):
            (corpus / str(number)).write_text(text)
        words = Path(folder, "words")
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in _WORDS))
        options = [f"-max_total_time={seconds}", "-max_len=4100", "-timeout=1", "-rss_limit_mb=512"]
        atheris.Setup([sys.argv[0], *options, f"-dict={words}", *arguments, str(corpus)], test_one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
