"""A post is removed everywhere by one act: no word of it is left, readers hear nothing, its owners and reporters are told why."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from syndication import config
from syndication.accounts import people, removals, reports
from syndication.accounts.removals import Removal
from syndication.accounts.reports import Notice
from syndication.audience import editions, feeds, readers
from syndication.audit import acting
from syndication.delivery import drain
from syndication.errors import Conflict
from syndication.infra import db
from syndication.models import Delivery, Report
from syndication.publishing import posts
from syndication.stack.mail_sink import MailSink
from syndication.stack.receiver import Receiver
from tests import factories
from tests.accounts.test_applications import letters
from tests.town import fan_out, hook, later, publish, sign_up, states

TITLE = "Unerhörter Titel"
UNLAWFUL = Removal(why="unlawful", ground="§ 130 StGB", statement="Der Text ruft zur Gewalt auf.")
SPAM = Removal(why="spam", ground="Regeln der Stadt, Nummer 3", statement="Zwölfmal dasselbe an einem Tag.")


@pytest.fixture(autouse=True)
def _entered() -> Iterator[None]:
    with acting.entering("page", "person 1", "Otto"):
        yield


def work() -> None:
    fan_out()
    for queue in ("push", "mail", "feeds"):
        drain.drain(queue)
    feeds.sweep()


def mails_to(sink: MailSink, address: str) -> list[str]:
    return [
        f"{one.message['Subject']}\n{one.message.get_body(('plain',)).get_content()}"
        for one in sink.mails
        if address in str(one.message["To"])
    ]


def test_what_is_unlawful_leaves_every_outlet_and_no_reader_hears_of_it(
    city: config.Settings, receiver: Receiver, mail_sink: MailSink
) -> None:
    hook(receiver)
    with db.transaction() as session:
        factories.reader(session, "anna@example.org")
    post = publish(title=TITLE)
    people.join("rosa@cafe.example", "cafe", "owner", name="Rosa Rosen")
    work()
    removals.remove(post.id, UNLAWFUL)
    work()
    later(86_400)
    work()
    assert len(mails_to(mail_sink, "anna@example.org")) == 1
    assert [b"withdrawn" in one.body for one in receiver.requests] == [False, True]
    assert TITLE not in receiver.requests[1].body.decode()
    (told,) = mails_to(mail_sink, "rosa@cafe.example")
    for words in (
        "entfernt",
        "§ 130 StGB",
        "ruft zur Gewalt auf",
        "Artikel 21",
        "sechs Monaten",
        "kein Computerprogramm",
    ):
        assert words in told, words
    assert "nerhört" not in told
    assert f"/desk/merchants/cafe/posts/{post.id}" in told
    record = posts.read(post.id)
    assert (record.state, record.withdrawn_by, record.withdrawn_untold) == ("withdrawn", "person 1", True)


def test_readers_are_told_where_that_is_wanted(city: config.Settings, mail_sink: MailSink) -> None:
    with db.transaction() as session:
        factories.reader(session, "anna@example.org")
    post = publish(title=TITLE)
    work()
    removals.remove(post.id, SPAM.model_copy(update={"tell_readers": True}))
    work()
    assert len(mails_to(mail_sink, "anna@example.org")) == 2


@pytest.mark.parametrize("tell", [False, True])
def test_the_next_edition_says_nothing_of_it_unless_that_is_wanted(
    city: config.Settings, mail_sink: MailSink, tell: bool
) -> None:
    sign_up("anna@example.org", cadence="daily 07:00")
    readers.confirm(letters("confirm")[-1]["token"])
    post = publish(title=TITLE, days=30)
    for _ in range(2):
        fan_out()
        later(86_400)
        editions.sweep()
        work()
        if posts.read(post.id).state == "published":
            removals.remove(post.id, SPAM.model_copy(update={"tell_readers": tell}))
    told = [one for one in mails_to(mail_sink, "anna@example.org") if "nerhört" in one]
    assert len(told) == (2 if tell else 1)


def test_a_mail_that_still_waits_is_not_sent(city: config.Settings, mail_sink: MailSink) -> None:
    with db.transaction() as session:
        factories.reader(session, "anna@example.org")
    post = publish(title=TITLE)
    fan_out()
    removals.remove(post.id, UNLAWFUL)
    work()
    assert mails_to(mail_sink, "anna@example.org") == []
    assert states("newsletter") == ["dropped"]


def test_what_is_only_spam_keeps_its_words_for_its_owners(city: config.Settings, mail_sink: MailSink) -> None:
    post = publish(title=TITLE)
    people.join("rosa@cafe.example", "cafe", "owner", name="Rosa Rosen")
    people.join("pat@cafe.example", "cafe", "owner", name="Pat", language="en")
    people.join("paul@cafe.example", "cafe", "member", name="Paul")
    removals.remove(post.id, SPAM)
    work()
    (german,), (english,) = mails_to(mail_sink, "rosa@"), mails_to(mail_sink, "pat@")
    for told in (german, english):
        assert TITLE in told
        assert "Nummer 3" in told
        assert "Zwölfmal" in told
    assert "unwanted advertising" in english
    assert mails_to(mail_sink, "paul@") == []


def test_a_merchant_without_an_owner_is_written_to_as_well(
    city: config.Settings, mail_sink: MailSink
) -> None:
    post = publish(title=TITLE)
    removals.remove(post.id, UNLAWFUL)
    work()
    (told,) = mails_to(mail_sink, "cafe@merchant.example")
    assert "§ 130 StGB" in told


def test_it_is_done_once_and_what_was_spam_may_become_unlawful(city: config.Settings) -> None:
    post = publish(title=TITLE)
    people.join("rosa@cafe.example", "cafe", "owner", name="Rosa Rosen")
    removals.remove(post.id, SPAM)
    with pytest.raises(Conflict):
        removals.remove(post.id, SPAM)
    removals.remove(post.id, UNLAWFUL)
    with pytest.raises(Conflict):
        removals.remove(post.id, UNLAWFUL)
    assert len(letters("removed")) == 2
    assert TITLE not in posts.read(post.id).content.model_dump_json()


def test_whoever_reported_it_is_told_too_and_all_reports_of_it_are_decided(
    city: config.Settings, mail_sink: MailSink
) -> None:
    post = publish(title=TITLE)
    people.join("rosa@cafe.example", "cafe", "owner", name="Rosa Rosen")
    for name in ("anna", "bert"):
        notice = Notice(explanation="Das ist gegen das Gesetz.", name=name, email=f"{name}@example.org")
        reports.take(post.id, notice, language="de", wording="Ja.")
    removals.remove(post.id, UNLAWFUL)
    work()
    for name in ("anna", "bert"):
        received, decided = mails_to(mail_sink, f"{name}@example.org")
        assert "Ihre Meldung an Coburg ist da" in received
        for words in ("Wir haben ihn entfernt", "ruft zur Gewalt auf", "Artikel 21", str(post.id)):
            assert words in decided, words
        assert "nerhört" not in received + decided
    (told,) = mails_to(mail_sink, "rosa@cafe.example")
    assert "Jemand hatte ihn gemeldet" in told
    assert not any(name in told for name in ("anna", "bert"))
    assert reports.waiting() == []
    with db.reading() as session:
        assert {one.decided_by for one in session.scalars(select(Report))} == {"person 1"}


def test_the_act_is_all_or_nothing(city: config.Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The letters stand in the transaction that takes the post back, so nothing dies in between."""
    post = publish(title=TITLE)
    people.join("rosa@cafe.example", "cafe", "owner", name="Rosa Rosen")

    def interrupted() -> None:
        with db.transaction():
            removals.remove(post.id, UNLAWFUL)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    assert posts.read(post.id).state == "published"
    assert posts.read(post.id).content.title == TITLE
    found: Any
    with db.reading() as session:
        found = session.scalars(select(Delivery).where(Delivery.channel == "letter")).all()
    assert found == []
