"""Who hears of a stock that is taken in: nobody, everybody once, or each of each; and what becomes of it afterwards."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from syndication import clock, config, sources
from syndication.audience import feeds
from syndication.content.interest import Interest
from syndication.infra import db
from syndication.kinds.reading import draft
from syndication.models import Delivery, Merchant, Post
from syndication.publishing import from_file, posts
from syndication.publishing.stock import Tell
from syndication.stack.mail_sink import MailSink
from syndication.stack.receiver import Receiver
from tests import factories
from tests.test_lifecycle import at_the_slot, bodies, digest_reader, everything, reader, subjects
from tests.town import account, deliveries, fan_out, hook, publish

BERLIN = ZoneInfo("Europe/Berlin")
STOCK = Path(__file__).parents[1] / "fixtures" / "stock.csv"
SUMMARY = "12 neue Veranstaltungen von Stadt"


def take_in(tell: Tell) -> from_file.Report:
    with db.transaction() as session:
        known = session.scalar(select(Merchant.id).where(Merchant.slug == "stadt"))
        owner = known or factories.merchant(session, "stadt").id
    return from_file.run(sources.read(STOCK, zone=BERLIN, now=clock.now()), owner, tell=tell)


def first() -> posts.PostRecord:
    with db.reading() as session:
        return posts.read(session.scalars(select(Post.id).where(Post.source_ref == "f-0")).one())


def move(post: posts.PostRecord, **fields: Any) -> None:
    posts.revise(post.merchant_id, post.id, factories.event("Führung 0", days=40, **fields))


@pytest.mark.parametrize(("tell", "messages"), [("nobody", 0), ("summary", 1), ("each", 12)])
def test_so_many_messages_come_of_a_stock(
    tell: Tell, messages: int, city: config.Settings, receiver: Receiver, mail_sink: MailSink
) -> None:
    hook(receiver)
    account("mastodon", receiver)
    reader()
    digest_reader("bert@example.org")
    take_in(tell)
    fan_out()
    assert len(deliveries("mastodon")) == len(deliveries("webhook")) == messages
    assert len(deliveries("newsletter")) == messages
    at_the_slot()
    digests = [mail for mail in mail_sink.mails if "bert@example.org" in mail.recipient]
    assert len(digests) == min(messages, 1)
    assert feeds.document("all", "rss").body.count(b"<item>") == 12, "feeds hold what stands, and no summary"
    assert feeds.document("all", "ics").body.count(b"BEGIN:VEVENT") == 12


def test_a_summary_is_one_mail_in_the_readers_language_with_an_address(
    city: config.Settings, mail_sink: MailSink
) -> None:
    reader("anna@example.org")
    reader("john@example.org", language="en")
    report = take_in("summary")
    everything()
    assert sorted(subjects(mail_sink)) == [SUMMARY, "12 new events from Stadt"]
    for mail in mail_sink.mails:
        part = mail.message.get_body(("plain",))
        assert part is not None
        assert f"{city.base_url}/posts/{report.summary}" in part.get_content()


@pytest.mark.parametrize(
    ("interest", "hears"),
    [
        (Interest(kinds=("event",)), True),
        (Interest(kinds=("offer",)), False),
        (Interest(merchants=("stadt",)), True),
        (Interest(merchants=("cafe",)), False),
    ],
)
def test_a_summary_reaches_whoever_wants_such_posts(
    interest: Interest, hears: bool, city: config.Settings, mail_sink: MailSink
) -> None:
    reader(interest=interest)
    take_in("summary")
    everything()
    assert subjects(mail_sink) == ([SUMMARY] if hears else [])


@pytest.mark.parametrize("tell", ["nobody", "summary"])
def test_who_was_not_told_of_a_post_hears_nothing_of_its_changes(
    tell: Tell, city: config.Settings, receiver: Receiver, mail_sink: MailSink
) -> None:
    hook(receiver)
    account("mastodon", receiver)
    reader()
    digest_reader("bert@example.org")
    take_in(tell)
    fan_out()
    with db.transaction() as session:
        session.query(Delivery).delete()
    move(first())
    move(first(), status="cancelled")
    posts.withdraw(first().merchant_id, first().id)
    everything()
    assert deliveries("webhook") == deliveries("mastodon") == deliveries("newsletter") == []
    assert b"F\xc3\xbchrung 0" not in feeds.document("all", "rss").body


def test_a_summary_is_taken_back_like_any_post(
    city: config.Settings, receiver: Receiver, mail_sink: MailSink
) -> None:
    hook(receiver)
    reader()
    report = take_in("summary")
    everything()
    assert report.summary is not None
    posts.withdraw(None, report.summary)
    everything()
    assert subjects(mail_sink) == [SUMMARY, f"Zurückgezogen: {SUMMARY}"]
    assert bodies(receiver) == [("post.published", SUMMARY), ("post.withdrawn", "")]


def test_a_second_import_tells_of_what_is_new_and_of_nothing_else(
    city: config.Settings, receiver: Receiver
) -> None:
    hook(receiver)
    take_in("nobody")
    take_in("each")
    fan_out()
    assert deliveries("webhook") == []


def test_a_network_that_is_connected_later_gets_no_stock_by_its_revisions(
    city: config.Settings, receiver: Receiver
) -> None:
    post = publish("cafe")
    fan_out()
    clock.travel(timedelta(seconds=1))
    account("mastodon", receiver)
    hook(receiver)
    posts.revise(post.merchant_id, post.id, factories.event(days=9))
    fan_out()
    assert deliveries("mastodon") == []
    assert len(deliveries("webhook")) == 1, "a machine takes each change for the whole post"
    publish("museum")
    fan_out()
    assert len(deliveries("mastodon")) == 1


def test_a_series_that_came_quietly_gets_new_dates_quietly(city: config.Settings, receiver: Receiver) -> None:
    hook(receiver)
    with db.transaction() as session:
        owner = factories.merchant(session, "verein").id
    said = {"kind": "event", "title": "Probe", "starts_at": "2030-01-01T18:00:00Z", "source_ref": "p"}
    posts.submit(owner, draft(said), manner=posts.Manner(imported=True, quiet=True))
    more = draft({**said, "added": ["2030-02-01T18:00:00Z"]})
    assert posts.submit(owner, more, manner=posts.Manner(imported=True)).what == "revised"
    fan_out()
    assert deliveries("webhook") == []
