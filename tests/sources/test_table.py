"""Tables as shops keep them: German and English names and forms, every line a post or a reason."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from syndication import sources
from syndication.content.post import Draft
from syndication.errors import Invalid
from syndication.sources import Row, cell, table

BERLIN = ZoneInfo("Europe/Berlin")
FIXTURES = Path(__file__).parent.parent / "fixtures"


def rows(text: str, encoding: str = "utf-8") -> list[Row]:
    return list(table.read(text.encode(encoding), zone=BERLIN))


def good(header: str, line: str) -> Draft:
    (row,) = rows(f"{header}\n{line}\n")
    assert row.draft is not None, row.faults
    return row.draft


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def test_a_shops_table_becomes_posts_and_its_one_bad_line_a_reason() -> None:
    wine, fest, bread, wrong = sources.read(
        FIXTURES / "shop.csv", zone=BERLIN, now=datetime(2036, 1, 1, tzinfo=UTC)
    )
    assert [row.position for row in (wine, fest, bread, wrong)] == ["line 2", "line 3", "line 4", "line 6"]
    assert wine.draft is not None
    assert (wine.draft.kind, wine.draft.starts_at, wine.draft.ends_at) == (
        "event", berlin("2036-12-24T18:00"), berlin("2036-12-24T22:00"),
    )  # fmt: skip
    assert (wine.draft.price, wine.draft.topics) == (Decimal("12.50"), ("wein", "musik"))
    assert wine.draft.place is not None
    assert (wine.draft.place.name, wine.draft.place.address) == ("Weinkeller", "Markt 3, 12345 Musterstadt")
    assert fest.draft is not None
    assert (fest.draft.all_day, fest.draft.ends_at, fest.draft.price) == (
        True,
        berlin("2036-06-04T00:00"),
        Decimal(0),
    )
    assert bread.draft is not None
    assert (bread.draft.kind, bread.draft.valid_until) == ("offer", berlin("2037-01-01T00:00"))
    assert bread.draft.title == "Brot; zwei zum Preis von einem"
    assert [str(fault) for fault in wrong.faults] == [
        "starts_at: is not a date such as 24.12.2026 18:00: '31.02.2036 18:00'"
    ]
    assert wine.remarks == (
        "the file is not UTF-8: read as Windows-1252",
        "unknown columns were not read: Bemerkung",
    )
    assert fest.remarks == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_encodings_and_delimiters_of_common_programs_are_read(
    encoding: str, delimiter: str, tmp_path: Path
) -> None:
    file = tmp_path / "table.csv"
    lines = (("Titel", "Gültig bis", "Preis"), ("Käse für alle", "24.12.2036", '"3,20"'))
    file.write_bytes("\r\n".join(delimiter.join(line) for line in lines).encode(encoding))
    (row,) = sources.read(file, zone=BERLIN, now=datetime(2036, 1, 1, tzinfo=UTC))
    assert row.draft is not None
    assert (row.draft.title, row.draft.price) == ("Käse für alle", Decimal("3.20"))


@pytest.mark.parametrize(
    ("header", "line", "starts", "ends", "all_day"),
    [
        ("title,starts_at,ends_at", "a,2036-12-24T18:00+01:00,2036-12-24T20:00Z", "24T18:00", "24T21:00", False),
        ("Titel;Datum;Uhrzeit", "a;24.12.2036;18.30 Uhr", "24T18:30", None, False),
        ("Titel;Datum;Uhrzeit;Endzeit", "a;24.12.2036;21:00;01:00", "24T21:00", "25T01:00", False),
        ("Titel;Datum;Uhrzeit;Enddatum;Endzeit", "a;24.12.2036;21 Uhr;26.12.2036;5 Uhr", "24T21:00", "26T05:00", False),
        ("Titel;Von;Bis", "a;24.12.36, 18:00 Uhr;24.12.36 24:00", "24T18:00", "25T00:00", False),
        ("Titel;Beginn;Ende", "a;24.12.2036;26.12.2036", "24T00:00", "27T00:00", True),
        ("Titel;Beginn;Ganztägig", "a;24.12.2036 10:00;ja", "24T00:00", None, True),
        ("Titel;Beginn;Ende", "a;2036-12-24;", "24T00:00", None, True),
        ("Titel;Beginn;Ende", "a;24.12.2036 18:00;25.12.2036", "24T18:00", "26T00:00", False),
    ],
)  # fmt: skip
def test_when_it_is_may_be_told_in_many_ways(
    header: str, line: str, starts: str, ends: str | None, all_day: bool
) -> None:
    found = good(header, line)
    assert found.kind == "event"
    assert found.starts_at == berlin(f"2036-12-{starts}")
    assert found.ends_at == (berlin(f"2036-12-{ends}") if ends else None)
    assert found.all_day is all_day


def test_an_offer_without_dates_is_an_offer_and_a_last_day_counts_whole() -> None:
    assert good("Titel;Preis", "Kaffee;2,50").kind == "offer"
    found = good("Titel;Art;Von;Bis", "Kaffee;Angebot;01.12.2036;24.12.2036")
    assert (found.valid_from, found.valid_until) == (berlin("2036-12-01T00:00"), berlin("2036-12-25T00:00"))


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("12,50 €", "12.50"), ("1.299,00", "1299.00"), ("1.299", "1299"), ("12.5", "12.5"), ("EUR 7", "7"),
        ("5,- €", "5"), ("kostenlos", "0"), ("1,299.00", "1299.00"),
    ],
)  # fmt: skip
def test_prices_are_read_as_people_write_them(text: str, price: str) -> None:
    assert cell.price(text) == price


@pytest.mark.parametrize("text", ["viel", "12,505", "-3", "1.2.3", "12,50 $", ""])
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a price such as 12,50"):
        cell.price(text)


def test_every_wrong_cell_of_a_line_is_named_at_once() -> None:
    (row,) = rows(
        "Titel;Datum;Uhrzeit;Preis;Ganztägig;Breitengrad;Ort\na;gestern;spät;viel;vielleicht;oben;x\n"
    )
    assert row.draft is None
    assert row.title == "a"
    assert {fault.field for fault in row.faults} == {"day", "time", "price", "all_day", "latitude"}


@pytest.mark.parametrize("line", ["a;31.12.9999 24:00;", "a;31.12.9999 18:00;17:00", "a;01.01.0001 00:00;"])
def test_a_date_beyond_the_calendar_is_refused_and_the_next_line_is_read(line: str) -> None:
    bad, fine = rows(f"Titel;Beginn;Ende\n{line}\nb;24.12.2036;\n")
    assert "outside the years" in str(bad.faults[0])
    assert fine.draft is not None


def test_a_lone_quotation_mark_costs_its_own_line_only() -> None:
    found = rows('Titel;Preis\neins;1\n"zwei;2\ndrei;3\nvier;4\n')
    assert [(row.position, row.title, row.draft is None) for row in found] == [
        ("line 2", "eins", False),
        ("line 3", "", True),
        ("line 4", "drei", False),
        ("line 5", "vier", False),
    ]
    assert "look for a lone quotation mark" in str(found[1].faults[0])


def test_a_text_over_several_lines_in_quotes_stays_one_post() -> None:
    first, second = rows('Titel;Text\nLesung;"Absatz\n\nnoch einer"\nzwei;2\n')
    assert first.draft is not None
    assert first.draft.body == "Absatz\n\nnoch einer"
    assert second.position == "line 5"


def test_a_line_with_more_cells_than_the_header_is_refused_not_cut() -> None:
    (row,) = rows("Titel;Preis\nBrot; zwei zum Preis;1;2\n")
    assert "has 4 cells, the header only 2" in str(row.faults[0])


def test_a_line_without_a_number_is_told_apart_by_title_and_start_and_twice_the_same_is_refused(
    tmp_path: Path,
) -> None:
    file = tmp_path / "twice.csv"
    file.write_text("Titel;Datum\nMarkt;01.06.2036\nMarkt;02.06.2036\nMarkt;01.06.2036\n", encoding="utf-8")
    first, second, third = sources.read(file, zone=BERLIN, now=datetime(2036, 1, 1, tzinfo=UTC))
    assert first.source_ref != second.source_ref
    assert first.remarks == ("without a reference: told apart by title and start",)
    assert third.draft is None
    assert "stands already at line 2" in str(third.faults[0])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("eins;zwei\n1;2\n", "has no column for the title"),
        ("Titel;Beginn;Start\na;b;c\n", "names two columns for starts_at"),
        ("just a letter to nobody\n", "has no column for the title"),
    ],
)
def test_a_file_without_a_usable_header_is_refused_as_a_whole(text: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        rows(text)
