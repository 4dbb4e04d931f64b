"""Wakes what answers sign-ups."""

from syndication.audience import signups
from syndication.tasks.app import app


@app.task(name="readers.sign_up")
def sign_up(sign_up_id: str) -> None:
    """Answer one sign-up."""
    signups.answer(int(sign_up_id))
