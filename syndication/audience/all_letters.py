"""Whether the city's mail server reaches addresses with letters beyond ASCII before the @ (SMTPUTF8, RFC 6531)."""

import threading

from syndication import clock
from syndication.config import Settings
from syndication.infra.smtp import MailFailure, Outbox

#: Seconds that an answer is good for, that none is asked for again, and that the server has for its answer.
_KNOWN, _UNKNOWN, _PATIENCE = 600.0, 60.0, 5.0
_asking = threading.Lock()
#: By server: what it said, None for nothing, and until when that counts.
_said: dict[tuple[str, int, str], tuple[bool | None, float]] = {}


def reached(email: str, cfg: Settings) -> bool | None:
    """Whether mail to a `spelled` address can leave; None where the mail server does not say so now.

    Nobody is looked up: what is asked, and how long it takes, depends on the letters of the address alone. The server is
    asked by one caller at a time, at most once a minute.
    """
    if email.rpartition("@")[0].isascii():
        return True
    server = (cfg.smtp_host, cfg.smtp_port, cfg.smtp_security)
    said, until = _said.get(server, (None, 0.0))
    if clock.monotonic() < until or not _asking.acquire(blocking=False):
        return said
    try:
        said = _ask(cfg)
        _said[server] = said, clock.monotonic() + (_UNKNOWN if said is None else _KNOWN)
        return said
    finally:
        _asking.release()


def _ask(cfg: Settings) -> bool | None:
    timeout = min(_PATIENCE, cfg.smtp_timeout)
    outbox = Outbox(
        cfg.smtp_host,
        cfg.smtp_port,
        cfg.smtp_security,
        cfg.smtp_user,
        cfg.smtp_password.get_secret_value(),
        timeout,
    )
    try:
        return outbox.takes_all_letters()
    except MailFailure:  # the letter waits until there is a server, and then it says
        return None
    finally:
        outbox.close()
