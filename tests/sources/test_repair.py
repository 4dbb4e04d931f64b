"""Repairs of foreign text: plain text stays plain in Markdown, what was damaged is restored, what was fine is left."""

import html
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syndication.content import addresses
from syndication.infra.markdown import markdown_to_html, markdown_to_text
from syndication.sources import repair


def as_typed(text: str) -> str:
    """What is to be read: every line with its indentation, at most one empty line, no blanks that nobody sees."""
    lines = [line.rstrip() for line in text.split("\n")]
    indented = [
        re.sub(r"^[ \t]+", lambda found: " " * min(len(found[0].expandtabs(4)), 40), line) for line in lines
    ]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(indented)).strip("\n")


@given(st.text(alphabet="ab1.)(]['\"#>+-*_~=|:`\\<&;!@ \t\nhtpsw/ä", max_size=40))
@example("5. September\n29. August")
@example("Titel\n-----\n# kein Titel")
@example("a | b\n--|--\n1 | 2")
@example("```\ncode\n```")
@example("[x](http://a) [y]: http://b <http://c> &amp; \\")
@example("24. Dezember: Krippenspiel\n31. Dezember: Feuerwerk")
@example("1) Suppe\n2) Braten\n10) Eis")
@example("Künstler*innen und Bürger*innen, 3*4 m, _so_ nicht, snake_case_name, 2_000_000")
@example("Programm\n\n    19 Uhr Begrüßung\n    20 Uhr Konzert\n\t- Zugabe")
@example("Einlass ab 18 Uhr\n-----\nBeginn 19 Uhr\n=====\n***\n___\n- - -\n> kein Zitat\n+ kein Punkt")
@example("12 ~~statt~~ 15 €, ~fast~, `so`, ``so``, ~~~, <b>fett</b>, <!-- x -->, Tom & Jerry &copy; &#27;")
@example("C:\\Programme\\ \\* a\\\nb ![Bild](x) [Link][ref] [ref]: /x")
def test_plain_text_reads_the_same_through_markdown(text: str) -> None:
    assert markdown_to_text(repair.as_markdown(text)) == as_typed(text)


@given(st.text(alphabet="ab1.)(]['#>+-*_~=|:`\\<&;!@ \nhtpsw/", max_size=40))
@example("Karten: https://rosenau.example/karten und www.rosenau.example, oder max_@rosenau.example.")
@example("https://de.wikipedia.org/wiki/Coburg_(Stadt), https://x.de/_a_/*b*?c=1&copy=2")
def test_plain_text_looks_the_same_on_a_page_and_its_addresses_lead_there(text: str) -> None:
    page = markdown_to_html(repair.as_markdown(text))
    # A page shows one blank where several stand, and each paragraph by itself.
    shown = re.sub(r"<[^>]*>", "", page.replace("</p>\n", "</p>\n\n")).strip("\n")
    assert html.unescape(shown).replace("\xa0", " ").rstrip() == as_typed(text)
    linked = [html.unescape(words) for words in re.findall(r"<a [^>]*>([^<]*)</a>", page)]
    assert linked == [text[one.start : one.end] for one in addresses.found(text)]


def test_lines_stay_lines_in_html() -> None:
    assert markdown_to_html(repair.as_markdown("eins\nzwei")).count("<br") == 1


@pytest.mark.parametrize(
    ("garbled", "right"),
    [
        ("HeilstÃ¤tten", "Heilstätten"),
        ("Mord â€“ und Musik", "Mord – und Musik"),
        ("â€žZitatâ€œ", "„Zitat“"),
        ("GrÃ¼ÃŸe", "Grüße"),
        ("Ãœbung", "Übung"),
        ("frei ðŸŽ‰", "frei 🎉"),
    ],
)
def test_utf8_read_as_windows_1252_is_restored(garbled: str, right: str) -> None:
    remarks: list[str] = []
    assert repair.cleaned(garbled, remarks) == right
    assert remarks == ["garbled umlauts restored"]


@pytest.mark.parametrize(
    "fine", ["Grüße aus Köln", "„FOOÄ“", "São Paulo", "Crêpe à la crème – 5 €", "👨‍👩‍👧", "a\tb\nc"]
)
def test_what_is_fine_is_left_as_it_is(fine: str) -> None:
    remarks: list[str] = []
    assert repair.cleaned(fine, remarks) == fine
    assert remarks == []


def test_invisible_and_control_characters_go() -> None:
    remarks: list[str] = []
    assert repair.cleaned("\ufeffWein\u200babend\u00ad \u202eab\x07\x00", remarks) == "Weinabend ab"
    assert remarks == ["invisible characters removed"]


def test_html_becomes_words_with_their_links() -> None:
    remarks: list[str] = []
    text = repair.without_html(
        '<p>Viel <b>Spaß</b> &amp; Musik</p><ul><li>eins</li><li>zwei</li></ul><a href="https://a.example/x">Karten</a>'
        "<script>alert(1)</script>",
        remarks,
    )
    assert text.split("\n") == [
        "Viel Spaß & Musik",
        "",
        "- eins",
        "- zwei",
        "",
        "Karten (https://a.example/x)",
    ]
    assert remarks == ["HTML read as text"]


@pytest.mark.parametrize("text", ["1 < 2 und 3 > 2", "a <- b", "x@y <name@example.org>"])
def test_text_with_angle_brackets_is_not_taken_for_html(text: str) -> None:
    assert repair.without_html(text, []) == text


@pytest.mark.parametrize(
    ("text", "url", "kept", "found"),
    [
        ("Text\nhttps://a.example\n\nQuelle: https://a.example\nZuletzt abgeglichen: 1.1.", "https://a.example", "Text", "https://a.example"),
        ("Text\nLast updated: 2036-01-01", None, "Text", None),
        ("Text\nSource: https://a.example", None, "Text", "https://a.example"),
        ("Text\nQuelle: https://b.example", "https://a.example", "Text\nQuelle: https://b.example", "https://a.example"),
        ("Zuletzt aktualisiert am 1.1.\nMehr Text", None, "Zuletzt aktualisiert am 1.1.\nMehr Text", None),
        ("Zuletzt war es schön", None, "Zuletzt war es schön", None),
    ],
)  # fmt: skip
def test_only_what_repeats_or_stamps_the_export_goes(
    text: str, url: str | None, kept: str, found: str | None
) -> None:
    assert repair.without_boilerplate(text, url, []) == (kept, found)


def test_long_text_is_cut_between_words_and_said() -> None:
    remarks: list[str] = []
    assert repair.shortened("ein langer Titel", 12, "title", remarks) == "ein langer…"
    assert repair.shortened("x" * 20, 10, "title", remarks) == "x" * 9 + "…"
    assert remarks == ["title shortened to 12 characters", "title shortened to 10 characters"]
