"""Texts on networks: names call nobody, addresses stay whole, and lengths are counted as each network counts."""

import re

import pytest

from syndication import channels
from syndication.channels.social import counting, markdown
from syndication.channels.social.names import quiet
from syndication.channels.tools import Tools
from syndication.stack.receiver import Receiver
from tests.channels.network import account
from tests.channels.samples import SAMPLES, Sample
from tests.channels.test_as_typed import ELSEWHERE, said, shown
from tests.remotes import REMOTES

FAMILY = "👩‍👩‍👧‍👦"
WIKI = "https://de.wikipedia.org/wiki/Coburg_(Stadt)"
NETWORKS = sorted(channel.kind for channel in channels.CHANNELS if channel.kind not in ELSEWHERE)
#: There nobody has a name.
NAMELESS = {"google_business"}


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("mit @jazzclub und @max@social.example", "mit @\u200bjazzclub und @\u200bmax@social.example"),
        ("@everyone, (@here) @[123456] <@U1>", "@\u200beveryone, (@\u200bhere) @\u200b[123456] <@\u200bU1>"),
        ("an max@x.example und info@stadt-coburg.de", "an max@x.example und info@stadt-coburg.de"),
        (
            "https://social.example/@coburg www.x.example/@a",
            "https://social.example/@coburg www.x.example/@a",
        ),
        ("5 @ 3 €", "5 @\u200b 3 €"),
        ("schon @\u200bstill", "schon @\u200bstill"),
    ],
)
def test_names_are_not_called_and_addresses_stay_as_they_are(typed: str, sent: str) -> None:
    assert quiet(typed) == sent


@pytest.mark.parametrize("kind", sorted(set(NETWORKS) - NAMELESS))
def test_on_no_network_a_name_calls_somebody(kind: str, tools: Tools, receiver: Receiver) -> None:
    if kind in REMOTES:
        receiver.answer = REMOTES[kind]().answer
    one = Sample(channels.by_kind(kind), *SAMPLES[kind])
    envelope = one.envelope(
        receiver.url(),
        title="Abend mit @jazzclub",
        summary="@channel <!channel> <@U1> @[123]",
        body="Karten: max@rosenau.example, @here (@everyone) @max@social.example",
        topics=(),
        price=None,
        place={"name": "@room"},
    )
    one.channel.send(one.channel.render(envelope), tools)
    raw = [said(request) for request in receiver.requests]
    text = "\n".join(shown(kind, one) for one in raw)
    assert "max@rosenau.example" in text
    # A backslash is no letter to a network that takes it for an escape; Telegram's chat is named by its @.
    plain = "\n".join(raw).replace("\\", "").replace("/@", "").replace("@coburg", "")
    assert re.findall(r"(?<![\w.])@(?:\w|\[)", plain) == []


@pytest.mark.parametrize("kind", NETWORKS)
def test_signs_with_a_meaning_arrive_as_they_were_typed(kind: str, tools: Tools, receiver: Receiver) -> None:
    if kind in REMOTES:
        receiver.answer = REMOTES[kind]().answer
    lines = [
        "a < b > c & d <3 &amp; <br>",
        "- kein Punkt, 24. kein Punkt",
        "(siehe " + WIKI + ").",
        "[x](y) {z} | ~a~ ^b^",
    ]
    one = Sample(channels.by_kind(kind), *SAMPLES[kind])
    body = "\n\n".join(
        re.sub(r"([<>&\[\]~|*_-])", r"\\\1", line).replace(r"Coburg\_", "Coburg_") for line in lines
    )
    envelope = one.envelope(
        receiver.url(), title="A", summary="", topics=(), price=None, place=None, body=body
    )
    one.channel.send(one.channel.render(envelope), tools)
    text = "\n".join(shown(kind, said(request)) for request in receiver.requests)
    assert [line for line in lines if line not in re.sub(r"\[([^\]]+)\]\(\1\)", r"\1", text)] == []


@pytest.mark.parametrize(
    ("text", "most", "left"),
    [
        ("eins zwei drei", 9, "eins…"),
        (f"Mehr: {WIKI} und mehr", 12, "Mehr…"),
        (f"Mehr: {WIKI} und mehr", len(WIKI) + 8, f"Mehr: {WIKI} …"),
        (f"Mehr: {WIKI} und mehr", len(WIKI) + 7, "Mehr…"),
        (WIKI, 20, ""),
        ("max.muster@rosenau.example schreiben", 10, ""),
        (FAMILY * 5, 3, FAMILY * 2 + "…"),
    ],
)
def test_a_text_is_cut_beside_addresses_and_graphemes(text: str, most: int, left: str) -> None:
    assert counting.cut(text, most) == left


def test_a_title_that_is_nothing_but_an_address_is_cut_rather_than_lost() -> None:
    assert counting.headline(f"{WIKI}/lang", 20) == "https://de.wikiped …"
    assert counting.headline("Abend mit Musik", 10) == "Abend mit…"


@pytest.mark.parametrize(
    ("text", "length"),
    [
        (WIKI, 23),
        (f"({WIKI}).", 26),
        ("https://x.example", 23),
        ("www.x.example", 13),
        ("max@x.example", 13),
        (f"{FAMILY} https://x.example/a https://x.example/b", 2 + 23 + 1 + 23),
    ],
)
def test_links_count_as_the_server_says(text: str, length: int) -> None:
    assert counting.with_links_as(23)(text) == length


def test_bluesky_counts_bytes_beside_graphemes(receiver: Receiver, tools: Tools) -> None:
    """300 families are 300 graphemes and 7,500 bytes; the fake refuses a record of more than 3,000, as the network does."""
    one = account("bluesky", receiver, tools)
    _, receipt = one.publish(title="A", summary="", body=f"{FAMILY} " * 400, topics=(), images=())
    assert receipt.remark.startswith("Shortened")


def test_bluesky_links_each_address_over_its_own_bytes(receiver: Receiver, tools: Tools) -> None:
    one = account("bluesky", receiver, tools)
    message = one.channel.render(
        one.envelope(title="Ü", summary=f"ß ({WIKI}), www.rosenau.example.", body="", topics=(), price=None)
    )
    text, linked = message.record["text"].encode(), {}
    for facet in message.record["facets"]:
        start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        linked[text[start:end].decode()] = facet["features"][0]["uri"]
    assert linked[WIKI] == WIKI
    assert linked["www.rosenau.example"] == "https://www.rosenau.example"


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("24. Dezember\n31) Dez\n- a\n+ b\n= c", "24\\. Dezember\n31\\) Dez\n\\- a\n\\+ b\n\\= c"),
        ("18.30 Uhr - 3*4 _m_", "18.30 Uhr - 3\\*4 \\_m\\_"),
        ("https://x.example/a_b_c, x", "https://x.example/a_b_c, x"),
        ("www.x.example/a_b", "[www.x.example/a\\_b](https://www.x.example/a_b)"),
        ("max_m@x.example", "max\\_m@x.example"),
    ],
)
def test_as_markdown_a_text_has_no_effect_and_its_addresses_are_whole(text: str, marked: str) -> None:
    assert markdown.plain(text) == marked


def test_a_card_on_teams_ends_each_line(receiver: Receiver, tools: Tools) -> None:
    one = account("teams", receiver, tools)
    one.publish(summary="", body="Montag: Schnitzel\\\nDienstag: Fisch")
    parts = one.remote.messages[-1]["body"]
    assert "Montag: Schnitzel\n\nDienstag: Fisch" in [part.get("text") for part in parts]
