"""A Facebook page as developers.facebook.com describes it: docs/pages-api/posts (publish a post, with media, update,
delete), docs/graph-api/reference/page/feed and docs/graph-api/reference/page/photos."""

import io
from typing import Any

from PIL import Image

from syndication import clock
from syndication.stack.receiver import Reply, Request
from tests.remotes.graph import Denied, FakeGraph
from tests.remotes.remote import body_of, form_of, query_of, reply, route


class FakeFacebook(FakeGraph):
    """One page."""

    posting = r"POST .*/feed"
    scope = "pages_show_list,pages_manage_posts,pages_read_engagement"

    def __init__(self) -> None:
        super().__init__()
        self.posts: dict[str, dict[str, Any]] = {}
        self.photos: dict[str, str] = {}
        #: Posts that are there but not the app's to change.
        self.foreign: set[str] = set()
        self._number = 122_000

    @property
    def copies(self) -> int:
        return len(self.posts)

    def _next(self) -> str:
        self._number += 1
        return str(self._number)

    @route(r"POST /v25\.0/104512345678901/photos")
    def upload(self, request: Request) -> Reply:
        self.signed_in(request)
        form = form_of(request)
        if "source" not in form or not form["source"].filename:
            raise Denied(324, "(#324) Missing or invalid image file")
        try:
            Image.open(io.BytesIO(form["source"].data)).verify()
        except Exception as fault:
            raise Denied(324, "(#324) Missing or invalid image file") from fault
        if form["published"].text != "false":
            raise Denied(100, "(#100) a picture that is published would be a post of its own")
        photo = self._next()
        self.photos[photo] = form["alt_text_custom"].text
        return reply({"id": photo})

    @route(r"POST /v25\.0/104512345678901/feed")
    def post(self, request: Request) -> Reply:
        self.signed_in(request)
        body = body_of(request)
        if unknown := set(body) - {"message", "link", "attached_media", "published"}:
            raise Denied(100, f"(#100) unknown parameters {sorted(unknown)}")
        self._checked(body)
        media = [one.get("media_fbid") for one in body.get("attached_media", [])]
        if any(one not in self.photos for one in media):
            raise Denied(100, "(#100) Invalid parameter: attached_media")
        if media and "link" in body:
            raise Denied(100, "(#100) link and attached_media do not go together")
        if any(one["message"] == body["message"] for one in self.posts.values()):
            raise Denied(506, "(#506) Duplicate status message", status=400)
        post_id = f"104512345678901_{self._next()}"
        self.posts[post_id] = {
            "message": body["message"],
            "created": clock.now(),
            "link": body.get("link"),
            "pictures": [self.photos.pop(one) for one in media],
        }
        return reply({"id": post_id})

    @route(r"GET /v25\.0/104512345678901/feed")
    def feed(self, request: Request) -> Reply:
        self.signed_in(request)
        asked = query_of(request)
        since, limit = int(asked.get("since", "0")), int(asked.get("limit", "25"))
        found = [
            {"id": post_id, "message": f"{post['message']}\n", "permalink_url": self.permalink(post_id)}
            for post_id, post in reversed(self.posts.items())
            if post["created"].timestamp() >= since
        ]
        return reply({"data": found[:limit], "paging": {}})

    def permalink(self, post_id: str) -> str:
        return f"https://www.facebook.com/weinhaus/posts/pfbid{post_id.partition('_')[2]}"

    @route(r"GET /v25\.0/(104512345678901_\d+)")
    def read(self, request: Request, post_id: str) -> Reply:
        self.signed_in(request)
        self._standing(post_id, "get")
        known = {"id": post_id, "permalink_url": self.permalink(post_id)}
        wanted = query_of(request).get("fields", "id").split(",")
        return reply({"id": post_id} | {name: known[name] for name in wanted})

    @route(r"POST /v25\.0/(104512345678901_\d+)")
    def edit(self, request: Request, post_id: str) -> Reply:
        self.signed_in(request)
        self._standing(post_id, "post")
        body = body_of(request)
        if set(body) != {"message"}:
            raise Denied(100, "(#100) only the message of a post can be changed")
        self._checked(body)
        self.posts[post_id]["message"] = body["message"]
        return reply({"success": True})

    @route(r"DELETE /v25\.0/(104512345678901_\d+)")
    def delete(self, request: Request, post_id: str) -> Reply:
        self.signed_in(request)
        self._standing(post_id, "delete", changing=True)
        del self.posts[post_id]
        return reply({"success": True})

    def _standing(self, post_id: str, what: str, *, changing: bool = False) -> None:
        if post_id not in self.posts or (changing and post_id in self.foreign):
            raise Denied(
                100,
                f"Unsupported {what} request. Object with ID '{post_id}' does not exist, cannot be loaded due to "
                "missing permissions, or does not support this operation.",
                33,
            )

    def _checked(self, body: dict[str, Any]) -> None:
        text = body.get("message", "")
        if not text.strip():
            raise Denied(100, "(#100) The post is empty")
        if len(text.encode("utf-16-le")) // 2 > 63_206:
            raise Denied(100, "(#100) The message is too long")
