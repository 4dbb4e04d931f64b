"""Outgoing mail against a real SMTP server: what arrives, what is reused, and how far a failure got."""

import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from syndication.channels.by_mail import verdict_for
from syndication.channels.verdicts import Gone, Refused, TryLater, Unconfirmed
from syndication.infra.smtp import MailFailure, Outbox, own_name
from syndication.stack.mail_sink import MailSink
from tests.pipelining_server import PipeliningServer

DATA = b"Subject: Hallo\r\nMessage-ID: <1@coburg.example>\r\n\r\nGuten Tag\r\n.\r\n..zwei\r\nEnde\r\n"


def outbox(sink: MailSink, **changes: object) -> Outbox:
    named = {"timeout": 10.0, "final_timeout": 10.0, "security": "none"} | changes
    return Outbox("127.0.0.1", sink.port, **named)  # type: ignore[arg-type]  # plain keyword arguments


def failure(box: Outbox, recipient: str = "anna@example.org") -> MailFailure:
    with pytest.raises(MailFailure) as caught:
        box.send("news@coburg.example", recipient, DATA)
    return caught.value


def test_a_mail_arrives_byte_for_byte_with_its_leading_dots(mail_sink: MailSink) -> None:
    assert outbox(mail_sink).send("news@coburg.example", "anna@example.org", DATA)[0] == 250
    (mail,) = mail_sink.await_mails(1)
    assert mail.data == DATA
    assert (mail.sender, mail.recipient, mail.message_id) == (
        "news@coburg.example",
        "anna@example.org",
        "1@coburg.example",
    )


def test_one_connection_serves_many_mails(mail_sink: MailSink) -> None:
    box = outbox(mail_sink)
    for number in range(20):
        box.send("news@coburg.example", f"r{number}@example.org", DATA)
    assert len(mail_sink.await_mails(20)) == 20
    assert mail_sink.connections == 1


def test_a_refused_recipient_does_not_cost_the_connection(mail_sink: MailSink) -> None:
    mail_sink.on_recipient = lambda address: "550 5.1.1 no such user" if address.startswith("no") else None
    box = outbox(mail_sink)
    found = failure(box, "no@example.org")
    assert (found.stage, found.code, found.permanent) == ("recipient", 550, True)
    assert isinstance(verdict_for(found), Gone)
    box.send("news@coburg.example", "yes@example.org", DATA)
    assert [mail.recipient for mail in mail_sink.await_mails(1)] == ["yes@example.org"]
    assert mail_sink.connections == 1


@pytest.mark.parametrize(
    ("answer", "verdict", "outlet"),
    [
        ("450 4.2.0 greylisted", TryLater, False),
        ("452 4.2.2 mailbox full", TryLater, False),
        ("421 4.3.2 shutting down", TryLater, True),
        ("552 5.2.2 too much", Refused, False),
        ("550 5.7.1 blocked, your address is on a list", Refused, True),
        ("553 5.1.3 bad name", Gone, None),
    ],
)
def test_each_answer_to_a_recipient_has_its_verdict(
    answer: str, verdict: type[Exception], outlet: bool | None, mail_sink: MailSink
) -> None:
    mail_sink.on_recipient = lambda _: answer
    found = verdict_for(failure(outbox(mail_sink)))
    assert type(found) is verdict
    assert getattr(found, "outlet", None) == outlet


def test_a_refused_content_is_refused_for_good_and_the_address_stays(mail_sink: MailSink) -> None:
    mail_sink.on_data = lambda _: "550 5.7.1 looks like spam"
    found = failure(outbox(mail_sink))
    assert (found.stage, found.code) == ("after_data", 550)
    assert isinstance(verdict_for(found), Refused)


@pytest.mark.parametrize("answer", ["drop", "hang"])
def test_silence_after_the_final_dot_leaves_the_fate_unknown(answer: str, mail_sink: MailSink) -> None:
    mail_sink.on_data = lambda _: answer
    found = failure(outbox(mail_sink, timeout=1.0, final_timeout=1.0))
    assert (found.stage, found.code) == ("after_data", None)
    assert isinstance(verdict_for(found), Unconfirmed)


def test_a_connection_lost_before_the_data_was_never_sent(mail_sink: MailSink) -> None:
    mail_sink.on_recipient = lambda _: "drop"
    found = failure(outbox(mail_sink))
    assert found.stage == "recipient"
    verdict = verdict_for(found)
    assert isinstance(verdict, TryLater)


def test_a_server_that_closed_an_idle_connection_is_connected_to_anew(mail_sink: MailSink) -> None:
    box = outbox(mail_sink)
    mail_sink.on_recipient = lambda address: "421 4.4.2 bye" if address.startswith("last") else None
    box.send("news@coburg.example", "first@example.org", DATA)
    failure(box, "last@example.org")
    box.send("news@coburg.example", "next@example.org", DATA)
    assert len(mail_sink.await_mails(2)) == 2
    assert mail_sink.connections == 2


def test_no_server_is_a_sentence_that_names_it() -> None:
    with MailSink() as sink:
        port = sink.port
    found = failure(Outbox("127.0.0.1", port, "none"))
    assert found.stage == "connect"
    assert f"127.0.0.1:{port}" in found.reason
    assert isinstance(verdict_for(found), TryLater)


def test_a_server_that_is_busy_says_why(mail_sink: MailSink) -> None:
    mail_sink.on_greeting = "554 no service for you"
    found = failure(outbox(mail_sink))
    assert (found.stage, found.code) == ("connect", 554)
    assert "no service for you" in found.reason


@pytest.mark.parametrize(
    "address",
    ["", "anna", "anna@", "@b.de", "a b@c.de", "a@b.de>\r\nRCPT TO:<x@y.z", "a@b\r\n.de", "<a@b.de>"],
)
def test_an_address_that_could_break_out_is_never_sent(address: str, mail_sink: MailSink) -> None:
    found = failure(outbox(mail_sink), address)
    assert found.permanent
    assert mail_sink.mails == []


@pytest.mark.parametrize("data", [b"a\nb\r\n", b"a\rb\r\n", b"a\r\n\n.\r\nMAIL FROM:<x>\r\n"])
def test_bare_line_ends_are_refused(data: bytes, mail_sink: MailSink) -> None:
    with pytest.raises(ValueError, match="CRLF"):
        outbox(mail_sink).send("news@coburg.example", "anna@example.org", data)


def test_an_address_with_umlauts_goes_where_the_server_can(mail_sink: MailSink) -> None:
    outbox(mail_sink).send("news@coburg.example", "jörg@bücher.example", DATA)
    (mail,) = mail_sink.await_mails(1)
    assert mail.recipient == "jörg@xn--bcher-kva.example"


def test_an_address_with_umlauts_is_no_lost_mailbox_where_the_server_cannot() -> None:
    with PipeliningServer() as server:
        box = Outbox("127.0.0.1", server.port, "none", timeout=10.0)
        assert not box.takes_all_letters()
        with pytest.raises(MailFailure, match="does not announce SMTPUTF8") as caught:
            box.send("news@coburg.example", "jörg@example.org", DATA)
        verdict = verdict_for(caught.value)
        assert isinstance(verdict, Refused)
        assert not verdict.outlet
        box.send("news@coburg.example", "jörg.b@bücher.example".replace("ö", "oe"), DATA)
        assert server.taken == ["joerg.b@xn--bcher-kva.example"]
        with pytest.raises(MailFailure) as caught:
            box.send("städte@coburg.example", "anna@example.org", DATA)
        assert isinstance(verdict_for(caught.value), TryLater), "our own address is for the operator to mend"
        box.close()


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's and a trusting client's context for 127.0.0.1."""
    import ipaddress

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sink")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "sink.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    client = ssl.create_default_context(cafile=str(path))
    return server, client


def test_starttls_and_login_come_before_the_first_mail(tmp_path: Path) -> None:
    server, client = certificate(tmp_path)
    with MailSink(certificate=server, login=("city", "pass")) as sink:
        good = outbox(sink, security="starttls", user="city", password="pass", context=client)
        good.send("news@coburg.example", "anna@example.org", DATA)
        assert len(sink.await_mails(1)) == 1
        wrong = failure(outbox(sink, security="starttls", user="city", password="wrong", context=client))
        assert wrong.stage == "login"
        assert "user and password" in wrong.reason
        assert "wrong" not in wrong.reason
        untrusted = failure(outbox(sink, security="starttls", user="city", password="pass"))
        assert "certificate" in untrusted.reason


def test_a_server_without_starttls_gets_no_mail_where_it_is_demanded(mail_sink: MailSink) -> None:
    found = failure(outbox(mail_sink, security="starttls"))
    assert found.stage == "connect"
    assert mail_sink.mails == []


def test_a_process_asks_for_its_own_name_once(mail_sink: MailSink, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(socket, "getfqdn", lambda *_: asked.append("asked") or "town.example")
    own_name.cache_clear()
    for _ in range(3):
        outbox(mail_sink).send("news@coburg.example", "anna@example.org", DATA)
    own_name.cache_clear()
    assert (asked, mail_sink.connections) == (["asked"], 3)
