"""Whatever somebody writes into a title or a name: every kind of mail has the headers that were meant, and no others."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest

from syndication.channels.built_in.letter import LETTERS, Letter
from syndication.channels.built_in.newsletter import Correction, EditionView, Entry, Newsletter, compose
from syndication.channels.by_mail import send
from syndication.channels.envelope import City, Copy, Note, Publisher
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Gone, Refused
from syndication.config import Settings
from syndication.content.post import Image
from syndication.infra.mail_headers import Unfit
from syndication.stack.mail_sink import MailSink
from tests import hostile
from tests.channels.samples import AT, CITY, SENDER, TOKEN, letter, view
from tests.infra.test_mail_headers import ADDRESSES
from tests.rfc2047 import decoded, header_lines

#: Every fifth of two thousand: all of them come back from a header alone in test_mail_headers.
TEXTS = hostile.lines(2000)[::5]
EDITION = [
    "From", "Subject", "Date", "List-Id", "List-Post", "List-Unsubscribe-Post", "Precedence", "Auto-Submitted",
    "Content-Language", "MIME-Version", "Message-ID", "To", "List-Unsubscribe", "Content-Type",
]  # fmt: skip
LETTER = [
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Language", "MIME-Version", "Content-Type",
]  # fmt: skip
Made = tuple[list[str], bytes, str, str]


def edition(language: str, *told: Entry | Correction, city: City = CITY) -> tuple[bytes, str]:
    """A reader's copy, and the subject that was meant."""
    entries = tuple(one for one in told if isinstance(one, Entry))
    corrections = tuple(one for one in told if isinstance(one, Correction))
    parts = compose(EditionView(language, AT, entries, corrections), city, SENDER)
    data = Newsletter().render(Copy("e1-r1", parts, "anna@example.org", TOKEN, city, SENDER, AT)).data
    return data, str(parts["subject"])


def alone(text: str, language: str) -> Made:
    data, subject = edition(language, Entry(view(title=text, summary=text, coupon_code=None)))
    assert text.startswith(subject.rstrip("…")), "the subject is the title, cut where it is long"
    assert len(text) > 78 or subject == text
    return EDITION, data, subject, CITY.name


def corrected(text: str, language: str) -> Made:
    what: Any = ("cancelled", "moved", "withdrawn", "changed")[len(text) % 4]
    data, subject = edition(language, Correction(view(title=text), what))
    return EDITION, data, subject, CITY.name


def of_several(text: str, language: str) -> Made:
    """A digest in which name, alt text and place are the same text, from a city of that name."""
    city = replace(CITY, name=text, imprint=text)
    one = view(title=text, images=(Image(url="https://a.example/b.jpg", alt=text),))
    one = replace(one, merchant=Publisher("shop", text, "https://shop.example", text))
    data, subject = edition(
        language, Entry(one), Entry(view(2, title="Weinabend")), Correction(view(3), "price"), city=city
    )
    return EDITION, data, subject, text


def written(name: str) -> Callable[[str, str], Made]:
    """The letter of that name, told by the text in every place, with a remote's answer that holds line breaks."""

    def make(text: str, language: str) -> Made:
        one = letter(name)
        said = f"{text}\r\nBcc: victim@example.net\r\n\r\n\ud800\x00{text}"
        payload = {**one.payload, "language": language, "outlet": text, "reason": said}
        told = (
            "name",
            "who",
            "where",
            "browser",
            "system",
            "names",
            "merchant",
            "because",
            "title",
            "ground",
        )
        payload |= dict.fromkeys(told, text)
        city = replace(CITY, name=text)
        data = Letter().render(Note(one.key, payload, city, one.settings, SENDER, AT)).data
        headers = LETTER[:2] + ["Reply-To"] * ("reply_to" in LETTERS[name]) + LETTER[2:]
        return headers, data, text, text

    return make


KINDS: dict[str, Callable[[str, str], Made]] = {
    "an edition of one post": alone,
    "a correction": corrected,
    "a digest": of_several,
    **{f"the letter {name}": written(name) for name in LETTERS},
}


def every_mail() -> Iterator[tuple[str, str, Made]]:
    """Each text in one kind of mail, each kind in both languages; the kinds take turns."""
    for number, text in enumerate(TEXTS):
        name = list(KINDS)[number % len(KINDS)]
        yield name, text, KINDS[name](text, ("de", "en")[number // len(KINDS) % 2])


def test_every_mail_has_short_lines() -> None:
    for name, text, (_, data, _, _) in every_mail():
        head, _, body = data.partition(b"\r\n\r\n")
        assert max(map(len, body.split(b"\r\n"))) <= 76, (name, text)
        for line in head.decode("ascii").split("\r\n"):
            one_word = " " not in line.partition(": ")[2].strip()
            assert len(line) <= 78 or one_word, (name, line)
            assert len(line) <= 998


def test_no_text_adds_a_header_to_any_kind_of_mail() -> None:
    count = 0
    for name, text, (headers, data, subject, city) in every_mail():
        lines = header_lines(data)
        assert [header for header, _ in lines] == headers, (name, text)
        found = {header: decoded(value) for header, value in lines}
        if name.startswith("the letter"):
            assert subject in found["Subject"], (name, text)
        else:
            assert found["Subject"] == subject, (name, text)
        shown, _, rest = found["From"].rpartition(" <")
        assert rest == f"{SENDER}>"
        assert shown in (city, f'"{city}"'), (name, text)
        assert found["To"] == "<anna@example.org>"
        assert data.isascii()
        assert data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r")
        message = message_from_bytes(data, policy=policy.default)
        assert [part.get_content_type() for part in message.walk()] == [
            "multipart/alternative",
            "text/plain",
            "text/html",
        ]
        assert len(message["From"].addresses) == len(message["To"].addresses) == 1
        count += 1
    print(f"{count} mails of {len(KINDS)} kinds were read back")
    assert count == 400


def test_they_arrive_like_that_at_a_real_server(tools: Tools, mail_sink: MailSink) -> None:
    for number, text in enumerate((*hostile.LEGAL, *TEXTS[:10])):
        _, data, subject, _ = list(KINDS.values())[number % 3](text, "de")
        send(replace(Newsletter().render(_copy("anna@example.org")), data=data), tools)
        mail = mail_sink.mails[-1]
        assert mail.data == data
        assert str(mail.message["Subject"]) == subject
        assert mail.recipient == "anna@example.org"
    assert {header for mail in mail_sink.mails for header, _ in header_lines(mail.data)} == set(EDITION)


@pytest.mark.parametrize("bad", ["a\r\nBcc: x@y.z", "a\u2028b", "\ud800", "\x1b[2J", "a\x85b"])
def test_a_name_with_a_control_character_is_refused_before_a_mail_is_made(
    bad: str, settings: Settings
) -> None:
    with pytest.raises(Unfit, match=r"U\+"):
        edition("de", Entry(view()), city=replace(CITY, name=bad))
    one = letter("destination_refused")
    with pytest.raises(Unfit, match=r"U\+"):
        Letter().render(Note("l1", one.payload, replace(CITY, name=bad), one.settings, SENDER, AT))


def _copy(address: str, **changes: str) -> Copy:
    parts = compose(EditionView("de", AT, (Entry(view()),), ()), CITY, SENDER)
    return replace(Copy("e1-r1", parts, address, TOKEN, CITY, SENDER, AT), **changes)  # type: ignore[arg-type]  # plain texts


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_was_stored_earlier_breaks_out_of_no_copy(address: str) -> None:
    with pytest.raises(Gone, match="mail address"):
        Newsletter().render(_copy(address))
    one = letter()
    with pytest.raises((Gone, Refused)):
        Letter().render(Note("l1", {**one.payload, "to": address}, CITY, one.settings, SENDER, AT))


def test_an_edition_that_an_earlier_version_stored_with_a_foreign_header_is_not_sent() -> None:
    one = _copy("anna@example.org")
    (_, head), *rest = one.parts["pieces"]
    for evil in ("Bcc: victim@example.net\r\nDate: ", "Reply-To: x@y.example\r\nDate: ", "x\r\n\r\nDate: "):
        parts = {**one.parts, "pieces": [[None, head.replace("Date: ", evil)], *rest]}
        with pytest.raises(Refused, match="earlier version"):
            Newsletter().render(replace(one, parts=parts))


def test_letters_beyond_ascii_in_an_address_arrive(tools: Tools, mail_sink: MailSink) -> None:
    one = letter()
    note = Note(
        "l1", {**one.payload, "to": "jörg@bücher.example"}, CITY, one.settings, SENDER, AT + timedelta(0)
    )
    for message in (Newsletter().render(_copy("jörg@bücher.example")), Letter().render(note)):
        send(message, tools)
        assert "To: <jörg@xn--bcher-kva.example>\r\n".encode() in mail_sink.mails[-1].data
        assert mail_sink.mails[-1].recipient == "jörg@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "changes", [{"leave_token": "a>\r\nBcc: x@y.z"}, {"key": "a b"}, {"leave_token": "ä"}, {"key": ""}]
)
def test_a_token_or_key_that_is_none_of_ours_is_never_mailed(changes: dict[str, str]) -> None:
    with pytest.raises(Unfit, match="cannot stand"):
        Newsletter().render(_copy("anna@example.org", **changes))


@pytest.mark.parametrize(
    "url", ["https://a.example>\r\nBcc: x", "https://a b.example", "https://bücher.example", ""]
)
def test_an_address_of_the_service_that_could_break_out_is_never_mailed(url: str) -> None:
    with pytest.raises(Unfit):
        edition("de", Entry(view()), city=replace(CITY, base_url=url))
