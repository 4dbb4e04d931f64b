"""Offers and events are to the byte what they were when `Content` was one flat model, so that nothing is sent again.

tests/fixtures/kinds_before.json was written by that model and is never written anew.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from syndication.channels.envelope import Envelope, PostView, Publisher
from syndication.channels.webhook import Webhook, WebhookSettings
from syndication.config import Settings
from syndication.kinds.reading import draft, kept
from tests.channels.samples import CITY

BEFORE: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "fixtures" / "kinds_before.json").read_text(encoding="utf-8")
)
AT = datetime(2026, 8, 10, 5, tzinfo=UTC)


@pytest.mark.parametrize("name", BEFORE)
def test_what_is_handed_in_anew_has_the_digest_it_had(name: str) -> None:
    before = BEFORE[name]
    content = draft(before["given"]).content()
    assert content.digest() == before["digest"]
    assert content.model_dump(mode="json") == before["document"]


@pytest.mark.parametrize("name", BEFORE)
def test_what_stands_in_the_tables_is_read_as_what_it_was(name: str) -> None:
    before = BEFORE[name]
    content = kept(before["document"])
    assert content.digest() == before["digest"]
    assert content == draft(before["given"]).content()
    assert content.model_dump(mode="json") == before["document"]


def test_a_document_from_before_there_were_texts_is_read_too() -> None:
    document = dict(BEFORE["an event, bare"]["document"])
    del document["texts"]
    assert kept(document).digest() == BEFORE["an event, bare"]["digest"]


@pytest.mark.parametrize("name", BEFORE)
def test_a_webhook_says_it_in_the_same_bytes(name: str, settings: Settings) -> None:
    content = draft(BEFORE[name]["given"]).content()
    identity = UUID(int=0x018F0000_0000_7000_8000_000000000001)
    merchant = Publisher(
        "weinhaus", "Weinhaus am Markt", "https://weinhaus.example", "Markt 3, 96450 Coburg", "mitte"
    )
    link = f"https://coburg.example/posts/{identity}"
    view = PostView(identity, 3, content, merchant, AT, AT, link, content.over_at(CITY.zone))
    hook = WebhookSettings(url="http://127.0.0.1:9/")
    body = Webhook().render(Envelope("c1-0", "published", view, CITY, hook, AT, 1)).body
    assert body.decode() == BEFORE[name]["webhook"]
