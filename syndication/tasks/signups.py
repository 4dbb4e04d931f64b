"""Wakes what answers sign-ups of readers, people who want to sign in, and businesses that apply."""

from uuid import UUID

from syndication.accounts import applications
from syndication.accounts import sign_in as signing_in
from syndication.audience import signups
from syndication.tasks.app import app


@app.task(name="readers.sign_up")
def sign_up(sign_up_id: str) -> None:
    """Answer one sign-up."""
    signups.answer(int(sign_up_id))


@app.task(name="accounts.sign_in")
def sign_in(request_id: str) -> None:
    """Write to somebody who wants to sign in."""
    signing_in.answer(int(request_id))


@app.task(name="accounts.application")
def application(application_id: str) -> None:
    """Write to a business that applied."""
    applications.answer(UUID(application_id))
