"""The feed channel: a change marks the documents it affects to be rebuilt; feed readers fetch them whenever they like."""

from dataclasses import dataclass

from syndication.channels.built_in.feed import documents
from syndication.channels.built_in.feed.view import FeedView, Format, Tombstone
from syndication.channels.contract import Abilities, Channel, Specimen
from syndication.channels.envelope import Envelope
from syndication.channels.preview import Preview, joined, preview
from syndication.channels.social.words import pieces
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Receipt
from syndication.content.feed_scopes import scopes_of
from syndication.kinds import NAMES


@dataclass(frozen=True)
class FeedRefresh:
    """The scopes whose documents a change touches."""

    scopes: tuple[str, ...]


class Feed(Channel[Envelope, FeedRefresh]):
    """RSS, Atom, JSON Feed and iCalendar at stable addresses."""

    kind = "feed"
    label = "Feed"
    queue = "feeds"
    abilities = Abilities(revise=True, withdraw=True, repeatable=True, images=True)
    configurable = False
    tells = False

    def render(self, envelope: Envelope) -> FeedRefresh:
        """The scopes of the post as it is now; those it left were marked by fan-out and are built when asked for."""
        content = envelope.post.content
        return FeedRefresh(tuple(scopes_of(content.kind, content.topics, envelope.post.merchant.slug)))

    def send(self, message: FeedRefresh, tools: Tools) -> Receipt:
        """Build what is not fresh."""
        changed = tools.shelf.refresh(message.scopes)
        return Receipt(answer=f"{changed} documents changed")

    def preview(self, envelope: Envelope) -> Preview:
        """The post as it stands in the feeds and on its own page, in full."""
        post, images = envelope.post, envelope.post.content.images
        words = pieces(envelope, self.kind)
        facts = "\n".join(
            line for line in (words.when, words.where, *(one.bare for one in words.facts)) if line
        )
        return preview(
            joined(facts, words.text, post.link), title=words.title, images=images, shown=len(images)
        )

    def specimens(self, envelope: Envelope, sender: str) -> tuple[Specimen, ...]:
        """A document of each format that knows such posts, with this post alone in it."""
        return tuple(
            Specimen("GET", view.self_url, documents.render(form, view))
            for form in documents.CONTENT_TYPES
            if envelope.post.content.kind in documents.KINDS_OF.get(form, NAMES)
            for view in (_alone(envelope, form),)
        )


def _alone(envelope: Envelope, form: Format) -> FeedView:
    post, withdrawn = envelope.post, envelope.action == "withdrawn"
    return FeedView(
        city=envelope.city,
        kind="",
        topic="",
        merchant="",
        self_url=f"{envelope.city.base_url}/feeds/all.{form}",
        hub="",
        updated=envelope.tried_at if withdrawn else post.updated_at,
        posts=() if withdrawn else (post,),
        removed=(Tombstone(post, envelope.tried_at),) if withdrawn else (),
        max_age=0,
        now=envelope.tried_at,
    )
