"""The Celery app, and tasks named after what they wake. A task is a wake-up: ids in, one call, safe to run twice."""

from syndication.tasks.app import app

__all__ = ["app"]
