"""Letters: single mails about somebody's own affairs, such as a confirmation or an outlet in trouble."""

from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from syndication.channels import by_mail
from syndication.channels.built_in.newsletter import Newsletter
from syndication.channels.contract import Abilities, Channel
from syndication.channels.envelope import Copy, Note
from syndication.channels.messages import MailMessage
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Gone, Receipt, Refused
from syndication.content.characters import legible
from syndication.content.reason import Reason
from syndication.infra.languages import supported_language
from syndication.infra.mail_check import checked
from syndication.infra.mail_headers import Unfit, address, exact, mailbox, text, word, written
from syndication.infra.reasons import translated_reason
from syndication.infra.rendering import inline_css, moment, render

#: What each letter needs to be told, beside `letter`, `to` and `language`. `connect` may be told to all: the link by which
#: the owner renews an access, or somebody signs in.
LETTERS: dict[str, tuple[str, ...]] = {
    "confirm": ("token",),
    "already": ("token",),
    "destination_disabled": ("outlet", "reason", "since"),
    "destination_refused": ("outlet", "reason", "since"),
    "destination_expiring": ("outlet", "ends"),
    "destination_well": ("outlet", "since"),
    "outage": ("outlet", "reason", "since"),
    "outage_over": ("outlet", "since", "until"),
    "alert": ("title", "said", "begun", "whose", "first", "page"),
    "sign_in": ("name", "connect"),
    "signed_in": ("name", "browser", "system", "since"),
    "invited": ("name", "who", "where"),
    "role": ("name", "who", "where", "role"),
    "apply": ("connect",),  # nothing that a stranger typed: it would be a way to advertise
    "applications": ("names",),
    "admitted": ("name", "merchant"),
    "declined": ("name", "merchant", "because", "reply_to"),
    "reported": ("name",),
    "report_received": ("name", "since", "post", "reply_to"),
    "report_decided": ("name", "since", "post", "outcome", "because", "reply_to"),
    "report_kept": ("name", "merchant", "because", "page"),
    "removed": (
        "name",
        "merchant",
        "title",
        "since",
        "why",
        "ground",
        "because",
        "reported",
        "page",
        "reply_to",
    ),
    "asked_back": ("name", "merchant", "because", "reply_to"),
    "suspended": ("name", "merchant", "because", "scheduled", "standing", "withdraw", "page", "reply_to"),
    "review_waiting": ("name", "number"),
    "review_returned": ("name", "merchant", "title", "because", "page", "reply_to"),
    "review_expired": ("name", "merchant", "title", "page"),
    "admitted_again": ("name", "merchant", "scheduled", "missed", "page"),
}
#: What some letters are told where there is something to tell.
_SOMETIMES: dict[str, tuple[str, ...]] = {"sign_in": ("until",), "suspended": ("until",)}

#: The letter that is an edition, for somebody of the town hall who looks at it before; its text is not one of LETTERS.
TRIAL = "trial"


class Letter(Channel[Note, MailMessage]):
    """One mail to one person, ahead of all newsletters."""

    kind = "letter"
    label = "Letter"
    queue = "mail"
    abilities = Abilities(revise=False, withdraw=False, repeatable=True)
    serves = "readers"
    configurable = False
    takes_changes = False
    priority = 0

    def render(self, envelope: Note) -> MailMessage:
        """The mail that `payload` asks for: its name under `letter`, the address under `to`, and what LETTERS lists."""
        payload = envelope.payload
        name = str(payload.get("letter", ""))
        if name == TRIAL and payload.keys() >= {"to", "parts"}:
            return _trial(envelope)
        missing = [field for field in ("to", "language", *LETTERS.get(name, ())) if field not in payload]
        if name not in LETTERS or missing:
            raise Refused(
                Reason(
                    "The letter {} cannot be written: {}.",
                    repr(name),
                    ", ".join(missing) or Reason("it is unknown"),
                )
            )
        language = supported_language(str(payload["language"]))
        # A remote's answer may be quoted in a reason, with whatever stood in it.
        told = [*LETTERS[name], *(field for field in _SOMETIMES.get(name, ()) if field in payload)]
        values: dict[str, Any] = {field: legible(str(payload[field])) for field in told}
        if "reason" in values:
            values["reason"] = translated_reason(Reason.read(values["reason"]), language)
        for field in ("since", "until", "ends"):
            if field in values:
                values[field] = moment(datetime.fromisoformat(values[field]), envelope.city.zone, language)
        values |= {"city": envelope.city, "connect": payload.get("connect", "")}
        try:
            to = address(str(payload["to"]))
        except Unfit as error:
            raise Gone(str(error)) from error
        return MailMessage(envelope.sender, to, _message(envelope, to, name, language, values))

    def send(self, message: MailMessage, tools: Tools) -> Receipt:
        """One mail through the mail server."""
        return by_mail.send(message, tools)

    def send_before(self, message: MailMessage, following: MailMessage | None, tools: Tools) -> Receipt:
        """One mail through the mail server, with the envelope of the next."""
        return by_mail.send(message, tools, following)


def _trial(envelope: Note) -> MailMessage:
    """The edition as a reader gets it, marked as a test in its subject; its links lead to nobody."""
    to, parts = str(envelope.payload["to"]), envelope.payload["parts"]
    copy = Copy(envelope.key, parts, to, "test", envelope.city, envelope.sender, envelope.tried_at)
    mail = Newsletter().render(copy)
    # Before what may be an encoded word, from which a blank sets it off (RFC 2047, section 5).
    return replace(mail, data=mail.data.replace(b"\r\nSubject: ", b"\r\nSubject: Test: ", 1))


def _message(envelope: Note, to: str, name: str, language: str, values: dict[str, Any]) -> bytes:
    """RFC 5322, with a Message-ID from the key and a Date from the delivery, so that a repeat is the same mail."""
    folder, boundary = f"newsletter/{name}", f"=_{envelope.key}"
    domain = address(envelope.sender).rpartition("@")[2]
    lines = [
        mailbox("From", envelope.city.name, envelope.sender),
        mailbox("To", "", to),
        *([mailbox("Reply-To", envelope.city.name, values["reply_to"])] if values.get("reply_to") else []),
        text("Subject", render(f"{folder}/subject.txt", language, **values).strip()),
        exact("Date", format_datetime(envelope.tried_at)),
        exact("Message-ID", f"<{word(envelope.key)}@{domain}>"),
        exact("Auto-Submitted", "auto-generated"),
        exact("Content-Language", language),
        exact("MIME-Version", "1.0"),
        exact("Content-Type", by_mail.content_type(boundary)),
    ]
    plain = render(f"{folder}/body.txt", language, **values)
    html = inline_css(render(f"{folder}/body.html", language, **values))
    body = "".join(piece for _, piece in by_mail.alternative([plain], [html], boundary))
    return checked(f"{written(lines)}\r\n{body}".encode(), lines, plain, html)
