"""Merchants: apply, are admitted or suspended, read and changed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, EmailStr, Field, model_validator
from pydantic.json_schema import SkipJsonSchema
from sqlalchemy import select
from sqlalchemy.orm import Session

from syndication import clock
from syndication.audit import acting, log
from syndication.audit.log import About
from syndication.config import settings
from syndication.content.base import IsWhole, Record, Text, Value, WebAddress, Words, new_id, slugify
from syndication.content.faults import Contradiction
from syndication.content.reason import Reason
from syndication.errors import Fault, Forbidden, Invalid, NotFound
from syndication.infra import db
from syndication.models import Merchant
from syndication.publishing import districts, feed_marks
from syndication.publishing.profile import Profile, mailable
from syndication.publishing.publishers import publisher

State = Literal["applied", "admitted", "suspended"]
#: What a merchant does here, in its own name: over the API, the queue, files, links and the command line alike.
Act = Literal[
    "read",
    "post",
    "revise",
    "withdraw",
    "upload",
    "set up",
    "resume",
    "pause",
    "delete",
    "test",
    "replay",
    "connect",
    "end link",
]  # fmt: skip -- one glance shows every act
_ADMITTED: frozenset[State] = frozenset({"admitted"})
_ANY: frozenset[State] = frozenset({"applied", "admitted", "suspended"})
#: Who may do what; docs/api.md has the same table for people. The operator may do all of it for all of them, but
#: publishes nothing, and sets up no outlet, in the name of one who may not.
MAY: Mapping[Act, frozenset[State]] = {
    "read": _ANY,
    "post": _ADMITTED,
    "revise": _ADMITTED,
    "withdraw": _ADMITTED,  # it is written to every reader
    "upload": _ADMITTED,
    "set up": _ADMITTED,
    "resume": _ADMITTED,
    "pause": _ANY,
    "delete": _ANY,
    "test": _ADMITTED,  # a dry run too: it fetches pictures
    "replay": _ADMITTED,
    "connect": _ADMITTED,
    "end link": _ANY,
}
#: What is said to one who may not: whether it is suspended, and whether it wanted to publish.
_DENIED = {
    (False, True): Reason("{} is not admitted yet and cannot publish. Please ask the city's operator."),
    (False, False): Reason("{} is not admitted yet and may not do this. Please ask the city's operator."),
    (True, True): Reason("{} is suspended and cannot publish. Please ask the city's operator."),
    (True, False): Reason("{} is suspended and may not do this. Please ask the city's operator."),
}
#: How many numbered variants of a slug are tried before the operator must choose one.
_MOST_NAMESAKES = 100


def _not_empty(text: str) -> str:
    if not text:
        raise ValueError(Reason("must not be empty"))
    return text


Slug = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Name = Annotated[Words, Field(min_length=1, max_length=200), AfterValidator(_not_empty)]
Address = Annotated[Text, Field(max_length=500)]
#: Names that differ in the room between their words alone are one.
District = Annotated[
    Words, Field(min_length=1, max_length=60), AfterValidator(lambda name: " ".join(name.split()))
]
Quota = Annotated[
    int, Field(ge=1, le=10_000, description="Posts in 24 hours; empty: the city's default."), IsWhole
]
Email = Annotated[EmailStr, Field(max_length=254), AfterValidator(mailable)]


class Application(Value):
    """What is known of a merchant that wants to publish. `slug` is made from the name where none is given."""

    name: Name
    email: Email
    slug: Slug | None = None
    url: WebAddress | None = None
    address: Address = ""
    district: District | None = None
    posts_per_day: Quota | None = None


class Amendment(Profile):
    """What is to change about a merchant; what is left out stays. The slug never changes: links hang on it."""

    name: Name | SkipJsonSchema[None] = None
    email: Email | SkipJsonSchema[None] = None
    url: WebAddress | None = None
    address: Address | SkipJsonSchema[None] = None
    district: District | None = None
    posts_per_day: Quota | None = None

    @model_validator(mode="after")
    def _keeps_what_is_needed(self) -> Self:
        emptied = [
            name
            for name in ("name", "email", "address")
            if name in self.model_fields_set and getattr(self, name) is None
        ]
        if emptied:
            raise Contradiction(*(Fault(name, Reason("cannot be removed")) for name in emptied))
        return self


class MerchantRecord(Record):
    """A merchant."""

    id: UUID
    slug: str
    name: str
    email: str
    url: str | None
    address: str
    district: str | None
    state: str
    posts_per_day: int | None
    created_at: datetime
    admitted_at: datetime | None
    #: While it is suspended: until when, None where somebody must admit it again; and why.
    suspended_until: datetime | None
    suspended_because: str
    opening_hours: str | None
    phone: str | None
    contact: str | None
    imprint: str | None
    links: tuple[str, ...]
    license_texts: str | None
    license_pictures: str | None
    #: The address at which it is seen.
    logo: str | None


def apply(application: Application) -> MerchantRecord:
    """A new merchant that publishes nothing until it is admitted. Raises Invalid where the slug is taken."""
    with db.transaction() as session:
        merchant = Merchant(
            **application.model_dump(exclude={"slug"}),
            id=new_id(),
            slug=_free_slug(session, application),
            state="applied",
            created_at=clock.now(),
            admitted_at=None,
        )
        districts.settle(session, merchant)
        session.add(merchant)
        session.flush()
        _note(session, "merchant.applied", merchant)
        return _record(merchant)


def create(application: Application) -> MerchantRecord:
    """A new merchant that may publish at once. Raises Invalid where the slug is taken."""
    with db.transaction():
        return admit(apply(application).id)


def admit(merchant_id: UUID) -> MerchantRecord:
    """Let a merchant publish, for the first time or again. Raises NotFound."""
    with db.transaction() as session:
        merchant = _known(session, merchant_id)
        merchant.state, merchant.admitted_at = "admitted", merchant.admitted_at or clock.now()
        merchant.suspended_at = merchant.suspended_until = None
        merchant.suspended_because, merchant.suspended_by, merchant.taking_back = "", "", False
        _note(session, "merchant.admitted", merchant)
        return _record(merchant)


def suspend(
    merchant_id: UUID, *, because: str = "", until: datetime | None = None, takes_back: bool = False
) -> MerchantRecord:
    """Stop a merchant from publishing, with a reason that it reads, until `until` or until it is admitted again.

    What it published stays, unless `accounts.suspensions` takes it back. Raises NotFound.
    """
    with db.transaction() as session:
        merchant = _known(session, merchant_id)
        if merchant.state != "suspended":
            merchant.suspended_at = clock.now()
        merchant.state = "suspended"
        merchant.suspended_because, merchant.suspended_until = because, until
        merchant.suspended_by, merchant.taking_back = acting.current().by, takes_back
        ends = {"until": until.isoformat()} if until else {}
        _note(session, "merchant.suspended", merchant, **ends, **({"withdrawn": True} if takes_back else {}))
        return _record(merchant)


def update(merchant_id: UUID, amendment: Amendment) -> MerchantRecord:
    """Change what is known of a merchant but for its logo (`logos.amend`). Feeds show it within seconds, also beside posts
    that stand. Raises NotFound."""
    with db.transaction() as session:
        merchant = _known(session, merchant_id)
        before = publisher(merchant)
        changes = amendment.model_dump(exclude_unset=True, exclude={"logo"}, mode="json")
        for name, value in changes.items():
            setattr(merchant, name, value)
        districts.settle(session, merchant)
        _note(session, "merchant.changed", merchant, fields=sorted(changes))
        if publisher(merchant) != before:
            session.flush()
            feed_marks.mark_merchant(session, merchant)
        return _record(merchant)


def read(merchant_id: UUID) -> MerchantRecord:
    """One merchant by id. Raises NotFound."""
    with db.reading() as session:
        return _record(_known(session, merchant_id))


def suspended_by(merchant_id: UUID) -> str:
    """Who suspended a merchant, as audit.acting.Actor has it; empty while it is not."""
    with db.reading() as session:
        return _known(session, merchant_id).suspended_by


def by_slug(slug: str) -> MerchantRecord:
    """One merchant by its slug. Raises NotFound."""
    with db.reading() as session:
        merchant = session.scalars(select(Merchant).where(Merchant.slug == slug)).one_or_none()
        if merchant is None:
            raise NotFound("There is no such merchant.")
        return _record(merchant)


def listed(*, state: str | None = None, after: UUID | None = None, limit: int = 50) -> list[MerchantRecord]:
    """Merchants, newest first; `after` is the id of the last one already seen."""
    statement = select(Merchant).order_by(Merchant.id.desc()).limit(limit)
    if state is not None:
        statement = statement.where(Merchant.state == state)
    if after is not None:
        statement = statement.where(Merchant.id < after)
    with db.reading() as session:
        return [_record(merchant) for merchant in session.scalars(statement)]


def require(session: Session, merchant_id: UUID | None, act: Act) -> Merchant | None:
    """The merchant, where it may do `act`; None for the city, which may do everything.

    Raises NotFound, or Forbidden that says what to do.
    """
    if merchant_id is None:
        return None
    return require_of(_known(session, merchant_id), act)


def require_of(merchant: Merchant, act: Act) -> Merchant:
    """The same for a merchant that was read already. Raises Forbidden."""
    if not may(merchant, act):
        publishes = act in ("post", "revise")
        raise Forbidden(Reason(_DENIED[merchant.state == "suspended", publishes], merchant.name))
    return merchant


def may(merchant: Merchant, act: Act) -> bool:
    """Whether a merchant may do `act` as things stand."""
    return merchant.state in MAY[act]


def _known(session: Session, merchant_id: UUID) -> Merchant:
    merchant = session.get(Merchant, merchant_id)
    if merchant is None:
        raise NotFound("There is no such merchant.")
    return merchant


def _note(session: Session, what: log.What, merchant: Merchant, **details: Any) -> None:
    log.record(
        session, what, About("merchant", merchant.id, merchant.name), merchant_id=merchant.id, **details
    )


def _free_slug(session: Session, application: Application) -> str:
    wanted = application.slug or slugify(application.name)
    if not wanted:
        raise Invalid.field("slug", "is needed: the name holds no letter from a to z and no digit")
    taken = set(
        session.scalars(select(Merchant.slug).where(Merchant.slug.startswith(wanted, autoescape=True)))
    )
    if wanted not in taken:
        return wanted
    if application.slug:
        raise Invalid.field("slug", "is already taken by another merchant")
    for number in range(2, _MOST_NAMESAKES):
        if (numbered := f"{wanted[:56].rstrip('-')}-{number}") not in taken:
            return numbered
    raise Invalid.field("slug", "is needed: too many merchants have this name")


def _record(merchant: Merchant) -> MerchantRecord:
    return MerchantRecord(
        id=merchant.id,
        slug=merchant.slug,
        name=merchant.name,
        email=merchant.email,
        url=merchant.url,
        address=merchant.address,
        district=merchant.district,
        state=merchant.state,
        posts_per_day=merchant.posts_per_day,
        created_at=merchant.created_at,
        admitted_at=merchant.admitted_at,
        suspended_until=merchant.suspended_until,
        suspended_because=merchant.suspended_because,
        opening_hours=merchant.opening_hours,
        phone=merchant.phone,
        contact=merchant.contact,
        imprint=merchant.imprint,
        links=tuple(merchant.links),
        license_texts=merchant.license_texts,
        license_pictures=merchant.license_pictures,
        logo=f"{settings().base_url}/merchants/{merchant.slug}/logo-{merchant.logo}.jpg"
        if merchant.logo
        else None,
    )  # fmt: skip -- a row for a row
