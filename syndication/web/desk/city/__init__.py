"""The town hall's desk: is all well, what is not and why, acts on many deliveries at once, and what is set."""

from fastapi import APIRouter

<<<<<<< HEAD
from syndication.web.desk.city import acts, deliveries, settings, today, topics, trouble

router = APIRouter()
for _part in (today, trouble, deliveries, acts, settings, topics):
=======
from syndication.web.desk.city import acts, alerts, deliveries, settings, today, trouble

router = APIRouter()
for _part in (today, trouble, alerts, deliveries, acts, settings):
>>>>>>> main
    router.include_router(_part.router)

__all__ = ["router"]
