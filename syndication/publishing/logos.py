"""The sign of a merchant: one small picture, made from an upload, without anything but pixels."""

import hashlib
from typing import IO
from uuid import UUID

from sqlalchemy import delete, select

from syndication.content.reason import Reason
from syndication.errors import Invalid, NotFound, Unavailable
from syndication.infra import db
from syndication.infra.images import Limits, NoPicture, shrunk
from syndication.models import Logo, Merchant, StoredPicture
from syndication.publishing import merchants, uploads
from syndication.publishing.merchants import Amendment, MerchantRecord

_KEPT = Limits(side=480, bytes=80_000)


def made(data: bytes | IO[bytes]) -> bytes:
    """The JPEG that is kept of a JPEG, PNG, WebP or GIF. Raises Invalid at `logo`; Unavailable (too many at once)."""
    try:
        return shrunk(data, _KEPT).data
    except NoPicture as fault:
        if fault.later:
            raise Unavailable(fault.reason) from fault
        raise Invalid.field("logo", fault.reason) from fault


def amend(merchant_id: UUID, amendment: Amendment, picture: bytes | None = None) -> MerchantRecord:
    """As `merchants.update`, with the logo that the amendment names, or with `picture`, as `made` made it.

    Raises NotFound; Invalid at `logo` where it is neither the one that stands nor a picture that this merchant uploaded.
    """
    named = "logo" in amendment.model_fields_set
    if picture is None and named and amendment.logo and amendment.logo != merchants.read(merchant_id).logo:
        picture = made(_uploaded(merchant_id, amendment.logo))
    with db.transaction() as session:
        if picture is not None:
            session.merge(Logo(merchant_id=merchant_id, data=picture))
            _mark(merchant_id, hashlib.sha256(picture).hexdigest()[:16])
        elif named and amendment.logo is None:
            session.execute(delete(Logo).where(Logo.merchant_id == merchant_id))
            _mark(merchant_id, None)
        return merchants.update(merchant_id, amendment)


def shown(slug: str, digest: str) -> bytes:
    """The JPEG at an address of a logo. Raises NotFound, also where another one stands there by now."""
    with db.reading() as session:
        found = session.scalar(
            select(Logo.data)
            .join(Merchant, Merchant.id == Logo.merchant_id)
            .where(Merchant.slug == slug, Merchant.logo == digest)
        )
    if found is None:
        raise NotFound("There is no such picture.")
    return found


def _mark(merchant_id: UUID, digest: str | None) -> None:
    with db.transaction() as session:
        merchant = session.get(Merchant, merchant_id)
        if merchant is None:
            raise NotFound("There is no such merchant.")
        merchant.logo = digest


def _uploaded(merchant_id: UUID, url: str) -> bytes:
    with db.reading() as session:
        for picture_id in uploads.kept_here(session, merchant_id, [url]):
            data = session.scalar(select(StoredPicture.data).where(StoredPicture.id == picture_id))
            if data is not None:
                return data
    raise Invalid.field("logo", Reason("is no picture that is kept here; please upload it again"))
