"""The rendered messages that channels send: an HTTP request or a mail."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class HttpMessage:
    """A request as it goes over the wire; `body` is what is signed and what is sent."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class MailMessage:
    """A mail as it goes over the wire: envelope addresses, and the bytes with CRLF line ends."""

    sender: str
    recipient: str
    data: bytes = field(repr=False)
