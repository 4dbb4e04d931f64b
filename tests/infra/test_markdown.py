"""Markdown made harmless, and read as plain text without losing anything."""

import re

import pytest

from syndication.infra.markdown import markdown_to_html, markdown_to_text, plain_to_html


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](https://tracker.example/p.png)",
        "<a href='vbscript:x'>y</a>",
        "<style>*{display:none}</style>",
        "<iframe src=https://x.example></iframe>",
        "<svg onload=alert(1)>",
        "[x](/relative)",
        "<!-- --!><script>alert(1)</script>",
        "`<script>`",
        "<form action=https://x.example><input name=password>",
    ],
)
def test_hostile_markdown_becomes_harmless(hostile: str) -> None:
    html = markdown_to_html(hostile)
    tags = set(re.findall(r"<\s*(\w+)", html))
    assert tags <= {"p", "a", "code", "em"}
    assert not re.search(r"<[^>]*(?:\son\w+=|javascript:|data:|vbscript:|src=|style=)", html, re.IGNORECASE)


def test_markdown_keeps_its_structure_in_both_forms() -> None:
    text = "# Abend\n\nMit *Musik* und [Wein](https://wein.example).\n\n- rot\n- weiß\n"
    html = markdown_to_html(text)
    assert '<a href="https://wein.example" rel="noopener nofollow">Wein</a>' in html
    assert "<li>weiß</li>" in html
    assert markdown_to_text(text) == "Abend\n\nMit Musik und Wein (https://wein.example).\n\n- rot\n- weiß"


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        ("24. Dezember: Krippenspiel", "24. Dezember: Krippenspiel"),
        ("24. Dezember\n31. Dezember\n2. Januar", "24. Dezember\n31. Dezember\n2. Januar"),
        ("24. Dezember\n31. Dezember", "24. Dezember\n31. Dezember"),
        ("1. Suppe\n1. Braten\n1. Eis", "1. Suppe\n2. Braten\n3. Eis"),
        ("3) Suppe\n4) Braten", "3) Suppe\n4) Braten"),
        ("- rot\n  - Dornfelder\n    trocken\n- weiß", "- rot\n  - Dornfelder\n    trocken\n- weiß"),
        ("1. a\n   - b\n2. c", "1. a\n   - b\n2. c"),
        ("- a\n\n  b\n- c", "- a\n\n  b\n\n- c"),
        ("| Tag | Gericht |\n|---|--:|\n| Mo | Schnitzel |\n| Di | Fisch |", "Tag | Gericht\nMo | Schnitzel\nDi | Fisch"),
        ("~~12 €~~ 10 €", "~~12 €~~ 10 €"),
        ("Zeile  \nzwei\\\ndrei\nvier", "Zeile\nzwei\ndrei\nvier"),
        ("> Zitat\n> weiter\n>\n> - Punkt", "> Zitat\n> weiter\n>\n> - Punkt"),
        ("`a*b*c`\n\n    x = 1\n\n```\ny = 2\n  z\n```", "a*b*c\n\nx = 1\n\ny = 2\n  z"),
        ("![Plakat mit *Stern*](https://x.example/p.png)", "Plakat mit Stern"),
        ("Tom &amp; Jerry &ndash; &copy; &#8364;", "Tom & Jerry – © €"),
        ("oben\n\n***\n\nunten", "oben\n\n---\n\nunten"),
        ("[Karten](https://x.example/a)", "Karten (https://x.example/a)"),
        ("[https://x.example/a](https://x.example/a)", "https://x.example/a"),
        ("[x.example/a](https://x.example/a)", "x.example/a"),
        ("[](https://x.example/a)", "https://x.example/a"),
        ("<https://x.example/gr%C3%B6ße>", "https://x.example/gr%C3%B6ße"),
        ("[uns](mailto:a@x.example) <b@x.example>", "uns (mailto:a@x.example) b@x.example"),
        ("[Anruf](tel:+499561123)", "Anruf (tel:+499561123)"),
        ("[Karten](/karten) und [**mehr**](mehr.html) und [oben](#oben)", "Karten und mehr und oben"),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
        ("https://x.example/a_b_c, www.x.example.", "https://x.example/a_b_c, www.x.example."),
    ],
)  # fmt: skip
def test_as_plain_text_markdown_says_all_that_it_says(markdown: str, plain: str) -> None:
    assert markdown_to_text(markdown) == plain


def test_days_at_the_beginning_of_lines_stay_these_days_on_a_page() -> None:
    html = markdown_to_html("24. Dezember\n31. Dezember")
    assert '<ol start="24">' in html
    assert '<li value="31">Dezember</li>' in html
    assert "value" not in markdown_to_html("1. a\n2. b\n3. c")


@pytest.mark.parametrize(
    ("typed", "links"),
    [
        ("https://x.example/wiki/Coburg_(Stadt).", [("https://x.example/wiki/Coburg_(Stadt)",) * 2]),
        ("www.x.example/a", [("https://www.x.example/a", "www.x.example/a")]),
        ("max@x.example", [("mailto:max@x.example", "max@x.example")]),
        ("[Karten](/karten)", []),
        ("[Karten](//x.example)", []),
        ("[Karten](karten.html)", []),
        ("`https://x.example`", []),
        ("[https://x.example/a](https://y.example/b)", [("https://y.example/b", "https://x.example/a")]),
    ],
)
def test_addresses_are_links_where_we_know_where_they_lead(typed: str, links: list[tuple[str, str]]) -> None:
    html = markdown_to_html(f"Text {typed}")
    assert re.findall(r'<a href="([^"]*)"[^>]*>([^<]*)</a>', html) == links
    assert html.count("<a") == len(links)


def test_of_a_picture_there_are_its_words() -> None:
    assert markdown_to_html("![Plakat <1>](https://x.example/p.png)") == "<p>Plakat &lt;1&gt;</p>\n"


def test_plain_text_as_html_keeps_signs_lines_and_addresses() -> None:
    html = plain_to_html('<b>3*4</b> & "x"\nwww.x.example/?a=1&b=2')
    assert html.startswith("&lt;b&gt;3*4&lt;/b&gt; &amp; ")
    assert '<br>\n<a href="https://www.x.example/?a=1&amp;b=2" rel="noopener nofollow">' in html


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        (
            "https://a.de/x_y_z*",
            '<a href="https://a.de/x_y_z" rel="noopener nofollow">https://a.de/x_y_z</a>*',
        ),
        (
            "*Siehe HTTP://a.de/b*",
            '<em>Siehe <a href="HTTP://a.de/b" rel="noopener nofollow">HTTP://a.de/b</a></em>',
        ),
        ("xhttps://", "xhttps://"),
        ("ftp://a.de/*b*", "ftp://a.de/<em>b</em>"),
    ],
)
def test_the_signs_of_an_address_are_no_emphasis(markdown: str, html: str) -> None:
    assert html in markdown_to_html(markdown)
