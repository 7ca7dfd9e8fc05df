"""URLs that may hold a password, made fit for logs, pages and errors."""

from __future__ import annotations

import re

# Up to the last @ of the authority: a password may hold one, though it should be %40.
_PASSWORD = re.compile(r"(?<=://)([^/?#@:]*):[^/?#]*@")


def masked(url: str) -> str:
    """The URL with its password replaced by stars. Works on a broken URL too."""
    return _PASSWORD.sub(r"\1:***@", url)
