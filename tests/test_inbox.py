"""`syndication inbox`: every mail is kept and shown, whatever it holds and whenever it comes."""

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from typer.testing import CliRunner

from syndication.cli import app
from syndication.stack.inbox import Inbox, readable
from syndication.stack.mail_sink import Mail, MailSink


@pytest.fixture
def shown() -> list[str]:
    return []


@pytest.fixture
def inbox(tmp_path: Path, shown: list[str]) -> Iterator[Inbox]:
    with Inbox(port=0, folder=tmp_path / "inbox", show=shown.append) as one:
        yield one


def send(inbox: MailSink, data: bytes | str, recipient: str = "anna@example.org") -> None:
    with smtplib.SMTP("127.0.0.1", inbox.port, timeout=10) as client:
        client.sendmail("news@city.example", [recipient], data)


def letter(text: str = "Bitte bestätigen: http://127.0.0.1:8000/confirm/x\n") -> bytes:
    one = EmailMessage()
    one["Subject"], one["To"] = "Grüße", "anna@example.org"
    one.set_content(text)
    one.add_alternative("<p>in <b>HTML</b></p>", subtype="html")
    return bytes(one)


def test_a_mail_is_shown_with_its_links_and_kept_as_it_came(
    inbox: Inbox, shown: list[str], tmp_path: Path
) -> None:
    sent = letter()
    send(inbox, sent)
    (said,) = shown
    for words in ("anna@example.org", "Grüße", "bestätigen: http://127.0.0.1:8000/confirm/x"):
        assert words in said
    assert "HTML" not in said
    (file,) = (tmp_path / "inbox").iterdir()
    assert str(file) in said
    assert file.suffix == ".eml"
    assert file.read_bytes().split() == sent.split()


def test_mails_of_earlier_days_stay(inbox: Inbox, tmp_path: Path, shown: list[str]) -> None:
    send(inbox, letter())
    with Inbox(port=0, folder=tmp_path / "inbox", show=shown.append) as again:
        send(again, letter())
        send(again, letter(), f"{'x' * 60}@{'y' * 60}.{'z' * 60}.example")
    assert len(list((tmp_path / "inbox").glob("*.eml"))) == len(shown) == 3


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n",
        b"no header at all",
        b"Subject: =?utf-8?b?x\r\n\r\nhello",
        b"Subject: =?nonsense?q?x?=\r\nTo: <<>,\r\n\r\nhello",
        b"Content-Type: text/plain; charset=klingon\r\n\r\nhello",
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n\xff!",
        b"Content-Type: multipart/alternative\r\n\r\nno boundary",
        b"Content-Type: text/html\r\n\r\n<p>only HTML",
        b"Content-Type: ;;;=\r\n\r\nhello",
    ],
)
def test_a_malformed_mail_is_kept_and_shown_too(data: bytes) -> None:
    said = readable(Mail("a@example.org", "anna@example.org", data, 0.0), Path("inbox/1.eml"))
    assert "anna@example.org" in said
    assert "inbox/1.eml" in said


def test_a_mail_that_cannot_be_kept_is_asked_for_again(
    inbox: Inbox, shown: list[str], tmp_path: Path
) -> None:
    (tmp_path / "inbox").rmdir()
    with pytest.raises(smtplib.SMTPDataError) as refused:
        send(inbox, letter())
    assert refused.value.smtp_code == 452
    assert "could not be kept" in shown[0]


def test_a_port_that_is_taken_and_a_folder_that_is_a_file_are_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with MailSink() as other:
        port = other.port
        taken = CliRunner().invoke(app, ["inbox", "--port", str(port), "--folder", str(tmp_path / "a")])
    assert (taken.exit_code, f"127.0.0.1:{port} cannot be used" in taken.output) == (1, True)
    wrong = CliRunner().invoke(app, ["inbox", "--folder", str(tmp_path / "file")])
    assert (wrong.exit_code, "cannot be used as a folder" in wrong.output) == (1, True)
