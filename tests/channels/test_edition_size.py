"""No mail is longer than mail programs show, the way out is always in it, and what comes next stands in it first."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from html import unescape
from typing import Any

import pytest

from syndication.channels.built_in.edition_size import MOST, Length, fitting
from syndication.channels.built_in.newsletter import Correction, EditionView, Entry, Newsletter, compose
from syndication.channels.envelope import Copy, PostView
from syndication.kinds.reading import made
from tests.channels.samples import AT, CITY, SENDER, view

#: As long as those of a reader with eight digits.
LONG_TOKEN = "WzEyMzQ1Njc4LCJhYmNkZWZnaGlqa2xtbm9wIl0." + "x" * 43
LONG_ADDRESS = "a" * 64 + "@" + ".".join(["b" * 60] * 3) + ".de"


def sent(*entries: PostView, corrections: tuple[Correction, ...] = (), language: str = "de") -> bytes:
    parts = compose(EditionView(language, AT, tuple(map(Entry, entries)), corrections), CITY, SENDER)
    copy = Copy("e12345678-r12345678", parts, LONG_ADDRESS, LONG_TOKEN, CITY, SENDER, AT)
    return Newsletter().render(copy).data


def texts(data: bytes) -> tuple[str, str]:
    message = message_from_bytes(data, policy=policy.default)
    plain, html = (message.get_body((kind,)) for kind in ("plain", "html"))  # type: ignore[attr-defined]
    return plain.get_content().replace("\r\n", "\n"), unescape(html.get_content())


def posts(number: int, word: str, **fields: Any) -> list[PostView]:
    """Events of the next days, the last one posted first; every text is as long as it may be."""
    return [
        view(
            place,
            title=f"Nummer {place} " + word * (180 // len(word)),
            summary=word * (480 // len(word)),
            body=(word + " ") * (19_000 // (len(word) + 1)),
            starts_at=AT + timedelta(days=place),
            ends_at=None,
            **fields,
        )
        for place in range(number, 0, -1)
    ]


WORDS = {
    "ascii": "Konzert ",
    "umlauts": "Mörderfräßgö",
    "signs": "<&=\"'.",
    "emoji": "🎷🍷",
    "greek": "Συναυλία ",
    "dots": ".",
}


@pytest.mark.parametrize("word", WORDS.values(), ids=WORDS)
@pytest.mark.parametrize("number", [1, 29, 31, 400])
@pytest.mark.parametrize("language", ["de", "en"])
def test_no_mail_is_longer_than_programs_show(word: str, number: int, language: str) -> None:
    data = sent(*posts(number, word), language=language)
    on_the_wire = data.replace(b"\r\n.", b"\r\n..")
    assert len(on_the_wire) <= MOST == 100_000
    plain, html = texts(data)
    assert len(html.encode()) < 102_000
    for text in (plain, html):
        assert text.count(f"https://coburg.example/leave/{LONG_TOKEN}") == 1
        assert text.count(f"https://coburg.example/preferences/{LONG_TOKEN}") == 1
        assert "Stadtmarketing Coburg, Herrngasse 4" in text
        told = [place for place in range(1, number + 1) if f"Nummer {place} " in text]
        assert told == list(range(1, len(told) + 1)), "what comes next stands in it"
        assert told
        left = number - len(told)
        said = f"und {left} weitere auf der Seite" if language == "de" else f"and {left} more on the page"
        assert (said in text) == bool(left)


@pytest.mark.parametrize("number", [40, 90, 150, 220])
def test_as_much_is_told_as_there_is_room_for(number: int) -> None:
    many = [
        view(n, title=f"Nummer {n} ", starts_at=AT + timedelta(days=n), ends_at=None)
        for n in range(1, number)
    ]
    data = sent(*many)
    plain, _ = texts(data)
    assert "weitere auf der Seite" not in plain or len(data) > MOST - 5_000


def test_hundreds_of_corrections_are_no_longer_either() -> None:
    corrections = tuple(Correction(post, "moved") for post in posts(300, "Konzert "))
    data = sent(*posts(50, "Konzert "), corrections=corrections)
    assert len(data) <= MOST
    plain, _ = texts(data)
    assert plain.index("Nummer 1 ") < plain.index("Nummer 2 ")
    assert "weitere auf der Seite https://coburg.example/posts\n" in plain
    assert f"/leave/{LONG_TOKEN}" in plain


def test_a_menu_of_thousands_of_dishes_is_cut_with_a_link_to_all_of_it() -> None:
    dishes = [{"name": "Gericht mit Beilagen 🍲 " * 4, "prices": [{"price": "9.90"}]} for _ in range(30)]
    days = [{"date": f"2026-08-{day}", "dishes": dishes} for day in range(10, 15)]
    content = made(
        kind="menu", title="Mittagstisch", from_date="2026-08-10", until_date="2026-08-14", days=days
    )
    menu = replace(view(), content=content)
    data = sent(menu)
    assert len(data) <= 30_000
    plain, html = texts(data)
    assert "Gericht mit Beilagen" in plain
    assert f"weiterlesen: https://coburg.example/posts/{menu.id}" in plain
    assert f'href="https://coburg.example/posts/{menu.id}"' in html


@pytest.mark.parametrize(
    ("fields", "read_on"),
    [
        ({"summary": "", "body": "Wort " * 200}, True),
        ({"summary": "Kurz gesagt", "body": "Wort " * 200}, True),
        ({"summary": "", "body": "Nicht viel."}, False),
        ({"summary": "Alles", "body": ""}, False),
        ({"summary": "", "body": ""}, False),
    ],
)
def test_a_text_that_goes_on_has_a_link_to_the_rest(fields: dict[str, str], read_on: bool) -> None:
    one = view(**fields)
    plain, html = texts(sent(one))
    assert (f"weiterlesen: https://coburg.example/posts/{one.id}" in plain) == read_on
    assert ("weiterlesen</a>" in html) == read_on


def test_lines_of_a_body_hold_76_octets_at_most_whatever_the_token() -> None:
    for length in (7, 43, 74, 75, 76, 77, 99, 160):
        parts = compose(EditionView("de", AT, (Entry(posts(1, "ä .")[0]),), ()), CITY, SENDER)
        copy = Copy("e1-r1", parts, "anna@example.org", "t" * length, CITY, SENDER, AT)
        data = Newsletter().render(copy).data
        assert max(map(len, data.partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= 76
        assert texts(data)[0].count("t" * length) == 2


def test_an_edition_that_an_earlier_version_stored_is_filled_in_as_before() -> None:
    parts = compose(EditionView("de", AT, (Entry(view()),), ()), CITY, SENDER)
    earlier = [["token" if slot == "token_in_text" else slot, said] for slot, said in parts["pieces"]]
    now, then = (
        Newsletter().render(Copy("e1-r1", {"pieces": pieces}, "anna@example.org", "t" * 40, CITY, SENDER, AT))
        for pieces in (parts["pieces"], earlier)
    )
    assert now == then


@pytest.mark.parametrize(
    ("posts", "octets", "right"),
    [
        (3, lambda length: 1000 * length.told, Length(3, brief=False)),
        (40, lambda length: 1000 * length.told, Length(40, brief=True)),
        (20, lambda length: (1000 if length.brief else 9000) * length.told, Length(20, brief=True)),
        (500, lambda length: 1000 * length.told, Length(97, brief=True)),
        (5, lambda length: 60_000 * length.told, Length(1, brief=True)),
        (2, lambda length: 200_000 * length.told, Length(0, brief=True)),
        (0, lambda length: 500, Length(0, brief=False)),
    ],
)
def test_texts_go_before_posts(posts: int, octets: Callable[[Length], int], right: Length) -> None:
    assert fitting(posts, octets) == right
