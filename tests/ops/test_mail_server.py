"""The doctor at mail servers that want something first: it names the setting, and falls over no login."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from syndication.config import Settings
from syndication.infra.smtp import MailFailure, Outbox
from syndication.ops import doctor
from syndication.stack.mail_sink import MailSink
from tests.conftest import settings_for
from tests.infra.test_smtp import DATA, certificate

USER, PASSWORD = "SYNDICATION_SMTP_USER", "SYNDICATION_SMTP_PASSWORD"
SECURITY = "SYNDICATION_SMTP_SECURITY"


def looked(cfg: Settings) -> doctor.Finding:
    (found,) = doctor._looked("mail", doctor._LOOKS["mail"], cfg)
    return found


def of(tmp_path: Path, sink: MailSink, **changes: object) -> doctor.Finding:
    return looked(settings_for(tmp_path, smtp_port=sink.port, **changes))


def test_a_server_that_takes_mail_is_well_and_gets_none(tmp_path: Path, mail_sink: MailSink) -> None:
    found = of(tmp_path, mail_sink)
    assert (found.verdict, found.said) == (
        "ok",
        f"127.0.0.1:{mail_sink.port} answers and needs no login. No mail was sent.",
    )
    assert mail_sink.mails == []


def test_a_server_that_wants_a_login_is_seen_before_the_first_mail(tmp_path: Path) -> None:
    with MailSink(login=("city", "pass")) as sink:
        found = of(tmp_path, sink)
        assert found.verdict == "bad"
        assert USER in found.advice
        assert PASSWORD in found.advice
        assert of(tmp_path, sink, smtp_user="city", smtp_password="pass").verdict == "ok"


def test_a_server_that_wants_encryption_is_seen_before_the_first_mail(tmp_path: Path) -> None:
    server, _ = certificate(tmp_path)
    with MailSink(certificate=server) as sink:
        found = of(tmp_path, sink)
        assert (found.verdict, SECURITY in found.advice) == ("bad", True)
        login = of(tmp_path, sink, smtp_user="city", smtp_password="pass")
        assert (login.verdict, SECURITY in login.advice) == ("bad", True)
        strange = of(tmp_path, sink, smtp_security="starttls")
        assert (strange.verdict, "certificate" in strange.advice) == ("bad", True)


def test_a_server_without_starttls_or_login_is_told_from_one_that_refuses(
    tmp_path: Path, mail_sink: MailSink
) -> None:
    found = of(tmp_path, mail_sink, smtp_security="starttls")
    assert (found.verdict, "587" in found.advice) == ("bad", True)
    with MailSink(login=("city", "pass")) as sink:
        wrong = of(tmp_path, sink, smtp_user="city", smtp_password="wrong")
        assert (wrong.verdict, PASSWORD in wrong.advice) == ("bad", True)


@pytest.mark.parametrize(
    ("answer", "verdict", "names"),
    [
        ("554 5.7.1 <operator@coburg.example>: Relay access denied", "bad", USER),
        ("550 5.7.1 relaying denied", "bad", USER),
        ("530 5.7.57 Client not authenticated to send mail", "bad", USER),
        ("530 5.7.0 Must issue a STARTTLS command first", "bad", SECURITY),
        ("550 5.7.1 Session encryption is required", "bad", SECURITY),
        ("553 5.7.1 sender address rejected: not owned by user", "bad", "SYNDICATION_MAIL_FROM"),
        ("450 4.2.0 greylisted, come again", "ok", ""),
    ],
)
def test_what_a_server_says_at_the_recipient_has_its_setting(
    answer: str, verdict: str, names: str, tmp_path: Path, mail_sink: MailSink
) -> None:
    mail_sink.on_recipient = lambda _: answer
    found = of(tmp_path, mail_sink)
    assert (found.verdict, names in found.advice) == (verdict, True)


@pytest.mark.parametrize(
    "login", [("city", "Gänsefüßchen"), ("stadt-münchberg", "pass"), ("北京", "пароль🔑")]
)
def test_a_login_beyond_ascii_goes_as_utf_8(login: tuple[str, str], tmp_path: Path) -> None:
    with MailSink(login=login) as sink:
        box = Outbox("127.0.0.1", sink.port, "none", *login, timeout=10.0)
        box.send("news@coburg.example", "anna@example.org", DATA)
        assert len(sink.await_mails(1)) == 1
        assert of(tmp_path, sink, smtp_user=login[0], smtp_password=login[1]).verdict == "ok"


def test_a_login_beyond_ascii_that_is_wrong_is_refused_in_words(tmp_path: Path) -> None:
    with MailSink(login=("city", "Gänsefüßchen")) as sink:
        box = Outbox("127.0.0.1", sink.port, "none", "city", "Gänsefüsschen", timeout=10.0)
        with pytest.raises(MailFailure, match="user and password"):
            box.send("news@coburg.example", "anna@example.org", DATA)
        found = of(tmp_path, sink, smtp_user="city", smtp_password="Gänsefüsschen")
        assert (found.verdict, PASSWORD in found.advice) == ("bad", True)


@pytest.mark.parametrize("host", ["mail..example", "ü" * 70 + ".example"])
def test_a_host_that_is_no_name_is_a_finding(host: str, tmp_path: Path) -> None:
    found = looked(settings_for(tmp_path, smtp_host=host))
    assert (found.verdict, "SYNDICATION_SMTP_HOST" in found.advice) == ("bad", True)


def test_an_authority_of_ones_own_is_trusted_by_ssl_cert_file(tmp_path: Path) -> None:
    server, _ = certificate(tmp_path)
    ask = "import sys; from syndication.infra.smtp import Outbox; Outbox('127.0.0.1', int(sys.argv[1]), 'starttls').check()"
    with MailSink(certificate=server) as sink:
        for trusted, ends_with in ((tmp_path / "sink.pem", 0), (None, 1)):
            given = os.environ | ({"SSL_CERT_FILE": str(trusted)} if trusted else {})
            ran = subprocess.run(
                [sys.executable, "-c", ask, str(sink.port)],
                env=given,
                capture_output=True,
                check=False,
                timeout=30,
            )
            assert ran.returncode == ends_with, ran.stderr
