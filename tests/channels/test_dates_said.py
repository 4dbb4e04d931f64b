"""Every outlet tells the next date of a series, as of the moment at which it is told, and what is different about dates."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syndication.channels.built_in.feed.documents import Format, render
from syndication.channels.built_in.newsletter import Correction, EditionView, compose
from syndication.channels.settings import Settings
from syndication.channels.social.words import pieces
from syndication.kinds.event_content import OwnDate
from tests.channels.feed_samples import feed, numbered
from tests.channels.samples import AT, CITY, SENDER, content, envelope, view

MONDAYS = {
    "starts_at": datetime(2019, 4, 1, 5, tzinfo=UTC), "ends_at": datetime(2019, 4, 1, 11, tzinfo=UTC),
    "recurrence": "FREQ=WEEKLY", "excluded": (datetime(2026, 8, 24, 5, tzinfo=UTC),),
}  # fmt: skip
#: On the day of AT, a Monday, it has begun.
SAID = "Mo., 10. August 2026, dann jeden Montag, 07:00–13:00 Uhr, nicht am 24. August"


@pytest.mark.parametrize("form", ["rss", "atom", "json"])
def test_a_feed_tells_the_date_that_comes_next_when_it_is_built(form: Format) -> None:
    post = numbered(1, **MONDAYS)
    assert SAID in render(form, feed(post, now=AT)).decode()
    later = render(form, feed(post, now=AT + timedelta(days=1))).decode()
    assert "Mo., 17. August 2026, dann jeden Montag" in later
    assert render(form, feed(post, now=AT)) == render(form, feed(post, now=AT + timedelta(hours=1)))


def test_programs_read_the_dates_from_a_json_feed() -> None:
    own = (OwnDate(recurrence_id=datetime(2026, 8, 31, 5, tzinfo=UTC), status="sold_out"),)
    post = numbered(1, **MONDAYS, dates=own)
    (item,) = json.loads(render("json", feed(post)))["items"]
    assert item["_syndication"]["excluded"] == ["2026-08-24T05:00:00Z"]
    assert item["_syndication"]["dates"][0]["status"] == "sold_out"


def test_a_social_post_says_it_as_of_its_try() -> None:
    one = envelope(Settings(), **MONDAYS)
    assert pieces(one, "mastodon").when == SAID
    assert "17. August" in pieces(replace(one, tried_at=AT + timedelta(days=1)), "mastodon").when


def test_a_note_beside_a_post_that_stands_says_which_date() -> None:
    off = (*MONDAYS["excluded"], datetime(2026, 8, 31, 5, tzinfo=UTC))
    one = replace(envelope(Settings(), "revised", **MONDAYS | {"excluded": off}), shown=content(**MONDAYS))
    assert one.changed == ("dates",)
    assert pieces(one, "slack", correction=True).notice == "Der Termin am 31.8. fällt aus"
    passed = replace(one, tried_at=datetime(2026, 9, 1, tzinfo=UTC))
    assert passed.changed == ()


def test_a_correction_by_mail_names_each_date_and_the_subject_the_only_one() -> None:
    def mail(**fields: Any) -> tuple[str, str]:
        correction = Correction(view(**MONDAYS | fields), "dates", content(**MONDAYS))
        made = compose(EditionView("de", AT, (), (correction,)), CITY, SENDER)
        return made["subject"], json.dumps(made["pieces"])

    off = datetime(2026, 8, 31, 5, tzinfo=UTC)
    subject, _ = mail(title="Markt", excluded=(*MONDAYS["excluded"], off))
    assert subject == "Markt: Der Termin am 31.8. fällt aus"
    subject, _ = mail(title="Markt", excluded=(off,))
    assert subject == "Geändert: Markt"
