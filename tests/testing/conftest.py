"""A user's project for the tests of the plugin; who asks for it takes pytest's own `pytester` with it."""

import pytest

from tests.testing.user_project import UserProject


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> UserProject:
    monkeypatch.delenv("APP", raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # others take seconds to load
    return UserProject(pytester)
