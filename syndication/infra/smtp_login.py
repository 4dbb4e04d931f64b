"""Logs in at a mail server, also with letters that smtplib cannot send."""

import base64
import smtplib


def log_in(server: smtplib.SMTP, user: str, password: str) -> None:
    """Log in (RFC 4954); beyond ASCII in UTF-8, as RFC 4616 section 2 says, which smtplib cannot. Raises SMTPException."""
    if (user + password).isascii():
        server.login(user, password)
        return
    offered = server.esmtp_features.get("auth", "").upper().split()
    if "PLAIN" in offered:
        code, said = server.docmd("AUTH", "PLAIN " + _base64(f"\0{user}\0{password}"))
    elif "LOGIN" in offered:
        code, said = server.docmd("AUTH", "LOGIN")
        for part in (user, password):
            if code == 334:
                code, said = server.docmd(_base64(part))
    else:
        raise smtplib.SMTPNotSupportedError("it offers no login with letters beyond ASCII")
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, said)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
