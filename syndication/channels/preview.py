"""What people will see at an outlet, made from the very message that is sent there."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape
from typing import Literal

from syndication.content.post import Image
from syndication.content.reason import NO_REASON, Reason

#: A guard that stands behind an @, and has no width (social.names).
_GUARD = "@\u200b"
_TAG = re.compile(r"<[^<>]*>")
#: In this order: an escaped sign, a link, an address in brackets or bare, a heading, and what stands between two equal marks.
_MARKUP = re.compile(
    r"\\(?P<sign>[\\`*_\[\]#|~<>.)+=-])"
    r"|\[(?P<named>(?:\\.|[^\[\]\\\n])*)\]\([^\s()]*(?:\([^\s()]*\)[^\s()]*)*\)"
    r"|<(?P<address>https?://[^<>\s]+)>"
    r"|(?P<bare>https?://[^\s<>\\*]+)"
    r"|(?P<heading>(?m:^)\#{1,6}[ ])"
    r"|(?<!\w)(?P<mark>\*{1,3}|_{1,2}|~~|`)(?=\S)(?P<marked>(?:\\.|[^\\\n])+?)(?<=\S)(?P=mark)(?!\w)"
)


@dataclass(frozen=True)
class Preview:
    """One post as an outlet will show it, in plain text with its line ends, without markup and escapes.

    `title` is empty where the outlet knows none beside the text. `length` and `most` are of the text that is sent, in the
    network's own counting and in `unit`; None where there is no limit. `images` are shown there, `left_out` more are not.
    `remark` says what was shortened or left out.
    """

    title: str
    text: str
    length: int | None
    most: int | None
    unit: Literal["characters", "bytes"] = "characters"
    images: tuple[Image, ...] = ()
    left_out: int = 0
    remark: Reason = NO_REASON


def preview(
    text: str,
    *,
    title: str = "",
    length: int | None = None,
    most: int | None = None,
    unit: Literal["characters", "bytes"] = "characters",
    images: Sequence[Image] = (),
    shown: int = 0,
    remark: str = "",
) -> Preview:
    """A preview of a post with `images`, of which the outlet shows the first `shown`."""
    return Preview(
        unguarded(title).strip(),
        unguarded(text).strip(),
        length,
        most,
        unit,
        tuple(images[:shown]),
        max(0, len(images) - shown),
        Reason.quoted(remark),
    )


def unguarded(text: str) -> str:
    """The text without what keeps its names from calling somebody."""
    return text.replace(_GUARD, "@")


def untagged(html: str) -> str:
    """What people see of HTML whose line ends stand in its text, as Telegram has it; a link shows its words."""
    return unescape(_TAG.sub("", html))


def unmarked(text: str) -> str:
    """What people see of Markdown as chat services have it: no escapes, no marks, of a link its words."""
    return _MARKUP.sub(_seen, text)


def _seen(found: re.Match[str]) -> str:
    if found["sign"]:
        return found["sign"]
    if found["heading"]:
        return ""
    within = found["named"] or found["marked"]
    return unmarked(within) if within else found["address"] or found["bare"] or ""


def joined(*parts: str) -> str:
    """Paragraphs with an empty line between them; those that are empty are passed over."""
    return "\n\n".join(part for part in parts if part)
