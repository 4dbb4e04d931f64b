"""Tables as shops keep them: German and English names and forms, every line a post or a reason."""

import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication import sources
from syndication.content.post import Draft
from syndication.errors import Invalid
from syndication.infra.markdown import markdown_to_text
from syndication.kinds.event_content import EventDraft, event_draft
from syndication.sources import Row, cell, table

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, tzinfo=UTC)
FIXTURES = Path(__file__).parent.parent / "fixtures"


def rows(text: str) -> list[Row]:
    return list(table.read(text.encode(), zone=BERLIN, now=NOW))


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
        "Beginn: is not a date such as 24.12.2026 18:00: “31.02.2036 18:00”"
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
        ("Datum;Beginn;Ende;Titel", "24.12.2036;18:00;22:00;a", "24T18:00", "24T22:00", False),
        ("Datum;Beginn;Ende;Titel", "24.12.2036;18;22;a", "24T18:00", "24T22:00", False),
        ("Datum;Von;Bis;Titel", "24.12.2036;9;12 Uhr;a", "24T09:00", "24T12:00", False),
        ("Datum;Beginn;Titel", "24.12.2036;18–22 Uhr;a", "24T18:00", "24T22:00", False),
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
    assert {fault.field for fault in row.faults} == {"Datum", "Uhrzeit", "Ganztägig", "Breitengrad"}


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
        ("Titel;Beginn;Start\na;b;c\n", r"names two columns for the same thing \(Beginn, Start\)"),
        ("just a letter to nobody\n", "has no column for the title"),
    ],
)
def test_a_file_without_a_usable_header_is_refused_as_a_whole(text: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        rows(text)


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


# What separates, and what ends a line


@pytest.mark.parametrize(
    "said", ["sep=;", "SEP=;", "sep=,", "sep=\t", "sep=\\t", '"sep=;"', "sep=|", "\ufeffsep=;", "sep=;;;;"]
)
def test_a_line_that_names_the_separator_is_obeyed_and_passed_over(said: str) -> None:
    separator = {";": ";", ",": ",", "|": "|"}.get(
        said.strip('"')[4 if said[0] != "\ufeff" else 5 :][:1], "\t"
    )
    lines = [said, separator.join(("Titel", "Beginn")), separator.join(("Wein", "24.02.2027 18:00"))]
    (row,) = rows("\r\n".join(lines))
    assert (row.position, row.title, starts([row])) == ("line 3", "Wein", ["24.02.2027 18:00"])


@pytest.mark.parametrize("inside", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1e"])
def test_only_cr_and_lf_end_a_line(inside: str) -> None:
    first, second = rows(f"Titel;Beginn;Text\na;24.02.2027;eins{inside}zwei\nb;25.02.2027;drei\n")
    assert markdown_to_text(event(first).body).split() in (["eins", "zwei"], ["einszwei"])
    assert second.position == "line 3"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_break_in_quotes_ends_no_line(end: str) -> None:
    first, second = rows(
        end.join(("Titel;Beginn;Text", f'a;24.02.2027;"eins{end}zwei"', "b;25.02.2027;drei", ""))
    )
    assert (markdown_to_text(event(first).body), second.title) == ("eins\nzwei", "b")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-8-sig", "cp1252"])
def test_umlauts_survive_without_a_word_about_the_encoding(encoding: str) -> None:
    data = "Titel;Gültig bis\nKäse – für alle;24.12.2036\n".encode(encoding)
    (row,) = sources.read_bytes(data, zone=BERLIN, now=NOW, name="a.csv")
    assert row.title == "Käse – für alle"


def test_names_of_columns_may_be_written_with_separate_dots() -> None:
    (row,) = rows(unicodedata.normalize("NFD", "Überschrift;Gültig bis\nKäse;24.12.2036\n"))
    assert (row.title, row.draft is not None) == ("Käse", True)


# Headings and what stands around


def test_a_title_and_notes_above_the_heading_are_passed_over_and_give_the_year() -> None:
    found = rows(
        "Veranstaltungen 2028 – Stand 3.11.2026;;\n;;\nDatum;Titel;Ort\n5.12.;Markt;Platz\nMi 6.12.;Markt 2;Platz\n"
    )
    assert starts(found) == ["05.12.2028 00:00", "06.12.2028 00:00"]


def test_a_heading_may_stand_over_two_lines() -> None:
    (row,) = rows(
        "Datum;;Uhrzeit;;Titel;Ort\nvon;bis;von;bis;;\n5.12.2026;7.12.2026;10:00;24:00;Markt;Platz\n"
    )
    assert (event(row).starts_at, event(row).ends_at) == (
        berlin("2026-12-05T10:00"),
        berlin("2026-12-08T00:00"),
    )


def test_a_heading_that_comes_again_on_each_page_is_no_entry() -> None:
    assert len(rows("Datum;Titel\n5.12.2026;a\nDatum;Titel\n6.12.2026;b\n")) == 2


def test_months_and_days_alone_in_a_line_hold_for_those_below() -> None:
    found = rows(
        "Tag;Uhrzeit;Titel\nDezember 2026;;\nSa 5.;18:00;a\n31.;18:00;b\nJanuar;;\n2.;18:00;c\n"
        "Samstag, 6. Februar 2027;;\n;10:00;d\n;9:00;e\n"
    )
    assert starts(found) == [
        "05.12.2026 18:00", "31.12.2026 18:00", "02.01.2027 18:00", "06.02.2027 10:00", "06.02.2027 09:00",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "foot",
    [
        "Alle Angaben ohne Gewähr;;",
        "Summe;;18,00",
        "Änderungen vorbehalten;;",
        ";;Stand: 3.11.2026",
        ";Musik & Tanz;",
        "Quelle: Stadt;;",
    ],
)
def test_notes_and_sums_at_the_foot_are_no_entries_and_that_is_said(foot: str) -> None:
    (row,) = rows(f"Titel;Datum;Preis\na;5.12.2026;18,00\n{foot}\n")
    assert row.remarks[0].startswith("lines that are no entries were passed over: line 3 ")


def test_a_table_of_days_whose_column_is_unknown_becomes_no_endless_posts() -> None:
    with pytest.raises(Invalid, match="has days in the column “Wann genau”, which is not known"):
        rows("Titel;Wann genau;Ort\nKonzert;24.02.2027;Dom\n")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("24.02.2027;18:00;a\n;20:00;b", "24.02.2027 20:00"),
        ("24.02.2027;18:00;a\n;17:00;b", "Datum: names no day, such as 24.12.2026"),
        ("24.02.2027;18:00;a\n;;b", "Datum: names no day, such as 24.12.2026"),
        ("24.–26.02.2027;18:00;a\n;20:00;b", "Datum: names no day, such as 24.12.2026"),
        ("bald;18:00;a\n;20:00;b", "Datum: names no day, such as 24.12.2026"),
    ],
)
def test_a_blank_day_is_that_of_the_line_above_where_that_is_plain_and_else_refused(
    lines: str, expected: str
) -> None:
    assert starts(rows(f"Datum;Uhrzeit;Titel\n{lines}\n"))[1] == expected


def test_where_the_title_stands_first_no_day_is_carried_on() -> None:
    _, second = rows("Titel;Datum;Uhrzeit\na;24.02.2027;18:00\nb;;20:00\n")
    assert second.draft is None


@pytest.mark.parametrize(
    "header",
    ["Titel;Datum;Ort", "Titel;Beginn;Ort", "Titel;Von;Ort", "Titel;Uhrzeit;Ort", "Event;Date;Venue"],
)
def test_in_a_table_of_events_nothing_without_a_day_becomes_an_offer(header: str) -> None:
    (row,) = rows(f"{header}\nKonzert;;Dom\n")
    assert row.draft is None
    assert "names no day" in sentences(row)[0]


def test_offers_among_events_stay_offers() -> None:
    _, bread = rows("Titel;Beginn;Gültig bis\nWein;24.02.2027 18:00;\nBrot;;24.12.2036\n")
    assert bread.draft is not None
    assert bread.draft.kind == "offer"


# Tables of other programs


@pytest.mark.parametrize(
    "text",
    [
        "Subject,Start Date,Start Time,End Date,End Time,All day event,Description,Location,Categories\n"
        'Fest,2/13/2027,6:00:00 PM,2/13/2027,8:00:00 PM,False,Text,Halle,"Kunst;Musik"\n'
        "Tag,2/13/2027,12:00:00 AM,2/15/2027,12:00:00 AM,True,Text,Halle,\n",
        '"Betreff","Beginnt am","Beginnt um","Endet am","Endet um","Ganztägiges Ereignis","Beschreibung","Ort","Kategorien"\n'
        '"Fest","13.2.2027","18:00:00","13.2.2027","20:00:00","Aus","Text","Halle","Kunst;Musik"\n'
        '"Tag","13.2.2027","00:00:00","15.2.2027","00:00:00","Ein","Text","Halle",""\n',
    ],
)
def test_what_outlook_writes_is_read_in_both_languages(text: str) -> None:
    fest, whole = map(event, rows(text))
    assert (fest.starts_at, fest.ends_at) == (berlin("2027-02-13T18:00"), berlin("2027-02-13T20:00"))
    assert len(fest.topics) == 2
    assert (whole.starts_at, whole.ends_at, whole.all_day) == (
        berlin("2027-02-13T00:00"),
        berlin("2027-02-15T00:00"),
        True,
    )


def test_a_private_appointment_is_not_published() -> None:
    first, second = rows(
        "Betreff;Beginnt am;Privat;Vertraulichkeit\na;13.2.2027;Aus;Normal\nb;13.2.2027;Ein;Privat\n"
    )
    assert first.draft is not None
    assert sentences(second) == ["Privat: says that this entry is not for the public"]


@pytest.mark.parametrize(
    ("text", "found", "told"),
    [
        ("Title,Date\na,2/3/2027\nb,2/13/2027\n", "03.02.2027 00:00", False),
        ("Title,Date\na,2/3/2027\nb,13/3/2027\n", "02.03.2027 00:00", False),
        ("Title,Date\na,2/3/2027\n", "03.02.2027 00:00", True),
        ("Titel,Datum\na,2/3/2027\n", "02.03.2027 00:00", True),
        ("Titel,Datum,Location,Price\na,2/3/2027,x,1\n", "02.03.2027 00:00", True),
        ("Titel,Datum\na,2/3/2027\nb,2/13/2027\n", "03.02.2027 00:00", False),
    ],
)
def test_the_whole_file_decides_whether_the_month_stands_first(text: str, found: str, told: bool) -> None:
    read = rows(text)
    assert starts(read)[0] == found
    assert any("dates such as 3/4/2027" in remark for remark in read[0].remarks) is told


def test_a_day_alone_in_a_line_that_no_line_below_takes_is_told() -> None:
    first, _ = rows("Datum;Titel\n24.02.2027;a\n25.02.2027;\n26.02.2027;b\n")
    assert "lines that are no entries were passed over: line 3 “25.02.2027”" in first.remarks


def test_an_exhibition_that_only_says_until_when_is_refused_with_what_is_missing() -> None:
    (row,) = rows("Datum;Titel\nbis 31. Januar;Ausstellung\n")
    assert sentences(row) == ["Datum: says until when, and not from when; please name the first day"]
    assert starts(rows("Von;Bis;Titel\n5.12.2026;bis 31. Januar;Ausstellung\n")) == ["05.12.2026 00:00"]


# Whatever comes


@given(st.lists(st.lists(st.text(max_size=12), max_size=6), max_size=6))
def test_any_table_is_read_or_refused_in_words(cells: list[list[str]]) -> None:
    text = "\n".join(["Titel;Datum;Uhrzeit;Preis;Ort", *(";".join(line) for line in cells)])
    found = list(table.read(text.encode("utf-8", errors="replace"), zone=BERLIN, now=NOW))
    assert all((row.draft is None) == bool(row.faults) for row in found)
    assert all(row.draft is None or row.draft.kind != "offer" for row in found)
