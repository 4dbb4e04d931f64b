"""The one post that tells of many: said in every channel, by nobody but us, and in no list that people choose from."""

import json
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import jsonschema
import pytest

from syndication import channels, kinds
from syndication.channels.built_in.newsletter import EditionView, Entry, compose
from syndication.channels.envelope import PostView, Publisher
from syndication.channels.verdicts import Refused
from syndication.channels.webhook import payload
from syndication.config import Settings
from syndication.errors import Invalid
from syndication.kinds import roundup
from syndication.kinds.reading import draft, kept
from syndication.web.site.post import _structured
from tests.channels.samples import AT, CITY, SAMPLES, SENDER, Sample

ROOT = Path(__file__).parents[2]
TELLING = [kind for kind, (_, form) in SAMPLES.items() if form == "change"]
POSTS = [draft(kind.example[1]).content() for kind in kinds.KINDS]
CONTENT = roundup.of(POSTS, "Weinhaus am Markt", "de", CITY.zone).content()
IDENTITY = UUID(int=0x018F0000_0000_7000_8000_000000000001)
MERCHANT = Publisher("weinhaus", "Weinhaus am Markt", "https://weinhaus.example", "Markt 3")
VIEW = PostView(IDENTITY, 1, CONTENT, MERCHANT, AT, AT, f"{CITY.base_url}/posts/{IDENTITY}")


def test_it_is_kept_and_read_again() -> None:
    document = json.loads(json.dumps(CONTENT.model_dump(mode="json")))
    assert kept(document) == CONTENT
    assert kept(document).digest() == CONTENT.digest()
    assert kinds.of(CONTENT).name in kinds.UNLISTED


def test_nobody_hands_one_in_and_nobody_is_offered_it() -> None:
    with pytest.raises(Invalid):
        draft(CONTENT.model_dump(mode="json"))
    assert set(kinds.UNLISTED).isdisjoint(kinds.NAMES)


@pytest.mark.parametrize("channel", TELLING)
def test_every_channel_can_say_it_and_take_it_back(channel: str, settings: Settings) -> None:
    sample = Sample(channels.by_kind(channel), *SAMPLES[channel])
    envelope = replace(sample.envelope("http://127.0.0.1:9/"), post=VIEW)
    if sample.channel.abilities.needs_picture:
        with pytest.raises(Refused, match="picture"):
            sample.channel.render(replace(envelope, action="published"))
        return
    assert sample.channel.render(replace(envelope, action="published"))
    assert sample.channel.render(replace(envelope, action="withdrawn"))


@pytest.mark.parametrize(
    ("language", "said"), [("de", "neue Beiträge von Weinhaus"), ("en", "new posts from Weinhaus")]
)
def test_a_newsletter_says_it_in_its_readers_language(language: str, said: str) -> None:
    parts = compose(EditionView(language, AT, (Entry(VIEW),), ()), CITY, SENDER)
    assert said in parts["subject"]
    assert VIEW.link in json.dumps(parts["pieces"])


def test_a_webhook_is_what_its_schema_says(settings: Settings) -> None:
    schema = json.loads((ROOT / "docs" / "webhook.schema.json").read_text(encoding="utf-8"))
    sample = Sample(channels.by_kind("webhook"), *SAMPLES["webhook"])
    jsonschema.validate(payload(replace(sample.envelope("http://127.0.0.1:9/"), post=VIEW)), schema)


def test_search_engines_are_told_that_it_is_a_list(settings: Settings) -> None:
    told = json.loads(_structured(VIEW, settings))
    assert (told["@type"], told["numberOfItems"]) == ("ItemList", len(POSTS))
