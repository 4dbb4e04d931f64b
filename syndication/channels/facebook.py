"""A Facebook page: posts by the Pages API (developers.facebook.com/docs/pages-api/posts)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from pydantic import Field

from syndication.channels.contract import Abilities, Channel, Limit
from syndication.channels.envelope import Envelope
from syndication.channels.preview import Preview, preview
from syndication.channels.settings import Account, Settings
from syndication.channels.social.counting import letters, utf16
from syndication.channels.social.graph import MISSING, ROWS, Access, Graph, GraphSettings, Row, access_end
from syndication.channels.social.meta_login import PageConnector
from syndication.channels.social.pictured import fetched
from syndication.channels.social.requests import items_at, text_at
from syndication.channels.social.words import compose
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Receipt, Refused, Unconfirmed, Verdict
from syndication.content.post import Image
from syndication.content.reason import Reason
from syndication.infra.http import multipart
from syndication.infra.images import Limits
from syndication.infra.rate_limits import Rate

#: Characters of a post.
_MOST = 63_206
#: How many of the page's newest posts are looked at for our own, and how large such an answer may be (bytes).
_LOOK_BACK, _LARGEST = 50, 1_000_000
#: Their clock may be behind ours.
_SKEW = timedelta(minutes=5)
#: Separates the parts of a form.
_BOUNDARY = "syndication-2b8e61fd04c97a35e8d21c60f7b4a953"
_KEPT_PICTURES = Reason("Facebook cannot change the pictures of a post, so they stay as they were.")
_SOMEBODY_DELETED = Reason("The post no longer stands on Facebook: somebody deleted it there.")

RULES: tuple[Row, ...] = (
    Row(1609005, "refused", "Facebook cannot make a preview of the link of this post. Please check that its page opens."),
    Row(100, "refused", "Facebook does not take the link of this post. Please check that its page opens.", subcodes=(1609005,)),
    *ROWS,
)  # fmt: skip
_EDIT_GONE = (Row(100, "refused", _SOMEBODY_DELETED, (MISSING,)),)
_ALREADY_GONE = (Row(100, "fine", subcodes=(MISSING,)),)


class FacebookSettings(GraphSettings):
    """The page, by a page access token with pages_manage_posts and pages_read_engagement."""

    harmless: ClassVar[frozenset[str]] = GraphSettings.harmless | {"page_id", "name"}

    page_id: str = Field(pattern=r"^\d{3,30}$", description="Number of the page (About, Page transparency).")
    name: str = Field("", max_length=300, description="Name of the page; the service fills it in.")

    @property
    def speaks_as(self) -> Account | None:
        """The page."""
        return Account(self.page_id, f"{self.name} ({self.page_id})".lstrip())


@dataclass(frozen=True)
class PagePost:
    """What is to stand on the page. `reference` is the post that is edited or deleted; `stale`: with other pictures."""

    access: Access
    page_id: str
    delete: bool
    text: str
    link: str
    images: tuple[Image, ...]
    reference: str
    stale: bool
    since: datetime
    remark: str


class Facebook(Channel[Envelope, PagePost]):
    """Posts, edits and deletes posts of a page, with pictures and their alternative text, or with a card of the link."""

    kind = "facebook"
    label = "Facebook"
    queue = "push"
    abilities = Abilities(
        revise=True, withdraw=True, repeatable=False, images=True, length=_MOST, keeps_track=True, finds=True
    )
    settings = FacebookSettings
    connector = PageConnector(
        "Facebook", "pages_show_list,pages_manage_posts,pages_read_engagement", "id,name,access_token"
    )
    #: 200 calls an hour for an app with one user (docs/graph-api/overview/rate-limiting); ten pictures make twelve calls.
    limits = (Limit("destination", Rate(16, 3600)),)
    tended_every = 86_400.0

    def render(self, envelope: Envelope) -> PagePost:
        """The text always holds the link: a card of it cannot be edited, and pictures leave no room for one."""
        chosen, content = envelope.settings, envelope.post.content
        assert isinstance(chosen, FacebookSettings)
        composed = compose(envelope, self.kind, _MOST, count=utf16)
        return PagePost(
            access=Access.of(chosen),
            page_id=chosen.page_id,
            delete=envelope.action == "withdrawn",
            text=composed.text,
            link=envelope.post.link,
            images=content.images,
            reference=envelope.reference or "",
            stale=envelope.shown is not None and envelope.shown.images != content.images,
            since=envelope.post.published_at - _SKEW,
            remark=composed.remark,
        )

    def preview(self, envelope: Envelope) -> Preview:
        """The text, with all pictures."""
        message = self.render(envelope)
        return preview(
            message.text,
            length=utf16(message.text),
            most=_MOST,
            images=message.images,
            shown=len(message.images),
            remark=message.remark,
        )

    def send(self, message: PagePost, tools: Tools) -> Receipt:
        """Pictures first, unseen, then the post that shows them. Only the post itself must not be made twice."""
        graph = Graph(self.label, message.access, tools, RULES)
        if message.delete:
            return _delete(graph, message.reference)
        if message.reference:
            return _edit(graph, message)
        ids, said = _upload(graph, message, tools)
        attached = {"attached_media": [{"media_fbid": one} for one in ids]} if ids else {"link": message.link}
        body = {"message": message.text, **attached}
        found = graph.json("POST", f"{message.page_id}/feed", body=body, repeatable=False)
        post_id = text_at(found, "id")
        if not post_id:
            raise Unconfirmed(Reason("Facebook answered without the id of the post. Please look there."))
        return Receipt(
            post_id, code=200, link=_permalink(graph, post_id), remark=Reason.joined(message.remark, said)
        )

    def find(self, message: PagePost, tools: Tools) -> Receipt | None:
        """Among the page's newest posts (GET /{page}/feed), by the whole text. Editing and deleting are simply repeated."""
        if message.delete or message.reference:
            return self.send(message, tools)
        graph = Graph(self.label, message.access, tools, RULES)
        since = str(int(message.since.timestamp()))
        answer = graph.get(
            f"{message.page_id}/feed",
            "id,message,permalink_url",
            since=since,
            limit=_LOOK_BACK,
            most_read=_LARGEST,
        )
        for one in items_at(answer, "data") or []:
            if letters(text_at(one, "message")) == letters(message.text):
                link = text_at(one, "permalink_url") or None
                return Receipt(text_at(one, "id"), code=200, link=link, remark=message.remark)
        return None

    def tend(self, settings: Settings, tools: Tools, now: datetime) -> Settings:
        """Asks whose access it is (GET /me) and when it ends (GET /debug_token)."""
        assert isinstance(settings, FacebookSettings)
        graph = Graph(self.label, Access.of(settings), tools, RULES)
        me = graph.get("me", "id,name")
        if text_at(me, "id") != settings.page_id:
            whose = text_at(me, "name") or text_at(me, "id")
            raise Refused(
                Reason(
                    "This access belongs to {} and not to the page {}. Please connect the page itself.",
                    whose,
                    settings.page_id,
                ),
                credentials=True,
            )
        learned = {"name": text_at(me, "name")[:300], "expires_at": access_end(graph)}
        return FacebookSettings.model_validate({**settings.plain(), **settings.secrets(), **learned})


def _upload(graph: Graph, message: PagePost, tools: Tools) -> tuple[list[str], str]:
    """Ids of the pictures, and a remark about those that could not be had. What no post shows is forgotten there."""
    pictures, remark = fetched(message.images, Limits(side=2048), tools)
    ids = []
    for image, picture in pictures:
        content_type, data = multipart(
            [
                ("published", "false"),
                ("alt_text_custom", image.alt),
                ("source", ("picture.jpg", picture.data, picture.type)),
            ],
            _BOUNDARY,
        )
        found = graph.json("POST", f"{message.page_id}/photos", data=data, content_type=content_type)
        ids.append(text_at(found, "id"))
    return [one for one in ids if one], remark


def _edit(graph: Graph, message: PagePost) -> Receipt:
    path = quote(message.reference, safe="")
    found: Any = graph.call("POST", path, body={"message": message.text}, rows=_EDIT_GONE)
    return Receipt(
        message.reference,
        code=found.status,
        link=_permalink(graph, message.reference),
        remark=Reason.joined(message.remark, _KEPT_PICTURES if message.stale else ""),
    )


def _delete(graph: Graph, post_id: str) -> Receipt:
    if not post_id:
        return Receipt(remark=Reason("It does not stand on Facebook, so there was nothing to delete."))
    answer = graph.call("DELETE", quote(post_id, safe=""), rows=_ALREADY_GONE)
    if answer.status == 200:
        return Receipt(code=200)
    if graph.stands(post_id):  # the same error also means that it is there and not ours to delete
        raise Refused(Reason("Facebook does not let us delete this post. Please delete it there by hand."))
    return Receipt(code=answer.status, remark=_SOMEBODY_DELETED)


def _permalink(graph: Graph, post_id: str) -> str:
    """Where people see it. It already stands there, so no trouble with this question matters."""
    try:
        found = text_at(graph.get(quote(post_id, safe=""), "permalink_url"), "permalink_url")
    except Verdict:
        found = ""
    return found if found.startswith("https://") else f"https://www.facebook.com/{post_id}"
