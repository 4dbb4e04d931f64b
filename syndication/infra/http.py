"""The only way out by HTTP: addresses are checked when connecting, and every request ends in time."""

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from ipaddress import ip_address
from typing import Any, ClassVar
from urllib.parse import urlsplit

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import (
    BaseHTTPResponse,
    HTTPConnectionPool,
    HTTPSConnectionPool,
    PoolManager,
    Retry,
    Timeout,
    encode_multipart_formdata,
)
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NewConnectionError, ReadTimeoutError

from syndication import clock
from syndication.content.reason import Reason
from syndication.infra.ssrf import check_url, forbidden

#: Seconds for connecting and for the TLS handshake, within the whole.
_CONNECT = 5.0
#: Whoever asks is told what became of one try.
_ONCE = Retry(0, read=False)
#: A header's name and value (RFC 9110 section 5.5, without what is obsolete), as far as a request may hold them.
_NAME, _VALUE = re.compile(r"[^:\s][^:\r\n]*"), re.compile(r"(?:\S[^\r\n]*)?")
#: Headers that belong to the connection, not to whoever asks.
OURS = {
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
    "te",
    "trailer",
    "accept-encoding",
}


@dataclass(frozen=True)
class Answer:
    """What a server said. `headers` ignores case; `body` is raw, at most `most_read` bytes, perhaps cut short."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Failure(Exception):
    """No answer came. `reason` is a sentence for the owner of the address, without secrets.

    `sent`: the whole request may have arrived, so its fate is unknown. `blocked`: our rules refuse the address, for good.
    """

    def __init__(
        self, reason: str, *, sent: bool = False, blocked: bool = False, timed_out: bool = False
    ) -> None:
        super().__init__(reason)
        self.reason = Reason.quoted(reason)
        self.sent = sent
        self.blocked = blocked
        self.timed_out = timed_out


# Connections that check where they go


class _Blocked(OSError):
    """The host has an address that our rules refuse."""


@dataclass
class _Task:
    """One request under way: what the watchdog must end, and how far it got."""

    deadline: float
    connection: "_Checked | None" = None
    sent: bool = False
    expired: bool = False


_under_way = threading.local()


class _Checked(HTTPConnection):
    """Connects only to addresses that were checked, and to exactly these: no second look-up can swap them."""

    allow_private: ClassVar[bool] = False
    #: A second handle on the socket: it can be shut in the middle of a handshake, when the first belongs to nobody.
    guard: socket.socket | None = None
    #: The parts of a request until it is whole.
    _held: list[bytes] | None = None

    def _new_conn(self) -> socket.socket:
        task: _Task = _under_way.task
        last: OSError | None = None
        for family, kind, protocol, where in self._addresses():
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(max(0.05, min(_CONNECT, task.deadline - clock.monotonic())))
                sock.connect(where)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                sock.close()
                last = error
                continue
            self.guard, task.connection = sock.dup(), self
            return sock
        raise NewConnectionError(self, str(last)) from last

    def _addresses(self) -> list[tuple[Any, Any, int, Any]]:
        try:
            found = socket.getaddrinfo(self._dns_host, self.port, 0, socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise NewConnectionError(self, f"name not found: {error}") from error
        if not self.allow_private:
            for *_, where in found:
                if forbidden(ip_address(str(where[0]).partition("%")[0])):
                    raise _Blocked
        return [(family, kind, protocol, where) for family, kind, protocol, _, where in found]

    def request(self, *arguments: Any, **named: Any) -> None:
        """Send the request; from here on its fate is unknown where no answer comes."""
        task: _Task = _under_way.task
        task.connection = self
        if self.sock is None:
            self.connect()
        self.timeout = max(0.05, task.deadline - clock.monotonic())
        task.sent = True
        self._held = []
        try:
            super().request(*arguments, **named)
            whole = b"".join(self._held)
        finally:
            self._held = None
        super().send(whole)

    def send(self, data: Any) -> None:
        """Called by http.client, once for the head and once for the body: they leave together, in one packet where they fit."""
        if self._held is None:
            super().send(data)
        else:
            self._held.append(data)

    def close(self) -> None:
        """Close; the guard stays while an answer may still be read from the socket."""
        super().close()
        task: _Task | None = getattr(_under_way, "task", None)
        if task is None or task.connection is not self:
            self.drop_guard()

    def drop_guard(self) -> None:
        """Let go of the second handle."""
        if self.guard is not None:
            self.guard.close()
            self.guard = None


class _CheckedTLS(_Checked, HTTPSConnection):
    pass


class _CheckedPool(HTTPConnectionPool):
    ConnectionCls = _Checked


class _CheckedTLSPool(HTTPSConnectionPool):
    ConnectionCls = _CheckedTLS


class _Anywhere(_Checked):
    allow_private = True


class _AnywhereTLS(_CheckedTLS):
    allow_private = True


class _AnywherePool(HTTPConnectionPool):
    ConnectionCls = _Anywhere


class _AnywhereTLSPool(HTTPSConnectionPool):
    ConnectionCls = _AnywhereTLS


@cache
def _trusting() -> ssl.SSLContext:
    """Trusts the list that requests brings, and whatever this machine trusts: SSL_CERT_FILE may name a city's own authority."""
    context = ssl.create_default_context()
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    return context


def _pools(*, allow_private: bool, hosts: int, connections: int) -> PoolManager:
    """Kept connections to many hosts; certificates are checked."""
    pools = PoolManager(num_pools=hosts, maxsize=connections, ssl_context=_trusting())
    pools.pool_classes_by_scheme = (
        {"http": _AnywherePool, "https": _AnywhereTLSPool}
        if allow_private
        else {"http": _CheckedPool, "https": _CheckedTLSPool}
    )
    return pools


@dataclass(frozen=True)
class _Target:
    """Where a web address leads: what is connected to, and what is asked for there."""

    scheme: str
    host: str
    port: int | None
    path: str


@lru_cache(maxsize=2000)  # an outlet is sent to again and again
def _target(url: str, *, allow_private: bool) -> _Target:
    """The address taken apart as requests spells it. Raises Failure where it cannot be used."""
    try:
        prepared = requests.Request("GET", check_url(url, allow_private=allow_private)).prepare()
    except ValueError as error:  # those of requests are ValueErrors too, and tell only what the address was
        said = "is not a web address" if isinstance(error, requests.RequestException) else error
        raise Failure(
            Reason("This address cannot be used: it {}.", Reason(str(said))), blocked=True
        ) from error
    parts = urlsplit(str(prepared.url))
    return _Target(parts.scheme, parts.hostname or "", parts.port, prepared.path_url)


def multipart(fields: Sequence[tuple[str, str | tuple[str, bytes, str]]], boundary: str) -> tuple[str, bytes]:
    """Content-Type and body of a form (RFC 7578). A field is text, or (file name, content, type) for a file."""
    body, content_type = encode_multipart_formdata(list(fields), boundary)
    return content_type, body


# The client


class Client:
    """Sends requests; safe in many threads, connections are kept and reused. `timeout` in seconds is for everything.

    Only the look-up of the name is bounded by the resolver's own patience instead.
    """

    def __init__(
        self,
        *,
        timeout: float = 15.0,
        allow_private: bool = False,
        most_read: int = 20_000,
        most_sent: int = 1_000_000,
        hosts: int = 300,
        connections: int = 16,
    ) -> None:
        self._timeout, self._allow_private = timeout, allow_private
        self._most_read, self._most_sent = most_read, most_sent
        self._pools = _pools(allow_private=allow_private, hosts=hosts, connections=connections)
        self._watchdog = _Watchdog()

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        most_read: int | None = None,
    ) -> Answer:
        """One request, one answer of any status; a redirect is an answer like others. Raises Failure where none came."""
        complete = self._headers(headers, body)
        target = _target(url, allow_private=self._allow_private)
        task = _Task(clock.monotonic() + self._timeout)
        _under_way.task = task
        try:
            with self._watchdog.over(task):
                return self._exchange(method, target, complete, body, task, most_read or self._most_read)
        except (HTTPError, OSError, ValueError) as error:
            raise _failure(error, task, self._timeout) from error
        finally:
            _under_way.task = None
            if task.connection is not None and (task.expired or task.connection.sock is None):
                task.connection.close()

    def close(self) -> None:
        """Close kept connections."""
        self._pools.clear()

    def _headers(
        self, headers: Mapping[str, str] | Iterable[tuple[str, str]], body: bytes
    ) -> Mapping[str, str]:
        named = dict(headers)
        if len(body) > self._most_sent:
            raise Failure(
                Reason("The request would be larger than {} bytes.", f"{self._most_sent:,}"), blocked=True
            )
        if ours := OURS & {name.lower() for name in named}:
            raise ValueError(f"the connection sets {', '.join(sorted(ours))} itself")
        for name, value in named.items():
            if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
                raise ValueError("a header holds a character that must not stand there")
        mine = {} if "user-agent" in {name.lower() for name in named} else {"User-Agent": "syndication"}
        return {**mine, **named, "Accept-Encoding": "identity"}

    def _exchange(
        self, method: str, target: _Target, headers: Mapping[str, str], body: bytes, task: _Task, most: int
    ) -> Answer:
        pool = self._pools.connection_from_host(target.host, target.port, target.scheme)
        response = pool.urlopen(
            method.upper(),
            target.path,
            body=body or None,
            headers=headers,
            retries=_ONCE,
            redirect=False,
            assert_same_host=False,
            timeout=Timeout(connect=_CONNECT, read=self._timeout),
            preload_content=False,
            decode_content=False,
        )
        if task.expired:  # the head was cut off, though it may look complete
            _drop(response)
            raise TimeoutError
        said = b""
        with contextlib.suppress(HTTPError, OSError, ValueError):
            # A status is an answer, whatever becomes of the body behind it.
            said = response.read(most + 1, decode_content=False)
        if len(said) > most or task.expired:
            _drop(response)
        return Answer(response.status, response.headers, said[:most])


def _drop(response: BaseHTTPResponse) -> None:
    """Read no more of it; its connection is closed."""
    response.close()
    response.release_conn()


class _Watchdog:
    """Ends requests at their deadline, also where a server drips byte after byte. One thread for all of a client."""

    _LOOK = 0.1

    def __init__(self) -> None:
        self._by_id: dict[int, _Task] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._pause = threading.Event()

    @contextlib.contextmanager
    def over(self, task: _Task) -> Any:
        """Watch over `task` inside this block."""
        with self._lock:
            self._by_id[id(task)] = task
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="http watchdog", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                del self._by_id[id(task)]

    def _watch(self) -> None:
        idle = 0
        while True:
            self._pause.wait(self._LOOK)
            with self._lock:
                tasks = list(self._by_id.values())
                idle = 0 if tasks else idle + 1
                if idle > 100:  # ten quiet seconds: the next request starts a new one
                    self._thread = None
                    return
                for task in tasks:
                    if clock.monotonic() > task.deadline:
                        self._end(task)

    def _end(self, task: _Task) -> None:
        task.expired = True
        if task.connection is not None and task.connection.guard is not None:
            with contextlib.suppress(OSError):
                task.connection.guard.shutdown(socket.SHUT_RDWR)


def _failure(error: Exception, task: _Task, timeout: float) -> Failure:
    causes = list(_causes(error))
    if isinstance(error, Failure):
        return error
    if any(isinstance(cause, _Blocked) for cause in causes):
        return Failure(
            Reason("This address leads into a private network; only the public internet is allowed."),
            blocked=True,
        )
    slow = task.expired or any(isinstance(cause, TimeoutError | ReadTimeoutError) for cause in causes)
    if slow:
        what = (
            Reason("The address did not answer within {} seconds.", f"{timeout:g}")
            if task.sent
            else Reason("The address cannot be reached: no connection in time.")
        )
        return Failure(what, sent=task.sent, timed_out=True)
    if any(isinstance(cause, ssl.SSLError) for cause in causes) and not task.sent:
        return Failure(Reason("The address has no valid certificate ({}).", _tls_reason(causes)))
    if not task.sent:
        unknown = any(isinstance(cause, socket.gaierror) for cause in causes)
        return Failure(
            Reason("The name of this address is not known.")
            if unknown
            else Reason("The address cannot be reached: no connection.")
        )
    return Failure(Reason("The connection ended before a complete answer came."), sent=True)


def _causes(error: BaseException | None) -> Iterable[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        inner = next((one for one in error.args if isinstance(one, BaseException)), None)
        inner = inner or getattr(inner, "reason", None) or getattr(error, "reason", None)
        error = error.__cause__ or (inner if isinstance(inner, BaseException) else None) or error.__context__


def _tls_reason(causes: Iterable[BaseException]) -> str:
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message or "it cannot be verified"
    return "the handshake failed"
