"""What to know of a reduction before it is announced."""

from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from syndication.kinds.reading import AnyDraft
from syndication.publishing import price_memory
from syndication.web.access import MerchantSlug, PostsWriter, publishing
from syndication.web.api.pages import Answer
from syndication.web.language import Reason, reading

router = APIRouter(prefix="/prices", tags=["posts"])


class AdviceAnswer(Answer):
    """What is to be known of one field of the draft."""

    field: str
    severity: Literal["warning", "note"] = Field(
        description="`warning`: as it stands it is likely to break the law."
    )
    reason: Reason
    proposal: str | None = Field(description="An amount for the field, as far as prices are known here.")


class AdviceList(Answer):
    """All of it; empty where nothing is amiss, or no reduction is announced."""

    data: list[AdviceAnswer]


@router.post("/advice", operation_id="advisePrices")
def advise_prices(draft: AnyDraft, caller: PostsWriter, merchant: MerchantSlug = None) -> AdviceList:
    """Hold a reduction in a draft against § 11 PAngV and Directive 98/6/EC Art. 6a. Nothing is posted, kept or refused for it."""
    found = price_memory.advice(publishing(caller, merchant), draft, language=reading.get())
    return AdviceList(
        data=[
            AdviceAnswer(
                field=one.field,
                severity=one.severity,
                reason=one.reason,
                proposal=None if one.proposal is None else f"{one.proposal:.2f}",
            )
            for one in found
        ]
    )
