"""What strangers have us send to a mailbox: it is counted over all forms, so that none can be used to flood it."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from syndication.channels.built_in.letter import Letter
from syndication.models import Application, Delivery, Reader, Report


def letters(session: Session, box: str, since: datetime) -> int:
    """Letters after `since` to readers, applicants and reporters of a mailbox (`mail_addresses.key`)."""
    mine = (Delivery.channel == Letter.kind, Delivery.created_at > since)
    to_readers = select(func.count()).select_from(Delivery).join(Reader, Reader.id == Delivery.reader_id)
    to_applicants = (
        select(func.count())
        .select_from(Delivery)
        .join(Application, Application.id == Delivery.application_id)
    )
    to_reporters = select(func.count()).select_from(Delivery).join(Report, Report.id == Delivery.report_id)
    return (session.scalar(to_readers.where(Reader.mailbox == box, *mine)) or 0) + (
        (session.scalar(to_applicants.where(Application.mailbox == box, *mine)) or 0)
        + (session.scalar(to_reporters.where(Report.mailbox == box, *mine)) or 0)
    )
