"""Letters: confirmations and warnings, each to one person, the same on every try."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from syndication.channels.built_in.letter import LETTERS, Letter
from syndication.channels.envelope import Note
from syndication.channels.verdicts import Refused
from tests.channels.samples import AT, TOKEN, letter


def parsed(note: Note) -> EmailMessage:
    message = message_from_bytes(Letter().render(note).data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def parts(message: EmailMessage) -> list[str]:
    return [str(part.get_content()) for part in message.iter_parts() if isinstance(part, EmailMessage)]


@pytest.mark.parametrize("name", LETTERS)
@pytest.mark.parametrize("language", ["de", "en"])
def test_every_letter_is_written_in_both_languages(name: str, language: str) -> None:
    one = letter(name)
    note = Note(one.key, {**one.payload, "language": language}, one.city, one.settings, one.sender, AT)
    message = parsed(note)
    assert message["Subject"]
    assert message["To"] == "anna@example.org"
    assert message["Content-Language"] == language
    plain, html = parts(message)
    assert "Stadtmarketing Coburg" in plain
    assert f'lang="{language}"' in html
    assert Letter().render(note) == Letter().render(note)


def test_a_confirmation_holds_its_link_and_nothing_of_any_merchant() -> None:
    plain, html = parts(parsed(letter("confirm")))
    for body in (plain, html):
        assert f"https://coburg.example/confirm/{TOKEN}" in body
    assert "Weinhaus" not in plain + html


def test_a_warning_says_which_outlet_what_it_said_and_since_when() -> None:
    message = parsed(letter("destination_disabled"))
    plain, _ = parts(message)
    assert message["Subject"] == "Website wurde abgeschaltet"
    assert "Die Adresse hat mit 410 geantwortet." in plain
    assert "Mo., 10. August 2026, 07:00 Uhr" in plain


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"letter": "unknown", "to": "a@b.de", "language": "de"},
        {"letter": "confirm", "to": "a@b.de", "language": "de"},
    ],
)
def test_a_letter_that_cannot_be_written_is_refused(payload: dict[str, Any]) -> None:
    one = letter()
    with pytest.raises(Refused):
        Letter().render(Note("l1", payload, one.city, one.settings, one.sender, AT))


def test_an_address_with_a_line_break_adds_no_header() -> None:
    one = letter()
    bad = {**one.payload, "to": "a@b.de\r\nBcc: x@y.z"}
    with pytest.raises(Exception, match=r"(?i)address|character|header"):
        Letter().render(Note("l1", bad, one.city, one.settings, one.sender, AT))
