"""The Celery app for the command line: `celery -A worker worker` and `celery -A worker beat`."""

from beat_schedule import BEAT_SCHEDULE
from syndication.tasks import app

app.conf.beat_schedule = BEAT_SCHEDULE
