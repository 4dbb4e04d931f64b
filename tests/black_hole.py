"""A wire that can be cut without anybody being told: what comes is taken, and nothing is handed on in either direction."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit


class BlackHole:
    """Hands on what comes at `port` to whatever `dial` connects to, until it is cut; mended, it goes on."""

    def __init__(self, dial: Callable[[], socket.socket]) -> None:
        self._dial = dial
        self._whole = threading.Event()
        self._whole.set()
        self._ended = False
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def cut(self) -> None:
        """From now on nothing gets through."""
        self._whole.clear()

    def mend(self) -> None:
        """It gets through again, also what was held back."""
        self._whole.set()

    def end(self) -> None:
        """Close everything."""
        self._ended = True
        self._whole.set()
        for one in [self._listener, *self._sockets]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while not self._ended:
                near, _ = self._listener.accept()
                self._sockets.append(near)
                threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        self._whole.wait()  # who comes while it is cut is taken, and hears nothing
        with contextlib.suppress(OSError):
            far = self._dial()
            self._sockets.append(far)
            for here, there in ((near, far), (far, near)):
                threading.Thread(target=self._hand_on, args=(here, there), daemon=True).start()

    def _hand_on(self, here: socket.socket, there: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := here.recv(65_536):
                self._whole.wait()
                there.sendall(data)
        self._whole.wait()  # nor is it told when one side goes
        with contextlib.suppress(OSError):
            there.shutdown(socket.SHUT_WR)


@contextmanager
def before_postgres(url: str, **parameters: str) -> Iterator[tuple[BlackHole, str]]:
    """A wire before the server at `url`, and the URL of the same database behind it, with libpq's `parameters`."""
    parts = urlsplit(url)
    folder = parse_qs(parts.query).get("host", [""])[0]

    def dial() -> socket.socket:
        if not folder.startswith("/"):
            return socket.create_connection((parts.hostname, parts.port or 5432))
        found = socket.socket(socket.AF_UNIX)
        found.connect(f"{folder}/.s.PGSQL.{parts.port or 5432}")
        return found

    hole = BlackHole(dial)
    said = "&".join(f"{name}={value}" for name, value in parameters.items())
    user = f"{parts.username}:{parts.password}@" if parts.password else f"{parts.username}@"
    try:
        yield hole, f"postgresql://{user}127.0.0.1:{hole.port}{parts.path}?{said}"
    finally:
        hole.end()
