"""Asks the mail server whether it would take our mail, and tells which setting is at fault where it would not."""

import smtplib
import ssl

from syndication.config import Settings
from syndication.content.reason import NO_REASON, Reason
from syndication.infra.smtp import MailFailure, Outbox

_ENCRYPT = Reason("Set SYNDICATION_SMTP_SECURITY to starttls (mostly port 587) or tls (mostly port 465).")
_LOG_IN = Reason("It wants a login: set SYNDICATION_SMTP_USER and SYNDICATION_SMTP_PASSWORD.")
_NO_LOGIN = Reason(
    "It offers no login that we know. Check SYNDICATION_SMTP_PORT, or leave SYNDICATION_SMTP_USER empty."
)
_NO_STARTTLS = Reason(
    "Use the submission port of the mail server, mostly 587; port 465 wants SYNDICATION_SMTP_SECURITY=tls."
)
_SENDER = Reason(
    "Check SYNDICATION_MAIL_FROM: the mail server must let this login, or this machine, send from it."
)
#: What servers say that want a login first: at the sender (RFC 4954 section 6), or as a refusal to relay at the recipient.
_WANTS_LOGIN = ("authenticat", "auth ", "login", "log in", "relay")
#: As RFC 3207 section 4 has it, and in other words.
_WANTS_TLS = ("starttls", "tls", "ssl", "encrypt")


def look(cfg: Settings, *, patience: float) -> tuple[Reason, Reason]:
    """What was found, and what to do, empty where mail is taken. Nothing is sent. `patience`: seconds for each answer."""
    where = f"{cfg.smtp_host}:{cfg.smtp_port}"
    outbox = Outbox(
        cfg.smtp_host,
        cfg.smtp_port,
        cfg.smtp_security,
        cfg.smtp_user,
        cfg.smtp_password.get_secret_value(),
        timeout=patience,
    )
    try:
        outbox.check(cfg.mail_from, cfg.operator_email or cfg.mail_from)
    except MailFailure as failure:
        if not _put_off(failure):
            return Reason.quoted(failure.reason), _advice(cfg, failure)
    finally:
        outbox.close()
    if cfg.smtp_user:
        said = Reason("{} answers and accepts the login of {}. No mail was sent.", where, cfg.smtp_user)
    else:
        said = Reason("{} answers and needs no login. No mail was sent.", where)
    return said, NO_REASON


def _put_off(failure: MailFailure) -> bool:
    """A recipient who is asked to wait, such as by greylisting, says nothing against the settings."""
    return failure.stage == "recipient" and failure.code is not None and failure.code < 500


def _advice(cfg: Settings, failure: MailFailure) -> Reason:
    answer, cause = failure.answer.lower(), failure.__cause__
    if failure.stage == "login":
        return _of_login(cfg, cause)
    if cfg.smtp_security == "none" and any(word in answer for word in _WANTS_TLS):
        return _ENCRYPT
    if not cfg.smtp_user and (failure.code == 530 or any(word in answer for word in _WANTS_LOGIN)):
        return _LOG_IN
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Reason(
            "The certificate must be valid for SYNDICATION_SMTP_HOST and come from an authority this machine trusts."
        )
    if isinstance(cause, smtplib.SMTPNotSupportedError):
        return _NO_STARTTLS
    if failure.stage in ("sender", "recipient") and failure.code is not None:
        return _SENDER
    return Reason("Check SYNDICATION_SMTP_HOST, SYNDICATION_SMTP_PORT and SYNDICATION_SMTP_SECURITY.")


def _of_login(cfg: Settings, cause: BaseException | None) -> Reason:
    if isinstance(cause, smtplib.SMTPAuthenticationError) and cause.smtp_code != 538:
        return Reason("Check SYNDICATION_SMTP_USER and SYNDICATION_SMTP_PASSWORD.")
    # Encryption is wanted first (538, RFC 4954 section 6), by the server, which often offers the login only then, or by us.
    return _ENCRYPT if cfg.smtp_security == "none" else _NO_LOGIN
