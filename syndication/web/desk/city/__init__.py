"""The town hall's desk: is all well, what is not and why, and acts on many deliveries at once."""

from fastapi import APIRouter

from syndication.web.desk.city import acts, alerts, deliveries, today, trouble

router = APIRouter()
for _part in (today, trouble, alerts, deliveries, acts):
    router.include_router(_part.router)

__all__ = ["router"]
