"""Businesses apply by themselves: whoever has the mailbox says that it was they, and only then the town hall hears of it.

As with sign-ups (docs/decisions/0010-sign-ups.md) a request only stores what was asked; a worker writes the letter. Reasons:
docs/decisions/0039-businesses-apply.md.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import structlog
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from syndication.accounts import people, proofs, sessions
from syndication.accounts.people import PersonName
from syndication.accounts.proofs import Proof
from syndication.audit import acting
from syndication.audit.acting import Actor
from syndication.channels.built_in.letter import Letter
from syndication.config import settings
from syndication.content.base import Line, Text, Value, WebAddress, new_id, slugify
from syndication.content.faults import faults_of
from syndication.content.reason import Reason
from syndication.errors import Fault, Invalid, NotFound
from syndication.infra import db, mail_addresses, wakeups
from syndication.infra.languages import supported_language
from syndication.ledger import lifecycle, mailboxes, sealed_links
from syndication.models import Application, ApplicationStep, Delivery, Merchant, Person
from syndication.publishing import merchants

_log = structlog.get_logger(__name__)
#: How long the link in the letter is good; an application that nobody confirmed is forgotten then.
CONFIRM_WITHIN = timedelta(days=7)
#: How long an application is kept after the last word about it: declined or undecided, and admitted.
UNDECIDED_FOR, ADMITTED_FOR = timedelta(days=90), timedelta(days=365)
#: The operators get one mail about what came within so long.
_TOLD_EVERY = timedelta(hours=1)
#: A wake-up gets this long before the sweep does its work.
_PATIENCE = timedelta(seconds=2)
_CHUNK = 100
OLD = Reason("This link is no longer good. Please apply once more.")
_DIGITS = re.compile(r"[0-9]")


def _callable(text: str) -> str:
    """Whatever people write around it: a number has digits."""
    if text and len(_DIGITS.findall(text)) < 3:
        raise ValueError(Reason("is not a telephone number"))
    return text


def with_scheme(text: object) -> object:
    """A web site as people type it: `www.rosengarten.example` is meant as https://; a blank is none. Not judged here."""
    if not isinstance(text, str) or not (typed := text.strip()):
        return None
    host = typed.partition("/")[0]
    return f"https://{typed}" if "." in host and not set(host) & set(":@") else typed


class Wish(Value):
    """What a business says of itself. `proof`: how the town hall can tell that it is theirs; empty beside a file."""

    name: merchants.Name
    address: Annotated[Text, Field(min_length=5, max_length=300)]
    about: Annotated[Text, Field(min_length=1, max_length=400)]
    contact: PersonName
    email: str
    phone: Annotated[Line, Field(max_length=60), AfterValidator(_callable)] = ""
    url: Annotated[WebAddress | None, BeforeValidator(with_scheme)] = None
    proof: Annotated[Text, Field(max_length=400)]


@dataclass(frozen=True)
class Asked:
    """An application as its own link shows it."""

    name: str
    email: str
    language: str
    confirmed: bool


def checked(typed: Mapping[str, str], *, language: str, wording: str, with_file: bool = False) -> Application:
    """An application of the texts that `Wish` names, for `ask`. `wording` is what was agreed to.

    `with_file`: a file shows that it is theirs, so that no sentence must.

    Raises Invalid that names every field that is wrong.
    """
    faults: list[Fault] = []
    email, application_id = "", new_id()
    try:
        email = mail_addresses.spelled(typed.get("email", ""))
    except Invalid as error:
        faults.extend(error.faults)
    if not with_file and not typed.get("proof", "").strip():
        faults.append(Fault("proof", Reason("is needed")))
    try:
        texts = {name: typed.get(name, "") for name in Wish.model_fields}
        wish = Wish.model_validate({**texts, "email": email})
        if not faults:  # made here already, so that confirming finds nothing wrong
            _as_merchant(wish.name, email, wish.url, wish.address, application_id)
    except ValidationError as error:
        raise Invalid(*faults_of(error), *faults) from error
    if faults:
        raise Invalid(*faults)
    return Application(
        **wish.model_dump(),
        id=application_id,
        state="new",
        language=supported_language(language),
        mailbox=mail_addresses.key(email),
        wording=wording,
    )


def ask(wanted: Application, proof: Proof | None = None) -> None:
    """Take down what `checked` made; a worker writes to the address. The address is not looked up here.

    Raises Invalid where too many files came of late.
    """
    with db.transaction() as session:
        wanted.at = db.now(session)
        session.add(wanted)
        session.flush()
        if proof is not None:
            proofs.keep(session, wanted.id, proof)
        wakeups.after_commit(session, "application", wanted.id)


def answer(application_id: UUID) -> None:
    """Write the letter that one application waits for; forget it where its mailbox got its letters. Twice does it once."""
    with db.transaction() as session:
        wanted = session.get(Application, application_id, with_for_update={"skip_locked": True})
        if wanted is None or wanted.state != "new":
            return
        now = db.now(session)
        db.advisory_lock(session, f"mailbox {wanted.mailbox}")
        too_late = wanted.at <= now - CONFIRM_WITHIN
        if too_late or mailboxes.full(session, wanted.mailbox, now):
            _log.info("application.no_letter")
            session.delete(wanted)
            return
        token = secrets.token_urlsafe(32)
        wanted.state, wanted.asked_at, wanted.digest = "asked", now, sessions.digest(token)
        link = sealed_links.closed(f"{settings().base_url}/apply/{token}")
        payload = {
            "letter": "apply",
            "to": wanted.email,
            "language": wanted.language,
            sealed_links.FIELD: link,
        }
        write(session, payload, now, application_id=wanted.id, over_at=now + CONFIRM_WITHIN)


def sweep() -> int:
    """Answer what no wake-up completed, and tell the operators what they were not told; returns how many were answered."""
    with db.reading() as session:
        before = db.now(session) - _PATIENCE
        waiting = select(Application.id).where(Application.state == "new", Application.at < before)
        ids = session.scalars(waiting.order_by(Application.at, Application.id).limit(_CHUNK)).all()
        untold = bool(_to_tell(session))
    for application_id in ids:
        try:
            answer(application_id)
        except Exception:  # one that cannot be answered must not hold up the others; it is tried again
            _log.exception("application.broken", application=str(application_id))
    if untold:
        with db.transaction() as session:
            tell_operators(session)
    return len(ids)


def forget() -> None:
    """Forget what nobody confirmed in time, what was declined or never decided, and in the end what was admitted, each with its
    file, its steps and the letters about it. The merchant stays as it is."""
    with db.transaction() as session:
        now = db.now(session)
        decided = select(func.max(ApplicationStep.at)).where(ApplicationStep.application_id == Application.id)
        last = func.coalesce(decided.scalar_subquery(), Application.confirmed_at)
        for states, moment, kept_for in (
            (("new", "asked"), Application.at, CONFIRM_WITHIN),
            (("confirmed", "declined"), last, UNDECIDED_FOR),
            (("admitted",), last, ADMITTED_FOR),
        ):
            session.execute(
                delete(Application)
                .where(Application.state.in_(states), moment <= now - kept_for)
                .execution_options(synchronize_session=False)
            )
        proofs.sweep(session)


def asked(token: str) -> Asked:
    """The application of a letter's link. Nothing is changed by looking. Raises NotFound for one that is no longer good."""
    with db.reading() as session:
        found = _of_token(session, token)
        return Asked(found.name, found.email, found.language, found.state != "asked")


def confirm(token: str) -> Asked:
    """It was they who applied: a merchant that may not post yet, with a person as its owner. Twice does it once.

    Raises NotFound for a link that is no longer good.
    """
    with db.transaction() as session:
        found = _of_token(session, token)
        if found.state == "asked":
            now = db.now(session)
            with acting.by(Actor(f"application {found.id}", found.contact, "page")):
                found.merchant_id = _merchant(session, found)
            found.state, found.confirmed_at = "confirmed", now
            session.flush()
            tell_operators(session)
        return Asked(found.name, found.email, found.language, confirmed=True)


def tell_operators(session: Session) -> None:
    """Write to the operators about applications that they were not told of, at most one mail an hour."""
    db.advisory_lock(session, "operators told of applications")
    untold, now, cfg = _to_tell(session), db.now(session), settings()
    if not untold:
        return
    about = {"letter": "applications", "names": ", ".join(one.name for one in untold[:5])}
    if len(untold) > 5:
        about["names"] += " …"
    operators = session.scalars(_OPERATORS).all()
    for one in operators:
        write(session, {**about, "to": one.email, "language": one.language}, now, person_id=one.id)
    if not operators:
        payload = {**about, "to": cfg.operator_email, "language": cfg.language}
        write(session, payload, now, application_id=untold[0].id)
    for application in untold:
        application.told_at = now


def _to_tell(session: Session) -> list[Application]:
    """What the operators are to be told of now; empty within an hour of the last mail, and where there is nobody to tell."""
    last = session.scalar(select(func.max(Application.told_at)))
    if last is not None and last > db.now(session) - _TOLD_EVERY:
        return []
    if not settings().operator_email and session.scalar(_OPERATORS.limit(1)) is None:
        return []
    waiting = (Application.state == "confirmed", Application.told_at.is_(None))
    return list(session.scalars(select(Application).where(*waiting).order_by(Application.confirmed_at)))


def write(
    session: Session,
    payload: Mapping[str, str],
    now: datetime,
    *,
    person_id: UUID | None = None,
    application_id: UUID | None = None,
    over_at: datetime | None = None,
) -> None:
    """A letter to a person, or to an applicant who is nobody here yet."""
    row = lifecycle.row(
        Letter, f"l{new_id().hex}", now, person_id=person_id, over_at=over_at, payload=payload
    )
    session.add(Delivery(**row, application_id=application_id))
    wakeups.after_commit(session, Letter.queue)


_OPERATORS = select(Person).where(Person.role == "operator").order_by(Person.id)


def _of_token(session: Session, token: str) -> Application:
    statement = select(Application).where(Application.digest == sessions.digest(token[:200]))
    if db.writes(session):
        statement = statement.with_for_update()
    found = session.scalars(statement).one_or_none()
    if found is None or (found.state == "asked" and found.at <= db.now(session) - CONFIRM_WITHIN):
        raise NotFound(OLD)
    return found


def _merchant(session: Session, found: Application) -> UUID:
    """The merchant of an application; the one that is there where the same was sent twice."""
    db.advisory_lock(session, f"mailbox {found.mailbox}")
    mine = select(Application).where(Application.email == found.email, Application.state == "confirmed")
    earlier = session.scalars(mine.order_by(Application.confirmed_at))
    again = next((one for one in earlier if one.name.casefold() == found.name.casefold()), None)
    if again is not None and again.merchant_id is not None:
        found.told_at = again.told_at  # what the operators know of one, they know of both
        return again.merchant_id
    made = _waiting(session, found) or merchants.apply(
        _as_merchant(found.name, found.email, found.url, found.address, found.id)
    )
    known = people.find(session, found.email)
    people.join(found.email, made.slug, "owner", name="" if known else found.contact, language=found.language)
    return made.id


def _waiting(session: Session, found: Application) -> Merchant | None:
    """The merchant of that name and address that was never admitted, and whose application was forgotten meanwhile."""
    mine = select(Merchant).where(Merchant.email == found.email, Merchant.state == "applied")
    every = session.scalars(mine.order_by(Merchant.created_at))
    return next((one for one in every if one.name.casefold() == found.name.casefold()), None)


def _as_merchant(
    name: str, email: str, url: str | None, address: str, application_id: UUID
) -> merchants.Application:
    """What the merchant is made of. A name without letters from a to z gets a short name of its own."""
    slug = None if slugify(name) else f"business-{application_id.hex[-8:]}"
    return merchants.Application(name=name, email=email, url=url, address=address, slug=slug)
