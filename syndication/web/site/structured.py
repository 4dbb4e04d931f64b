"""What search engines read on a post's page: schema.org in JSON-LD, by Google's rules for events.

https://developers.google.com/search/docs/appearance/structured-data/event wants of each event a name, its start and a place with
an address, and wishes for an end, a description, a picture, who organises it, and what it costs where.
"""

import json
from datetime import datetime
from typing import Any

from syndication import clock, kinds
from syndication.channels import wording
from syndication.channels.envelope import PostView
from syndication.config import Settings
from syndication.content.licenses import LICENSES
from syndication.infra.images import path
from syndication.infra.markdown import markdown_to_text
from syndication.publishing import views

_LONGEST = 500
_RESCHEDULED = "https://schema.org/EventRescheduled"
_SCHEDULED = "https://schema.org/EventScheduled"


def structured(post: PostView, cfg: Settings, previous: datetime | None = None) -> str:
    """The document, safe inside a script element. `previous`: when it was to begin before it was moved as a whole."""
    content = post.content
    told: dict[str, Any] = {
        "@context": "https://schema.org",
        "name": content.title,
        "description": _description(post),
        "url": views.page(cfg.base_url, post.id),
    }
    if content.images:
        told["image"] = [
            _picture(cfg.base_url + path(post.id, number, image.url, "framed"), post)
            for number, image in enumerate(content.images, 1)
        ]
    told |= kinds.of(content).structured(content, post.merchant.name, cfg.zone, clock.now())
    if "startDate" in told:
        _complete(told, post, cfg)
        if previous is not None and "subEvent" not in told and told["eventStatus"] == _SCHEDULED:
            told |= {
                "eventStatus": _RESCHEDULED,
                "previousStartDate": _like(told["startDate"], previous, cfg),
            }
    return json.dumps(told, ensure_ascii=False).replace("<", "\\u003c")


def _picture(url: str, post: PostView) -> Any:
    """Its address; with a licence that has an address, the ImageObject that bears it."""
    at = LICENSES.get(post.merchant.license_pictures)
    if not at:
        return url
    return {
        "@type": "ImageObject",
        "contentUrl": url,
        "url": url,
        "license": at,
        "creditText": post.merchant.name,
    }


def _description(post: PostView) -> str:
    """What the post says of itself, with what became of it in front: its title has no room for that."""
    content = post.content
    body = content.summary or " ".join(markdown_to_text(content.body).split())
    mark = wording.mark(content.standing, content.language)
    text = ". ".join(part for part in (mark, body or content.title) if part)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + "…"


def _complete(told: dict[str, Any], post: PostView, cfg: Settings) -> None:
    """Add to an event, and to each date of a series, what the kind of post cannot know."""
    told["organizer"]["url"] = post.merchant.url or f"{cfg.base_url}/"
    common = {name: told[name] for name in ("description", "url", "image", "organizer") if name in told}
    for event in (told, *told.get("subEvent", ())):
        for name, value in common.items():
            event.setdefault(name, value)
        # Where no place is named people come to whoever invites them.
        place = event.setdefault(
            "location", {"@type": "Place", "name": post.merchant.name, "address": post.merchant.address}
        )
        if not place.get("address"):
            place["address"] = f"{place['name']}, {cfg.city_name}"
        if "offers" in event:
            event["offers"] |= {
                "url": post.link,
                "validFrom": post.published_at.astimezone(cfg.zone).isoformat(timespec="seconds"),
            }


def _like(start: str, moment: datetime, cfg: Settings) -> str:
    """A moment in the form of the start: a date for whole days."""
    local = moment.astimezone(cfg.zone)
    return local.isoformat(timespec="seconds") if "T" in start else local.date().isoformat()
