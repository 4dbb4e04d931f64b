"""Pages for readers: the front page, posts, and whatever links in mails lead to."""

from fastapi import APIRouter

from syndication.web.site import (
    apply,
    connect,
    everything,
    files,
    home,
    look,
    notices,
    pictures,
    post,
    report,
    subscription,
)

router = APIRouter(include_in_schema=False)
for _part in (apply, connect, files, home, subscription, notices, pictures, post, report, everything, look):
    router.include_router(_part.router)

__all__ = ["router"]
