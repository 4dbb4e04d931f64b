"""The audit log over HTTP, for the operator."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from syndication.audit.acting import Way
from syndication.audit.log import What
from syndication.content.base import Moment
from syndication.insight import audit_log
from syndication.insight.audit_log import LogFilter, LogRow
from syndication.web.access import MerchantSlug, Operator
from syndication.web.api.pages import Answer, Page, Paging, page

router = APIRouter(prefix="/log", tags=["log"])


class LogAnswer(Answer):
    """One act: who did what, about what, when, and by which way."""

    id: int
    at: datetime
    by: str = Field(
        description="`person ID`, `key ID`, `command USER`, `link ID`, `application ID`, `queue` or `service`; empty for"
        " somebody who is not known."
    )
    by_name: str = Field(description="The name they had then.")
    way: Way
    what: str = Field(description="One of the acts that `what` of the query lists.")
    about: str
    about_id: str = Field(description="Of a reader a keyed hash.")
    about_name: str = Field(
        description="What it was called then; empty where that was forgotten, and for readers."
    )
    merchant: str | None = Field(description="The merchant whose affair it is.")
    details: dict[str, Any]

    @classmethod
    def of(cls, row: LogRow) -> "LogAnswer":
        """What may be shown of a line."""
        return cls.model_validate({name: getattr(row, name) for name in cls.model_fields})


class LogQuery(Paging):
    """Which lines; moments bound `at`."""

    by: Annotated[str, Field(max_length=60, pattern=r"^[^\x00-\x1f]+$", examples=["key 0a1b2c3d"])] | None = (
        None
    )
    merchant: MerchantSlug = None
    what: What | None = None
    since: Moment | None = None
    until: Moment | None = Field(None, description="Exclusive.")
    after: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = Field(
        None, description="Where the page begins: `next` of the page before."
    )


@router.get("", operation_id="listLog")
def list_log(_caller: Operator, wanted: Annotated[LogQuery, Query()]) -> Page[LogAnswer]:
    """Who did what, newest first. No line can be changed; each is kept for four years."""
    chosen = LogFilter(wanted.by, wanted.merchant, wanted.what, wanted.since, wanted.until)
    return page(
        lambda most: audit_log.lines(chosen, limit=most, before=wanted.after),
        wanted.limit,
        LogAnswer.of,
        lambda row: row.id,
    )
