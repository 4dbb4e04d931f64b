"""A mail server that keeps what it receives: the demo's mailbox, and the tests' remote with scripted faults."""

import asyncio
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from threading import Condition, Event, Thread
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from syndication import clock

_BIGGEST = 2_000_000


@dataclass(frozen=True)
class Mail:
    """One accepted mail; `at` is the moment of its arrival in seconds since 1970."""

    sender: str
    recipient: str
    data: bytes
    at: float

    @property
    def message(self) -> EmailMessage:
        """The mail, parsed."""
        return message_from_bytes(self.data, policy=policy.default)

    @property
    def text(self) -> str:
        """Its text part; empty where it has none."""
        part = self.message.get_body(("plain",))
        return str(part.get_content()) if part is not None else ""

    @property
    def message_id(self) -> str:
        """Its Message-ID without the angle brackets."""
        found = re.search(rb"^Message-ID: *(?:\r\n )?<([^>]*)>", self.data, re.IGNORECASE | re.MULTILINE)
        return found.group(1).decode() if found else ""


#: What the sink says to a recipient or to the end of the data; None: take it. "drop" closes the connection unanswered.
Answer = Callable[[str], str | None]


def _accept(_: str) -> str | None:
    return None


class MailSink:
    """An SMTP server on `host`. `on_recipient` and `on_data` may be replaced to answer otherwise; both get the address.

    "drop" as the answer to the data takes the mail and closes without a word, as a server that dies does.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        folder: Path | None = None,
        login: tuple[str, str] | None = None,
        certificate: ssl.SSLContext | None = None,
        delay: float = 0.0,
    ) -> None:
        self.mails: list[Mail] = []
        self.on_recipient: Answer = _accept
        self.on_data: Answer = _accept
        self.on_greeting: str | None = None
        self.delay = delay
        self.connections = 0
        self._login, self._folder, self._certificate = login, folder, certificate
        self._arrived = Condition()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._host, self._port = host, port
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def __enter__(self) -> "MailSink":
        started = Event()

        def run() -> None:
            asyncio.set_event_loop(self._loop)
            try:
                self._server = self._loop.run_until_complete(
                    self._loop.create_server(self._connection, self._host, self._port, backlog=100)
                )
            except OSError:
                started.set()
                return
            # Said from within the lasting run: a stop that comes before it would be forgotten.
            self._loop.call_soon(started.set)
            self._loop.run_forever()

        self._thread = Thread(target=run, name="mail sink", daemon=True)
        self._thread.start()
        started.wait(10)
        if self._server is None:
            raise OSError(f"cannot listen on {self._host}:{self._port}")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        assert self._server is not None
        self._server.close()
        self._loop.run_until_complete(self._end_connections())
        self._loop.close()

    async def _end_connections(self) -> None:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _connection(self) -> SMTP:
        server = _Server(
            self,
            hostname="sink.example",
            data_size_limit=_BIGGEST,
            tls_context=self._certificate,
            require_starttls=self._certificate is not None,
            authenticator=self._authenticate if self._login else None,
            auth_required=self._login is not None,
            auth_require_tls=self._certificate is not None,
            enable_SMTPUTF8=True,
        )
        server.sink = self
        return server

    def _authenticate(
        self, _server: Any, _session: Any, _envelope: Any, _method: str, data: Any
    ) -> AuthResult:
        given = (data.login.decode(), data.password.decode()) if isinstance(data, LoginPassword) else None
        return AuthResult(success=given == self._login, handled=given == self._login)

    def await_mails(self, count: int, *, seconds: float = 15.0) -> list[Mail]:
        """The mails once `count` arrived. Raises TimeoutError that says how many came."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.mails) >= count, timeout=seconds):
                raise TimeoutError(f"{len(self.mails)} of {count} mails arrived within {seconds} s")
            return list(self.mails)

    def keep(self, mail: Mail) -> None:
        """Take one mail in."""
        with self._arrived:
            self.mails.append(mail)
            if self._folder is not None:
                name = f"{len(self.mails):05}-{re.sub(r'[^A-Za-z0-9@.-]', '_', mail.recipient)}.eml"
                (self._folder / name).write_bytes(mail.data)
            self._arrived.notify_all()

    # The hooks of aiosmtpd

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Answer one recipient."""
        if (answer := self.on_recipient(address)) is not None:
            return await self._say(server, answer)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd's name
        """Answer one mail."""
        if self.delay:
            await asyncio.sleep(self.delay)
        recipient = envelope.rcpt_tos[0]
        answer = self.on_data(recipient)
        if answer is None or answer == "drop":
            data = envelope.content if isinstance(envelope.content, bytes) else b""
            self.keep(Mail(envelope.mail_from or "", recipient, data, clock.now().timestamp()))
        return await self._say(server, answer or "250 OK")

    async def _say(self, server: SMTP, answer: str) -> str:
        if answer in ("drop", "drop before"):
            server.transport.abort()  # type: ignore[union-attr]  # connected
        elif answer == "hang":
            await asyncio.sleep(3600)
        elif answer.startswith("421"):
            await server.push(answer)
            server.transport.close()  # type: ignore[union-attr]  # connected
        return answer


class _Server(SMTP):
    sink: MailSink

    async def _handle_client(self) -> None:
        self.sink.connections += 1
        if self.sink.on_greeting is not None:
            await self.push(self.sink.on_greeting)
            self.transport.close()  # type: ignore[union-attr]  # connected
            return
        await super()._handle_client()
