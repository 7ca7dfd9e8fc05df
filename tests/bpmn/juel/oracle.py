"""The real JUEL, as a process that answers what an expression's value is: see JuelOracle.java."""

from __future__ import annotations

import shutil
import struct
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.servers import engine
from trackflow.bpmn.values import Integer

_SOURCE = Path(__file__).with_name("JuelOracle.java")
# Camunda has Operaton's classes in packages of its own, and brings its own copy of Jakarta's.
_CAMUNDA = (
    ("org.operaton.", "org.camunda."),
    ("import jakarta.el.", "import org.camunda.bpm.impl.juel.jakarta.el."),
)


class Answer(NamedTuple):
    """What JUEL says of an expression.

    Attributes:
        kind: "value", or where it failed: "read", "evaluate", or "unknown" for JUEL's unknown names.
        value: of the expression.
        text: the value as JUEL puts it into a text, or the error's words.
    """

    kind: str
    value: object
    text: str


def missing(family: str) -> str | None:
    """What must be installed or built, if something must."""
    if shutil.which("javac") is None:
        return "A Java compiler, 17 or newer (Debian's package openjdk-17-jdk-headless)"
    return engine.missing(family)


class Oracle:
    """JUEL of an engine family, with that family's own resolvers and the libraries of its built engine."""

    def __init__(self, folder: Path, family: str) -> None:
        source = folder / _SOURCE.name
        text = _SOURCE.read_text()
        for ours, theirs in _CAMUNDA if family == "camunda" else ():
            text = text.replace(ours, theirs)
        source.write_text(text)
        self._process = subprocess.Popen(
            ["java", "-XX:+UseSerialGC", "--class-path", _class_path(folder, family), source],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="ascii",
        )
        self.java = int(self._line().removeprefix("java "))

    def ask(self, text: str, variables: Mapping[str, object]) -> Answer:
        """The value of the text's expression."""
        words = [value_in_words(text), *(value_in_words(x) for pair in variables.items() for x in pair)]
        assert self._process.stdin
        self._process.stdin.write(" ".join(words) + "\n")
        self._process.stdin.flush()
        kind, *answer = self._line().split()
        rest = iter(answer)
        value = read_value(rest) if kind == "value" else None
        return Answer(kind, value, str(read_value(rest)))

    def stop(self) -> None:
        """Ends the process."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(20)

    def _line(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"JuelOracle ended with {self._process.wait(20)}")
        return line


def _class_path(folder: Path, family: str) -> str:
    """The engine's libraries, in its own order: two of them have classes of the same names."""
    with zipfile.ZipFile(engine.jar(family)) as jar:
        names = jar.read("BOOT-INF/classpath.idx").decode().splitlines()
        return ":".join(jar.extract(name.removeprefix("- ").strip('"'), folder) for name in names)


def value_in_words(value: object) -> str:
    match value:
        case None:
            return "n"
        case bool():
            return f"b{value:d}"
        case Integer():
            return f"i{value:d}"
        case int():
            return f"l{value}"
        case float():
            return f"d{struct.unpack('>Q', struct.pack('>d', value))[0]:x}"
        case Foreign():
            return f"?{value}"
        case str():
            return f"s{value.encode('utf-16-be').hex()}"
        case list():
            return " ".join([f"[{len(value)}", *map(value_in_words, value)])
        case dict():
            return " ".join([f"{{{len(value)}", *(value_in_words(x) for pair in value.items() for x in pair)])
    raise TypeError(f"JuelOracle is not told of {value!r}")


def read_value(words: Iterator[str]) -> object:
    word = next(words)
    rest = word[1:]
    match word[0]:
        case "n":
            return None
        case "b":
            return rest == "1"
        case "l":
            return int(rest)
        case "i":
            return Integer(rest)
        case "d":
            return struct.unpack(">d", struct.pack(">Q", int(rest, 16)))[0]
        case "s":
            return bytes.fromhex(rest).decode("utf-16-be", "surrogatepass")
        case "[":
            return [read_value(words) for _ in range(int(rest))]
        case "{":
            return {read_value(words): read_value(words) for _ in range(int(rest))}
    return Foreign(rest)


class Foreign(str):
    """The class of a Java object that no variable of ours can hold."""
