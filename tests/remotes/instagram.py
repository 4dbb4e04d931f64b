"""Instagram's content publishing as developers.facebook.com describes it: docs/instagram-platform/content-publishing,
reference/instagram-user/media (creating, reading), instagram-user/media_publish, reference/instagram-container,
reference/instagram-media (deleting: Facebook Login, instagram_manage_contents) and reference/error-codes."""

import re
from datetime import datetime, timedelta
from typing import Any

from syndication import clock
from syndication.stack.receiver import Reply, Request
from tests.remotes.graph import Denied, FakeGraph
from tests.remotes.remote import OPEN, body_of, query_of, reply, route

_USER = "17841400008460056"


class FakeInstagram(FakeGraph):
    """One professional account."""

    posting = r"POST .*/media_publish"
    scope = "pages_show_list,pages_read_engagement,instagram_basic,instagram_content_publish,instagram_manage_contents"

    def __init__(self) -> None:
        super().__init__()
        self.pages[0]["instagram_business_account"] = {"id": _USER, "username": "weinhaus.coburg"}
        self.containers: dict[str, dict[str, Any]] = {}
        self.media: dict[str, dict[str, Any]] = {}
        #: What a new container's status is, and what its `status` says.
        self.state, self.said = (
            "FINISHED",
            "Finished: Media has been uploaded and it is ready to be published.",
        )
        self.may_delete = self.loads = True
        #: When a post is published there; None: now.
        self.now: datetime | None = None
        self._number = 17_900_000

    @property
    def copies(self) -> int:
        return len(self.media)

    def _next(self) -> str:
        self._number += 1
        return str(self._number)

    @route(rf"GET /v25\.0/{_USER}")
    def account(self, request: Request) -> Reply:
        self.signed_in(request)
        return reply({"id": _USER, "username": "weinhaus.coburg"})

    @route(rf"POST /v25\.0/{_USER}/media")
    def prepare(self, request: Request) -> Reply:
        self.signed_in(request)
        body = body_of(request)
        if unknown := set(body) - {"image_url", "caption", "alt_text"}:
            raise Denied(100, f"(#100) unknown parameters {sorted(unknown)}")
        if not self.loads or not str(body.get("image_url", "")).startswith(OPEN):
            raise Denied(9004, "The media could not be fetched from this URI", 2207052)
        caption = body["caption"]
        tags, names = re.findall(r"#\w", caption), re.findall(r"@\w", caption)
        if len(caption.encode("utf-16-le")) // 2 > 2200 or len(tags) > 30 or len(names) > 20:
            raise Denied(36004, "The submitted image caption was too long", 2207010)
        container = self._next()
        self.containers[container] = body | {"status_code": self.state, "status": self.said}
        return reply({"id": container})

    @route(r"GET /v25\.0/(179\d+)")
    def read(self, request: Request, one: str) -> Reply:
        self.signed_in(request)
        known = self.containers.get(one) or self.media.get(one)
        if known is None:
            raise Denied(100, f"Unsupported get request. Object with ID '{one}' does not exist", 33)
        wanted = query_of(request)["fields"].split(",")
        return reply({"id": one} | {name: known[name] for name in wanted if name in known})

    @route(rf"POST /v25\.0/{_USER}/media_publish")
    def publish(self, request: Request) -> Reply:
        self.signed_in(request)
        container = self.containers.get(body_of(request).get("creation_id"))
        if container is None or container["status_code"] == "EXPIRED":
            raise Denied(24, "The requested resource does not exist", 2207006)
        if container["status_code"] != "FINISHED":
            raise Denied(9007, "Media ID is not available", 2207027)
        container["status_code"] = "PUBLISHED"
        media = self._next()
        self.media[media] = {
            "id": media,
            "caption": container["caption"].replace("@", ""),
            "alt_text": container["alt_text"],
            "image_url": container["image_url"],
            "permalink": f"https://www.instagram.com/p/C{media}/",
            "timestamp": ((self.now or clock.now()) + timedelta(seconds=9)).strftime(
                "%Y-%m-%dT%H:%M:%S+0000"
            ),
        }
        return reply({"id": media})

    @route(rf"GET /v25\.0/{_USER}/media")
    def newest(self, request: Request) -> Reply:
        self.signed_in(request)
        asked = query_of(request)
        wanted, most = asked["fields"].split(","), int(asked.get("limit", "25"))
        shown = [{name: one[name] for name in wanted} for one in reversed(self.media.values())]
        return reply({"data": shown[:most]})

    @route(r"DELETE /v25\.0/(179\d+)")
    def delete(self, request: Request, media: str) -> Reply:
        self.signed_in(request)
        if media not in self.media or not self.may_delete:
            raise Denied(100, f"Unsupported delete request. Object with ID '{media}' does not exist", 33)
        del self.media[media]
        return reply({"success": True})
