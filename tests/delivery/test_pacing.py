"""When an account may speak: the rules alone, then on real tables."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from syndication import clock, config
from syndication.channels.settings import Rhythm
from syndication.delivery import drain
from syndication.delivery.pacing import Candidate, most_urgent, turn
from syndication.ledger import replay
from syndication.publishing import posts
from syndication.stack.receiver import Receiver
from tests import factories
from tests.remotes import REMOTES
from tests.town import deliveries, fan_out, later, publish

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Rhythm(time(22), time(7))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-08-10T21:59", "2026-08-10T21:59"),
        ("2026-08-10T22:00", "2026-08-11T07:00"),
        ("2026-08-11T00:30", "2026-08-11T07:00"),
        ("2026-08-11T06:59", "2026-08-11T07:00"),
        ("2026-08-11T07:00", "2026-08-11T07:00"),
        ("2026-10-24T23:00", "2026-10-25T07:00"),  # the night that has 25 hours
        ("2026-03-28T23:00", "2026-03-29T07:00"),  # the night that has 23
    ],
)
def test_quiet_hours_end_on_the_wall_clock(now: str, expected: str) -> None:
    assert turn(NIGHT, at(now), [], BERLIN).at == at(expected)


def test_quiet_hours_within_a_day() -> None:
    noon = Rhythm(time(12), time(14))
    assert turn(noon, at("2026-08-10T13:00"), [], BERLIN).at == at("2026-08-10T14:00")
    assert turn(noon, at("2026-08-10T23:00"), [], BERLIN).at == at("2026-08-10T23:00")


def test_a_gap_that_ends_at_night_waits_for_the_morning() -> None:
    rhythm = Rhythm(time(22), time(7), gap=7200)
    found = turn(rhythm, at("2026-08-10T21:00"), [at("2026-08-10T20:30")], BERLIN)
    assert found.at == at("2026-08-11T07:00")
    assert "07:00" in found.reason


def test_the_number_in_24_hours_counts_back_from_each_moment() -> None:
    rhythm, said = Rhythm(most=2), [at("2026-08-10T09:00"), at("2026-08-10T15:00"), at("2026-08-09T08:00")]
    assert turn(rhythm, at("2026-08-10T16:00"), said, BERLIN).at == at("2026-08-11T09:00")
    assert turn(rhythm, at("2026-08-11T09:30"), said, BERLIN).at == at("2026-08-11T09:30")


def test_the_most_urgent_is_what_is_over_first() -> None:
    soon, late = at("2026-08-11T09:00"), at("2026-09-11T09:00")
    assert (
        most_urgent(
            [Candidate(1, None, True), Candidate(2, late, True), Candidate(3, soon, False)]
        ).delivery_id
        == 3
    )
    assert most_urgent([Candidate(1, soon, False), Candidate(2, soon, True)]).delivery_id == 2
    assert most_urgent([Candidate(2, None, False), Candidate(1, None, False)]).delivery_id == 1


# On real tables


@pytest.fixture
def toots(city: config.Settings, receiver: Receiver) -> Any:
    remote = REMOTES["mastodon"]()
    receiver.answer = remote.answer
    return remote


def account(receiver: Receiver, **rhythm: Any) -> None:
    from syndication.infra import db

    with db.transaction() as session:
        factories.destination(
            session,
            "mastodon",
            settings={"server": receiver.url(""), **rhythm},
            secrets={"access_token": "mastodon-access-token"},
        )


def work() -> None:
    fan_out()
    drain.drain("push")


def titles(remote: Any) -> list[str]:
    return [status["text"].partition("\n")[0] for status in remote.statuses.values()]


def test_posts_keep_their_gap_the_most_urgent_first(toots: Any, receiver: Receiver) -> None:
    account(receiver, gap_minutes=60)
    first = publish(title="In zwei Monaten", days=60)
    for title, days in (("Nächste Woche", 7), ("Morgen", 1)):
        posts.create(first.merchant_id, factories.event(title, days=days))
    work()
    assert titles(toots) == ["Morgen"]
    waiting = [row for row in deliveries("mastodon") if row.state == "waiting"]
    assert all("urgent" in row.reason for row in waiting)
    later(3605)
    work()
    assert titles(toots) == ["Morgen", "Nächste Woche"]
    later(3605)
    work()
    assert titles(toots) == ["Morgen", "Nächste Woche", "In zwei Monaten"]
    assert {row.reason for row in deliveries("mastodon")} == {""}


def test_a_correction_waits_for_nothing(toots: Any, receiver: Receiver) -> None:
    account(receiver, gap_minutes=600, most_per_day=1)
    post = publish(title="Weinabend")
    work()
    posts.revise(post.merchant_id, post.id, factories.event("Weinabend", status="cancelled"))
    work()
    assert titles(toots) == ["Abgesagt: Weinabend"]


def test_at_night_everything_new_waits_until_the_morning(toots: Any, receiver: Receiver) -> None:
    now = clock.now().astimezone(BERLIN)
    account(
        receiver,
        quiet_from=f"{now - timedelta(minutes=5):%H:%M}",
        quiet_until=f"{now + timedelta(hours=8):%H:%M}",
    )
    publish(title="Weinabend")
    work()
    (row,) = deliveries("mastodon")
    assert (row.state, toots.statuses) == ("waiting", {})
    assert "quiet hours" in row.reason
    later(8 * 3600 + 5)
    work()
    assert titles(toots) == ["Weinabend"]


def test_what_is_over_before_its_turn_is_dropped(toots: Any, receiver: Receiver) -> None:
    account(receiver, most_per_day=1)
    first = publish(title="Heute", days=0.1)
    posts.create(first.merchant_id, factories.event("Gleich danach", days=0.2))
    work()
    later(25 * 3600)
    work()
    assert titles(toots) == ["Heute"]
    assert [row.state for row in deliveries("mastodon")] == ["sent", "dropped"]


def test_who_sends_again_by_hand_does_not_wait(toots: Any, receiver: Receiver) -> None:
    account(receiver, most_per_day=1)
    publish(title="Weinabend")
    work()
    replay.one(deliveries("mastodon")[0].id)
    work()
    assert deliveries("mastodon")[0].state == "sent"
