"""The newsletter: an edition is composed once for all who share it, and each reader's copy costs a few substitutions."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from itertools import count
from typing import Any

from syndication import kinds
from syndication.channels import by_mail, wording
from syndication.channels.built_in import edition_subject
from syndication.channels.built_in.edition_size import Length, fitting
from syndication.channels.built_in.edition_view import Correction, EditionView, Entry, What, in_order, news
from syndication.channels.contract import Abilities, Channel, Specimen
from syndication.channels.envelope import City, Copy, Envelope, PostView
from syndication.channels.messages import MailMessage
from syndication.channels.preview import Preview, preview
from syndication.channels.social.counting import cut
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Gone, Receipt, Refused
from syndication.content.post import Action, Content
from syndication.content.reason import Reason
from syndication.infra.languages import LANGUAGES, supported_language
from syndication.infra.mail_check import checked
from syndication.infra.mail_headers import Line, Unfit, address, exact, mailbox, text, word, written
from syndication.infra.markdown import markdown_to_text
from syndication.infra.rendering import day, gettext, inline_css, render
from syndication.kinds import TOLD
from syndication.kinds.contract import Fact

__all__ = ["LEFT_OUT", "Correction", "EditionView", "Entry", "Newsletter", "What", "compose"]

_EXCERPT = 280
_PARAGRAPHS = re.compile(r"\n\s*\n")
#: Characters of all that there is to know of one post beside its text; a menu may have thousands.
_FACTS = 1200
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


_CORRECTED: dict[Action, What] = {"revised": "changed", "withdrawn": "withdrawn"}


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
        values = _slots(to, envelope.leave_token, envelope.key)
        return MailMessage(envelope.sender, to, _filled_in(envelope.parts["pieces"], values))

    def send(self, message: MailMessage, tools: Tools) -> Receipt:
        """One mail through the mail server."""
        return by_mail.send(message, tools)

    def send_before(self, message: MailMessage, following: MailMessage | None, tools: Tools) -> Receipt:
        """One mail through the mail server, with the envelope of the next."""
        return by_mail.send(message, tools, following)

    def preview(self, envelope: Envelope) -> Preview:
        """The mail that would tell of this post alone, as text in the post's language; an edition may hold others beside it."""
        city, view = envelope.city, _alone(envelope, supported_language(envelope.post.content.language))
        mark = _mark(view)
        body = _body(view, city, mark, fitting(1, lambda length: _body(view, city, mark, length).octets))
        return preview(
            body.plain.replace(mark, "…"),
            title=edition_subject.subject(view, city),
            images=envelope.post.content.images,
        )

    def specimens(self, envelope: Envelope, sender: str) -> tuple[Specimen, ...]:
        """The mail that tells of the post alone, in each language, to somebody with no real address."""
        return tuple(self._specimen(envelope, sender, language) for language in LANGUAGES)

    def _specimen(self, envelope: Envelope, sender: str, language: str) -> Specimen:
        at, parts = envelope.tried_at, compose(_alone(envelope, language), envelope.city, sender)
        mail = self.render(
            Copy(envelope.key, parts, _NOBODY, "token-of-the-reader", envelope.city, sender, at)
        )
        return Specimen("MAIL", f"mailto:{_NOBODY}", mail.data)


def _alone(envelope: Envelope, language: str) -> EditionView:
    """An edition that tells of this change alone."""
    post, corrected = envelope.post, envelope.action in _CORRECTED
    return EditionView(
        language,
        envelope.tried_at,
        () if corrected else (Entry(post),),
        (Correction(post, _CORRECTED[envelope.action]),) if corrected else (),
    )


def compose(view: EditionView, city: City, sender: str) -> dict[str, Any]:
    """The edition as pieces of a finished mail (plain JSON), to be filled in for each reader. Pure.

    It tells first what comes next, and no more than a mail holds; the rest is counted, with a link to the city's page.
    Raises Unfit where a mail made of them would be read otherwise than it was meant: one is read back before it is kept.
    """
    view = in_order(view, city)
    head = _head(view, city, sender, subject := edition_subject.subject(view, city))
    every, mark = len(view.corrections) + len(view.entries), _mark(view)
    body = _body(view, city, mark, fitting(every, lambda length: _body(view, city, mark, length).octets))
    pieces = _merged([(None, written(head)), *_own_pieces(city, sender, body.digest), *body.pieces()])
    sample = _slots(_NOBODY, "token-of-the-reader", "e0-r0")
    lines = [*head, *_own_lines(city, sender, body.digest, sample)]
    plain, html = (said.replace(body.mark, sample["token"]) for said in (body.plain, body.html))
    checked(_filled_in(pieces, sample), lines, plain, html)
    return {"subject": subject, "pieces": pieces}


@dataclass(frozen=True)
class _Body:
    """Both texts of an edition; `mark` stands where a reader's token goes."""

    plain: str
    html: str
    mark: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(f"{self.plain} {self.html}".encode()).hexdigest()

    @property
    def octets(self) -> int:
        """How long it is on the wire."""
        return sum(len(piece) for _, piece in self.pieces())

    def pieces(self) -> list[by_mail.Piece]:
        plain, html = (said.split(self.mark) for said in (self.plain, self.html))
        return by_mail.alternative(plain, html, _boundary(self.digest))


def _body(view: EditionView, city: City, mark: str, length: Length) -> _Body:
    corrections = view.corrections[: length.told]
    entries = view.entries[: length.told - len(corrections)]
    left = len(view.corrections) + len(view.entries) - length.told
    values = _values(replace(view, entries=entries, corrections=corrections), city, mark, length.brief, left)
    plain = render("newsletter/edition/body.txt", view.language, **values)
    return _Body(plain, inline_css(render("newsletter/edition/body.html", view.language, **values)), mark)


@lru_cache(maxsize=50)  # asked for each reader of an edition
def _headed_by_us(head: str) -> bool:
    lines = head.replace("\r\n ", " ").split("\r\n")
    return tuple(line.partition(":")[0] for line in lines) == _HEADERS


def _filled_in(pieces: Iterable[Any], values: Mapping[str, str]) -> bytes:
    return "".join(piece if slot is None else values[slot] + piece for slot, piece in pieces).encode()


def _slots(to: str, token: str, key: str) -> dict[str, str]:
    """What is filled in for one reader. In texts of earlier versions the bare token stands."""
    return {"to": to, "token": word(token), "token_in_text": by_mail.in_text(token), "key": word(key)}


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
        ("token", f">\r\n{_content_type(digest).written}\r\n"),
    ]


def _own_lines(city: City, sender: str, digest: str, reader: Mapping[str, str]) -> list[Line]:
    """What `_own_pieces` must say to one reader."""
    domain = address(sender).rpartition("@")[2]
    return [
        exact("Message-ID", f"<{reader['key']}.{digest[:12]}@{domain}>"),
        mailbox("To", "", reader["to"]),
        exact("List-Unsubscribe", f"<{city.base_url}/leave/{reader['token']}>"),
        _content_type(digest),
    ]


def _content_type(digest: str) -> Line:
    return exact("Content-Type", by_mail.content_type(_boundary(digest)))


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


def _values(view: EditionView, city: City, mark: str, brief: bool, left: int) -> dict[str, Any]:
    """`left`: how many posts do not fit into the mail."""
    entries = [_entry(entry.post, city, view, brief) for entry in view.entries]
    dated = sorted((one for one in entries if one["day"]), key=lambda one: one["day"])
    running = [one for one in dated if _runs(one["day"], view, city)]
    return {
        "city": city,
        "language": view.language,
        "introduction": [one for one in _PARAGRAPHS.split(view.introduction.strip()) if one],
        "corrections": [_correction(one, city, view) for one in view.corrections],
        "parts": [
            *_days([one for one in dated if one not in running], city, view.language),
            *([(gettext(view.language)("Running now"), running)] if running else []),
            *_by_kind(entries, view.language),
        ],
        "brief": brief,
        "left": left,
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
    facts, all_facts = _few(wording.facts(content, city.zone, language))
    text, whole = ("", True) if brief else _text(content)
    return {
        "title": wording.name(content, language),
        "mark": wording.mark(content.standing, language),
        "when": wording.when(content, city.zone, language, view.slot_at),
        "where": wording.where(content),
        "facts": facts,
        "text": text,
        "link": post.link,
        "read_on": "" if whole and all_facts else f"{city.base_url}/posts/{post.id}",
        "merchant": post.merchant,
        "kind": kind,
        "day": kind.day(content, city.zone, view.slot_at),
    }


def _correction(correction: Correction, city: City, view: EditionView) -> dict[str, Any]:
    content, language = correction.post.content, view.language
    said = wording.mark(correction.what, language) or "; ".join(news(correction, city, view))
    return {
        "title": wording.name(content, language),
        "what": said or gettext(language)("Changed"),
        "when": ""
        if correction.what in ("time", "withdrawn")
        else wording.when(content, city.zone, language, view.slot_at),
        "merchant": correction.post.merchant,
        "link": "" if correction.what == "withdrawn" else correction.post.link,
    }


def _text(content: Content) -> tuple[str, bool]:
    """The first words of a post, and whether they are all."""
    lines = (" ".join(line.split()) for line in markdown_to_text(content.body).splitlines())
    body = "\n".join(line for line in lines if line)
    text = content.summary or cut(body, _EXCERPT)
    return text, not body or text == body


def _few(facts: Sequence[Fact]) -> tuple[list[Fact], bool]:
    """As many facts as a mail has room for, the last one cut, and whether they are all."""
    few, room = list[Fact](), _FACTS
    for fact in facts:
        if len(fact.whole) > room:
            return [*few, replace(fact, text=cut(fact.whole, room), line="", more="")], False
        few.append(fact)
        room -= len(fact.whole)
    return few, True
