"""Sends mail over reused SMTP connections, and says how far a mail got when it fails."""

import contextlib
import select
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from functools import cache
from typing import Literal, NoReturn

from syndication.content.reason import Reason
from syndication.infra.mail_headers import Unfit, address
from syndication.infra.smtp_login import log_in

Stage = Literal["connect", "login", "sender", "recipient", "data", "after_data"]
Security = Literal["starttls", "tls", "none"]

#: After this many mails a connection is renewed; servers that count end it themselves at some hundreds.
_MAILS = 1000
#: Seconds to wait for the answer to the final dot (RFC 5321 section 4.5.3.2.6).
_FINAL = 600.0
_LONGEST_ANSWER = 500
#: What each command of an envelope speaks of.
_STAGES: tuple[Stage, ...] = ("sender", "recipient", "data")
#: What a server may refuse.
_WHAT: dict[Stage, Reason] = {"sender": Reason("our sender address"), "recipient": Reason("the recipient")}
#: Sender and recipient, as they go over the wire.
_Envelope = tuple[str, str]


class MailFailure(Exception):
    """A mail that was not accepted. `reason` is a sentence; `stage` says how far it got; `permanent`: a 5xx answer.

    At `after_data` without a `code` nobody knows whether it was accepted. `code` and `answer` are the server's.
    """

    def __init__(
        self, reason: str, *, stage: Stage, code: int | None = None, permanent: bool = False, answer: str = ""
    ) -> None:
        super().__init__(reason)
        self.reason = Reason.quoted(reason)
        self.stage = stage
        self.code = code
        self.permanent = permanent
        self.answer = answer


class NoSuchLetters(MailFailure):
    """The server does not know SMTPUTF8 (RFC 6531), without which no letter beyond ASCII may stand before an @."""


@cache
def _trusting() -> ssl.SSLContext:
    """Whom this machine trusts; reading that takes tens of milliseconds."""
    return ssl.create_default_context()


@cache
def own_name() -> str:
    """How this machine introduces itself (RFC 5321 section 4.1.1.1): its full name, else its address as a literal.

    Asked once for each process: a slow name server would hold up every connection.
    """
    name = socket.getfqdn()
    if "." in name:
        return name
    try:
        return f"[{socket.gethostbyname(socket.gethostname())}]"
    except OSError:
        return "[127.0.0.1]"


class Outbox:
    """Sends mails through one server; safe in many threads, each send has a connection to itself.

    Timeouts in seconds. Certificates are verified unless the server is on this machine and `security` is none.
    """

    def __init__(
        self,
        host: str,
        port: int,
        security: Security,
        user: str = "",
        password: str = "",
        timeout: float = 60.0,
        *,
        final_timeout: float = _FINAL,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._host, self._port, self._security = host, port, security
        self._user, self._password = user, password
        self._timeout, self._final = timeout, max(timeout, final_timeout)
        self._context = context or _trusting()
        self._free: list[_Connection] = []
        self._lock = threading.Lock()
        #: Each thread's connection on which its next mail has begun.
        self._begun: dict[int, _Connection] = {}

    def send(
        self, sender: str, recipient: str, data: bytes, *, following: tuple[str, str] | None = None
    ) -> tuple[int, str]:
        """Hand over one mail; returns the server's last answer. Raises MailFailure.

        `data` has CRLF line ends only, else ValueError: a bare one could smuggle in a second mail. `following`: sender and
        recipient of the mail that this thread sends next, if it does; its envelope may go along. See `let_go`.
        """
        if not data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r"):
            raise ValueError("a mail must have CRLF line ends and no others")
        envelope = _address(sender, "sender"), _address(recipient, "recipient")
        begun = self._begun.pop(threading.get_ident(), None)
        with self._connection(begun if begun and begun.goes_on(envelope) else None) as connection:
            return connection.send(envelope, data, _begins(following))

    def let_go(self) -> None:
        """Abandon what was begun for a mail that this thread does not send after all: the server forgets it unread."""
        if begun := self._begun.pop(threading.get_ident(), None):
            begun.abandon()

    def check(self, sender: str = "", recipient: str = "") -> str:
        """Connect, log in, and ask whether mail from `sender` is taken; returns the server's greeting. Raises MailFailure.

        With a `recipient`, also whether mail to it is: many servers say only then that they want a login. Nothing is sent.
        """
        with self._connection() as connection:
            if sender:
                to = _address(recipient, "recipient") if recipient else ""
                connection.ask(_address(sender, "sender"), to)
            return connection.greeting

    def takes_all_letters(self) -> bool:
        """Whether the server announces SMTPUTF8: letters beyond ASCII before the @ of an address. Raises MailFailure."""
        with self._connection() as connection:
            return connection.takes_all_letters

    def close(self) -> None:
        """Say goodbye on all idle connections."""
        with self._lock:
            idle, self._free = self._free, []
        for connection in idle:
            connection.close()

    @contextlib.contextmanager
    def _connection(self, begun: "_Connection | None" = None) -> Iterator["_Connection"]:
        connection = begun or self._idle() or _Connection(self._open(), self._final)
        try:
            yield connection
        except MailFailure:  # it says itself whether the connection is still good
            raise
        except BaseException:
            connection.broken = True
            raise
        finally:
            if connection.broken or connection.mails >= _MAILS:
                connection.close()
            elif connection.begun:
                self._begun[threading.get_ident()] = connection
            else:
                with self._lock:
                    self._free.append(connection)

    def _idle(self) -> "_Connection | None":
        while True:
            with self._lock:
                if not self._free:
                    return None
                connection = self._free.pop()
            if connection.alive():
                return connection
            connection.close()

    def _open(self) -> smtplib.SMTP:
        stage: Stage = "connect"
        server: smtplib.SMTP | None = None
        try:
            # The name in the constructor is the one that the certificate is verified against.
            where = (self._host, self._port, own_name())
            if self._security == "tls":
                server = smtplib.SMTP_SSL(*where, timeout=self._timeout, context=self._context)
            else:
                server = smtplib.SMTP(*where, timeout=self._timeout)
            assert server.sock is not None
            # The end of a mail must not wait for the acknowledgement of its beginning.
            server.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server.ehlo_or_helo_if_needed()
            if self._security == "starttls":
                server.starttls(context=self._context)
                server.ehlo()
            if self._user:
                stage = "login"
                self._check_privacy()
                log_in(server, self._user, self._password)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            if server is not None:
                server.close()
            self._cannot_open(error, stage)
        return server

    def _check_privacy(self) -> None:
        if self._security == "none" and self._host not in ("127.0.0.1", "::1", "localhost"):
            raise smtplib.SMTPNotSupportedError("a password is not sent over a connection without encryption")

    def _cannot_open(self, error: Exception, stage: Stage) -> NoReturn:
        where = f"{self._host}:{self._port}"
        code = getattr(error, "smtp_code", None)
        said = _text(getattr(error, "smtp_error", b""))
        if isinstance(error, smtplib.SMTPAuthenticationError):
            reason = Reason(
                "The mail server {} does not accept our login ({}). Please check user and password.",
                where,
                code,
            )
        elif code:
            reason = Reason("The mail server {} answered {}: {}", where, code, said)
        elif isinstance(error, ssl.SSLError):
            reason = Reason(
                "The mail server {} has no valid certificate ({}).",
                where,
                error.reason or "the handshake failed",
            )
        elif isinstance(error, TimeoutError):
            reason = Reason(
                "The mail server {} did not answer within {} seconds.", where, f"{self._timeout:g}"
            )
        else:
            reason = Reason("The mail server {} cannot be used: {}.", where, error)
        raise MailFailure(reason, stage=stage, code=code, answer=said) from error


class _Connection:
    """An open, greeted, logged-in connection; sends one mail after the other."""

    def __init__(self, server: smtplib.SMTP, final: float) -> None:
        self._server, self._final = server, final
        assert server.sock is not None
        self._socket: socket.socket = server.sock
        self._pipelining = server.has_extn("pipelining")
        self.broken = False
        self.mails = 0
        #: The envelope whose commands were sent behind the last mail; their answers have not been read.
        self.begun: _Envelope | None = None
        self._begun_answers: list[tuple[int, str]] = []

    @property
    def greeting(self) -> str:
        """What the server said to EHLO, first line."""
        return _text(self._server.ehlo_resp or b"").partition("\n")[0]

    @property
    def takes_all_letters(self) -> bool:
        """Whether the server announced SMTPUTF8."""
        return self._server.has_extn("smtputf8")

    def alive(self) -> bool:
        """Whether the server has not closed it, or said goodbye, while it was idle."""
        with contextlib.suppress(OSError, ValueError):
            readable, _, _ = select.select([self._socket], [], [], 0)
            return not readable
        return False

    def close(self) -> None:
        """End it, politely where that costs no waiting."""
        with contextlib.suppress(OSError, smtplib.SMTPException):
            if not self.broken:
                self._socket.settimeout(1)
                self._socket.sendall(b"QUIT\r\n")
        self._server.close()

    def goes_on(self, envelope: _Envelope) -> bool:
        """Whether the mail that was begun here is this one and the server has not ended the connection meanwhile.

        If not, it is closed. Nothing of this mail's data was sent, so it may begin anew elsewhere.
        """
        if self.begun == envelope:
            try:
                self._begun_answers = [self._answer(stage) for stage in _STAGES]
            except MailFailure:
                self.broken = True
        if self.begun != envelope or self.broken:
            self.abandon()
            return False
        return True

    def abandon(self) -> None:
        """End it in the midst of a mail, of which the server then keeps nothing (RFC 5321 section 4.1.1.4)."""
        self.broken, self.begun = True, None
        self.close()

    def send(self, envelope: _Envelope, data: bytes, following: _Envelope | None) -> tuple[int, str]:
        """One mail transaction (RFC 5321 section 3.3), its commands in one packet where the server allows (RFC 2920).

        The commands of the `following` one may travel with this one's end; then `begun` is set.
        """
        self.mails += 1
        answers, self._begun_answers, self.begun = self._begun_answers, [], None
        self._envelope(envelope, answers)
        # A line that begins with a dot gets a second one (RFC 5321 section 4.5.2).
        body = data.replace(b"\r\n.", b"\r\n..") + (b".\r\n" if data.endswith(b"\r\n") else b"\r\n.\r\n")
        if not self._pipelining or self.mails >= _MAILS:
            following = None
        self._say_before(body, following)
        self._socket.settimeout(self._final)
        try:
            code, said = self._answer("after_data")
        finally:
            with contextlib.suppress(OSError):
                self._socket.settimeout(self._server.timeout)
        if code != 250:
            self._refused("after_data", code, said)
        return code, said

    def _say_before(self, body: bytes, following: _Envelope | None) -> None:
        """The data to its dot, and behind it the commands of the next mail, whose loss is none."""
        whole = memoryview(body + ("".join(_commands(following)).encode() if following else b""))
        said = 0
        try:
            while said < len(whole):
                said += self._socket.send(whole[said:])
        except OSError as error:
            if said < len(body):
                self._lost("data", error)
            return
        self.begun = following

    def ask(self, sender: str, recipient: str = "") -> None:
        """Begin a mail and take it back (RFC 5321 sections 4.1.1.2, 4.1.1.3 and 4.1.1.5)."""
        envelope = sender, recipient
        asked = list(zip(_commands(envelope, self._wide(envelope)), _STAGES, strict=True))
        for command, stage in asked[: 2 if recipient else 1]:
            self._say(command.encode(), stage)
            code, said = self._answer(stage)
            if code not in (250, 251):
                self._reset(code)
                self._refused(stage, code, said)
        self._reset(code)

    def _envelope(self, envelope: _Envelope, answers: list[tuple[int, str]]) -> None:
        commands = _commands(envelope, self._wide(envelope))
        if self._pipelining:
            if not answers:
                self._say("".join(commands).encode(), "sender")
                answers = [self._answer(stage) for stage in _STAGES]
            if answers[2][0] == 354 and (answers[0][0] != 250 or answers[1][0] not in (250, 251)):
                self._say(b".\r\n", "data")  # an empty mail to nobody ends what should not have begun
                self._answer("data")
        for number, (command, stage) in enumerate(zip(commands, _STAGES, strict=True)):
            if not self._pipelining:
                self._say(command.encode(), stage)
                answers.append(self._answer(stage))
            code, said = answers[number]
            if code not in ((354,) if stage == "data" else (250, 251)):
                self._reset(code)
                self._refused(stage, code, said)

    def _wide(self, envelope: _Envelope) -> str:
        """What MAIL says more where an address holds letters beyond ASCII (RFC 6531 section 3.4, RFC 6152)."""
        if "".join(envelope).isascii():
            return ""
        if not self.takes_all_letters:
            raise NoSuchLetters(
                Reason(
                    "The mail server does not announce SMTPUTF8, so it cannot deliver to or from an address with "
                    "letters beyond ASCII before the @."
                ),
                stage="recipient" if envelope[0].isascii() else "sender",
                permanent=True,
            )
        return " BODY=8BITMIME SMTPUTF8" if self._server.has_extn("8bitmime") else " SMTPUTF8"

    def _say(self, data: bytes, stage: Stage) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            self._lost(stage, error)

    def _answer(self, stage: Stage) -> tuple[int, str]:
        try:
            code, said = self._server.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self._lost(stage, error)
        if code == 421:
            self.broken = True
        return code, _text(said)

    def _reset(self, code: int) -> None:
        if self.broken or code == 421:
            return
        self._say(b"RSET\r\n", "sender")
        if self._answer("sender")[0] != 250:
            self.broken = True

    def _lost(self, stage: Stage, error: Exception) -> NoReturn:
        self.broken = True
        late = isinstance(error, TimeoutError)
        reason = (
            Reason("The mail server did not answer in time.")
            if late
            else Reason("The mail server ended the connection.")
        )
        raise MailFailure(reason, stage=stage) from error

    def _refused(self, stage: Stage, code: int, said: str) -> NoReturn:
        what = _WHAT.get(stage, Reason("the mail"))
        raise MailFailure(
            Reason("The mail server refuses {} ({}): {}", what, code, said),
            stage=stage,
            code=code,
            permanent=code >= 500,
            answer=said,
        )


def _commands(envelope: _Envelope, wide: str = "") -> list[str]:
    sender, recipient = envelope
    return [f"MAIL FROM:<{sender}>{wide}\r\n", f"RCPT TO:<{recipient}>\r\n", "DATA\r\n"]


def _begins(following: tuple[str, str] | None) -> _Envelope | None:
    """The envelope as it may go ahead of its mail; None where it needs a closer look."""
    with contextlib.suppress(Unfit):
        if following and "".join(following).isascii():
            return address(following[0]), address(following[1])
    return None


def _address(text: str, stage: Stage) -> str:
    """An envelope address, its domain in ASCII; one that could break out of the command is refused."""
    try:
        return address(text)
    except Unfit as error:
        raise MailFailure(str(error), stage=stage, permanent=True) from error


def _text(said: bytes) -> str:
    return said.decode("utf-8", "replace").strip()[:_LONGEST_ANSWER]
