"""The town hall's desk: is all well, what is not and why, acts on many deliveries at once, and what is set."""

from fastapi import APIRouter

from syndication.web.desk.city import (
    acts,
    alerts,
    deliveries,
    districts,
    in_their_name,
    look,
    merchants,
    month,
    review,
    settings,
    today,
    topics,
    trouble,
)

router = APIRouter()
for _part in (
    today,
    trouble,
    alerts,
    deliveries,
    acts,
    merchants,
    in_their_name,
    review,
    month,
    settings,
    topics,
    districts,
    look,
):
    router.include_router(_part.router)

__all__ = ["router"]
