"""Everything that can be done with an expression, watched."""

import contextlib
import sys
from collections.abc import Mapping

from trackflow.bpmn import expressions
from trackflow.bpmn.tokens import names_in
from trackflow.errors import ExpressionError

# What Python tells its audit hooks before it does it.
_FORBIDDEN = (
    "exec",
    "compile",
    "import",
    "open",
    "os.",
    "subprocess.",
    "socket.",
    "ctypes.",
    "object.__getattr__",
)
_is_watched = False


def use(text: str, variables: Mapping[str, object]) -> None:
    """Read and evaluate the text in every way. Raises whatever is no ExpressionError."""
    global _is_watched
    _is_watched = True
    try:
        names = names_in(text)
        with contextlib.suppress(ExpressionError):
            expression = expressions.compile(text)
            assert expression.names == names
            for ask in (expression.evaluate, expression.condition, expression.occurs, expression.string):
                with contextlib.suppress(ExpressionError):
                    ask(variables)
    except ExpressionError as exc:
        raise AssertionError(f"names_in({text!r}) failed") from exc
    finally:
        _is_watched = False


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if _is_watched and event.startswith(_FORBIDDEN):
        raise AssertionError(f"an expression must not cause {event!r} {arguments!r}")


for codec in ("utf-16-le", "utf-16-be"):  # loaded at their first use
    "".encode(codec)
sys.addaudithook(_watch)
