"""The door for outgoing HTTP: what it refuses, what it ends, what it never reads."""

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import psutil
import pytest

from syndication import clock
from syndication.infra.http import Client, Failure
from syndication.infra.ssrf import check_url, forbidden
from syndication.stack.receiver import Receiver, Reply

INSIDE = (
    (Path(__file__).parents[1] / "fixtures" / "forbidden_urls.txt").read_text(encoding="utf-8").splitlines()
)
OUTSIDE = [
    ("https://example.org", "https://example.org"),
    ("https://example.org:8443/a?b=c", "https://example.org:8443/a?b=c"),
    ("https://bücher.example/päd", "https://xn--bcher-kva.example/päd"),
    ("https://93.184.215.14/", "https://93.184.215.14/"),
    ("https://[2606:4700::1111]/", "https://[2606:4700::1111]/"),
]


@contextmanager
def raw_server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A TCP server on loopback that does to each connection what `serve` says."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def accept() -> None:
        while not ended.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=guarded, args=(connection,), daemon=True).start()

    def guarded(connection: socket.socket) -> None:
        try:
            with connection:
                serve(connection)
        except OSError:
            pass

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()[1]
    ended.set()
    listener.close()


@pytest.fixture
def client(patience: float) -> Iterator[Client]:
    one = Client(timeout=patience, allow_private=True)
    yield one
    one.close()


def test_the_list_of_forbidden_forms_is_long() -> None:
    assert len(set(INSIDE)) >= 60


@pytest.mark.parametrize("url", INSIDE)
def test_an_inside_address_is_refused_in_every_spelling(url: str) -> None:
    with pytest.raises(ValueError, match=r"^(must|is not|does not|has)"):
        check_url(url, allow_private=False)


def test_no_forbidden_form_makes_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[Any] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _self, where: connected.append(where))
    guarded = Client(timeout=1.0)
    for url in INSIDE:
        with pytest.raises(Failure) as caught:
            guarded.request("POST", url, body=b"{}")
        assert caught.value.blocked, url
    assert connected == []


@pytest.mark.parametrize(("url", "normal"), OUTSIDE)
def test_a_public_address_is_taken_with_its_host_in_ascii(url: str, normal: str) -> None:
    assert check_url(url, allow_private=False) == normal


@pytest.mark.parametrize("text", ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "2a00:1450:4001::1"])
def test_public_addresses_are_not_forbidden(text: str) -> None:
    assert not forbidden(ip_address(text))


@pytest.mark.parametrize("answers", [["127.0.0.1"], ["93.184.215.14", "10.0.0.1"], ["::1"], ["fe80::1%2"]])
def test_a_name_that_leads_inside_is_blocked_at_connect_time(
    answers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _resolver([answers]))
    with pytest.raises(Failure) as caught:
        Client(timeout=1.0).request("POST", "https://hooks.example.org/")
    assert caught.value.blocked
    assert not caught.value.sent


def test_rebinding_cannot_swap_the_address_between_check_and_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[Any] = []

    def refuse(_self: socket.socket, where: Any) -> None:
        connected.append(where[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", _resolver([["93.184.215.14"], ["127.0.0.1"]]))
    monkeypatch.setattr(socket.socket, "connect", refuse)
    guarded = Client(timeout=1.0)
    with pytest.raises(Failure) as first:
        guarded.request("POST", "http://hooks.example.org/")
    with pytest.raises(Failure) as second:
        guarded.request("POST", "http://hooks.example.org/")
    assert connected == ["93.184.215.14"]
    assert (first.value.blocked, second.value.blocked) == (False, True)


def _resolver(rounds: list[list[str]]) -> Callable[..., Any]:
    left = list(rounds)

    def resolve(_host: str, port: int, *_: Any) -> Any:
        addresses = left.pop(0) if len(left) > 1 else left[0]
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port))
            for one in addresses
        ]

    return resolve


def test_a_request_carries_body_and_headers_and_keeps_its_connection(
    receiver: Receiver, client: Client
) -> None:
    receiver.answer = lambda _: Reply(200, {"X-Answer": "yes"}, b"thanks")
    for _ in range(3):
        answer = client.request("POST", receiver.url(), headers=[("webhook-id", "1")], body=b"{}")
    assert (answer.status, answer.body, answer.headers["x-answer"]) == (200, b"thanks", "yes")
    assert receiver.connections == 1
    request = receiver.requests[0]
    assert (request.headers["webhook-id"], request.headers["accept-encoding"]) == ("1", "identity")
    assert request.body == b"{}"


def test_head_and_body_leave_together(client: Client) -> None:
    heard: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        heard.append(connection.recv(65_536))
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with raw_server(answer) as port:
        assert client.request("POST", f"http://127.0.0.1:{port}/", body=b"{}").status == 204
    assert heard[0].endswith(b"\r\n\r\n{}")


def test_a_redirect_is_an_answer_and_is_not_followed(receiver: Receiver, client: Client) -> None:
    receiver.answer = lambda _: Reply(302, {"Location": receiver.url("/elsewhere")})
    assert client.request("POST", receiver.url()).status == 302
    assert [request.path for request in receiver.requests] == ["/hook"]


def test_proxies_of_the_environment_are_ignored(
    receiver: Receiver, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    assert client.request("GET", receiver.url()).status == 204


@pytest.mark.no_answer
def test_a_server_that_hangs_is_left_at_the_deadline(receiver: Receiver, client: Client) -> None:
    receiver.answer = lambda _: Reply(hang=True)
    failure, took = _failing(client, receiver.url())
    assert failure.timed_out
    assert failure.sent
    assert 0.9 <= took <= 8.0


@pytest.mark.no_answer
@pytest.mark.parametrize("part", ["status", "headers"])
def test_a_drip_in_the_head_ends_at_the_deadline(part: str, client: Client) -> None:
    def drip(connection: socket.socket) -> None:
        connection.recv(4096)
        if part == "headers":
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while True:
            connection.sendall(b"H")
            threading.Event().wait(0.2)

    with raw_server(drip) as port:
        failure, took = _failing(client, f"http://127.0.0.1:{port}/")
    assert failure.timed_out
    assert 0.9 <= took <= 8.0


@pytest.mark.no_answer
def test_a_drip_in_the_body_ends_at_the_deadline_and_the_status_counts(client: Client) -> None:
    def drip(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            connection.sendall(b"x")
            threading.Event().wait(0.2)

    with raw_server(drip) as port:
        started = clock.monotonic()
        answer = client.request("POST", f"http://127.0.0.1:{port}/")
        took = clock.monotonic() - started
    assert answer.status == 200
    assert took <= 8.0


@pytest.mark.no_answer
def test_a_drip_in_the_tls_handshake_ends_at_the_deadline(client: Client) -> None:
    def drip(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"\x16\x03\x03\x40\x00")  # a handshake record of 16 kB that never comes to its end
        while True:
            connection.sendall(b"\x02")
            threading.Event().wait(0.2)

    with raw_server(drip) as port:
        failure, took = _failing(client, f"https://127.0.0.1:{port}/")
    assert took <= 8.0
    assert not failure.sent


def test_an_endless_body_is_read_up_to_its_cap(client: Client) -> None:
    def endless(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with raw_server(endless) as port:
        answer = client.request("POST", f"http://127.0.0.1:{port}/")
    assert len(answer.body) == 20_000


def test_a_compressed_bomb_is_never_unpacked(receiver: Receiver, client: Client) -> None:
    bomb = gzip.compress(b"\0" * 200_000_000, 9)
    before = psutil.Process().memory_info().rss
    receiver.answer = lambda _: Reply(200, {"Content-Encoding": "gzip"}, bomb)
    answer = client.request("POST", receiver.url())
    assert answer.body == bomb[:20_000]
    assert psutil.Process().memory_info().rss - before < 20_000_000


def test_ten_megabytes_of_headers_are_a_failure(client: Client) -> None:
    def shout(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10_000_000 + b"\r\n\r\n")

    with raw_server(shout) as port:
        failure, _ = _failing(client, f"http://127.0.0.1:{port}/")
    assert failure.sent


def test_a_connection_that_ends_without_an_answer_may_have_been_read(
    receiver: Receiver, client: Client
) -> None:
    receiver.answer = lambda _: Reply(close=True)
    failure, _ = _failing(client, receiver.url())
    assert failure.sent
    assert not failure.timed_out


def test_a_closed_port_was_never_sent_to(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    failure, _ = _failing(client, f"http://127.0.0.1:{port}/")
    assert not failure.sent
    assert failure.reason == "The address cannot be reached: no connection."


def test_an_untrusted_certificate_is_named(client: Client) -> None:
    def plain(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with raw_server(plain) as port:
        failure, _ = _failing(client, f"https://127.0.0.1:{port}/")
    assert "certificate" in failure.reason
    assert not failure.sent


def test_an_unknown_name_is_a_sentence(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    failure, _ = _failing(client, "https://nowhere.example.org/")
    assert failure.reason == "The name of this address is not known."


@pytest.mark.parametrize("name", ["Host", "Content-Length", "Transfer-Encoding", "Connection"])
def test_headers_of_the_connection_are_not_the_callers(name: str, client: Client) -> None:
    with pytest.raises(ValueError, match="itself"):
        client.request("POST", "http://127.0.0.1:1/", headers={name: "x"})


def test_a_line_break_in_a_header_is_refused(client: Client) -> None:
    with pytest.raises(ValueError, match="character"):
        client.request("POST", "http://127.0.0.1:1/", headers={"X": "a\r\nHost: b"})


def test_a_request_that_is_too_large_is_refused(client: Client) -> None:
    failure, _ = _failing(client, "http://127.0.0.1:1/", body=b"x" * 1_000_001)
    assert failure.blocked


def test_no_socket_is_left_open(receiver: Receiver) -> None:
    process = psutil.Process()
    before = process.num_fds()
    client = Client(timeout=10.0, allow_private=True)
    for number in range(20):
        receiver.answer = lambda _, n=number: Reply(close=n % 2 == 0, headers={"Connection": "close"})
        if number % 2 == 0:
            _failing(client, receiver.url())
        else:
            client.request("POST", receiver.url())
    client.close()
    assert process.num_fds() <= before + 2


def _failing(client: Client, url: str, *, body: bytes = b"{}") -> tuple[Failure, float]:
    started = clock.monotonic()
    with pytest.raises(Failure) as caught:
        client.request("POST", url, body=body)
    return caught.value, clock.monotonic() - started
