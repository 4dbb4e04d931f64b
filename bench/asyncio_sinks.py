"""Sinks of our own: `python -m bench.asyncio_sinks smtp|picky|http PORT [MILLISECONDS]`, which each SMTP command then takes."""

import asyncio
import sys
from zlib import crc32


def answer_to(recipient: str) -> str:
    """What the picky sink says to a recipient, always the same: 4xx to one in twenty, 5xx to one in a hundred."""
    drawn = crc32(recipient.encode()) % 100
    if drawn == 0:
        return "550 5.1.1 no such mailbox"
    return "450 4.2.0 come back later" if drawn <= 5 else "250 OK"


class Smtp(asyncio.Protocol):
    """Says yes to everything, each time after `seconds`, one command after the other; reads the data up to its dot."""

    def __init__(self, seconds: float = 0.0) -> None:
        self._seconds, self._free_at = seconds, 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._buffer, self._data = transport, b"", False
        transport.write(b"220 sink ESMTP\r\n")

    def _say(self, answer: bytes) -> None:
        if not self._seconds:
            self._transport.write(answer)
            return
        loop = asyncio.get_running_loop()
        self._free_at = max(self._free_at, loop.time()) + self._seconds
        loop.call_at(self._free_at, self._transport.write, answer)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            end = b"\r\n.\r\n" if self._data else b"\r\n"
            line, found, rest = self._buffer.partition(end)
            if not found:
                return
            self._buffer = rest
            if self._data:
                self._data = False
                self._say(b"250 OK\r\n")
            else:
                self._say(self._answer(line[:4].upper(), line))

    def _answer(self, verb: bytes, _line: bytes) -> bytes:
        if verb == b"EHLO":
            return b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
        if verb == b"DATA":
            self._data = True
            return b"354 go on\r\n"
        return b"221 bye\r\n" if verb == b"QUIT" else b"250 OK\r\n"


class Picky(Smtp):
    """Refuses some recipients, and the data of a mail that has none."""

    _taken = False

    def _answer(self, verb: bytes, line: bytes) -> bytes:
        if verb == b"RCPT":
            said = answer_to(line.partition(b"<")[2].partition(b">")[0].decode())
            self._taken = said.startswith("250")
            return said.encode() + b"\r\n"
        if verb == b"DATA" and not self._taken:
            return b"503 5.5.1 to whom?\r\n"
        return super()._answer(verb, line)


class Http(asyncio.Protocol):
    """Answers 204 to each request with a Content-Length."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            lower = head.lower()
            start = lower.find(b"content-length:")
            length = int(lower[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0
            if len(rest) < length:
                return
            self._buffer = rest[length:]
            self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")


async def main() -> None:
    """Serve until killed."""
    kind, port = sys.argv[1], int(sys.argv[2])
    seconds = int(sys.argv[3]) / 1000 if len(sys.argv) > 3 else 0.0
    loop = asyncio.get_running_loop()
    made = {"smtp": lambda: Smtp(seconds), "picky": lambda: Picky(seconds), "http": Http}[kind]
    server = await loop.create_server(made, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
