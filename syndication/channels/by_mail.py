"""One mail, one verdict: what every channel that sends mail shares."""

from syndication.channels.base import Gone, MailMessage, Receipt, Refused, TryLater, Unconfirmed, Verdict
from syndication.channels.doors import Tools
from syndication.mail import MailFailure

#: Answers about the mailbox itself: it does not exist, is closed, or its name is wrong (RFC 5321 section 4.2.3).
_NO_MAILBOX = {550, 551, 553, 521, 556}
#: Enhanced codes (RFC 3463) that speak of our reputation or the content, though the code sounds like a lost mailbox.
_ABOUT_US = ("5.7.", "5.6.", "5.3.", "5.4.")


def deliver(message: MailMessage, tools: Tools) -> Receipt:
    """Send `message` once. Returns a Receipt once the server took it, and raises the Verdict for all else."""
    try:
        code, said = tools.mail.send(message.sender, message.recipient, message.data)
    except MailFailure as failure:
        raise verdict_for(failure) from failure
    return Receipt(code=code, answer=said)


def verdict_for(failure: MailFailure) -> Verdict:
    """What a failed mail means for its delivery, and for the mail server as an outlet."""
    reason, code, said = failure.reason, failure.code, failure.answer
    if failure.stage in ("connect", "login", "sender") or code == 421:
        return TryLater(reason, outlet=True, code=code, answer=said)
    if code is None:
        if failure.permanent:
            return Gone(reason)
        if failure.stage == "after_data":
            return Unconfirmed(f"{reason} Whether the mail was taken is not known.")
        return TryLater(reason, outlet=True)
    if not failure.permanent:
        return TryLater(reason, outlet=False, code=code, answer=said)
    if failure.stage == "recipient" and code in _NO_MAILBOX and not said.startswith(_ABOUT_US):
        return Gone(reason, code=code, answer=said)
    return Refused(reason, code=code, answer=said)
