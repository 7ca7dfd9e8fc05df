"""URLs that may hold a password, made fit for logs, pages and errors."""

from __future__ import annotations

import re

# Up to the last @ of the authority: a password may hold one, though it should be %40. It may also hold a bare
# / or ?, then the URL is broken and what follows the colon is no port: up to the last @ of the word.
# A URL without a scheme is broken too.
_PASSWORD = re.compile(r"((?:^|://|(?<=[\s'\"]))[^\s/?#@:]*):(?!//)(?:[^\s/?#]*|(?!\d+[/?#])\S*)@")
# libpq takes it as a parameter too.
_PARAMETER = re.compile(r"([?&](?:ssl)?password=)[^\s&#]*")


def masked(url: str) -> str:
    """The URL, or the text with URLs, with each password replaced by stars. Works on a broken URL too."""
    return _PARAMETER.sub(r"\1***", _PASSWORD.sub(r"\1:***@", url))
