"""What a verb needs that `pip install trackflow` alone does not bring."""

from __future__ import annotations

from importlib.util import find_spec

from trackflow.cli.errors import Failure

_BOARD = ("argon2", "fastapi", "itsdangerous", "jinja2", "python_multipart", "uvicorn")


def require_board() -> None:
    """Raises Failure if the board's libraries are not all here."""
    if missing := [name for name in _BOARD if find_spec(name) is None]:
        raise Failure(f"{', '.join(missing)} is missing: pip install 'trackflow[board]'")
