"""Cells as people fill them in: each with what it becomes in a post, or with what is wrong."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from syndication.content.post import Draft
from syndication.infra.markdown import markdown_to_text
from syndication.kinds.event_content import EventDraft, event_draft
from syndication.sources import Row, table

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, tzinfo=UTC)


def rows(text: str, encoding: str = "utf-8") -> list[Row]:
    return list(table.read(text.encode(encoding), zone=BERLIN, now=NOW))


def good(header: str, line: str) -> Draft:
    (row,) = rows(f"{header}\n{line}\n")
    assert row.draft is not None, row.faults
    return row.draft


def sentences(row: Row) -> list[str]:
    return [str(fault) for fault in row.faults]


def event(row: Row) -> EventDraft:
    assert row.draft is not None, row.faults
    return event_draft(row.draft)


def starts(found: list[Row]) -> list[str]:
    """When each row begins in the city; for a refused one its faults."""
    return [
        f"{event(row).starts_at.astimezone(BERLIN):%d.%m.%Y %H:%M}"
        if row.draft
        else "; ".join(sentences(row))
        for row in found
    ]


@pytest.mark.parametrize(
    ("price", "amount", "words"),
    [
        ("5,00 EUR", Decimal("5.00"), ""), ("€ 8,50", Decimal("8.50"), ""), ("5 Euro", Decimal(5), ""), ("10,-", Decimal(10), ""),
        ("frei", Decimal(0), ""), ("Eintritt frei!", Decimal(0), ""), ("Eintritt: frei", Decimal(0), ""), ("-", None, ""),
        ("k. A.", None, ""), ("ab 5,- €", None, "Preis: ab 5,- €"), ("10/8 €", None, "Preis: 10/8 €"),
        ("VVK 12 € / AK 15 €", None, "Preis: VVK 12 € / AK 15 €"), ("Spende erbeten", None, "Preis: Spende erbeten"),
        ("Eintritt frei, Spende erbeten", Decimal(0), "Preis: Eintritt frei, Spende erbeten"), ("?", None, ""),
        ("Eintritt frei für Mitglieder", None, "Preis: Eintritt frei für Mitglieder"), ("n. n.", None, ""),
        ("tba", None, ""), ("12 CHF", None, "Preis: 12 CHF"),
    ],
)  # fmt: skip
def test_a_price_that_is_no_plain_number_stands_in_the_text(
    price: str, amount: Decimal | None, words: str
) -> None:
    found = good("Titel;Datum;Preis", f"a;24.02.2027;{price}")
    assert (event_draft(found).price, found.body) == (amount, words)


def test_what_an_offer_cost_before_stands_in_the_text_beside_such_a_price() -> None:
    found = good("Titel;Preis;Statt;Text", "Brot;ab 3 €;5,00;Frisch")
    assert markdown_to_text(found.body) == "Frisch\n\nPreis: ab 3 €\nStatt: 5,00"


@pytest.mark.parametrize(
    ("header", "cell_", "status"),
    [
        ("Status", "abgesagt", "cancelled"), ("Status", "fällt aus!", "cancelled"), ("Uhrzeit", "entfällt", "cancelled"),
        ("Uhrzeit", "verschoben", "postponed"),
        ("Uhrzeit", "19 Uhr (abgesagt)", "cancelled"), ("Uhrzeit", "19 Uhr (Saal 2)", "scheduled"),
        ("Preis", "ausverkauft", "sold_out"), ("Preis", "entfällt", "scheduled"),
        ("Bild", "entfällt", "scheduled"), ("Status", "–", "scheduled"), ("Status", "findet statt", "scheduled"),
    ],
)  # fmt: skip
def test_what_became_of_it_may_stand_in_any_short_cell(header: str, cell_: str, status: str) -> None:
    assert event_draft(good(f"Titel;Datum;{header}", f"a;24.02.2027;{cell_}")).status == status


@pytest.mark.parametrize(
    "shown", ["#REF!", "#NV", "#N/A", "#NAME?", "#DIV/0!", "#WERT!", "#BEZUG!", "Err:502", "########"]
)
def test_what_a_spreadsheet_could_not_calculate_is_never_published(shown: str) -> None:
    (row,) = rows(f"Titel;Datum;Ort\na;24.02.2027;{shown}\n")
    assert sentences(row) == [f"Ort: holds {shown}, which a spreadsheet shows where it could not calculate"]


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("<p>Eins<br>zwei</p>", "Eins\nzwei"), ("Kunst &amp; Kultur", "Kunst & Kultur"), ("1 &lt; 2", "1 < 2"),
        ('<a href="https://example.org/x?a=1&amp;b=2">Karten</a>', "Karten (https://example.org/x?a=1&b=2)"),
        ("a < b und c > d", "a < b und c > d"), ("https://example.org/?a=1&copy=2", "https://example.org/?a=1&copy=2"),
        ("Caf&eacute; &#8211; &#xfc;ber", "Café – über"),
    ],
)  # fmt: skip
def test_html_in_a_cell_becomes_its_words_with_lines_and_links(text: str, body: str) -> None:
    quoted = text.replace('"', '""')
    assert markdown_to_text(good("Titel;Text", f'a;"{quoted}"').body) == body


@pytest.mark.parametrize(
    ("header", "line", "name", "address"),
    [
        ("Ort", "Rathaus", "Rathaus", None),
        ("Ort;Stadt", "Rathaus;Münster", "Rathaus", "Münster"),
        ("Veranstaltungsort;Straße;PLZ;Ort", "Rathaus;Markt 1;48143;Münster", "Rathaus", "Markt 1, 48143 Münster"),
        ("Spielort;Ortsteil", "Kurpark;Bad Waldliesborn", "Kurpark", "Bad Waldliesborn"),
        ("Ort;Ortsteil", "Kurpark Bad Waldliesborn;Bad Waldliesborn", "Kurpark Bad Waldliesborn", None),
        ("PLZ;Ort", "48143;Münster", "Münster", None),
        ("Adresse;PLZ;Ort", "Markt 1, 48143 Münster;48143;Münster", "Markt 1, 48143 Münster", None),
        ("Location;City", "Hall;Leeds", "Hall", "Leeds"),
    ],
)  # fmt: skip
def test_town_and_district_stand_with_the_place(
    header: str, line: str, name: str, address: str | None
) -> None:
    place = good(f"Titel;{header}", f"a;{line}").place
    assert place is not None
    assert (place.name, place.address) == (name, address)


@pytest.mark.parametrize(
    ("said", "url", "body"),
    [
        ("www.example.org", "https://www.example.org", ""),
        ("https://example.org", "https://example.org", ""),
        ("siehe Aushang", None, "Link: siehe Aushang"),
        ("-", None, ""),
    ],
)
def test_an_address_gets_what_it_lacks_and_other_words_stand_in_the_text(
    said: str, url: str | None, body: str
) -> None:
    found = good("Titel;Link", f"a;{said}")
    assert (found.url, found.body) == (url, body)


def test_a_title_over_two_lines_of_its_cell_is_one_line() -> None:
    assert good("Titel;Datum", '"Wein\nabend";24.02.2027').title == "Wein abend"


def test_beside_a_date_the_column_of_days_is_the_day_of_the_week() -> None:
    assert starts(rows("Tag;Datum;Titel\nMi;24.02.2027;a\n")) == ["24.02.2027 00:00"]


def test_faults_name_the_columns_of_the_file() -> None:
    (row,) = rows("Titel;Datum;Uhrzeit;Bild;Status\na;morgen;spät;bild.jpg;unklar\n")
    assert sentences(row) == [
        "Datum: is not a date such as 24.12.2026 18:00: “morgen”",
        "Uhrzeit: is not a time such as 18:00: “spät”",
    ]
    (row,) = rows("Titel;Datum;Beginn\na;24.02.2027;abends\n")
    assert sentences(row) == ["Beginn: says “abends” and no hour; please name it, such as 19:00"]
    (row,) = rows("Titel;Datum;Breitengrad\na;24.02.2027;95\n")
    assert sentences(row)[0].startswith("Breitengrad: ")


def test_a_picture_without_an_address_is_left_out_and_the_row_says_so() -> None:
    (row,) = rows("Titel;Datum;Bild\na;24.02.2027;bild.jpg\n")
    assert event(row).images == ()
    assert "picture left out, it has no https address: bild.jpg" in row.remarks


def test_what_is_no_kind_of_post_is_a_topic() -> None:
    (row,) = rows("Titel;Datum;Art;Kategorie\na;24.02.2027;Konzert;Musik, Kunst & Kultur\n")
    assert [topic.spelling for topic in event(row).topics] == ["Musik", "Kunst & Kultur", "Konzert"]
    (row,) = rows("Titel;Datum;Kind\na;24.02.2027;Konzert\n")
    assert row.draft is None


def test_too_many_topics_are_cut_and_that_is_said() -> None:
    names = ", ".join(f"Thema {number}" for number in range(12))
    (row,) = rows(f'Titel;Datum;Themen\na;24.02.2027;"{names}"\n')
    assert len(event(row).topics) == 10
    assert "more than 10 topics: the first were kept" in row.remarks


@pytest.mark.parametrize(
    ("header", "said", "field", "kept"),
    [
        ("Sprache", "Deutsch", "language", "de"),
        ("Sprache", "EN", "language", "en"),
        ("Währung", "€", "currency", "EUR"),
    ],
)
def test_languages_and_currencies_are_known_by_their_names(
    header: str, said: str, field: str, kept: str
) -> None:
    assert getattr(good(f"Titel;Datum;{header}", f"a;24.02.2027;{said}"), field) == kept


@pytest.mark.parametrize(
    ("title", "state", "shown", "status"),
    [
        ("Abgesagt: Weinabend", "", "Weinabend", "cancelled"),
        ("Weinabend (fällt aus)", "abgesagt", "Weinabend", "cancelled"),
        ("AUSVERKAUFT – Konzert", "", "Konzert", "sold_out"),
        ("Abgesagt: Weinabend", "geplant", "Weinabend", "cancelled"),
        ("Abgesagte Träume", "", "Abgesagte Träume", "scheduled"),
    ],
)
def test_a_title_that_says_whether_it_takes_place_is_told_as_that(
    title: str, state: str, shown: str, status: str
) -> None:
    found = good("Titel;Beginn;Status", f"{title};24.02.2037 18:00;{state}")
    assert (found.title, found.status) == (shown, status)
