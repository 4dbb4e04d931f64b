"""All that is to come and all that is offered, page by page: where a mail leads that has no room for the rest."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from syndication import clock
from syndication.audience import feed_pages
from syndication.config import settings
from syndication.errors import NotFound
from syndication.infra import db
from syndication.web.site.layout import language_of, page
from syndication.web.site.post import shown

router = APIRouter()
_SIZE = 50


@router.get("/posts")
def everything(request: Request) -> Response:
    """What is nearest to now first, as in the feeds. Raises NotFound for a page that there is not."""
    cfg, language, said = settings(), language_of(request), request.query_params.get("page", "1")
    if not (said.isascii() and said.isdecimal() and len(said) <= 4 and int(said) > 0):
        raise NotFound("This page does not exist.")
    number = int(said)
    with db.reading() as session:
        found = feed_pages.page(session, [], number, _SIZE, clock.now(), cfg.base_url)
    if number > 1 and not found.posts:
        raise NotFound("This page does not exist.")
    return page(
        request,
        "everything.html",
        posts=[shown(post, cfg, language) for post in found.posts],
        before=number - 1,
        behind=number + 1 if found.more else 0,
    )
