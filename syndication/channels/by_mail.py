"""Builds and sends one mail and turns its outcome into a receipt or a verdict; shared by all channels that send mail."""

import quopri
import re
from collections.abc import Sequence

from syndication.channels.messages import MailMessage
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Gone, Receipt, Refused, TryLater, Unconfirmed, Verdict
from syndication.content.reason import Reason
from syndication.infra.smtp import MailFailure, NoSuchLetters

#: Answers about the mailbox itself: it does not exist, is closed, or its name is wrong (RFC 5321 section 4.2.3).
_NO_MAILBOX = {550, 551, 553, 521, 556}
#: Enhanced codes (RFC 3463) that speak of our reputation or the content, though the code sounds like a lost mailbox.
_ABOUT_US = ("5.7.", "5.6.", "5.3.", "5.4.")
#: Those that speak of one mailbox, at whatever stage: its address, and its state.
_ABOUT_THEM = ("5.1.", "5.2.")

#: A piece of a finished mail: its text, or before it the name of what is filled in for each reader.
Piece = tuple[str | None, str]


def content_type(boundary: str) -> str:
    """The header's value for a body that `alternative` made."""
    return f'multipart/alternative; boundary="{boundary}"'


def alternative(plain: Sequence[str], html: Sequence[str], boundary: str) -> list[Piece]:
    """A body of two parts, in quoted-printable; between the pieces of each text the slot `token_in_text` is left.

    A `boundary` with "=_" in it cannot stand in the texts (RFC 2045 section 6.7).
    """
    pieces: list[Piece] = []
    for kind, (first, *rest) in (("plain", plain), ("html", html)):
        head = f'--{boundary}\r\nContent-Type: text/{kind}; charset="utf-8"\r\n'
        pieces.append((None, head + "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + _quoted(first)))
        # A token stands alone on its lines, between two soft breaks, so that no line grows beyond 76 characters.
        for part in rest:
            pieces += [(None, _SOFT), ("token_in_text", _SOFT + _quoted(part))]
        pieces.append((None, "\r\n"))
    return [*pieces, (None, f"--{boundary}--\r\n")]


#: A line end that is none, and how much may stand before it on its line (RFC 2045 section 6.7 (5)).
_SOFT = "=\r\n"
_BEFORE_SOFT = 75
#: As much of a line as there is room for; an octet that is written as `=C3` stays whole.
_STRETCH = re.compile(rf".{{1,{_BEFORE_SOFT}}}(?<!=)(?<!=.)")


def in_text(token: str) -> str:
    """A token of letters, digits and `-_.` as it fills the slot `token_in_text`."""
    return _SOFT.join(token[at : at + _BEFORE_SOFT] for at in range(0, len(token), _BEFORE_SOFT))


def _quoted(text: str) -> str:
    """Quoted-printable in lines that have room for a soft break; those of the library grow to 78 characters."""
    encoded = quopri.encodestring(text.replace("\r\n", "\n").encode()).decode("ascii").replace("=\n", "")
    return "\r\n".join(_SOFT.join(_STRETCH.findall(line)) for line in encoded.split("\n"))


def send(message: MailMessage, tools: Tools, following: MailMessage | None = None) -> Receipt:
    """Send `message` once. Returns a Receipt once the server took it, and raises the Verdict for all else.

    The envelope of `following`, which this thread sends next, may go along.
    """
    envelope = (following.sender, following.recipient) if following else None
    try:
        code, said = tools.mail.send(message.sender, message.recipient, message.data, following=envelope)
    except MailFailure as failure:
        raise verdict_for(failure) from failure
    return Receipt(code=code, answer=said)


def verdict_for(failure: MailFailure) -> Verdict:
    """What a failed mail means for its delivery, and for the mail server as an outlet."""
    reason, code, said = failure.reason, failure.code, failure.answer
    if isinstance(failure, NoSuchLetters) and failure.stage == "recipient":
        return Refused(reason, outlet=False)  # the mailbox may well exist: another mail server can reach it
    if failure.stage in ("connect", "login", "sender") or code == 421:
        return TryLater(reason, outlet=True, code=code, answer=said)
    if code is None:
        if failure.permanent:
            return Gone(reason)
        if failure.stage == "after_data":
            return Unconfirmed(Reason.joined(reason, Reason("Whether the mail was taken is not known.")))
        return TryLater(reason, outlet=True)
    if not failure.permanent:
        return TryLater(reason, outlet=False, code=code, answer=said)
    if failure.stage == "recipient" and code in _NO_MAILBOX and not said.startswith(_ABOUT_US):
        return Gone(reason, code=code, answer=said)
    ours = said.startswith(_ABOUT_US) or (failure.stage != "recipient" and not said.startswith(_ABOUT_THEM))
    return Refused(reason, outlet=ours, code=code, answer=said)
