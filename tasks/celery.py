"""The Celery app of all services."""

from pathlib import Path

from celery import Celery

from config.settings import settings
from config.topology import choreography
from trackflow import Trackflow

app = Celery("tasks", include=[f"tasks.{each.name}" for each in choreography.subscriptions])
app.config_from_object("celeryconfig")

trackflow = Trackflow(app, choreography, settings, models=Path(__file__).parent.parent / "bpmn")
