"""An app in eager mode for each test."""

from pathlib import Path

import pytest
from celery import Celery

from tests.messaging.shop import shop_app


@pytest.fixture
def app(tmp_path: Path) -> Celery:
    return shop_app("eager", tmp_path, task_always_eager=True, task_eager_propagates=True)
