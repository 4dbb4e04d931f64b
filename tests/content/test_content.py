"""What a post may say, and what is refused with which words."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication import clock
from syndication.content.base import new_id, slugify
from syndication.content.cadence import Cadence
from syndication.content.interest import Interest
from syndication.content.post import matters
from syndication.content.schedule import occurrences
from syndication.errors import Invalid
from syndication.kinds.reading import draft, made

BERLIN = ZoneInfo("Europe/Berlin")
EVENT = {"kind": "event", "title": "Weinabend", "starts_at": "2026-12-05T18:00:00+01:00"}
OFFER = {"kind": "offer", "title": "Zwei Brote"}


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        (EVENT | {"starts_at": "2026-12-05T18:00:00"}, "starts_at", "must carry a zone"),
        (EVENT | {"title": ""}, "title", "not be empty"),
        (EVENT | {"title": "Zeile\nzwei"}, "title", "U+000A"),
        (EVENT | {"title": "Subject\u2028Bcc: x@example.org"}, "title", "U+2028"),
        (EVENT | {"body": "\x00"}, "body", "U+0000"),
        (EVENT | {"ends_at": "2026-12-05T17:00:00+01:00"}, "ends_at", "must not be before starts_at"),
        (EVENT | {"valid_until": "2026-12-05T17:00:00+01:00"}, "valid_until", "does not go with kind event"),
        (EVENT | {"recurrence": "FREQ=SECONDLY"}, "recurrence", "DAILY"),
        (EVENT | {"recurrence": "FREQ=WEEKLY;BYDAY=XX"}, "recurrence", "RFC 5545"),
        (EVENT | {"recurrence": "FREQ=YEARLY;BYEASTER=1"}, "recurrence", "BYEASTER"),
        (EVENT | {"place": {"name": "Markt", "latitude": 50.2}}, "place.longitude", "come together"),
        (EVENT | {"place": {"name": "Markt", "latitude": 91, "longitude": 1}}, "place.latitude", "90"),
        (EVENT | {"images": [{"url": "http://example.org/a.png", "alt": "x"}]}, "images.0.url", "https://"),
        (
            EVENT | {"images": [{"url": "https://example.org/a.png", "alt": ""}]},
            "images.0.alt",
            "not be empty",
        ),
        (EVENT | {"url": "javascript:alert(1)"}, "url", "https://"),
        (EVENT | {"surprise": 1}, "surprise", "is no field"),
        (OFFER | {"status": "cancelled"}, "status", "does not go with kind offer"),
        (OFFER | {"price": "3.50", "price_before": "3.00"}, "price_before", "higher than price"),
        (OFFER | {"price": "3.5055"}, "price", "decimal"),
        (OFFER | {"price": "-1"}, "price", "not be negative"),
        (
            OFFER | {"valid_from": "2026-12-02T00:00:00Z", "valid_until": "2026-12-01T00:00:00Z"},
            "valid_until",
            "later than valid_from",
        ),
        ({"kind": "event", "title": "x"}, "starts_at", "is needed"),
        ({"kind": "party", "title": "x"}, "kind", "offer"),
    ],
)
def test_bad_input_is_refused_with_the_field_and_a_reason(fields, field, words):
    with pytest.raises(Invalid) as refused:
        draft(fields)
    assert any(fault.field == field and words in fault.message for fault in refused.value.faults), (
        refused.value
    )


def test_every_fault_is_named_at_once():
    with pytest.raises(Invalid) as refused:
        draft({"kind": "event", "title": "", "starts_at": "yesterday", "nonsense": 1})
    assert {fault.field for fault in refused.value.faults} == {"title", "starts_at", "nonsense"}


def test_equal_contents_have_equal_digests_whatever_zone_they_were_written_in():
    one = draft(EVENT).content()
    other = draft(EVENT | {"starts_at": "2026-12-05T17:00:00Z"}).content()
    assert one.digest() == other.digest()
    assert draft(EVENT | {"title": "Bierabend"}).content().digest() != one.digest()


def test_content_survives_json():
    content = draft(OFFER | {"price": "3.50", "topics": ["Brot & Brötchen", "brot-broetchen"]}).content()
    assert made(**content.model_dump(mode="json")) == content
    assert content.topics == ("brot-broetchen",)


@given(st.text(max_size=200))
def test_any_text_is_either_kept_as_one_clean_line_or_refused(text):
    try:
        title = draft(OFFER | {"title": text}).title
    except Invalid:
        return
    assert title == text.strip()
    title.encode()
    assert not set(title) & set("\r\n\x00\u2028")


def test_an_event_is_over_after_its_last_occurrence_at_the_citys_wall_clock():
    weekly = draft(
        EVENT | {"ends_at": "2026-12-05T20:00:00+01:00", "recurrence": "FREQ=WEEKLY;COUNT=3"}
    ).content()
    assert weekly.over_at(BERLIN) == datetime(2026, 12, 19, 19, tzinfo=UTC)
    endless = draft(EVENT | {"recurrence": "FREQ=WEEKLY"}).content()
    assert endless.over_at(BERLIN) is None


def test_a_weekly_event_keeps_its_wall_clock_time_over_the_end_of_summer_time():
    market = draft(
        {
            "kind": "event",
            "title": "Markt",
            "starts_at": "2026-10-17T08:00:00+02:00",
            "recurrence": "FREQ=WEEKLY;COUNT=3",
        }
    ).content()
    starts = occurrences(market, BERLIN, after=datetime(2026, 1, 1, tzinfo=UTC), most=9)
    assert [start.astimezone(BERLIN).hour for start in starts] == [8, 8, 8]
    assert [start.hour for start in starts] == [6, 6, 7]


def test_only_what_a_reader_must_know_matters():
    before = draft(EVENT | {"place": {"name": "Markt"}}).content()
    assert matters(before, draft(EVENT | {"place": {"name": "Markt"}, "body": "Neuer Text"}).content()) == ()
    after = draft(EVENT | {"place": {"name": "Kirche"}, "status": "cancelled"}).content()
    assert matters(before, after) == ("status", "place")


def test_an_interest_wants_everything_it_does_not_narrow():
    content = draft(EVENT | {"topics": ["wein"]}).content()
    assert Interest().matches(content, merchant="cafe", district=None)
    assert Interest(topics=("wein", "bier")).matches(content, merchant="cafe", district=None)
    assert not Interest(topics=("bier",)).matches(content, merchant="cafe", district=None)
    assert not Interest(topics=("wein",), kinds=("offer",)).matches(content, merchant="cafe", district=None)
    assert not Interest(districts=("altstadt",)).matches(content, merchant="cafe", district=None)


def test_equal_interests_have_equal_keys_in_any_order():
    assert Interest(topics=("a", "b")).key() == Interest(topics=("b", "a")).key()
    assert Interest(topics=("a",)).key() != Interest(merchants=("a",)).key()


@pytest.mark.parametrize("text", ["instantly", "daily 07:00", "weekly thu 23:59"])
def test_a_cadence_reads_back_as_it_was_written(text):
    assert str(Cadence.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "hourly", "daily 7:00", "daily 24:00", "weekly 07:00", "weekly xyz 07:00"]
)
def test_other_cadences_are_refused(text):
    with pytest.raises(ValueError, match="must"):
        Cadence.parse(text)


def test_slugs_keep_german_readable():
    assert slugify("Café Müßig & Söhne") == "cafe-muessig-soehne"


def test_new_ids_are_version_7_and_never_repeat():
    ids = [new_id() for _ in range(1000)]
    assert {one.version for one in ids} == {7}
    assert len(set(ids)) == 1000


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=MONTHLY;INTERVAL=0;BYMONTH=2",
        "FREQ=DAILY;INTERVAL=999999999",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=31",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=MONTHLY;BYMONTHDAY=x",
    ],
)
def test_a_rule_that_never_happens_is_refused_at_once(rule: str) -> None:
    started = clock.monotonic()
    with pytest.raises(Invalid):
        draft({"kind": "event", "title": "x", "starts_at": "2030-01-01T10:00:00Z", "recurrence": rule})
    assert clock.monotonic() - started < 0.2
