"""Somebody of the town hall opens a merchant's desk in that merchant's name: for two hours at most, and never unseen.

Why it is like this: docs/decisions/0055-in-their-name.md.
"""

from datetime import timedelta

from sqlalchemy import select

from syndication.accounts.people import Account
from syndication.accounts.sessions import ACT_IN_NAME
from syndication.audit import log
from syndication.audit.log import About
from syndication.content.reason import Reason
from syndication.errors import Forbidden, NotFound
from syndication.infra import db
from syndication.models import BrowserSession, Merchant

#: How long a desk stays open; whoever needs longer opens it again, which is written down again.
LASTS = timedelta(hours=2)
_NOT_THEY = Reason("Whoever may only look opens no desk of a business.")


def begin(known: Account, slug: str) -> None:
    """Open a merchant's desk in its name, in this browser alone; one that was open is left. Raises NotFound, Forbidden."""
    if known.role not in ACT_IN_NAME:
        raise Forbidden(_NOT_THEY)
    with db.transaction() as session:
        merchant = session.scalars(select(Merchant).where(Merchant.slug == slug)).one_or_none()
        if merchant is None:
            raise NotFound("There is no such merchant.")
        row = session.get_one(BrowserSession, known.session_id, with_for_update=True)
        row.acts_for, row.acts_until = merchant.id, db.now(session) + LASTS
        about = About("merchant", merchant.id, merchant.name)
        log.record(session, "acting.begun", about, merchant_id=merchant.id, until=row.acts_until.isoformat())


def end(known: Account) -> str | None:
    """Leave the desk that is open; returns the merchant's slug, None where none was."""
    with db.transaction() as session:
        row = session.get_one(BrowserSession, known.session_id, with_for_update=True)
        if row.acts_for is None:
            return None
        merchant = session.get_one(Merchant, row.acts_for)
        row.acts_for = row.acts_until = None
        about = About("merchant", merchant.id, merchant.name)
        log.record(session, "acting.ended", about, merchant_id=merchant.id)
        return merchant.slug
