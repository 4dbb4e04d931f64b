"""Repairs of foreign text: plain text stays plain in Markdown, what was damaged is restored, what was fine is left."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syndication.infra.rendering import markdown_to_html, markdown_to_text
from syndication.sources import repair


@given(st.text(alphabet="ab1.)(]['\"#>+-*_~=|:`\\<&;! \nhtps/", max_size=40))
@example("5. September\n29. August")
@example("Titel\n-----\n# kein Titel")
@example("a | b\n--|--\n1 | 2")
@example("```\ncode\n```")
@example("[x](http://a) [y]: http://b <http://c> &amp; \\")
def test_plain_text_reads_the_same_through_markdown(text: str) -> None:
    lines = "\n".join(line.strip() for line in text.split("\n"))
    expected = re.sub(r"\n{3,}", "\n\n", lines).strip("\n")
    assert markdown_to_text(repair.as_markdown(text)) == expected


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
