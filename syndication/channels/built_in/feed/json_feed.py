"""JSON Feed 1.1, with the post's own fields in an extension object, so that a program need not read prose."""

import json
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from syndication import kinds
from syndication.channels.built_in.feed.view import (
    KEPT,
    FeedView,
    html,
    identity,
    media_type,
    text,
    title,
    when,
)
from syndication.channels.envelope import PostView
from syndication.content import licenses


def render(view: FeedView) -> bytes:
    """The document in UTF-8. Withdrawn posts are simply not in it: the format has no word for them."""
    feed: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": view.title,
        "description": view.description,
        "home_page_url": view.city.base_url,
        "feed_url": view.self_url,
        "language": view.city.language,
        "authors": [{"name": view.city.name, "url": view.city.base_url}],
    }
    if view.next_url:
        feed["next_url"] = view.next_url
    if view.hub:
        feed["hubs"] = [{"type": "WebSub", "url": view.hub}]
    if len(_written_entries) > KEPT:
        _written_entries.clear()
    head = _written(feed | {"items": []}).removesuffix("]}")
    return "".join(
        [head, ",".join(_entry(post, when(post, view), view.city.zone) for post in view.posts), "]}"]
    ).encode()


#: Entries as they were written last, each with the post it says: of a feed that is built again most are as they were.
_written_entries: dict[tuple[str, UUID], tuple[PostView, str]] = {}


def _entry(post: PostView, when: str, zone: ZoneInfo) -> str:
    kept = _written_entries.get((when, post.id))
    if kept is None or kept[0] != post:
        kept = _written_entries[when, post.id] = (post, _written(_said(post, when, zone)))
    return kept[1]


def _written(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _said(post: PostView, when: str, zone: ZoneInfo) -> dict[str, Any]:
    content = post.content
    author = {"name": post.merchant.name} | ({"url": post.merchant.url} if post.merchant.url else {})
    entry: dict[str, Any] = {
        "id": identity(post),
        "url": post.link,
        "title": title(post),
        "content_html": html(post, when, zone),
        "content_text": text(post, when, zone),
        "date_published": post.published_at.isoformat(),
        "date_modified": post.updated_at.isoformat(),
        "authors": [author],
        "tags": [content.kind, *(topic.spelling for topic in content.topics)],
        "language": content.language,
    }
    if content.summary:
        entry["summary"] = content.summary
    if content.images:
        entry["image"] = content.images[0].url
        entry["attachments"] = [
            {"url": image.url, "mime_type": media_type(image), "title": image.alt} for image in content.images
        ]
    return entry | {"_syndication": _structured(post)}


def _structured(post: PostView) -> dict[str, Any]:
    """Everything else that the post says, under the names of the API, without what is empty."""
    content = post.content
    said = content.model_dump(
        mode="json", exclude={"title", "summary", "body", "images", "topics", "language", "texts"}
    )
    said |= kinds.of(content).extras(content) | {"texts": content.texts}
    given = {"license": post.merchant.license_texts}
    if content.images:
        given["license_pictures"] = post.merchant.license_pictures
    return {
        "about": "https://jsonfeed.org/version/1.1#extensions",
        "revision": post.revision,
        **{name: licenses.said(one) for name, one in given.items() if one},
        "merchant": post.merchant.slug,
        **{name: value for name, value in said.items() if value not in (None, "", [])},
    }
