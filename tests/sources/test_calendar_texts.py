"""Texts of calendars as programs write them: what people read is what was meant, in every property alike."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from icalendar import Component

from syndication.infra.markdown import markdown_to_text
from syndication.kinds.event_content import EventDraft, event_draft
from syndication.sources import calendar
from syndication.sources.entry import Entry

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2036, 1, 15, 12, 0, tzinfo=UTC)
HEAD = ["BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", "UID:1", "DTSTART:20360822T180000Z"]


def draft(*lines: str) -> EventDraft:
    named = [] if any(line.startswith("SUMMARY") for line in lines) else ["SUMMARY:Konzert"]
    data = "\r\n".join([*HEAD, *named, *lines, "END:VEVENT", "END:VCALENDAR", ""]).encode()
    (row,) = calendar.read(data, zone=BERLIN, now=NOW)
    assert row.draft is not None, row.faults
    return event_draft(row.draft)


TEXTS = [
    ("Kaffee &amp; Kuchen", "Kaffee & Kuchen"),
    ("Kaffee &amp;amp; Kuchen", "Kaffee & Kuchen"),
    ("f&uuml;r alle &#8211; &#x201e;Faust&#x201c;", "für alle – „Faust“"),
    ("f&amp;uuml;r alle", "für alle"),
    ("frei&nbsp;!", "frei !"),
    ("R&D; Q&A &foo; &", "R&D; Q&A &foo; &"),
    ("1 &lt; 2", "1 < 2"),
    (r"der \"Faust\"\, heute\; jetzt", 'der "Faust", heute; jetzt'),
    (r"der \\\"Faust\\\"", 'der "Faust"'),
    ("Rock <b>live</b>", "Rock live"),
    ("&lt;b&gt;Rock&lt;/b&gt; live", "Rock live"),
    ("&lt;script&gt;alert(1)&lt;/script&gt;Rock", "Rock"),
    ("Null &#0;&#8;zeichen", "Null \ufffdzeichen"),
    ("=C3=BCber", "=C3=BCber"),
]


@pytest.mark.parametrize(("written", "meant"), TEXTS)
def test_every_text_is_read_alike(written: str, meant: str) -> None:
    found = draft(f"SUMMARY:{written}", f"LOCATION:{written}", f"DESCRIPTION:{written}")
    assert found.place is not None
    assert (found.title, found.place.name, markdown_to_text(found.body)) == (meant, meant, meant)


@pytest.mark.parametrize(
    "written", [r"eins\nzwei", r"eins\Nzwei", r"eins\\nzwei", "eins<br>zwei", "eins&lt;br/&gt;zwei"]
)
def test_ends_of_lines_are_ends_of_lines_however_often_they_were_escaped(written: str) -> None:
    found = draft(f"DESCRIPTION:{written}", f"LOCATION:{written}", f"SUMMARY:{written}")
    assert markdown_to_text(found.body) == "eins\nzwei"
    assert found.place is not None
    assert (found.place.name, found.place.address, found.title) == ("eins", "zwei", "eins zwei")


def test_a_path_on_a_drive_is_not_taken_for_ends_of_lines() -> None:
    assert markdown_to_text(draft(r"DESCRIPTION:liegt in C:\\neu\\n1").body) == r"liegt in C:\neu\n1"


def test_an_address_keeps_what_only_looks_like_a_character() -> None:
    found = draft(
        "DESCRIPTION:Karten: https://town.example/?a=1&copy=2&amp;b=3",
        "URL:https://town.example/?a=1&amp;b=2",
    )
    assert markdown_to_text(found.body) == "Karten: https://town.example/?a=1&copy=2&b=3"
    assert found.url == "https://town.example/?a=1&b=2"
    (picture,) = draft("IMAGE;VALUE=URI:https://town.example/a.png?b=1&amp;c=2").images
    assert picture.url == "https://town.example/a.png?b=1&c=2"


@pytest.mark.parametrize(
    "line",
    [
        "SUMMARY;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:=C3=9Cbung f=C3=BCr alle",
        "SUMMARY;CHARSET=ISO-8859-1;ENCODING=quoted-printable:=DCbung f=FCr alle",
        "SUMMARY;QUOTED-PRINTABLE:=C3=9Cbung f=\r\n=C3=BCr al=\r\nle",
        "SUMMARY;ENCODING=QUOTED-PRINTABLE:=C3=9Cbung=0D=0Af=C3=BCr alle",
        "SUMMARY;ENCODING=BASE64:w5xidW5nIGbDvHIgYWxsZQ==",
    ],
)
def test_encoded_texts_are_read(line: str) -> None:
    assert draft(line).title == "Übung für alle"


PAGE = (
    r"<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3.2//EN\">\n<html>\n<head><title>x</title><style>p {margin: 0}</style></head>"
    r"<body>\n<p>Treffpunkt am\n<b>Brunnen</b>\, pünktlich &amp; warm.</p><ul><li>Wasser</li><li>Brot</li></ul>"
    r"<p>Anmeldung: <a href=\"https://town.example/a?b=1&amp;c=2\">hier</a> oder <a href='mailto:a@town.example?subject=x'>per"
    r" Mail</a></p></body></html>"
)


def test_a_description_that_is_there_as_html_alone_is_its_text_with_its_links() -> None:
    found = draft(f"X-ALT-DESC;FMTTYPE=text/html:{PAGE}")
    assert markdown_to_text(found.body) == "\n".join(
        [
            "Treffpunkt am Brunnen, pünktlich & warm.",
            "",
            "- Wasser",
            "- Brot",
            "",
            "Anmeldung: hier (https://town.example/a?b=1&c=2) oder per Mail (a@town.example)",
        ]
    )


def test_html_yields_to_a_plain_description_but_not_to_an_empty_one() -> None:
    page = "X-ALT-DESC;FMTTYPE=text/html:<p>HTML</p>"
    assert draft(page, "DESCRIPTION:Text").body == "Text"
    assert draft(page, r"DESCRIPTION:\n").body == "HTML"


def test_topics_keep_their_spelling_and_stand_once() -> None:
    lines = [
        "CATEGORIES:Kunst &amp; Kultur,Musik,musik,MUSIK,",
        r"CATEGORIES:Essen\, Trinken",
        "CATEGORIES:Für &#8222;Große&#8220;",
    ]
    data = "\r\n".join(["BEGIN:VEVENT", "SUMMARY:Chor", "DTSTART:20360822T180000Z", *lines, "END:VEVENT", ""])
    fields = Entry("entry 1", Component.from_ical(data), BERLIN).fields()
    assert tuple(topic.name for topic in fields["topics"]) == (
        "Kunst & Kultur",
        "Musik",
        "Essen, Trinken",
        "Für „Große“",
    )
    assert len(draft(*lines).topics) == 4


@pytest.mark.parametrize(
    ("lines", "title", "status"),
    [
        (["SUMMARY:Abgesagt: Chor"], "Chor", "cancelled"),
        (["SUMMARY:ABGESAGT - Chor", "STATUS:CONFIRMED"], "Chor", "cancelled"),
        (["SUMMARY:Cancelled: Chor", "STATUS:CANCELLED"], "Chor", "cancelled"),
        (["SUMMARY:Ausverkauft: Chor", "STATUS:CANCELLED"], "Chor", "cancelled"),
        (["SUMMARY:Verschoben: Chor"], "Verschoben: Chor", "scheduled"),
    ],
)
def test_what_a_title_says_is_told_as_that(lines: list[str], title: str, status: str) -> None:
    found = draft(*lines)
    assert (found.title, found.status) == (title, status)
