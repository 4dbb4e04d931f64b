"""A post's own page, at an address that never changes."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndication import clock, kinds
from syndication.channels import wording
from syndication.channels.envelope import PostView
from syndication.config import Settings, settings
from syndication.content.topics import collated
from syndication.errors import NotFound
from syndication.infra import db
from syndication.infra.images import path
from syndication.infra.rendering import gettext
from syndication.publishing import merchants, site_images, stock, uploads, views
from syndication.publishing import posts as all_posts
from syndication.web.site import business as seen
from syndication.web.site.layout import language_of, page
from syndication.web.site.structured import structured as _structured
from syndication.web.site.structured_business import described

router = APIRouter()
#: Coming dates that a page lists, and posts that it told of.
_DATES, _TOLD = 8, 1000


@router.get("/posts/{post_id}")
def read_post(request: Request, post_id: str) -> Response:
    """The post; 410 with a sentence where it was withdrawn. Raises NotFound."""
    cfg, language = settings(), language_of(request)
    try:
        record = all_posts.read(UUID(post_id))
    except ValueError as error:
        raise NotFound("There is no such post.") from error
    if (series := all_posts.series_of(record.id)) is not None:
        return RedirectResponse(f"/posts/{series}", status_code=308)
    if record.state == "withdrawn":
        say = gettext(language)
        return page(
            request, "trouble.html", status=410, title=say("This post was withdrawn"),
            detail=say("Whoever posted it has taken it back."),
        )  # fmt: skip
    if record.state != "published":
        raise NotFound("There is no such post.")
    with db.reading() as session:
        view = views.by_id(session, [record.id], cfg.base_url)[record.id]
        before = views.begin_before(session, view)
        told = [views.view(*row, cfg.base_url) for row in stock.told_by(session, record.id, _TOLD)]
    owner = merchants.by_slug(view.merchant.slug)
    ready = site_images.there(image.url for image in view.content.pictures())
    return page(
        request,
        "post.html",
        post=shown(view, cfg, language, ready),
        told=[shown(one, cfg, language) for one in told],
        data=_structured(view, cfg, before),
        business=seen.shown(owner, language),
        business_data=described(owner, cfg),
    )


def shown(
    post: PostView, cfg: Settings, language: str, ready: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """What the templates show of a post. What a worker still fetches is not `ready`, and is left out rather than shown
    broken; an uploaded picture can be shown at once."""
    content, now = post.content, clock.now()
    title = wording.name(content, language)
    return {
        "title": title,
        "mark": wording.mark(content.standing, language),
        "summary": content.summary,
        "body": content.body,
        "when": wording.when(content, cfg.zone, language, now),
        "dates": _dates(post, cfg, language, ready),
        "where": wording.where(content),
        "facts": wording.facts(content, cfg.zone, language),
        "url": content.url,
        "pictures": [
            {
                "at": path(post.id, number, image.url, "page"),
                "framed": path(post.id, number, image.url, "framed"),
                "alt": image.alt,
                "ready": image.url in ready or uploads.ours(image.url),
            }
            for number, image in enumerate(content.images, 1)
        ],
        "merchant": post.merchant,
        "language": content.language if title == content.title else language,
        "page": f"/posts/{post.id}",
        "topics": sorted((topic.name for topic in content.topics), key=collated),
    }


def _dates(post: PostView, cfg: Settings, language: str, ready: frozenset[str]) -> list[dict[str, Any]]:
    """The next dates of an event that has several, each with a picture of its own where that can be shown."""
    content = post.content
    places = {image.url: number for number, image in enumerate(content.pictures(), 1)}
    return [
        {
            "when": one.when,
            "different": one.different,
            "off": one.off,
            "picture": path(post.id, places[one.image.url], one.image.url, "page")
            if one.image is not None and (one.image.url in ready or uploads.ours(one.image.url))
            else "",
            "alt": one.image.alt if one.image is not None else "",
        }
        for one in kinds.of(content).dates(content, cfg.zone, language, clock.now(), _DATES)
    ]
