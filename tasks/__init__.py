"""The services of this project: one file is one worker is one queue. Start one with
`celery -A tasks worker -Q payment`.
"""

from tasks.celery import app

__all__ = ["app"]
