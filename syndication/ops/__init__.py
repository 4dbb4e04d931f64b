"""For operators and for Celery: the doctor, the broker, and wake-ups as messages."""
