"""What others have us send to a mailbox: it is counted over all forms, so that none can be used to flood it."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from syndication.channels.built_in.letter import Letter
from syndication.infra import mail_addresses
from syndication.models import Application, Delivery, Person, Reader, Report, SignInLink

#: Letters that others may have us send to one mailbox: so many within so long.
_MOST, WITHIN = 3, timedelta(hours=24)


def left(session: Session, box: str, now: datetime) -> int:
    """How many letters others may still have us send to a mailbox (`mail_addresses.key`)."""
    return max(0, _MOST - letters(session, box, now - WITHIN))


def full(session: Session, box: str, now: datetime) -> bool:
    """Whether a mailbox got all but links to sign in: the last letter is kept for one where somebody may sign in, so that
    nobody is kept out by what strangers have us write."""
    return left(session, box, now) <= (1 if _people(session, box) else 0)


def letters(session: Session, box: str, since: datetime) -> int:
    """Letters after `since` to readers, applicants, reporters and invited people of a mailbox, and links to sign in that
    nobody used."""
    mine = (Delivery.channel == Letter.kind, Delivery.created_at > since)
    to_readers = select(func.count()).select_from(Delivery).join(Reader, Reader.id == Delivery.reader_id)
    to_applicants = (
        select(func.count())
        .select_from(Delivery)
        .join(Application, Application.id == Delivery.application_id)
    )
    to_reporters = select(func.count()).select_from(Delivery).join(Report, Report.id == Delivery.report_id)
    # What the town hall answers does not count, nor what it is told itself of an application.
    asked, received = (Delivery.payload["letter"].as_string() == one for one in ("apply", "report_received"))
    return (
        (session.scalar(to_readers.where(Reader.mailbox == box, *mine)) or 0)
        + (session.scalar(to_applicants.where(Application.mailbox == box, asked, *mine)) or 0)
        + (session.scalar(to_reporters.where(Report.mailbox == box, received, *mine)) or 0)
        + _to_people(session, box, since)
    )


def _to_people(session: Session, box: str, since: datetime) -> int:
    known = _people(
        session, box
    )  # who is asked about is asked the same where there is nobody: the time must not tell
    invited = select(func.count()).where(
        Delivery.person_id.in_(known),
        Delivery.created_at > since,
        Delivery.payload["letter"].as_string() == "invited",
    )
    unused = select(func.count()).where(
        SignInLink.person_id.in_(known), SignInLink.made_at > since, SignInLink.used_at.is_(None)
    )
    return (session.scalar(invited) or 0) + (session.scalar(unused) or 0)


def _people(session: Session, box: str) -> list[UUID]:
    """Who may sign in and has this mailbox. A town has few people; their rows do not say whose mailbox an address is."""
    rows = session.execute(select(Person.id, Person.email))
    return [person_id for person_id, email in rows if mail_addresses.key(email) == box]
