"""The town hall decides about businesses that applied: admit, decline, ask back; each is kept and told by mail."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from syndication.accounts import applications, people, proofs, suspensions
from syndication.accounts.proofs import ProofRecord
from syndication.audit import log
from syndication.audit.log import About
from syndication.config import settings
from syndication.content.base import Record, Text, slugify
from syndication.content.reason import Reason
from syndication.errors import Conflict, Invalid, NotFound
from syndication.infra import db
from syndication.models import Application, ApplicationStep, Merchant
from syndication.publishing import merchants
from syndication.publishing.merchants import MerchantRecord

Act = Literal["admitted", "declined", "asked back"]
_BECAUSE: TypeAdapter[str] = TypeAdapter(Annotated[Text, Field(min_length=1, max_length=1000)])
_LETTERS: dict[Act, str] = {"admitted": "admitted", "declined": "declined", "asked back": "asked_back"}
_NONE = Reason("There is no such application any more.")
_DECIDED = Reason("Somebody has decided about it already, or there is no application.")
#: How many of the same name are pointed out.
_MOST_NAMESAKES = 20


class StepRecord(Record):
    """What the town hall did. `by`: name and mail address, `key ID`, or "command line"; `at` is aware, in UTC."""

    act: str
    because: str
    by: str
    at: datetime


class ApplicationRecord(Record):
    """An application whose address is confirmed, with the merchant that it became, and what was done about it."""

    id: UUID
    state: str
    name: str
    address: str
    about: str
    contact: str
    email: str
    phone: str
    url: str | None
    proof: str
    wording: str
    at: datetime
    confirmed_at: datetime
    merchant_id: UUID
    slug: str
    steps: tuple[StepRecord, ...]
    #: The file that came with it, as long as it is kept.
    file: ProofRecord | None = None


class Namesake(Record):
    """A merchant of the same name or at the same mail address."""

    slug: str
    name: str
    address: str
    state: str


def waiting() -> list[ApplicationRecord]:
    """What waits for a decision, the oldest first; of one business that applied twice only the first."""
    statement = (
        select(Application)
        .where(Application.state == "confirmed")
        .order_by(Application.confirmed_at, Application.id)
    )
    with db.reading() as session:
        first: dict[UUID | None, Application] = {}
        for one in session.scalars(statement):
            first.setdefault(one.merchant_id, one)
        return _records(session, list(first.values()))


def read(application_id: UUID) -> ApplicationRecord:
    """One application, decided or not. Raises NotFound, also for one whose address nobody confirmed."""
    with db.reading() as session:
        return _records(session, [_known(session, application_id)])[0]


def standing(merchant_id: UUID) -> ApplicationRecord | None:
    """The newest application of a merchant; None for one that the town hall took in by itself."""
    statement = (
        select(Application)
        .where(Application.merchant_id == merchant_id)
        .order_by(Application.confirmed_at.desc(), Application.id.desc())
    )
    with db.reading() as session:
        found = session.scalars(statement.limit(1)).first()
        return _records(session, [found])[0] if found else None


def namesakes(record: ApplicationRecord) -> list[Namesake]:
    """Merchants that may be the same business: of the same name, however it is spelled, or at the same mail address."""
    # Read whole, since no database folds É as people do; it is one look at a list of names, at one page.
    columns = select(Merchant.slug, Merchant.name, Merchant.address, Merchant.state, Merchant.email)
    with db.reading() as session:
        rows = session.execute(columns.where(Merchant.id != record.merchant_id).order_by(Merchant.slug))
        called = _plain(record.name)
        found = [one for one in rows if one.email == record.email or _plain(one.name) == called]
    return [
        Namesake(slug=one.slug, name=one.name, address=one.address, state=one.state)
        for one in found[:_MOST_NAMESAKES]
    ]


def admit(merchant_id: UUID, by: str) -> MerchantRecord:
    """Let a merchant publish, whether it applied or not; who applied, or was suspended, is told by mail. Raises NotFound."""
    with db.transaction() as session:
        before = session.get(Merchant, merchant_id, with_for_update=True)
        if before is not None and before.state == "suspended":
            suspensions.tell_admitted_again(session, before)
        record = merchants.admit(merchant_id)
        _decide(session, _of(session, merchant_id, "confirmed", "declined"), "admitted", "", by)
        return record


def decline(merchant_id: UUID, because: str, by: str) -> None:
    """Do not let a business in, for now; it is told why. Raises Invalid, and Conflict where nothing waits for a decision."""
    _answer(merchant_id, "declined", because, by)


def ask_back(merchant_id: UUID, because: str, by: str) -> None:
    """Ask a business something; it answers by mail, and goes on waiting. Raises as `decline` does."""
    _answer(merchant_id, "asked back", because, by)


def _plain(name: str) -> str:
    return slugify(name) or name.casefold()


def _answer(merchant_id: UUID, act: Act, because: str, by: str) -> None:
    try:
        said = _BECAUSE.validate_python(because)
    except ValidationError as error:
        raise Invalid.field(
            "because", Reason("Please write a sentence, with at most 1,000 characters.")
        ) from error
    with db.transaction() as session:
        found = _of(session, merchant_id, "confirmed")
        if not found:
            raise Conflict(_DECIDED)
        what: log.What = "application.declined" if act == "declined" else "application.asked_back"
        about = About("merchant", merchant_id, found[0].name)
        log.record(session, what, about, merchant_id=merchant_id)
        _decide(session, found, act, said, by)


def _decide(session: Session, found: list[Application], act: Act, because: str, by: str) -> None:
    """Keep the step with each application of a business, and write to whoever applied, once."""
    now = db.now(session)
    for one in found:
        if act != "asked back":
            one.state = act
            proofs.forget(session, one.id)
        session.add(ApplicationStep(application_id=one.id, act=act, because=because, by=by[:460], at=now))
    for one in found[:1]:
        person = people.find(session, one.email)
        payload = {
            "letter": _LETTERS[act],
            "to": one.email,
            "language": person.language if person else one.language,
            "name": person.name if person else one.contact,
            "merchant": one.name,
            "because": because,
            "reply_to": settings().operator_email or settings().mail_from,
        }
        # Who was forgotten as a person since is told as an applicant.
        applications.write(
            session,
            payload,
            now,
            person_id=person.id if person else None,
            application_id=None if person else one.id,
        )


def _of(session: Session, merchant_id: UUID, *states: str) -> list[Application]:
    """A business's applications in these states, the oldest first, locked: two who decide at once wait for each other."""
    statement = (
        select(Application)
        .where(Application.merchant_id == merchant_id, Application.state.in_(states))
        .order_by(Application.confirmed_at, Application.id)
        .with_for_update()
    )
    return list(session.scalars(statement))


def _known(session: Session, application_id: UUID) -> Application:
    found = session.get(Application, application_id)
    if found is None or found.merchant_id is None:
        raise NotFound(_NONE)
    return found


def _records(session: Session, found: list[Application]) -> list[ApplicationRecord]:
    ids = [one.id for one in found]
    steps: dict[UUID, list[StepRecord]] = {one: [] for one in ids}
    for step in session.scalars(
        select(ApplicationStep).where(ApplicationStep.application_id.in_(ids)).order_by(ApplicationStep.id)
    ):
        steps[step.application_id].append(
            StepRecord(act=step.act, because=step.because, by=step.by, at=step.at)
        )
    own = select(Merchant.id, Merchant.slug).where(Merchant.id.in_([one.merchant_id for one in found]))
    slugs = {row.id: row.slug for row in session.execute(own)}
    columns = [column.key for column in Application.__mapper__.column_attrs]
    return [
        ApplicationRecord(
            **{name: getattr(one, name) for name in columns if name in ApplicationRecord.model_fields},
            slug=slugs[one.merchant_id],
            steps=tuple(steps[one.id]),
            file=proofs.known(session, one.id),
        )
        for one in found
    ]
