"""What becomes of one date of a series is one piece of news about that date, to those who were told of the series."""

import json
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from syndication import clock, config
from syndication.audience import editions, feeds
from syndication.content.post import Draft
from syndication.delivery import drain, record
from syndication.kinds.reading import draft
from syndication.publishing import posts
from syndication.stack.mail_sink import MailSink
from syndication.stack.receiver import Receiver
from tests import factories
from tests.remotes import REMOTES
from tests.test_lifecycle import at_the_slot, digest_reader, reader, subjects
from tests.town import account, fan_out, hook, later, publish, states

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2036, 11, 20, 9, 0, tzinfo=BERLIN)
CHRISTMAS = "2036-12-25T16:00:00Z"
MOVED = {"recurrence_id": CHRISTMAS, "starts_at": "2036-12-23T16:00:00Z"}


@pytest.fixture(autouse=True)
def _in_november(city: config.Settings) -> None:
    clock.travel(NOW - clock.now())


def market(**fields: Any) -> Draft:
    times = {"starts_at": "2036-12-04T16:00:00Z", "ends_at": "2036-12-04T19:00:00Z"}
    return draft(
        {"kind": "event", "title": "Abendmarkt", "recurrence": "FREQ=WEEKLY;COUNT=12", **times, **fields}
    )


def work() -> None:
    fan_out()
    for queue in ("push", "mail"):
        drain.drain(queue)


def told() -> posts.PostRecord:
    post = publish()
    posts.withdraw(post.merchant_id, post.id)
    post = factories.post(post.merchant_id, market())
    work()
    return post


def revise(post: posts.PostRecord, one: Draft) -> None:
    posts.revise(post.merchant_id, post.id, one)
    work()


def words(sink: MailSink) -> str:
    part = sink.mails[-1].message.get_body(("plain",))
    return str(part.get_content()) if part else ""


def test_readers_get_one_mail_about_the_date_and_machines_the_whole_series(
    mail_sink: MailSink, receiver: Receiver
) -> None:
    hook(receiver)
    reader()
    post = told()
    assert "Do., 4. Dezember 2036, dann jeden Donnerstag bis 19. Februar 2037, 17:00–20:00 Uhr" in words(
        mail_sink
    )
    before = len(mail_sink.mails)
    revise(post, market(excluded=[CHRISTMAS]))
    assert subjects(mail_sink)[before:] == ["Abendmarkt: Der Termin am 25.12. fällt aus"]
    assert "* Der Termin am 25.12. fällt aus" in words(mail_sink)
    last = json.loads(receiver.requests[-1].body)
    assert (last["type"], last["data"]["post"]["content"]["excluded"]) == ("post.revised", [CHRISTMAS])
    revise(post, market(dates=[MOVED | {"title": "Weihnachtsmarkt"}]))
    assert len(mail_sink.mails) == before + 2
    assert "Der Termin am 25.12. findet statt" not in words(mail_sink)
    last = json.loads(receiver.requests[-1].body)
    assert last["data"]["post"]["content"]["dates"][0]["starts_at"] == MOVED["starts_at"]


def test_new_words_for_one_date_and_what_is_over_are_no_news(mail_sink: MailSink) -> None:
    reader()
    post = told()
    before = len(mail_sink.mails)
    revise(post, market(dates=[{"recurrence_id": CHRISTMAS, "body": "Mit Glühwein"}]))
    later(15 * 86400)
    revise(post, market(excluded=["2036-12-04T16:00:00Z"]))
    assert len(mail_sink.mails) == before


def test_news_of_a_date_that_waited_until_it_has_passed_is_dropped(mail_sink: MailSink) -> None:
    reader()
    post = told()
    before = len(mail_sink.mails)
    posts.revise(post.merchant_id, post.id, market(excluded=["2036-12-11T16:00:00Z"]))
    fan_out()
    later(22 * 86400)
    record.drop_over()
    work()
    assert len(mail_sink.mails) == before
    assert states("newsletter")[-1] == "dropped"


def test_a_reader_by_slots_hears_of_the_date_in_the_next_one(mail_sink: MailSink) -> None:
    digest_reader()
    post = told()
    at_the_slot()
    before = len(mail_sink.mails)
    posts.revise(post.merchant_id, post.id, market(dates=[MOVED]))
    work()
    later(86400 - 3700)
    at_the_slot()
    assert len(mail_sink.mails) == before + 1
    assert "Der Termin am 25.12. ist verlegt: Di., 23. Dezember 2036, 17:00–20:00 Uhr" in words(mail_sink)


def test_an_edition_that_tells_of_a_date_alone_is_dropped_when_that_has_passed(mail_sink: MailSink) -> None:
    digest_reader()
    post = told()
    at_the_slot()
    before = len(mail_sink.mails)
    posts.revise(post.merchant_id, post.id, market(excluded=["2036-12-11T16:00:00Z"]))
    fan_out()
    later(86400)
    editions.sweep()  # nobody sends it for weeks
    later(22 * 86400)
    record.drop_over()
    assert states("newsletter")[-1] == "dropped"
    assert len(mail_sink.mails) == before


def test_a_feed_tells_the_next_date_without_any_change_of_the_post() -> None:
    told()
    first = feeds.document("all", "rss")
    assert "Do., 4. Dezember 2036, dann jeden Donnerstag" in first.body.decode()
    calendar = feeds.document("all", "ics").etag
    later(15 * 86400)
    assert feeds.sweep() == 1
    assert "Do., 11. Dezember 2036, dann jeden Donnerstag" in feeds.document("all", "rss").body.decode()
    assert feeds.document("all", "ics").etag == calendar


def test_a_post_that_is_edited_in_place_says_it_too(receiver: Receiver) -> None:
    remote: Any = REMOTES["mastodon"]()
    receiver.answer = remote.answer
    account("mastodon", receiver)
    post = told()
    revise(post, market(excluded=["2036-12-11T16:00:00Z"]))
    last = next(request for request in reversed(receiver.requests) if request.method == "PUT")
    assert "nicht am 11. Dezember" in json.loads(last.body)["status"]


def test_a_market_that_began_long_ago_stands_under_its_next_day_and_what_runs_under_none(
    mail_sink: MailSink,
) -> None:
    reader(cadence="weekly thu 12:00", next_slot_at=NOW + timedelta(hours=3))
    merchant_id = publish(title="Konzert", days=1).merchant_id
    since = {"starts_at": "2019-04-06T05:00:00Z", "ends_at": "2019-04-06T11:00:00Z"}
    weekly = {"kind": "event", "title": "Wochenmarkt", "recurrence": "FREQ=WEEKLY;BYDAY=SA"}
    runs = {"starts_at": "2036-09-30T22:00:00Z", "ends_at": "2037-01-31T23:00:00Z", "all_day": True}
    for one in (runs | {"kind": "event", "title": "Fachwerk"}, weekly | since):
        factories.post(merchant_id, draft(one))
    fan_out()
    later(4 * 3600)
    at_the_slot()
    said = words(mail_sink)
    order = (
        "FR., 21. NOVEMBER 2036",
        "Konzert",
        "SA., 22. NOVEMBER 2036",
        "Wochenmarkt",
        "LÄUFT GERADE",
        "Fachwerk",
    )
    assert [said.index(word) for word in order] == sorted(said.index(word) for word in order)
    assert "noch bis 31. Januar 2037" in said
    assert "Sa., 22. November 2036, dann jeden Samstag, 07:00–13:00 Uhr" in said
