"""What those who run the service look at, and what Celery needs of it: doctor, broker, wake-ups as messages."""
