"""URLs that may hold a password, and errors that may hold such a URL, made fit for logs and pages."""

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


def said(error: BaseException) -> str:
    """What an error says, in one line and without passwords; of the broker's errors its own words."""
    return masked(" ".join(str(getattr(error, "reply_text", None) or error).split()))
