"""The newsletter: an edition is composed once for all who share it, and each reader's copy costs a few substitutions."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from itertools import count
from typing import Any

from syndication import kinds
from syndication.channels import by_mail, wording
from syndication.channels.contract import Abilities, Channel, Specimen
from syndication.channels.envelope import City, Copy, Envelope, PostView
from syndication.channels.messages import MailMessage
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Gone, Receipt, Refused
from syndication.content.post import Action, Content
from syndication.content.reason import Reason
from syndication.infra.mail_check import checked
from syndication.infra.mail_headers import Line, Unfit, address, exact, mailbox, text, word, written
from syndication.infra.rendering import LANGUAGES, day, gettext, inline_css, markdown_to_text, render
from syndication.kinds import TOLD

#: What a correction is about: a status, "moved", another matter of the post's kind, "withdrawn" or "changed".
What = str

#: From this many posts on each gets a line or two: long mails are clipped by mail programs.
_BRIEF_FROM = 30
_EXCERPT = 280
_SUBJECT = 78
_SUBJECT_TITLE = 42
#: Whom a dry run writes to (RFC 2606).
_NOBODY = "reader@example.org"
#: What the merchant is told of a post that no edition can be made of.
LEFT_OUT = Reason(
    "This post could not be put into the newsletter. Please publish it anew in other words; "
    "the operator has the details in the log."
)
_FOREIGN = Reason(
    "This edition was stored by an earlier version with a header that is not ours, so it was not sent."
)
#: The headers that every edition begins with; `_head` writes them.
_HEADERS = (
    "From", "Subject", "Date", "List-Id", "List-Post", "List-Unsubscribe-Post", "Precedence", "Auto-Submitted",
    "Content-Language", "MIME-Version", "Message-ID",
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """A post that the edition tells of for the first time."""

    post: PostView


@dataclass(frozen=True)
class Correction:
    """A post that readers heard of before, as it said then, and what they must know now."""

    post: PostView
    what: What
    before: Content | None = None


@dataclass(frozen=True)
class EditionView:
    """What one edition tells, in one language; `slot_at` (UTC) is its date."""

    language: str
    slot_at: datetime
    entries: tuple[Entry, ...]
    corrections: tuple[Correction, ...]


class Newsletter(Channel[Copy, MailMessage]):
    """One mail for each reader of an edition, with a one-click way out."""

    kind = "newsletter"
    label = "Newsletter"
    queue = "mail"
    #: A mail cannot be taken back; both come as a correction in the next one. A repeat has the same Message-ID.
    abilities = Abilities(revise=True, withdraw=True, repeatable=True)
    serves = "readers"
    configurable = False
    takes_changes = False

    def render(self, envelope: Copy | Envelope) -> MailMessage:
        """The reader's copy: the edition's pieces with address, link token and Message-ID between them."""
        if isinstance(
            envelope, Envelope
        ):  # a post that was left out, sent again: no edition is waiting for it
            raise Refused(LEFT_OUT)
        try:
            to = address(envelope.address)
        except Unfit as error:
            raise Gone(str(error)) from error
        if not _headed_by_us(envelope.parts["pieces"][0][1]):
            raise Refused(_FOREIGN)
        values = {"to": to, "token": word(envelope.leave_token), "key": word(envelope.key)}
        return MailMessage(envelope.sender, to, _filled_in(envelope.parts["pieces"], values))

    def send(self, message: MailMessage, tools: Tools) -> Receipt:
        """One mail through the mail server."""
        return by_mail.send(message, tools)

    def send_before(self, message: MailMessage, following: MailMessage | None, tools: Tools) -> Receipt:
        """One mail through the mail server, with the envelope of the next."""
        return by_mail.send(message, tools, following)

    def specimens(self, envelope: Envelope, sender: str) -> tuple[Specimen, ...]:
        """The mail that tells of the post alone, in each language, to somebody with no real address."""
        return tuple(self._specimen(envelope, sender, language) for language in LANGUAGES)

    def _specimen(self, envelope: Envelope, sender: str, language: str) -> Specimen:
        post, at = envelope.post, envelope.tried_at
        words: dict[Action, What] = {"revised": "changed", "withdrawn": "withdrawn"}
        corrected = envelope.action in words
        view = EditionView(
            language,
            at,
            () if corrected else (Entry(post),),
            (Correction(post, words[envelope.action]),) if corrected else (),
        )
        parts = compose(view, envelope.city, sender)
        mail = self.render(
            Copy(envelope.key, parts, _NOBODY, "token-of-the-reader", envelope.city, sender, at)
        )
        return Specimen("MAIL", f"mailto:{_NOBODY}", mail.data)


def compose(view: EditionView, city: City, sender: str) -> dict[str, Any]:
    """The edition as pieces of a finished mail (plain JSON), to be filled in for each reader. Pure.

    Raises Unfit where a mail made of them would be read otherwise than it was meant: one is read back before it is kept.
    """
    mark, subject = _mark(view), _subject(view, city)
    head = _head(view, city, sender, subject)
    values = _values(view, city, mark)
    plain = render("newsletter/edition/body.txt", view.language, **values)
    html = inline_css(render("newsletter/edition/body.html", view.language, **values))
    digest = hashlib.sha256(f"{view.slot_at} {subject} {plain}".encode()).hexdigest()
    own = _own_pieces(city, sender, digest)
    body = by_mail.alternative(plain.split(mark), html.split(mark), _boundary(digest))
    pieces = _merged([(None, written(head)), *own, *body])
    sample = {"to": _NOBODY, "token": "token-of-the-reader", "key": "e0-r0"}
    lines = [*head, *_own_lines(city, sender, digest, sample)]
    plain, html = (said.replace(mark, sample["token"]) for said in (plain, html))
    checked(_filled_in(pieces, sample), lines, plain, html)
    return {"subject": subject, "pieces": pieces}


@lru_cache(maxsize=50)  # asked for each reader of an edition
def _headed_by_us(head: str) -> bool:
    lines = head.replace("\r\n ", " ").split("\r\n")
    return tuple(line.partition(":")[0] for line in lines) == _HEADERS


def _filled_in(pieces: Iterable[Any], values: Mapping[str, str]) -> bytes:
    return "".join(piece if slot is None else values[slot] + piece for slot, piece in pieces).encode()


def _head(view: EditionView, city: City, sender: str, subject: str) -> list[Line]:
    """What every reader's head begins with (RFC 5322; RFC 2369 and RFC 8058 for the list)."""
    domain = address(sender).rpartition("@")[2]
    return [
        mailbox("From", city.name, sender),
        text("Subject", subject),
        exact("Date", format_datetime(view.slot_at)),
        exact("List-Id", f"<newsletter.{domain}>"),
        exact("List-Post", "NO"),
        exact("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        exact("Precedence", "bulk"),
        exact("Auto-Submitted", "auto-generated"),
        exact("Content-Language", view.language),
        exact("MIME-Version", "1.0"),
    ]


def _own_pieces(city: City, sender: str, digest: str) -> list[by_mail.Piece]:
    """What the head says to one reader alone, with its slots, and how the body is made."""
    domain = address(sender).rpartition("@")[2]
    return [
        (None, "Message-ID: <"),
        ("key", f".{digest[:12]}@{domain}>\r\nTo: <"),
        ("to", f">\r\nList-Unsubscribe: <{word(city.base_url)}/leave/"),
        ("token", f">\r\nContent-Type: {by_mail.content_type(_boundary(digest))}\r\n\r\n"),
    ]


def _own_lines(city: City, sender: str, digest: str, reader: Mapping[str, str]) -> list[Line]:
    """What `_own_pieces` must say to one reader."""
    domain = address(sender).rpartition("@")[2]
    return [
        exact("Message-ID", f"<{reader['key']}.{digest[:12]}@{domain}>"),
        mailbox("To", "", reader["to"]),
        exact("List-Unsubscribe", f"<{city.base_url}/leave/{reader['token']}>"),
        exact("Content-Type", by_mail.content_type(_boundary(digest))),
    ]


def _boundary(digest: str) -> str:
    return f"=_{digest[:32]}"


def _mark(view: EditionView) -> str:
    """Stands where a reader's token goes until the text is cut there: a word that no post of this edition holds."""
    said = repr(view)
    return next(word for number in count() if (word := f"readerstoken{number}end") not in said)


def _merged(pieces: Iterable[tuple[str | None, str]]) -> list[list[str | None]]:
    """Neighbours without a slot between them become one piece."""
    merged: list[list[str | None]] = []
    for slot, said in pieces:
        if slot is None and merged:
            merged[-1][1] = f"{merged[-1][1]}{said}"
        else:
            merged.append([slot, said])
    return merged


# What the templates get


def _values(view: EditionView, city: City, mark: str) -> dict[str, Any]:
    brief = len(view.entries) + len(view.corrections) > _BRIEF_FROM
    entries = [_entry(entry.post, city, view, brief) for entry in view.entries]
    dated = sorted((one for one in entries if one["day"]), key=lambda one: one["day"])
    running = [one for one in dated if _runs(one["day"], view, city)]
    return {
        "city": city,
        "language": view.language,
        "corrections": [_correction(one, city, view) for one in view.corrections],
        "parts": [
            *_days([one for one in dated if one not in running], city, view.language),
            *([(gettext(view.language)("Running now"), running)] if running else []),
            *_by_kind(entries, view.language),
        ],
        "brief": brief,
        "preferences": f"{city.base_url}/preferences/{mark}",
        "leave": f"{city.base_url}/leave/{mark}",
    }


#: A heading, and what stands under it.
_Part = tuple[str, list[dict[str, Any]]]


def _days(dated: list[dict[str, Any]], city: City, language: str) -> list[_Part]:
    days: dict[str, list[dict[str, Any]]] = {}
    for one in dated:
        days.setdefault(day(one["day"], language, city.zone), []).append(one)
    return list(days.items())


def _by_kind(entries: list[dict[str, Any]], language: str) -> list[_Part]:
    """What belongs under no day, under the name of its kind."""
    parts = [
        (kind.heading(language), [one for one in entries if not one["day"] and one["kind"] is kind])
        for kind in TOLD
    ]
    return [(heading, some) for heading, some in parts if some]


def _runs(begin: datetime, view: EditionView, city: City) -> bool:
    """Whether it began on an earlier day, so that it stands under no day of this edition."""
    return begin.astimezone(city.zone).date() < view.slot_at.astimezone(city.zone).date()


def _entry(post: PostView, city: City, view: EditionView, brief: bool) -> dict[str, Any]:
    content, kind, language = post.content, kinds.of(post.content), view.language
    return {
        "title": wording.name(content, language),
        "mark": wording.mark(content.standing, language),
        "when": wording.when(content, city.zone, language, view.slot_at),
        "where": wording.where(content),
        "facts": wording.facts(content, city.zone, language),
        "text": "" if brief else content.summary or _excerpt(content.body),
        "link": post.link,
        "merchant": post.merchant,
        "kind": kind,
        "day": kind.day(content, city.zone, view.slot_at),
    }


def _correction(correction: Correction, city: City, view: EditionView) -> dict[str, Any]:
    content, language = correction.post.content, view.language
    said = wording.mark(correction.what, language) or "; ".join(_news(correction, city, view))
    return {
        "title": wording.name(content, language),
        "what": said or gettext(language)("Changed"),
        "when": ""
        if correction.what in ("time", "withdrawn")
        else wording.when(content, city.zone, language, view.slot_at),
        "merchant": correction.post.merchant,
        "link": "" if correction.what == "withdrawn" else correction.post.link,
    }


def _news(correction: Correction, city: City, view: EditionView) -> list[str]:
    """What is new, a sentence each, where its kind has words for it."""
    content = correction.post.content
    matter = "place" if correction.what == "moved" else correction.what
    said = kinds.of(content).news(
        matter, content, city.zone, view.language, before=correction.before, now=view.slot_at
    )
    return said.splitlines()


def _excerpt(markdown: str) -> str:
    return _cut(" ".join(markdown_to_text(markdown).split()), _EXCERPT)


def _cut(text: str, length: int) -> str:
    """`text` cut between words, with an ellipsis, to at most `length` characters."""
    if len(text) <= length:
        return text
    head = text[: length - 1]
    return (head.rpartition(" ")[0] or head).rstrip(" ,;.–-") + "…"


def _subject(view: EditionView, city: City) -> str:
    """What is most worth opening the mail for: corrections first, then as many titles as fit."""
    say = gettext(view.language)
    titles = [_headline(one, view, city) for one in view.corrections]
    titles += [wording.title(one.post.content, view.language) for one in view.entries]
    if len(titles) == 1:
        return _cut(titles[0], _SUBJECT)
    intro = say("News from {}: ").format(city.name)
    best = ""
    for shown in range(1, len(titles) + 1):
        rest = len(titles) - shown
        text = intro + ", ".join(_cut(title, _SUBJECT_TITLE) for title in titles[:shown])
        text += say(" and {} more").format(rest) if rest else ""
        if best and len(text) > _SUBJECT:
            break
        best = text
    return best


def _headline(correction: Correction, view: EditionView, city: City) -> str:
    content = correction.post.content
    if correction.what == "dates":
        dates = _news(correction, city, view)
        if len(dates) == 1:
            return f"{content.title}: {dates[0]}"
    word = wording.mark(correction.what, view.language) or gettext(view.language)("Correction")
    return f"{word}: {wording.name(content, view.language)}"
