"""A mail server that reads several commands at once (RFC 2920), and may fail between the end of one mail and the next."""

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Self

#: What it says to a command or to the end of the data, by the command's line ("." for the data), the number of mails it
#: took over this connection and over all; None: yes. "close" ends the connection without a word.
Answer = Callable[[str, int, int], str | None]


class PipeliningServer:
    """On 127.0.0.1, a thread for each connection. `together` counts the mails that came with the next one's envelope.

    `strict`: DATA without a recipient is refused; else the data is read and thrown away.
    """

    def __init__(self, answer: Answer = lambda *_: None, *, offers: bool = True, strict: bool = True) -> None:
        self.answer, self.strict, self._offers = answer, strict, offers
        #: Recipients of the mails that were taken, in their order.
        self.taken: list[str] = []
        self.connections = self.together = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):  # a client may be gone
            client.sendall(b"220 pipelining\r\n")
            _Talk(self, client).run()

    def take(self, recipient: str) -> None:
        with self._lock:
            self.taken.append(recipient)

    def says_hello(self) -> str:
        return (
            "250-server\r\n250-PIPELINING\r\n250 8BITMIME" if self._offers else "250-server\r\n250 8BITMIME"
        )


class _Talk:
    def __init__(self, server: PipeliningServer, client: socket.socket) -> None:
        self._server, self._client, self._buffer = server, client, b""
        self._mails, self._sender, self._recipient, self._data = 0, False, "", False

    def run(self) -> None:
        while (line := self._line()) is not None:
            verb = "." if self._data else line[:4].upper()
            said = self._server.answer(verb if verb == "." else line, self._mails, len(self._server.taken))
            if said == "close":
                return
            if not self._say(said or self._usual(verb), verb, line):
                return

    def _say(self, answer: str, verb: str, line: str) -> bool:
        good = answer[0] in "23"
        if verb in ("MAIL", "RSET"):
            self._sender, self._recipient = verb == "MAIL" and good, ""
        elif verb == "RCPT" and good and self._sender:
            self._recipient = line.partition("<")[2].partition(">")[0]
        elif verb == "DATA":
            if self._server.strict and good and not self._recipient:
                answer = "503 5.5.1 to whom?"
            self._data = answer.startswith("354")
        elif verb == ".":
            self._data = False
            if good and self._recipient:
                self._mails += 1
                self._server.take(self._recipient)
                self._server.together += b"MAIL" in self._buffer
        self._client.sendall(answer.encode() + b"\r\n")
        return not answer.startswith("421") and verb != "QUIT"

    def _usual(self, verb: str) -> str:
        return {"EHLO": self._server.says_hello(), "DATA": "354 go on", "QUIT": "221 bye"}.get(verb, "250 OK")

    def _line(self) -> str | None:
        end = b"\r\n.\r\n" if self._data else b"\r\n"
        # An empty mail is a dot alone.
        while end not in self._buffer and not (self._data and self._buffer.startswith(b".\r\n")):
            try:
                more = self._client.recv(65536)
            except OSError:
                return None
            if not more:
                return None
            self._buffer += more
        line, _, self._buffer = self._buffer.partition(b".\r\n" if self._buffer.startswith(b".\r\n") else end)
        return line.decode()
