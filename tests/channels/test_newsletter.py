"""The newsletter: what an edition says, how it looks on the wire, and that a copy is cheap."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape
from typing import Any

import pytest

from syndication.channels.built_in.newsletter import Correction, EditionView, Entry, Newsletter, compose
from syndication.channels.envelope import Copy
from tests.channels.samples import AT, CITY, SENDER, TOKEN, copy, view


def edition(*entries: Any, corrections: tuple[Correction, ...] = (), language: str = "de") -> Copy:
    made = compose(EditionView(language, AT, tuple(Entry(one) for one in entries), corrections), CITY, SENDER)
    return replace(copy(), parts=json.loads(json.dumps(made)))


def parsed(one: Copy) -> EmailMessage:
    message = message_from_bytes(Newsletter().render(one).data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text(message: EmailMessage, kind: str = "plain", *, readable: bool = True) -> str:
    part = message.get_body((kind,))
    assert part is not None
    content = str(part.get_content()).replace("\r\n", "\n")
    return unescape(content).replace("&nbsp;", "\xa0") if kind == "html" and readable else content


def test_both_parts_say_the_same_with_umlauts_and_emoji() -> None:
    message = parsed(copy())
    for kind in ("plain", "html"):
        body = text(message, kind)
        assert "Sa., 15. August 2026, 19:00–23:00 Uhr" in body
        assert "Weinhaus, Markt 3" in body
        assert "24,00\xa0€" in body
        assert "🍷" in body
        assert "Stadtmarketing Coburg" in body
    assert "Weinabend & Käse <b>für alle</b> 🍷" in text(message)


def test_hostile_content_is_text_in_html() -> None:
    html = text(
        parsed(copy(title="</title><script>alert(1)</script>", summary='"><img src=x onerror=alert(1)>')),
        "html",
        readable=False,
    )
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html


def test_the_list_headers_lead_out_with_one_click() -> None:
    message = parsed(copy())
    assert message["List-Unsubscribe"] == f"<https://coburg.example/leave/{TOKEN}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Id"] == "<newsletter.coburg.example>"
    assert message["Date"].datetime == AT
    assert f"https://coburg.example/leave/{TOKEN}" in text(message)
    assert f"https://coburg.example/preferences/{TOKEN}" in text(message, "html")


def test_a_repeat_is_the_same_mail_and_another_reader_another() -> None:
    one = copy()
    assert Newsletter().render(one) == Newsletter().render(one)
    other = parsed(replace(one, key="e1-r2", address="bert@example.org"))
    assert other["Message-ID"] != parsed(one)["Message-ID"]
    assert other["To"] == "bert@example.org"


def test_nothing_of_another_reader_stands_in_a_copy() -> None:
    data = Newsletter().render(replace(copy(), address="bert@example.org", leave_token="other")).data
    assert TOKEN.encode() not in data
    assert data.count(b"other") == 5  # the header, and two links in each part


def test_lines_are_short_and_end_in_crlf() -> None:
    data = Newsletter().render(copy(body="ä" * 5000, summary="")).data
    assert max(map(len, data.split(b"\r\n"))) <= 998
    body = data.partition(b"\r\n\r\n")[2]
    assert max(map(len, body.split(b"\r\n"))) <= 78
    assert data.count(b"\n") == data.count(b"\r\n")
    assert data.isascii()


def test_a_post_that_guesses_our_mark_gets_no_token() -> None:
    sly = edition(view(title="readerstoken0end", summary="readerstoken1end"))
    body = text(parsed(sly))
    assert "readerstoken0end" in body
    assert body.count(TOKEN) == 2


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("cancelled", "Abgesagt"),
        ("postponed", "Verschoben"),
        ("sold_out", "Ausverkauft"),
        ("moved", "Neuer Ort: Weinhaus, Markt 3"),
        ("time", "Neuer Termin: Sa., 15. August 2026, 19:00–23:00 Uhr"),
        ("price", "Neuer Preis: 24,00\xa0€"),
        ("withdrawn", "Zurückgezogen"),
        ("changed", "Geändert"),
    ],
)
def test_corrections_come_first_and_say_what_changed(what: Any, words: str) -> None:
    both = edition(view(1, title="Flohmarkt"), corrections=(Correction(view(2, title="Konzert"), what),))
    for kind in ("plain", "html"):
        body = text(parsed(both), kind)
        assert words in body
        assert body.index("Konzert") < body.index("Flohmarkt")


def test_a_withdrawn_post_has_no_link() -> None:
    body = text(parsed(edition(corrections=(Correction(view(), "withdrawn"),))))
    assert "/posts/" not in body


def test_events_stand_under_their_days_and_offers_behind_them() -> None:
    late = view(1, title="Spät", starts_at=datetime(2026, 8, 20, 17, tzinfo=UTC), ends_at=None)
    early = view(2, title="Früh", starts_at=datetime(2026, 8, 14, 17, tzinfo=UTC), ends_at=None)
    offer = view(
        3, kind="offer", title="Angebot", starts_at=None, ends_at=None, price="5", price_before="10",
        lowest_price_30d="4.5", coupon_code="HALB", valid_until=datetime(2026, 8, 31, 22, tzinfo=UTC),
    )  # fmt: skip
    body = text(parsed(edition(late, offer, early)))
    places = [
        body.index(word)
        for word in (
            "FR., 14. AUGUST 2026",
            "Früh",
            "DO., 20. AUGUST",
            "Spät",
            "ANGEBOTE",
            "gültig bis Mo., 31. August 2026\n",
        )
    ]
    assert places == sorted(places)
    assert "5,00\xa0€ statt 10,00\xa0€ (niedrigster Preis der letzten 30 Tage: 4,50\xa0€)" in body
    assert "HALB" in body


@pytest.mark.parametrize("language", ["de", "en", "fr"])
def test_the_subject_is_short_and_names_what_is_in_it(language: str) -> None:
    many = [
        view(number, title=f"Veranstaltung mit einem recht langen Titel Nummer {number}")
        for number in range(1, 8)
    ]
    subject = parsed(edition(*many, language=language))["Subject"]
    assert len(subject) <= 100
    assert "Veranstaltung mit einem recht langen" in subject
    assert "6" in subject
    single = parsed(edition(view(title="Ein Titel, der " + "sehr " * 30 + "lang ist"), language=language))[
        "Subject"
    ]
    assert len(single) <= 78


def test_a_long_edition_is_brief_and_complete() -> None:
    many = [
        view(number, title=f"Nummer {number}", starts_at=AT + timedelta(days=number), ends_at=None)
        for number in range(1, 120)
    ]
    message = parsed(edition(*many))
    body = text(message)
    assert all(f"Nummer {number}\n" in body for number in range(1, 120))
    assert "Sechs Weine" not in body
    assert len(Newsletter().render(edition(*many)).data) <= 100_000
