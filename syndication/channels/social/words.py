"""Writes a post for a social network from a template, shortening it piece by piece until it fits."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from syndication.channels import wording
from syndication.channels.envelope import Envelope
from syndication.channels.social.counting import Count, cut, graphemes, headline
from syndication.channels.social.names import quiet
from syndication.channels.verdicts import Refused
from syndication.content import addresses
from syndication.content.reason import Reason
from syndication.infra.markdown import markdown_to_text
from syndication.infra.rendering import render_first
from syndication.kinds.contract import Fact

#: Less of a text than this (in the network's counting) says nothing; then it is left out.
_LEAST = 24
SHORTENED = Reason("Shortened to what fits there.")


@dataclass(frozen=True)
class Words:
    """The pieces a template puts together, each in the post's own language; empty where there is nothing to say.

    No name in them is called, but in `own`: that is the text the merchant wrote for this network, so its names are
    accounts there; it stands for title and text. `notice` tells what changed and is only filled in a correction.
    """

    notice: str
    title: str
    when: str
    where: str
    facts: tuple[Fact, ...]
    text: str
    merchant: str
    link: str
    hashtags: tuple[str, ...]
    own: str


@dataclass(frozen=True)
class Composed:
    """A finished text, and what had to be left out, as a sentence; empty for nothing."""

    text: str
    remark: str


def compose(
    envelope: Envelope,
    kind: str,
    most: int,
    *,
    count: Count = graphemes,
    suffix: str = "txt",
    link: bool = True,
    schemes: bool = False,
    correction: bool = False,
) -> Composed:
    """The post for the network `kind`, at most `most` long by `count`, from templates/social/<kind> or the default.

    Without `link` the address goes elsewhere, such as into a card. With `schemes` addresses such as "www.rosenau.example" are
    written with https://, for networks that make no link of them else. A `correction` says first what changed.
    Raises Refused where even the barest form does not fit.
    """
    whole = pieces(envelope, kind, correction=correction)
    whole = whole if link else replace(whole, link="")
    if schemes:
        whole = replace(whole, text=addresses.spelled_out(whole.text), own=addresses.spelled_out(whole.own))
    names = (f"social/{kind}.{suffix}", f"social/post.{suffix}")

    def written(words: Words) -> str:
        return render_first(names, envelope.post.content.language, one=words).strip()

    text = written(whole)
    if count(text) <= most:
        return Composed(text, "")
    for words in _shorter(whole, most, lambda words: count(written(words)), count):
        text = written(words)
        if count(text) <= most:
            return Composed(text, SHORTENED)
    raise Refused(
        Reason(
            "This post is too long to be shortened to what fits there. Please write a text of its own for it."
        )
    )


def pieces(envelope: Envelope, kind: str, *, correction: bool = False) -> Words:
    """What there is to say about the post, in the language of the post and the city's wall-clock time."""
    content, city, merchant = envelope.post.content, envelope.city, envelope.post.merchant
    language, place = content.language, content.place
    own = content.texts.get(kind, "")
    mark = wording.mark(content.standing, language)
    text = "\n\n".join(part for part in (content.summary, markdown_to_text(content.body)) if part)
    return Words(
        notice=quiet(_notice(envelope)) if correction else "",
        title=quiet(wording.title(content, language)),
        when=quiet(wording.when(content, city.zone, language, envelope.tried_at)),
        where=quiet(wording.where(content)),
        facts=tuple(_quiet(one) for one in wording.facts(content, city.zone, language)),
        text=quiet(text),
        merchant="" if place is not None and place.name == merchant.name else quiet(merchant.name),
        link="" if envelope.post.link in own else envelope.post.link,
        hashtags=tuple(dict.fromkeys(hashtag(topic.spelling) for topic in content.topics)),
        own=f"{mark}: {own}" if own and mark else own,
    )


def _quiet(fact: Fact) -> Fact:
    """A fact that calls nobody; what is to be copied letter by letter stays as it is."""
    if fact.verbatim:
        return fact
    return replace(fact, text=quiet(fact.text), line=quiet(fact.line), more=quiet(fact.more))


def _notice(envelope: Envelope) -> str:
    content, zone = envelope.post.content, envelope.city.zone
    return wording.news(
        envelope.changed, content, zone, content.language, before=envelope.shown, now=envelope.tried_at
    )


def hashtag(topic: str) -> str:
    """ "#KinderUndFamilie" for the topic `Kinder und Familie`: capitals let screen readers tell the words apart."""
    return "#" + "".join(part[:1].upper() + part[1:] for part in re.findall(r"[^\W_]+", topic))


def _shorter(whole: Words, most: int, size: Callable[[Words], int], count: Count) -> Iterator[Words]:
    """The pieces with less and less in them; when it is and where to click are never given up."""
    words = whole
    for name in ("text", "own"):
        said = getattr(words, name)
        room = count(said) - (size(words) - most)
        if said and room >= _LEAST:
            yield replace(words, **_only(name, cut(said, room, count)))
        if name == "text":
            words = replace(words, text="")
            yield words
    while words.hashtags:
        words = replace(words, hashtags=words.hashtags[:-1])
        yield words
    words = replace(words, merchant="")
    yield words
    for fact in reversed([one for one in words.facts if not one.kept]):
        words = replace(words, facts=tuple(one for one in words.facts if one is not fact))
        yield words
    words = replace(words, where="")
    yield words
    for name in ("own", "title"):
        room = count(getattr(words, name)) - (size(words) - most)
        if room > 1:
            yield replace(words, **_only(name, headline(getattr(words, name), room, count)))


def _only(name: str, value: str) -> dict[str, Any]:
    return {name: value}
