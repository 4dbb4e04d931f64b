"""What every kind of the list owes, tried on each of them with its own example."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import icalendar
import jsonschema
import pytest

from syndication import channels, kinds
from syndication.channels.built_in.feed import documents
from syndication.channels.built_in.newsletter import EditionView, Entry, compose
from syndication.channels.envelope import PostView, Publisher
from syndication.channels.verdicts import Refused
from syndication.channels.webhook import payload
from syndication.config import Settings
from syndication.content.base import KEPT
from syndication.content.post import Content, matters
from syndication.errors import Invalid
from syndication.infra.rendering import translations
from syndication.kinds.contract import Kind
from syndication.kinds.reading import draft, kept, made
from syndication.web.site.post import _structured
from tests.channels.feed_samples import feed
from tests.channels.samples import AT, CITY, SAMPLES, SENDER, Sample

ROOT = Path(__file__).parents[2]
LANGUAGES = ("de", "en")
#: What an outlet that tells of posts is given; letters and pings tell of none.
TELLING = [kind for kind, (_, form) in SAMPLES.items() if form == "change"]
Any_Kind = Kind[Any]


@pytest.fixture(params=kinds.KINDS, ids=kinds.NAMES)
def kind(request: pytest.FixtureRequest) -> Any_Kind:
    found: Any_Kind = request.param
    return found


@pytest.fixture
def content(kind: Any_Kind) -> Content:
    return draft(kind.example[1]).content()


def view(content: Content) -> PostView:
    identity = UUID(int=0x018F0000_0000_7000_8000_000000000001)
    merchant = Publisher("weinhaus", "Weinhaus am Markt", "https://weinhaus.example", "Markt 3")
    over = content.over_at(CITY.zone)
    return PostView(identity, 1, content, merchant, AT, AT, f"{CITY.base_url}/posts/{identity}", over)


def test_it_is_called_something_and_has_its_page(kind: Any_Kind) -> None:
    assert 0 < len(kind.name) <= 20
    assert kind.name.isidentifier()
    assert kind.name.islower()
    assert kind.__doc__
    assert kind.name in kind.called
    assert (ROOT / "docs" / "kinds" / f"{kind.name}.md").exists()
    assert f"kinds/{kind.name}.md" in (ROOT / "docs" / "kinds.md").read_text(encoding="utf-8")


def test_people_read_its_words_in_both_languages(kind: Any_Kind) -> None:
    german = translations("de")._catalog
    said = [kind.one, kind.many, *(group.heading for group in kind.form.groups), *kind.form.hints.values()]
    said += [deed.label for deed in kind.deeds] + [one.label for one in kind.filters]
    assert [text for text in said if text not in german] == []
    assert kind.heading("de") != kind.heading("en")


def test_its_form_asks_for_every_field_once_and_for_no_other(kind: Any_Kind) -> None:
    asked = [name for group in kind.form.groups for name in group.fields]
    fields = kind.content.model_fields
    foreign = {name for name, info in fields.items() if "Foreign(" in repr(info)}
    asides = {"kind", "language", "texts", "status"}  # the post's, or what a deed says
    assert sorted(asked) == sorted(set(fields) - asides - foreign)
    assert set(kind.form.hints) <= set(asked)


def test_what_it_says_survives_being_kept(kind: Any_Kind, content: Content) -> None:
    document = json.loads(json.dumps(content.model_dump(mode="json")))
    assert kept(document) == content
    assert kept(document).digest() == content.digest()
    assert hash(kept(document)) == hash(content)
    without = {name: value for name, value in document.items() if name not in content.later}
    assert kept(without).digest() == content.digest()
    assert type(content) is kind.content
    assert kinds.of(content) is kind


def test_no_other_kinds_field_goes_with_it(kind: Any_Kind) -> None:
    others = {name for one in kinds.KINDS for name in one.content.model_fields} - set(
        kind.content.model_fields
    )
    for name in [*others, "surprise"]:
        with pytest.raises(Invalid) as refused:
            draft({**kind.example[1], name: "2030-01-01T00:00:00Z"})
        assert [fault.field for fault in refused.value.faults] == [name]


def test_it_is_told_in_words(kind: Any_Kind, content: Content) -> None:
    for language in LANGUAGES:
        assert kind.when(content, CITY.zone, language, AT)
        for one in kind.facts(content, CITY.zone, language):
            assert one.label
            assert one.text
            assert "\n" not in one.whole
        for matter in content.watched:
            said = kind.news(matter, content, CITY.zone, language, before=None, now=AT)
            assert bool(said) == (matter != "status"), matter


def test_what_matters_is_made_of_its_fields(kind: Any_Kind, content: Content) -> None:
    watched = {name for names in content.watched.values() for name in names}
    assert watched <= set(kind.content.model_fields)
    assert matters(content, content.model_copy(update={"body": "anders"})) == ()
    assert matters(content, content.model_copy(update={"place": None, "title": "anders"})) == (
        ("place",) if content.place else ()
    )


def test_it_moves_by_whole_weeks_or_cannot_come_every_week(kind: Any_Kind, content: Content) -> None:
    zone, named = CITY.zone, kind.weekly_on(content, CITY.zone)
    over, later = content.over_at(zone), kind.days_later(content, 210, zone)  # beyond a change of the clocks
    over_later = later.over_at(zone)
    assert over is not None
    assert over_later is not None
    assert over_later.astimezone(zone).replace(tzinfo=None) == (
        over.astimezone(zone).replace(tzinfo=None) + timedelta(weeks=30)
    )
    assert kind.days_later(later, -210, zone) == content
    if named is not None:
        assert kind.weekly_on(later, zone) == named + timedelta(weeks=30)


def test_it_ends_where_it_says_so(kind: Any_Kind, content: Content) -> None:
    assert content.ends_by in kind.content.model_fields
    over = content.over_at(CITY.zone)
    assert over is not None
    assert over.tzinfo is UTC
    starts = content.upcoming(CITY.zone, after=datetime(2026, 1, 1, tzinfo=UTC), most=3)
    assert starts == sorted(starts)
    assert all(start < over for start in starts)
    assert content.upcoming(CITY.zone, after=over, most=3) == []


def test_a_deed_leaves_a_post_that_is_accepted(kind: Any_Kind, content: Content) -> None:
    for deed in kind.deeds:
        done = made(**{**content.model_dump(), **deed.fields})
        assert "status" in matters(content, done)
        assert done.standing != "scheduled"


def test_search_engines_are_told_what_it_is(kind: Any_Kind, content: Content, settings: Settings) -> None:
    told = json.loads(_structured(view(content), settings))
    assert told["@context"] == "https://schema.org"
    assert told["@type"]
    assert told["name"] == content.title


def test_a_calendar_holds_it_or_has_no_word_for_it(kind: Any_Kind, content: Content) -> None:
    found = icalendar.Calendar.from_ical(documents.render("ics", feed(view(content))))
    events = found.walk("VEVENT")
    assert bool(events) == kind.in_calendars == bool(kind.appointments(content, CITY.zone))
    assert len({str(one["uid"]) for one in events}) == len(events)
    assert all(one.errors == [] for one in events)


def test_feeds_of_all_formats_hold_its_title(kind: Any_Kind, content: Content) -> None:
    for form in ("rss", "atom", "json"):
        assert content.title in documents.render(form, feed(view(content))).decode()


def test_a_newsletter_tells_it_with_its_facts(kind: Any_Kind, content: Content) -> None:
    for language in LANGUAGES:
        edition = compose(EditionView(language, AT, (Entry(view(content)),), ()), CITY, SENDER)
        assert content.title in edition["subject"]


@pytest.mark.parametrize("channel", TELLING)
def test_every_channel_can_say_it_and_take_it_back(
    kind: Any_Kind, content: Content, channel: str, settings: Settings
) -> None:
    sample = Sample(channels.by_kind(channel), *SAMPLES[channel])
    envelope = replace(sample.envelope("http://127.0.0.1:9/"), post=view(content))
    for action in ("published", "withdrawn"):
        if sample.channel.abilities.needs_picture:
            with pytest.raises(Refused, match="picture"):
                sample.channel.render(replace(envelope, action="published"))
            return
        assert sample.channel.render(replace(envelope, action=action))


def test_a_webhook_is_what_its_schema_says(kind: Any_Kind, content: Content, settings: Settings) -> None:
    schema = json.loads((ROOT / "docs" / "webhook.schema.json").read_text(encoding="utf-8"))
    sample = Sample(channels.by_kind("webhook"), *SAMPLES["webhook"])
    one = replace(sample.envelope("http://127.0.0.1:9/"), post=view(content))
    jsonschema.validate(payload(one), schema)


def test_a_network_that_wants_an_end_gets_one_or_plain_news(kind: Any_Kind, content: Content) -> None:
    window = kind.window(content, CITY.zone, AT)
    if window is not None:
        assert window.start is None or window.start <= window.end
        assert window.end - (window.start or window.end) < timedelta(days=400)


def test_what_is_kept_is_not_judged_anew(kind: Any_Kind, content: Content) -> None:
    again = kind.content.model_validate(content.model_dump(mode="json"), context=KEPT)
    assert again == content
