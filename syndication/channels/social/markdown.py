"""Renders a post as Markdown for chat services, escaping everything in it that would format text or notify people."""

import re
from dataclasses import replace
from typing import Any

from syndication.channels.envelope import Envelope
from syndication.channels.social.counting import Count, cut, utf16
from syndication.channels.social.words import SHORTENED, Words, pieces

#: Signs with a meaning in Markdown, alone or at the beginning of one that has.
_SIGNS = re.compile(r"([\\`*_\[\]#|~<>])")
#: Stands behind an @ so that no name follows it.
_APART = "\u200b"


def plain(text: str) -> str:
    """The text without any effect: signs are escaped, names are not called."""
    return quiet(_SIGNS.sub(r"\\\1", text))


def quiet(text: str) -> str:
    """The text, but no name in it is called."""
    return text.replace("@", "@" + _APART)


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
