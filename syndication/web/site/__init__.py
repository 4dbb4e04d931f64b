"""The pages that readers see: the town's newest posts, a post, and everything behind the links in a mail."""

from fastapi import APIRouter

from syndication.web.site import connect, files, home, notices, pictures, post, subscription

router = APIRouter(include_in_schema=False)
for _part in (connect, files, home, subscription, notices, pictures, post):
    router.include_router(_part.router)

__all__ = ["router"]
