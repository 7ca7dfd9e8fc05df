"""Where the test kit finds the app and the models."""

from pathlib import Path

import pytest

from trackflow.errors import ModelError, TrackflowError
from trackflow.testing.project import Project
from trackflow.testing.stage import Stage

MODELS = Path(__file__).parent / "models"


@pytest.fixture(autouse=True)
def no_app_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("APP", raising=False)


def test_without_an_app_the_models_are_in_the_folder_bpmn(tmp_path: Path) -> None:
    tmp_path.joinpath("bpmn").symlink_to(MODELS)
    assert [model.process for model in Project(None, None, tmp_path).models] == ["order_with_reminder"]


def test_the_app_knows_where_its_models_are() -> None:
    models = Project("tasks", None, Path.cwd()).models
    assert [model.file for model in models] == ["bpmn/track-flow.bpmn"]


def test_a_file_of_ones_own_goes_before_the_apps() -> None:
    project = Project("tasks", str(MODELS / "order-with-reminder.bpmn"), Path.cwd())
    assert [model.process for model in project.models] == ["order_with_reminder"]


def test_a_model_is_read_once() -> None:
    project = Project(None, None, Path.cwd())
    assert project.models_at([MODELS])[0] is project.models_at([MODELS])[0]


@pytest.mark.parametrize(
    ("app", "words"),
    [
        ("tasqs", "cannot import the Celery app 'tasqs': No module named 'tasqs'"),
        ("celery.app.base:Celery", "the Celery app 'celery.app.base:Celery' has no Trackflow"),
    ],
)
def test_an_app_that_cannot_be_had_is_one_line(app: str, words: str) -> None:
    with pytest.raises(TrackflowError) as error:
        _ = Project(app, None, Path.cwd()).trackflow
    assert str(error.value) == words


def test_services_need_an_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(Project(None, None, tmp_path), lambda bench: None)
    with pytest.raises(TrackflowError, match="trackflow_app = tasks"):
        stage.run_services(monkeypatch)


def test_an_empty_folder_holds_no_models(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"there is no \*\.bpmn in this folder"):
        _ = Project(None, ".", tmp_path).models
