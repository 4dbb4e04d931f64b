"""Renders a post as Markdown for chat services, escaping everything in it that would format text or notify people."""

import re
from dataclasses import replace
from typing import Any

from syndication.channels.envelope import Envelope
from syndication.channels.social.counting import Count, cut, utf16
from syndication.channels.social.names import quiet
from syndication.channels.social.words import SHORTENED, Words, pieces
from syndication.content import addresses

#: Signs with a meaning in Markdown, alone or at the beginning of one that has; and what begins a list or underlines a title.
_SIGNS = re.compile(r"([\\`*_\[\]#|~<>])|(?m:^[ \t]*(?:\d+(?=[.)](?:\s|$))|(?=[-+=])))")


def escaped(text: str) -> str:
    """The text without any effect: signs are escaped, names are not called."""
    return quiet(_SIGNS.sub(lambda found: f"\\{found[1]}" if found[1] else f"{found[0]}\\", text))


def plain(text: str, *, marked: bool = False) -> str:
    """The same with its web addresses as links.

    Those with https:// or http:// become links by themselves, as long as nothing in them is escaped; where a service
    makes none of them (`marked`), they are written as links like those without.
    """
    pieces, done = [], 0
    for one in addresses.found(text):
        typed = text[one.start : one.end]
        if one.href.startswith("mailto:"):
            continue
        whole = typed == one.href and not marked
        pieces += [escaped(text[done : one.start]), typed if whole else f"[{escaped(typed)}]({one.href})"]
        done = one.end
    return "".join([*pieces, escaped(text[done:])])


def message(
    envelope: Envelope, kind: str, most: int, *, correction: bool, count: Count = utf16
) -> tuple[str, str]:
    """Title, facts, text, who, link and hashtags, at most `most` long by `count`; and a remark on what was left out."""
    words = pieces(envelope, kind, correction=correction)
    whole = _written(words, envelope.post.link)
    if count(whole) <= most:
        return whole, ""
    said = "own" if words.own else "text"

    def written(text: str) -> str:
        shorter: dict[str, Any] = {said: text}
        return _written(replace(words, **shorter), envelope.post.link)

    # Signs are escaped, so the whole message is measured and not the text.
    return written(cut(getattr(words, said), most, lambda text: count(written(text)))), SHORTENED


def _written(words: Words, link: str) -> str:
    lines = [f"**{plain(line)}**" for line in words.notice.splitlines()]
    facts = [plain(line) for line in (words.when, words.where, *(one.bare for one in words.facts)) if line]
    # The merchant's own words for this service may be formatted.
    body = (
        [quiet(words.own)]
        if words.own
        else [f"#### {plain(words.title)}", "\n".join(facts), plain(words.text)]
    )
    last = " ".join(part for part in (plain(words.merchant), f"<{link}>") if part)
    return "\n\n".join(part for part in ("\n".join(lines), *body, last, " ".join(words.hashtags)) if part)
