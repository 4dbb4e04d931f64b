"""Merchants over HTTP: the operator admits and suspends them; each may read its own entry."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from syndication.accounts import admissions, suspensions
from syndication.accounts.suspensions import Suspension
from syndication.publishing import logos, merchants
from syndication.publishing.merchants import Amendment, Application, MerchantRecord, Slug
from syndication.publishing.withdrawal import by_key
from syndication.web.access import Known, Operator, concerned
from syndication.web.api.pages import PREFIX, After, Page, Paging, page
from syndication.web.problems import documented

router = APIRouter(prefix="/merchants", tags=["merchants"])

State = Literal["applied", "admitted", "suspended"]


class MerchantAnswer(MerchantRecord):
    """A merchant."""

    state: State

    @classmethod
    def of(cls, record: MerchantRecord) -> "MerchantAnswer":
        """What may be shown of a merchant to itself and to the operator."""
        return cls.model_validate(record)


class MerchantFilter(Paging):
    """Which merchants to list."""

    state: State | None = None
    after: UUID | None = After


@router.post("", status_code=201, operation_id="createMerchant", responses=documented(409))
def create_merchant(application: Application, _caller: Operator, response: Response) -> MerchantAnswer:
    """A new merchant that may publish at once."""
    record = merchants.create(application)
    response.headers["Location"] = f"{PREFIX}{router.prefix}/{record.slug}"
    return MerchantAnswer.of(record)


@router.get("", operation_id="listMerchants")
def list_merchants(_caller: Operator, wanted: Annotated[MerchantFilter, Query()]) -> Page[MerchantAnswer]:
    """All merchants, newest first."""
    return page(
        lambda most: merchants.listed(state=wanted.state, after=wanted.after, limit=most),
        wanted.limit,
        MerchantAnswer.of,
        lambda record: record.id,
    )


@router.get("/{slug}", operation_id="readMerchant")
def read_merchant(slug: Slug, caller: Known) -> MerchantAnswer:
    """One merchant; with a merchant's key only its own entry."""
    merchant_id = concerned(caller, slug)
    assert merchant_id is not None  # a slug was given
    return MerchantAnswer.of(merchants.read(merchant_id))


@router.patch("/{slug}", operation_id="changeMerchant")
def change_merchant(slug: Slug, amendment: Amendment, _caller: Operator) -> MerchantAnswer:
    """Change what is known of a merchant; what is left out stays."""
    return MerchantAnswer.of(logos.amend(merchants.by_slug(slug).id, amendment))


@router.post("/{slug}/admit", operation_id="admitMerchant")
def admit_merchant(slug: Slug, caller: Operator) -> MerchantAnswer:
    """Let a merchant publish, for the first time or again. Who applied, or was suspended, is told by mail."""
    return MerchantAnswer.of(admissions.admit(merchants.by_slug(slug).id, by_key(caller.key_id)))


@router.post("/{slug}/suspend", operation_id="suspendMerchant")
def suspend_merchant(slug: Slug, _caller: Operator, wanted: Suspension | None = None) -> MerchantAnswer:
    """Stop a merchant from publishing, and tell its owners why. What it published stays, unless `withdraw` takes it back;
    what it scheduled waits."""
    return MerchantAnswer.of(suspensions.suspend(merchants.by_slug(slug).id, wanted or Suspension()))
