"""What to do when a server's software is not there."""

import os

import pytest


def need(missing: str | None) -> None:
    """Skip the test if something is missing, and fail it in CI, where nothing may be. None: nothing is."""
    if missing is None:
        return
    if os.environ.get("CI"):
        pytest.fail(f"{missing} is missing, and in CI nothing may be", pytrace=False)
    pytest.skip(f"{missing} is missing")
