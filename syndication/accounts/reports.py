"""People report posts as unlawful, the town hall decides, and both sides are told (Regulation (EU) 2022/2065, Article 16).

The reporter's name, address and words are kept until half a year after the decision: for so long a complaint about it can be
made (Article 20(1)). No merchant ever sees them.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy import Select, delete, select, update
from sqlalchemy.orm import Session

from syndication.accounts import letters
from syndication.audit import acting, log
from syndication.config import settings
from syndication.content.base import Line, Record, Text, Value, new_id
from syndication.content.faults import faults_of
from syndication.content.reason import Reason
from syndication.errors import Conflict, Fault, Invalid, NotFound
from syndication.infra import db, mail_addresses
from syndication.infra.languages import supported_language
from syndication.ledger import mailboxes
from syndication.models import Delivery, Merchant, Post, Report, Revision

#: How long after the decision what is personal is kept.
KEPT = timedelta(days=183)
#: The most characters of what is wrong with a post.
LONGEST = 4000
#: Operators are written to where no other report came within so long: their page shows all that wait.
_TOLD_EVERY = timedelta(hours=1)
_NEEDED = Reason("is needed")
_NONE = Reason("There is no such report.")
_DECIDED = Reason("Somebody has decided about this report already, so nothing was done.")
_BECAUSE: TypeAdapter[str] = TypeAdapter(Annotated[Text, Field(min_length=1, max_length=2000)])


class Notice(Value):
    """What somebody reports. With `children`, about offences against them, name and address may be missing (16(2)(c))."""

    explanation: Annotated[Text, Field(min_length=10, max_length=LONGEST)]
    children: bool = False
    name: Annotated[Line, Field(max_length=200)] = ""
    email: str = ""


class ReportRecord(Record):
    """A report with the post that it is about. Moments are aware, in UTC; `title` is that of the post as it stands."""

    id: UUID
    post_id: UUID
    title: str
    merchant_slug: str
    merchant_name: str
    post_state: str
    state: str
    at: datetime
    explanation: str
    children: bool
    name: str
    email: str
    decided_at: datetime | None
    decided_by: str
    because: str


def checked(typed: Mapping[str, str], *, children: bool) -> Notice:
    """What was typed in, as it can be taken. Raises Invalid that names every field that is wrong."""
    faults: list[Fault] = []
    email = typed.get("email", "").strip()
    if email or not children:
        try:
            email = mail_addresses.spelled(email)
        except Invalid as error:
            faults.extend(error.faults)
    if not children and not typed.get("name", "").strip():
        faults.append(Fault("name", _NEEDED))
    try:
        told = {name: typed.get(name, "") for name in ("explanation", "name")}
        notice = Notice.model_validate({**told, "children": children, "email": email})
    except ValidationError as error:
        raise Invalid(*faults_of(error), *faults) from error
    if faults:
        raise Invalid(*faults)
    return notice


def take(post_id: UUID, notice: Notice, *, language: str, wording: str) -> UUID:
    """Keep a report, confirm by mail that it came (16(4)), and tell the operators. Raises NotFound where no such post is out."""
    with db.transaction() as session:
        post = session.get(Post, post_id)
        if post is None or post.state != "published":
            raise NotFound("There is no such post.")
        now = db.now(session)
        first = session.scalar(select(Report.id).where(Report.at > now - _TOLD_EVERY).limit(1)) is None
        report = Report(
            id=new_id(),
            post_id=post_id,
            state="open",
            at=now,
            language=supported_language(language),
            **notice.model_dump(),
            mailbox=mail_addresses.key(notice.email) if notice.email else "",
            wording=wording,
            decided_by="",
            because="",
        )
        session.add(report)
        session.flush()
        log.record_post(session, "report.received", post, report=str(report.id))
        _write(session, report, "report_received", {"since": now.isoformat()})
        if first:
            letters.to_operators(session, {"letter": "reported"})
        return report.id


def keep(report_id: UUID, because: str, *, tell_owners: bool = False) -> None:
    """The post stays; whoever reported it is told why (16(5)), and where that is wanted its owners, too.

    Raises Invalid, NotFound, and Conflict where it is decided.
    """
    said = reasons(because)
    with db.transaction() as session:
        report = session.get(Report, report_id, with_for_update=True)
        if report is None:
            raise NotFound(_NONE)
        if report.state != "open":
            raise Conflict(_DECIDED)
        post = session.get_one(Post, report.post_id)
        _decide(session, report, post, "kept", said)
        if tell_owners:
            merchant = session.get_one(Merchant, post.merchant_id)
            page = f"{settings().base_url}/desk/merchants/{merchant.slug}/posts/{post.id}"
            about = {"letter": "report_kept", "merchant": merchant.name, "because": said, "page": page}
            letters.to_owners(session, merchant, about)


def settle(session: Session, post: Post, because: str) -> int:
    """All that is reported of a post is decided: it was removed. Returns how many reports that were."""
    waiting = select(Report).where(Report.post_id == post.id, Report.state == "open").order_by(Report.id)
    found = session.scalars(waiting.with_for_update()).all()
    for report in found:
        _decide(session, report, post, "removed", because)
    return len(found)


def reasons(because: str) -> str:
    """Why it was decided so, as it is kept. Raises Invalid."""
    try:
        return _BECAUSE.validate_python(because)
    except ValidationError as error:
        raise Invalid.field(
            "because", Reason("Please write a sentence, with at most {} characters.", "2,000")
        ) from error


def waiting() -> list[ReportRecord]:
    """What waits for a decision, the oldest first."""
    with db.reading() as session:
        found = session.execute(_rows().where(Report.state == "open").order_by(Report.at, Report.id))
        return [_record(*row) for row in found]


def of_post(post_id: UUID) -> list[ReportRecord]:
    """All reports of a post, the newest first."""
    with db.reading() as session:
        found = session.execute(_rows().where(Report.post_id == post_id).order_by(Report.at.desc()))
        return [_record(*row) for row in found]


def of_merchant(merchant_id: UUID, *, limit: int = 10) -> list[ReportRecord]:
    """The newest reports of a merchant's posts."""
    statement = _rows().where(Post.merchant_id == merchant_id).order_by(Report.at.desc(), Report.id.desc())
    with db.reading() as session:
        return [_record(*row) for row in session.execute(statement.limit(limit))]


def read(report_id: UUID) -> ReportRecord:
    """One report, decided or not. Raises NotFound."""
    with db.reading() as session:
        found = session.execute(_rows().where(Report.id == report_id)).one_or_none()
        if found is None:
            raise NotFound(_NONE)
        return _record(*found)


def forget() -> int:
    """Empty what is personal in reports that were decided half a year ago, with the letters about it; returns how many."""
    with db.transaction() as session:
        old = (Report.decided_at < db.now(session) - KEPT, Report.explanation != "")
        ids = session.scalars(select(Report.id).where(*old)).all()
        session.execute(delete(Delivery).where(Delivery.report_id.in_(ids)))
        emptied = update(Report).where(Report.id.in_(ids))
        session.execute(emptied.values(explanation="", name="", email="", mailbox=""))
        return len(ids)


def _decide(session: Session, report: Report, post: Post, state: str, because: str) -> None:
    report.state, report.decided_at = state, db.now(session)
    report.decided_by, report.because = acting.current().by, because
    log.record_post(
        session, "report.kept" if state == "kept" else "report.removed", post, report=str(report.id)
    )
    outcome = "gone" if state == "kept" and post.state == "withdrawn" else state
    about = {"since": report.at.isoformat(), "outcome": outcome, "because": because}
    _write(session, report, "report_decided", about)


def _write(session: Session, report: Report, letter: str, about: Mapping[str, str]) -> None:
    """A letter to whoever reported it, where they said how, and their mailbox was not sent too many."""
    if not report.email:
        return
    db.advisory_lock(session, f"mailbox {report.mailbox}")
    if letter == "report_received" and mailboxes.full(session, report.mailbox, db.now(session)):
        return
    payload = {
        **about,
        "letter": letter,
        "to": report.email,
        "language": report.language,
        "name": report.name,
        # Never its title, which may be what is unlawful.
        "post": f"{settings().base_url}/posts/{report.post_id}",
        "reply_to": settings().operator_email or settings().mail_from,
    }
    letters.to_reporter(session, report.id, payload)


def _rows() -> Select[Report, Post, Revision, Merchant]:
    return (
        select(Report, Post, Revision, Merchant)
        .join(Post, Post.id == Report.post_id)
        .join(Revision, (Revision.post_id == Post.id) & (Revision.number == Post.revision))
        .join(Merchant, Merchant.id == Post.merchant_id)
    )


def _record(report: Report, post: Post, revision: Revision, merchant: Merchant) -> ReportRecord:
    columns = [column.key for column in Report.__mapper__.column_attrs]
    return ReportRecord(
        **{name: getattr(report, name) for name in columns if name in ReportRecord.model_fields},
        title=str(revision.content["title"]),
        merchant_slug=merchant.slug,
        merchant_name=merchant.name,
        post_state=post.state,
    )
