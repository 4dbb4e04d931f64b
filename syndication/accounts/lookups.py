"""Notes that somebody of the town hall looked at, or changed, what is kept about a reader."""

from typing import Literal

import structlog

from syndication.accounts.people import Account

_log = structlog.get_logger(__name__)
What = Literal["looked up", "exported", "unsubscribed", "erased", "imported"]


def looked_up(known: Account, what: What, reader_id: int | None = None) -> None:
    """Who did what, with the reader's number and never their address. The one place that the audit log is to hear of it."""
    _log.info("reader.looked_up", by=str(known.person_id), what=what, reader=reader_id)
