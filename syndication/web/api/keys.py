"""API keys over HTTP, for the operator: create, list, revoke."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from syndication.publishing import api_keys, merchants
from syndication.publishing.api_keys import Created, KeyRecord, KeyRequest
from syndication.publishing.merchants import Slug
from syndication.web.access import MerchantSlug, Operator
from syndication.web.api.pages import Answer

router = APIRouter(tags=["keys"])

KeyId = Annotated[str, Path(pattern=r"^[0-9a-f]{8}$", description="The eight characters behind `syn_`.")]


class KeyAnswer(Answer):
    """A key without its text."""

    id: str
    merchant: str | None = Field(description="Null for a key of the city.")
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    @classmethod
    def of(cls, record: KeyRecord) -> "KeyAnswer":
        """What may be shown of a key."""
        return cls.model_validate({**vars(record), "merchant": record.merchant_slug})


class NewKeyAnswer(KeyAnswer):
    """A new key."""

    key: str = Field(description="The bearer token. It is shown this one time.")

    @classmethod
    def made(cls, created: Created) -> "NewKeyAnswer":
        """The one showing of a key."""
        return cls.model_validate({**KeyAnswer.of(created.key).model_dump(), "key": created.text})


class KeyList(Answer):
    """Keys, newest first."""

    data: list[KeyAnswer]


@router.post("/merchants/{slug}/keys", status_code=201, operation_id="createMerchantKey")
def create_merchant_key(slug: Slug, request: KeyRequest, _caller: Operator) -> NewKeyAnswer:
    """A new key for a merchant. Left out, `scopes` are all that a merchant can have."""
    return NewKeyAnswer.made(api_keys.create(merchants.by_slug(slug).id, request))


@router.post("/keys", status_code=201, operation_id="createKey")
def create_key(request: KeyRequest, _caller: Operator) -> NewKeyAnswer:
    """A new key of the city. The scope `operator` stands for all others."""
    return NewKeyAnswer.made(api_keys.create(None, request))


@router.get("/keys", operation_id="listKeys")
def list_keys(_caller: Operator, merchant: MerchantSlug = None) -> KeyList:
    """All keys, or one merchant's, revoked ones too."""
    merchant_id = merchants.by_slug(merchant).id if merchant is not None else None
    return KeyList(data=[KeyAnswer.of(record) for record in api_keys.listed(merchant_id)])


@router.delete("/keys/{key_id}", operation_id="revokeKey")
def revoke_key(key_id: KeyId, _caller: Operator) -> KeyAnswer:
    """Take a key back, at once and for good. Doing it again changes nothing."""
    return KeyAnswer.of(api_keys.revoke(key_id))
