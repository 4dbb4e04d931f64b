"""Letters: single mails to one person about their own affairs, such as a confirmation or an outlet in trouble."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, ClassVar, Literal

from syndication.channels import by_mail
from syndication.channels.base import Abilities, Channel, MailMessage, Note, Queue, Receipt, Refused
from syndication.channels.doors import Tools
from syndication.rendering import inline_css, moment, render, said, spoken

#: What each letter needs to be told, beside `letter`, `to` and `language`. `connect` may be told to all: where the owner
#: logs in to renew an access.
LETTERS: dict[str, tuple[str, ...]] = {
    "confirm": ("token",),
    "already": ("token",),
    "destination_disabled": ("outlet", "reason", "since"),
    "destination_refused": ("outlet", "reason", "since"),
    "destination_expiring": ("outlet", "ends"),
    "destination_well": ("outlet", "since"),
}


class Letter(Channel[Note, MailMessage]):
    """One mail to one person, ahead of all newsletters."""

    kind: ClassVar[str] = "letter"
    label: ClassVar[str] = "Letter"
    queue: ClassVar[Queue] = "mail"
    abilities: ClassVar[Abilities] = Abilities(revise=False, withdraw=False, repeatable=True)
    serves: ClassVar[Literal["destinations", "readers"]] = "readers"
    configurable: ClassVar[bool] = False
    takes_changes: ClassVar[bool] = False
    priority: ClassVar[int] = 0

    def render(self, envelope: Note) -> MailMessage:
        """The mail that `payload` asks for: its name under `letter`, the address under `to`, and what LETTERS lists."""
        payload = envelope.payload
        name = str(payload.get("letter", ""))
        missing = [field for field in ("to", "language", *LETTERS.get(name, ())) if field not in payload]
        if name not in LETTERS or missing:
            raise Refused(f"The letter {name!r} cannot be written: {', '.join(missing) or 'it is unknown'}.")
        language = spoken(str(payload["language"]))
        values: dict[str, Any] = {field: payload[field] for field in LETTERS[name]}
        if "reason" in values:
            values["reason"] = said(str(values["reason"]), language)
        for field in ("since", "ends"):
            if field in values:
                values[field] = moment(datetime.fromisoformat(values[field]), envelope.city.zone, language)
        values |= {"city": envelope.city, "connect": payload.get("connect", "")}
        message = _message(envelope, str(payload["to"]), name, language, values)
        return MailMessage(envelope.sender, str(payload["to"]), message.as_bytes())

    def send(self, message: MailMessage, tools: Tools) -> Receipt:
        """One mail through the mail server."""
        return by_mail.deliver(message, tools)


def _message(envelope: Note, to: str, name: str, language: str, values: dict[str, Any]) -> EmailMessage:
    """RFC 5322, with a Message-ID from the key and a Date from the delivery, so that a repeat is the same mail."""
    folder = f"newsletter/{name}"
    subject = render(f"{folder}/subject.txt", language, **values).strip()
    domain = envelope.sender.rpartition("@")[2]
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    message["From"] = Address(envelope.city.name, addr_spec=envelope.sender)
    message["To"] = Address(addr_spec=to)
    message["Subject"] = subject
    message["Date"] = format_datetime(envelope.tried_at)
    message["Message-ID"] = f"<{envelope.key}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(render(f"{folder}/body.txt", language, **values))
    html = inline_css(render(f"{folder}/body.html", language, **values))
    message.add_alternative(html, subtype="html")
    message["Content-Language"] = language  # only now: the parts would take it along
    message.set_boundary(f"=_{envelope.key}")
    return message
