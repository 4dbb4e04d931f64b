"""Feed readers say for how many they fetch; of people nothing is kept, and what strangers say has bounds."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from syndication.config import Settings
from syndication.infra import db
from syndication.insight import feed_audience
from syndication.insight.feed_audience import Listener, said
from syndication.models import FeedAudience

NOW = datetime(2026, 11, 26, 23, 30, tzinfo=UTC)
DAY = date(2026, 11, 27)  # the city's
FEEDLY = "Feedly/1.0 (+http://www.feedly.com/fetcher.html; {} subscribers; like FeedFetcher-Google)"


@pytest.mark.parametrize(
    ("agent", "found"),
    [
        (FEEDLY.format(16), ("Feedly", 16)),
        ("Inoreader/1.0 (+http://www.inoreader.com/feed-fetcher; 3 subscribers; )", ("Inoreader", 3)),
        ("Mozilla/5.0 (compatible; inoreader.com; 1 subscribers)", ("inoreader.com", 1)),
        ("NewsBlur Feed Fetcher - 4 subscribers - http://www.newsblur.com/site/1/a", ("NewsBlur", 4)),
        ("Feedbin feed-id:1234 - 3 subscribers", ("Feedbin", 3)),
        ("Mozilla/5.0 (compatible; theoldreader.com; 7 subscribers; feed-id=1)", ("theoldreader.com", 7)),
        ("FeedHQ/1.2 (https://github.com/feedhq/feedhq; 1 subscriber; feed_id=2)", ("FeedHQ", 1)),
        ("https://www.netvibes.example/bot 12,345 subscribers", ("netvibes.example", 12345)),
        ("Reader/2 (1.234 Subscribers)", ("Reader", 1234)),
        ("BazQux/2.4 (+https://bazqux.com/fetcher; 0 subscribers)", ("BazQux", 0)),
        ("Reader/2 (12345678 subscribers)", None),
        ("Reader/2 (9999999 subscribers)", None),
        ("Reader/2 (-5 subscribers)", ("Reader", 5)),
        ("Reader/2 (many subscribers)", None),
        ("5 subscribers", ("5", 5)),
        ("<script> 5 subscribers", None),
        ("x" * 300 + " 5 subscribers", None),
        (f"{'x' * 60} 5 subscribers", ("x" * 40, 5)),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0", None),
        ("", None),
    ],
)
def test_a_program_says_for_how_many_it_fetches(agent: str, found: tuple[str, int] | None) -> None:
    assert said(agent) == found


def test_what_was_heard_is_handed_on_once_a_minute_the_most_of_each() -> None:
    listener = Listener()
    assert listener.due(NOW) == {}
    for count in (5, 7, 6):
        listener.hear("all.rss", FEEDLY.format(count), NOW)
    listener.hear("all.rss", "curl/8.0", NOW)
    assert listener.due(NOW + timedelta(seconds=59)) == {}
    assert listener.due(NOW + timedelta(seconds=60)) == {("all.rss", "Feedly"): 7}
    assert listener.due(NOW + timedelta(seconds=600)) == {}


def test_a_process_notes_no_more_than_so_many() -> None:
    listener = Listener()
    for number in range(600):
        listener.hear("all.rss", f"Reader{number}/1 (1 subscribers)", NOW)
    assert len(listener.due(NOW + timedelta(hours=1))) == 500


def kept() -> list[tuple[str, str, int, date]]:
    with db.reading() as session:
        rows = session.scalars(select(FeedAudience).order_by(FeedAudience.feed, FeedAudience.program))
        return [(row.feed, row.program, row.subscribers, row.day) for row in rows]


@pytest.mark.usefixtures("database", "settings")
def test_of_a_day_the_most_is_kept_and_few_programs_of_each_feed() -> None:
    feed_audience.keep({("all.rss", "Feedly"): 5, ("all.atom", "Feedly"): 2}, NOW)
    feed_audience.keep({("all.rss", "Feedly"): 7}, NOW)
    feed_audience.keep({("all.rss", "Feedly"): 6}, NOW)
    assert kept() == [("all.atom", "Feedly", 2, DAY), ("all.rss", "Feedly", 7, DAY)]
    feed_audience.keep({("all.rss", f"Reader{number}"): 1 for number in range(100)}, NOW)
    assert len(kept()) == 1 + feed_audience.MOST_PROGRAMS
    feed_audience.keep({("all.rss", "Feedly"): 9}, NOW)
    assert ("all.rss", "Feedly", 9, DAY) in kept()


@pytest.mark.usefixtures("database", "settings")
def test_the_feeds_of_a_merchant_are_added_up_by_program_and_old_days_are_forgotten(
    settings: Settings,
) -> None:
    feed_audience.keep({("merchant/cafe.rss", "Feedly"): 5, ("merchant/cafe.atom", "Inoreader"): 2}, NOW)
    feed_audience.keep({("merchant/cafe.rss", "Feedly"): 4}, NOW + timedelta(days=1))
    feed_audience.keep(
        {("kind/event/merchant/cafe.ics", "Feedly"): 1, ("merchant/cafe-2.rss", "Feedly"): 50}, NOW
    )
    with db.transaction() as session:
        assert feed_audience.of_merchant(session, "cafe", DAY, DAY) == {"Feedly": 6, "Inoreader": 2}
        assert feed_audience.of_merchant(session, "cafe", date(2026, 10, 1), date(2026, 10, 31)) == {}
        assert feed_audience.forget(session, NOW + timedelta(days=399)) == 0
        assert feed_audience.forget(session, NOW + timedelta(days=403)) == 5
