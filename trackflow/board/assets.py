"""The static files: scripts, styles and pictures, all of them in the package."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parent / "static"

_RELEASE = re.compile(r"[0-9a-f]{12}")
_FOREVER = "public, max-age=31536000, immutable"


@cache
def release() -> str:
    """A hash of all files. It is a folder in their URLs, so modules find each other by relative paths."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(FOLDER)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def asset(path: str) -> str:
    """The URL of a static file. It is another one after any change, so browsers may keep it for ever."""
    return f"/static/{release()}/{path}"


class Assets(StaticFiles):
    """Serves the folder. A file that is asked for without the hash, or with an old one, is not to be kept."""

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file."""
        first, _, rest = path.partition("/")
        response = await super().get_response(rest if _RELEASE.fullmatch(first) else path, scope)
        response.headers["Cache-Control"] = _FOREVER if first == release() else "no-cache"
        return response
