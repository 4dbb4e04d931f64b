"""Outlets are looked after: what they allow is learned, an access that ends is told of in time, and when it is well again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
from sqlalchemy import select

from syndication import channels, clock, config
from syndication.channels.mastodon import Mastodon, MastodonSettings
from syndication.channels.settings import Settings
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Refused, TryLater
from syndication.content.base import Moment
from syndication.delivery import drain, refresh
from syndication.destinations import resume
from syndication.infra import db
from syndication.models import Destination, Merchant
from syndication.publishing import posts
from syndication.stack.mail_sink import MailSink
from syndication.stack.receiver import Receiver
from tests import factories
from tests.remotes import REMOTES
from tests.remotes.remote import reply
from tests.town import fan_out, later


@pytest.fixture
def toots(city: config.Settings, receiver: Receiver) -> Any:
    remote = REMOTES["mastodon"]()
    receiver.answer = remote.answer
    with db.transaction() as session:
        cafe = factories.merchant(session, "wirt")
        factories.destination(
            session,
            "mastodon",
            merchant_id=cafe.id,
            settings={"server": receiver.url("")},
            secrets={"access_token": remote.token},
        )
    return remote


def row() -> Destination:
    with db.reading() as session:
        return session.query(Destination).filter_by(channel="mastodon").one()


def letters(sink: MailSink) -> list[str]:
    drain.drain("mail")
    return [str(mail.message["Subject"]) for mail in sink.mails if mail.recipient == "wirt@merchant.example"]


def test_what_the_server_allows_is_kept_and_asked_once_a_day(toots: Any) -> None:
    toots.characters = 1234
    assert refresh.sweep(drain.tools()) == 1
    assert row().settings["characters"] == 1234
    assert row().settings["account"] == "coburg"
    assert refresh.sweep(drain.tools()) == 0
    later(86_400 + 60)
    assert refresh.sweep(drain.tools()) == 1


def test_what_was_learned_leaves_the_access_as_it_was(toots: Any) -> None:
    refresh.sweep(drain.tools())
    with db.reading() as session:
        merchant_id = session.scalars(select(Merchant.id)).one()
    posts.create(merchant_id, factories.event("Weinabend"))
    fan_out()
    drain.drain("push")
    assert len(toots.statuses) == 1


def test_a_refused_access_pauses_and_is_told_once_and_so_is_its_end(toots: Any, mail_sink: MailSink) -> None:
    toots.fail(reply({"error": "The access token is invalid"}, 401), on="verify_credentials", times=9)
    refresh.sweep(drain.tools())
    assert (row().state, "connect the account again" in row().reason) == ("paused", True)
    assert letters(mail_sink) == ["the mastodon nimmt unseren Zugang nicht an"]
    later(700)
    assert refresh.sweep(drain.tools()) == 0, "a paused outlet is left alone"
    toots._faults.clear()
    resume(row().id)
    later(700)
    refresh.sweep(drain.tools())
    assert letters(mail_sink)[1:] == ["Der Zugang zu the mastodon ist in Ordnung"]
    assert row().warned_at is None


def test_a_server_that_is_down_is_asked_again_soon_and_nobody_is_told(
    toots: Any, mail_sink: MailSink
) -> None:
    toots.fail(reply(None, 503), on="verify_credentials")
    refresh.sweep(drain.tools())
    assert (row().state, letters(mail_sink)) == ("active", [])
    later(601)
    assert refresh.sweep(drain.tools()) == 1
    assert row().settings["account"] == "coburg"


class _Expiring(MastodonSettings):
    expires_at: Moment | None = None

    @property
    def access_ends_at(self) -> datetime | None:
        return self.expires_at


@dataclass
class _Renewing(Mastodon):
    """Mastodon, if its tokens ended as those of other networks do."""

    settings: ClassVar[type[Settings]] = _Expiring
    to: datetime | None = None

    def tend(self, settings: Settings, tools: Tools, now: datetime) -> Settings:
        return settings.model_copy(update={"expires_at": self.to})


def test_an_access_that_ends_is_told_of_seven_days_ahead_and_once(
    toots: Any, mail_sink: MailSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = (clock.now() + timedelta(days=10)).replace(microsecond=0)
    monkeypatch.setitem(channels._BY_KIND, "mastodon", _Renewing(to=ends))
    refresh.sweep(drain.tools())
    assert letters(mail_sink) == []
    for _ in range(2):
        later(86_400 + 60)
        refresh.sweep(drain.tools())
    assert letters(mail_sink) == []
    for _ in range(3):
        later(86_400 + 60)
        refresh.sweep(drain.tools())
    assert letters(mail_sink) == ["Der Zugang zu the mastodon läuft bald ab"]
    monkeypatch.setitem(channels._BY_KIND, "mastodon", _Renewing(to=ends + timedelta(days=60)))
    later(86_400 + 60)
    refresh.sweep(drain.tools())
    assert letters(mail_sink)[1:] == ["Der Zugang zu the mastodon ist in Ordnung"], (
        "a renewed access is told, too"
    )


def test_what_a_person_changed_meanwhile_is_not_overwritten(
    toots: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(Mastodon):
        def tend(self, settings: Settings, tools: Tools, now: datetime) -> Settings:
            with db.transaction() as session:
                one = session.query(Destination).filter_by(channel="mastodon").one()
                one.settings = {**one.settings, "visibility": "unlisted"}
            return settings.model_copy(update={"characters": 9999})

    monkeypatch.setitem(channels._BY_KIND, "mastodon", Slow())
    refresh.sweep(drain.tools())
    assert row().settings["visibility"] == "unlisted"
    assert "characters" not in row().settings


@pytest.mark.parametrize("verdict", [TryLater("Later."), Refused("No."), RuntimeError("broken")])
def test_one_that_cannot_be_looked_after_keeps_nobody_waiting(
    toots: Any, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, verdict: Exception
) -> None:
    class Broken(Mastodon):
        def tend(self, settings: Settings, tools: Tools, now: datetime) -> Settings:
            raise verdict

    monkeypatch.setitem(channels._BY_KIND, "mastodon", Broken())
    with db.transaction() as session:
        factories.destination(
            session, "mastodon", settings={"server": receiver.url("")}, secrets={"access_token": "x"}
        )
    assert refresh.sweep(drain.tools()) == 2
    assert row_states() == ["active", "active"]


def row_states() -> list[str]:
    with db.reading() as session:
        return [one.state for one in session.query(Destination).filter_by(channel="mastodon")]
