"""A mailbox for trying the service out on one machine: takes every mail, keeps it as a file, and shows it at once."""

import re
import signal
import threading
from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

from syndication.errors import Conflict, Unavailable
from syndication.stack.mail_sink import Mail, MailSink

#: What the mail server hears when a mail cannot be kept: to come again (RFC 5321 section 4.2.3).
_FULL = "452 4.3.1 The inbox cannot keep this mail now"
_RULE = "─" * 72


class Inbox(MailSink):
    """A mail server on loopback that keeps mails in `folder`, and calls `show` with each one's readable text."""

    def __init__(self, *, port: int, folder: Path, show: Callable[[str], None]) -> None:
        super().__init__(port=port, folder=folder)
        self._into, self._show = folder, show
        self._numbers = count(1 + len(list(folder.glob("*.eml"))))

    def keep(self, mail: Mail) -> None:
        """Write one mail beside those of earlier days, and show it. Raises OSError where it cannot be written."""
        who = re.sub(r"[^A-Za-z0-9@.-]", "_", mail.recipient)[:100]
        for number in self._numbers:
            path = self._into / f"{number:05}-{who}.eml"
            try:
                file = path.open("xb")
            except FileExistsError:
                continue
            break
        with file:
            file.write(mail.data)
        self._show(readable(mail, path))

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd's name
        """Answer one mail: it is taken only where it was kept."""
        try:
            return await super().handle_DATA(server, session, envelope)
        except OSError as error:
            self._show(f"A mail could not be kept in {self._into}: {error.strerror}.")
            return _FULL


def readable(mail: Mail, path: Path) -> str:
    """A mail as a person reads it: to whom, about what, its text with its links, and the file that holds it whole."""
    try:
        subject = str(mail.message.get("Subject", ""))
        body = mail.text or "This mail has no text part; see the file."
    except Exception:  # the library stumbles over malformed mails in many ways, and the next is to be shown
        subject, body = "", "This mail cannot be read; the file has it as it came."
    return "\n".join(
        ["", _RULE, f"To:      {mail.recipient}", f"Subject: {subject}", f"File:    {path}", "", body.strip(), _RULE]
    )  # fmt: skip


def run(*, port: int, folder: Path, show: Callable[[str], None]) -> None:
    """Take mails until SIGINT or SIGTERM. Raises Conflict where the port, Unavailable where the folder cannot be used."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"{folder} cannot be used as a folder: {error.strerror}.") from error
    with ExitStack() as started:
        try:
            started.enter_context(Inbox(port=port, folder=folder, show=show))
        except OSError as error:
            raise Conflict(
                f"127.0.0.1:{port} cannot be used: another program may listen there. Choose another port with --port,"
                " and set SYNDICATION_SMTP_PORT to it."
            ) from error
        ended = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
        show(f"Mails to 127.0.0.1:{port} are shown here and kept in {folder}. Ctrl-C ends it.")
        ended.wait()
