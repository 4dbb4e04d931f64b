"""Addresses in a text: what belongs to one, and what is none."""

import pytest

from syndication.content import addresses


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Karten: https://x.example/karten.", ["https://x.example/karten"]),
        ("(siehe https://de.wikipedia.org/wiki/Coburg_(Stadt)).", ["https://de.wikipedia.org/wiki/Coburg_(Stadt)"]),
        ("https://x.example/a?b=(1)&c=[2], https://x.example/d!", ["https://x.example/a?b=(1)&c=[2]", "https://x.example/d"]),
        ("„https://x.example/a“ »https://x.example/b« *https://x.example/c*", ["https://x.example/a", "https://x.example/b", "https://x.example/c"]),
        ("[hier](https://x.example/a) <https://x.example/b>", ["https://x.example/a", "https://x.example/b"]),
        ("HTTPS://X.EXAMPLE und http://münchen.example/straße?q=größe#oben", ["HTTPS://X.EXAMPLE", "http://münchen.example/straße?q=größe#oben"]),
        ("Infos:www.x.example/a, WWW.Y.EXAMPLE", ["www.x.example/a", "WWW.Y.EXAMPLE"]),
        ("coburg.de/karten?x=1 und Rosenau-Coburg.de.", ["coburg.de/karten?x=1", "Rosenau-Coburg.de"]),
        ("an max.muster@x.example, Max_M+a@stadt-coburg.de.", ["max.muster@x.example", "Max_M+a@stadt-coburg.de"]),
        ("z.B.das, e.V., 19.Uhr, 12.30, Künstler.innen, plakat.pdf, Ende.Dann", []),
        ("@max@mastodon.example, @rosenau.de, max@localhost, www., www.x, https://, http://[", []),
        ("ftp://x.example javascript:alert(1) xhttps://x.example", []),
    ],
)  # fmt: skip
def test_addresses_are_found_as_people_mean_them(text: str, found: list[str]) -> None:
    assert [text[one.start : one.end] for one in addresses.found(text)] == found


@pytest.mark.parametrize(
    ("typed", "href"),
    [
        ("https://x.example/a", "https://x.example/a"),
        ("www.x.example", "https://www.x.example"),
        ("coburg.de", "https://coburg.de"),
        ("max@x.example", "mailto:max@x.example"),
    ],
)
def test_each_address_leads_somewhere(typed: str, href: str) -> None:
    assert [one.href for one in addresses.found(typed)] == [href]


@pytest.mark.parametrize(
    "part", ["https://(", "www.a.", "a.a-", "a@a.", "a.de", "(", "https://x.example/(", "@"]
)
def test_a_text_made_to_keep_a_worker_busy_is_read_at_once(part: str) -> None:
    assert sum(1 for _ in addresses.found(part * (20_000 // len(part)))) < 10_000


def test_addresses_are_spelled_out_and_nothing_else_is_changed() -> None:
    text = "www.x.example, coburg.de/a und http://y.example; max@x.example (WWW.Z.EXAMPLE)"
    assert addresses.spelled_out(text) == (
        "https://www.x.example, https://coburg.de/a und http://y.example; max@x.example (https://WWW.Z.EXAMPLE)"
    )
