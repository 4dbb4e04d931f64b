"""A professional Instagram account: one picture with a caption, by Meta's Content Publishing API
(developers.facebook.com/docs/instagram-platform/content-publishing, in its form with Facebook Login)."""

import contextlib
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import product
from typing import Any, ClassVar
from urllib.parse import quote

from pydantic import Field

from syndication.channels.contract import Abilities, Channel, Limit
from syndication.channels.envelope import Envelope
from syndication.channels.preview import Preview, preview
from syndication.channels.settings import Account, Settings
from syndication.channels.social.counting import letters, utf16
from syndication.channels.social.graph import (
    MISSING,
    ROWS,
    SOON,
    Access,
    Graph,
    GraphSettings,
    Row,
    access_end,
)
from syndication.channels.social.meta_login import PageConnector
from syndication.channels.social.pictured import left_out, needed, shown_at
from syndication.channels.social.requests import items_at, text_at
from syndication.channels.social.words import compose, pieces
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Receipt, Refused, TryLater, Verdict
from syndication.content.post import Image
from syndication.content.reason import Reason
from syndication.infra.http import Answer
from syndication.infra.rate_limits import Rate

#: As the city's site shows the picture to Instagram.
_SIZE = "framed"
#: Characters, hashtags and mentions of a caption (IG User Media, caption).
_MOST, _MOST_HASHTAGS, _MOST_MENTIONS = 2200, 30, 20
#: Instagram shows fewer hashtags than it takes; ours fill up to this many.
_FEW_HASHTAGS = 5
#: How many of the account's newest posts are looked at for our own, and how large such an answer may be (bytes).
_LOOK_BACK, _LARGEST = 50, 1_000_000
#: Their clock may be behind ours.
_SKEW = timedelta(minutes=5)
_CANNOT_CHANGE = Reason("Instagram cannot change what was posted. Please correct it there by hand.")
_BY_HAND = Reason("Instagram does not let us delete this post. Please delete it there by hand.")
_NO_PICTURE = Reason("Instagram takes no post without a picture. Please add one to the post.")
_BUSY = Reason("Instagram is still working on the picture.")

RULES: tuple[Row, ...] = (
    Row(9007, "soon", _BUSY),
    Row(-2, "soon", "Instagram could not load the picture in time."),
    Row(-1, "unsure", "Instagram has trouble of its own."),
    Row(4, "later", "Instagram has restricted posting by this account for a while. Log in there to see why.", (2207051,)),
    Row(9, "later", "This account has posted as often today as Instagram allows.", (2207042,)),
    Row(25, "access", "Instagram has restricted this account. Log in to the Instagram app and solve what it asks.", (2207050,)),
    Row(9004, "refused", "Instagram could not load the picture. Its address must be open to everybody, Meta too."),
    Row(36000, "refused", "The picture is too large for Instagram, which takes 8 MB. Please use a smaller one."),
    Row(36001, "refused", "Instagram takes pictures only as JPEG. Please use another one."),
    Row(352, "refused", "Instagram takes pictures only as JPEG. Please use another one."),
    Row(36003, "refused", "The picture is too wide or too tall for Instagram (from 4:5 to 1.91:1). Please use another one."),
    Row(36004, "refused", "Instagram says the text is too long or has too many hashtags. Please write a text of its own for it."),
    *ROWS,
)  # fmt: skip
#: A prepared picture that Instagram no longer knows: it is prepared anew.
_LOST = (Row(24, "fine"), Row(-2, "fine", subcodes=(2207020,)))
#: Deleting needs a permission of its own, and is not open to every app: no reason to stop posting.
_DELETION = (
    Row(100, "fine", subcodes=(MISSING,)),
    Row(100, "refused", _BY_HAND),
    Row(3, "refused", _BY_HAND),
    Row(10, "refused", _BY_HAND),
    Row((200, 299), "refused", _BY_HAND),
)


class InstagramSettings(GraphSettings):
    """The account, by the access token of the Facebook page it is connected with (instagram_basic, instagram_content_publish,
    instagram_manage_contents, pages_read_engagement)."""

    harmless: ClassVar[frozenset[str]] = GraphSettings.harmless | {"user_id", "username"}

    user_id: str = Field(
        pattern=r"^\d{3,30}$", description="Number of the Instagram account (docs say how to find it)."
    )
    username: str = Field("", max_length=100, description="Name of the account; the service fills it in.")

    @property
    def speaks_as(self) -> Account | None:
        """The account."""
        return Account(self.user_id, f"@{self.username}" if self.username else self.user_id)


@dataclass(frozen=True)
class Photo:
    """What is to stand on Instagram. `media` is the post that is deleted; `since`: none of ours is older."""

    access: Access
    user_id: str
    key: str
    delete: bool
    image: Image | None
    image_url: str
    alt: str
    caption: str
    #: What an earlier try may have posted, as letters.
    captions: frozenset[str]
    media: str
    doubtful: bool
    since: datetime
    remark: str


class _Login(PageConnector):
    """The account that is linked with a page."""

    def settings_of(self, page: Any) -> dict[str, Any]:
        """From `instagram_business_account` of the page."""
        account = page.get("instagram_business_account")
        if not text_at(account, "id"):
            raise Refused(
                Reason(
                    "No professional Instagram account is linked with the page {}. Please link it first.",
                    text_at(page, "name"),
                )
            )
        return {"user_id": text_at(account, "id"), "username": text_at(account, "username")}


class Instagram(Channel[Envelope, Photo]):
    """Posts a picture with its alternative text and a caption, and deletes it. What stands there cannot be changed."""

    kind = "instagram"
    label = "Instagram"
    queue = "push"
    #: A repeat looks at the account's own posts first, and a prepared picture can be published only once.
    abilities = Abilities(
        revise=False,
        withdraw=True,
        repeatable=True,
        images=True,
        needs_picture=True,
        frame=_SIZE,
        least_side=320,
        length=_MOST,
        keeps_track=True,
    )
    settings = InstagramSettings
    connector = _Login(
        "Instagram",
        "pages_show_list,pages_read_engagement,instagram_basic,instagram_content_publish,instagram_manage_contents",
        "id,name,access_token,instagram_business_account{id,username}",
    )
    rehearsed = Answer(200, {}, b'{"id": "1", "status_code": "FINISHED"}')
    #: 100 posts in 24 hours (content-publishing, rate limit).
    limits = (Limit("destination", Rate(100, 86_400)),)
    tended_every = 86_400.0

    def render(self, envelope: Envelope) -> Photo:
        """The first picture and the caption. Raises Refused without a picture."""
        chosen, content = envelope.settings, envelope.post.content
        assert isinstance(chosen, InstagramSettings)
        delete = envelope.action == "withdrawn"
        if not delete and (envelope.reference or envelope.shown):
            raise Refused(_CANNOT_CHANGE)
        if not delete and not content.images:
            raise Refused(_NO_PICTURE)
        image = content.images[0] if content.images else None
        caption, remark = _caption(envelope, self.kind)
        return Photo(
            access=Access.of(chosen),
            user_id=chosen.user_id,
            key=f"instagram container {chosen.user_id} {envelope.key}",
            delete=delete,
            image=image,
            image_url=shown_at(envelope, _SIZE) if image else "",
            alt=image.alt if image else "",
            caption=caption,
            captions=_letters_of(envelope, self.kind),
            media=envelope.reference or "",
            doubtful=envelope.doubtful,
            since=envelope.post.published_at - _SKEW,
            remark=Reason.joined(remark, left_out(content.images, 1)),
        )

    def preview(self, envelope: Envelope) -> Preview:
        """The first picture and its caption."""
        message = self.render(envelope)
        return preview(
            message.caption,
            length=utf16(message.caption),
            most=_MOST,
            images=envelope.post.content.images,
            shown=1,
            remark=message.remark,
        )

    def send(self, message: Photo, tools: Tools) -> Receipt:
        """Instagram loads the picture, then publishes what it prepared. Where it is not ready yet, another try goes on."""
        graph = Graph(self.label, message.access, tools, RULES)
        if message.delete:
            return _delete(graph, message)
        if message.doubtful and (found := _found(graph, message)):
            return found
        container = tools.sessions.get(message.key) or _prepared(graph, message)
        tools.sessions.put(message.key, container)
        if found := _unless_ready(graph, message, container):
            return found
        published = graph.json(
            "POST", f"{message.user_id}/media_publish", body={"creation_id": container}, rows=_LOST
        )
        media = text_at(published, "id")
        if not media:
            raise _lost(graph, message)
        return Receipt(media, code=200, link=_permalink(graph, media), remark=message.remark)

    def tend(self, settings: Settings, tools: Tools, now: datetime) -> Settings:
        """Asks for the account's name and when the access ends (GET /debug_token)."""
        assert isinstance(settings, InstagramSettings)
        graph = Graph(self.label, Access.of(settings), tools, RULES)
        me = graph.get(settings.user_id, "id,username")
        learned = {"username": text_at(me, "username")[:100], "expires_at": access_end(graph)}
        return InstagramSettings.model_validate({**settings.plain(), **settings.secrets(), **learned})


def _caption(envelope: Envelope, kind: str) -> tuple[str, str]:
    """The caption, with as many of our hashtags as go well beside the merchant's own, and what was left out."""
    own = envelope.post.content.texts.get(kind, "")
    topics = envelope.post.content.topics
    room = max(0, _FEW_HASHTAGS - _hashtags(own))
    content = envelope.post.content.model_copy(update={"topics": topics[:room]})
    composed = compose(envelope.saying(content), kind, _MOST, count=utf16)
    too_many = (
        _hashtags(composed.text) > _MOST_HASHTAGS or len(re.findall(r"@\w", composed.text)) > _MOST_MENTIONS
    )
    if too_many and envelope.action != "withdrawn":
        raise Refused(
            Reason(
                "Instagram takes at most {} hashtags and {} mentions. Please use fewer.",
                _MOST_HASHTAGS,
                _MOST_MENTIONS,
            )
        )
    left_out = pieces(envelope, kind).hashtags[room:]
    said = (
        Reason("Instagram takes few hashtags, so these were left out: {}.", " ".join(left_out))
        if left_out
        else ""
    )
    return composed.text, Reason.joined(composed.remark, said)


def _letters_of(envelope: Envelope, kind: str) -> frozenset[str]:
    """The captions of all that may stand there; one that could not be made was never posted."""
    found = set()
    # An earlier try may have named the date before this one.
    tries = (envelope, replace(envelope, tried_at=envelope.post.updated_at))
    for one, content in product(tries, (envelope.post.content, *envelope.earlier)):
        with contextlib.suppress(Refused):
            found.add(letters(_caption(one.saying(content), kind)[0]))
    return frozenset(found)


def _hashtags(text: str) -> int:
    return len(re.findall(r"#\w", text))


def _prepared(graph: Graph, message: Photo) -> str:
    """The container Instagram makes of picture and caption. One that is never published does no harm.

    Instagram fetches the picture from us, so what is wrong with it is found here, in words of ours.
    """
    if message.image:
        needed(message.image, _SIZE, graph.tools)
    body = {"image_url": message.image_url, "caption": message.caption, "alt_text": message.alt}
    found = text_at(graph.json("POST", f"{message.user_id}/media", body=body), "id")
    if not found:
        raise TryLater(Reason("Instagram answered without the id of the picture."), outlet=False)
    return found


def _unless_ready(graph: Graph, message: Photo, container: str) -> Receipt | None:
    """None where the container can be published; the receipt where it was already. Raises a Verdict else."""
    state = graph.get(quote(container, safe=""), "status_code,status", rows=_LOST)
    match text_at(state, "status_code"):
        case "FINISHED":
            return None
        case "PUBLISHED":
            if found := _found(graph, message):
                return found
            raise TryLater(
                Reason("Instagram has posted it, but does not show it yet."), after=SOON, outlet=False
            )
        case "IN_PROGRESS":
            raise TryLater(_BUSY, after=SOON, outlet=False)
        case "ERROR":
            graph.tools.sessions.put(message.key, None)
            raise _refusal(text_at(state, "status"))
        case _:  # EXPIRED, or no longer known
            raise _lost(graph, message)


def _lost(graph: Graph, message: Photo) -> TryLater:
    """Forgets the container, so that the next try makes a new one."""
    graph.tools.sessions.put(message.key, None)
    return TryLater(Reason("Instagram lost the prepared picture."), after=SOON, outlet=False)


def _refusal(said: str) -> Refused:
    """What the status of a failed container means: it ends with one of Instagram's subcodes, without its code."""
    reasons = {
        "2207004": 36000,
        "2207005": 36001,
        "2207009": 36003,
        "2207010": 36004,
        "2207026": 352,
        "2207052": 9004,
    }
    code = next((code for subcode, code in reasons.items() if subcode in said), 0)
    reason = next((row.reason for row in RULES if row.code == code), "")
    return Refused(
        Reason(reason) or Reason("Instagram could not use the picture. Please use another one."), answer=said
    )


def _found(graph: Graph, message: Photo) -> Receipt | None:
    """The post that an earlier try left on the account; None for none. The whole caption counts: a shop's weekly post may
    carry the same title and link each time."""
    answer = graph.get(
        f"{message.user_id}/media", "id,caption,permalink,timestamp", limit=_LOOK_BACK, most_read=_LARGEST
    )
    shown_there = items_at(answer, "data")
    if shown_there is None:
        raise TryLater(Reason("Instagram did not show what stands there. It will be tried again."))
    for one in shown_there:
        if letters(text_at(one, "caption")) in message.captions and _not_before(one, message.since):
            if not message.delete and letters(text_at(one, "caption")) != letters(message.caption):
                raise Refused(_CANNOT_CHANGE)
            media = text_at(one, "id")
            return Receipt(media, code=200, link=text_at(one, "permalink") or None, remark=message.remark)
    return None


def _not_before(media: Any, since: datetime) -> bool:
    try:
        return datetime.fromisoformat(text_at(media, "timestamp")) >= since
    except (ValueError, TypeError):
        return False


def _delete(graph: Graph, message: Photo) -> Receipt:
    media = message.media
    if not media:
        found = _found(graph, message) if message.doubtful else None
        media = (found.reference if found else None) or ""
    if not media:
        return Receipt(remark=Reason("No such post was found on Instagram, so there was nothing to delete."))
    answer = graph.call("DELETE", quote(media, safe=""), rows=_DELETION)
    if answer.status == 200:
        return Receipt(code=200)
    if graph.stands(media):  # the same error also means that it is there and not ours to delete
        raise Refused(_BY_HAND)
    return Receipt(
        code=answer.status,
        remark=Reason("The post no longer stands on Instagram: somebody deleted it there."),
    )


def _permalink(graph: Graph, media: str) -> str | None:
    """Where people see it. It already stands there, so no trouble with this question matters."""
    try:
        return text_at(graph.get(quote(media, safe=""), "permalink"), "permalink") or None
    except Verdict:
        return None
