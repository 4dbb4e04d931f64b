"""One post's life on every outlet: published, later, revised, cancelled, withdrawn, over."""

import json
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from syndication import clock, config
from syndication.audience import editions, feeds
from syndication.content.interest import Interest
from syndication.delivery import drain, fanout
from syndication.errors import Forbidden, Invalid, QuotaExceeded
from syndication.infra import db, rendering
from syndication.models import Change, Delivery, Edition, Merchant, Reader
from syndication.publishing import posts
from syndication.stack.mail_sink import MailSink
from syndication.stack.receiver import Receiver
from tests import factories
from tests.town import fan_out, hook, later, publish, states

BERLIN = ZoneInfo("Europe/Berlin")


def everything() -> None:
    """Let all workers do what they have to."""
    fan_out()
    for queue in ("push", "mail", "feeds"):
        drain.drain(queue)


def reader(email: str = "anna@example.org", **fields: object) -> int:
    with db.transaction() as session:
        return factories.reader(session, email, **fields).id


def digest_reader(email: str = "anna@example.org", **fields: object) -> int:
    """A reader whose next daily edition comes in an hour."""
    soon = (clock.now() + timedelta(hours=1)).astimezone(BERLIN).replace(second=0, microsecond=0)
    return reader(email, cadence=f"daily {soon:%H:%M}", next_slot_at=soon, **fields)


def at_the_slot() -> None:
    later(3700)
    editions.sweep()
    drain.drain("mail")


def subjects(sink: MailSink) -> list[str]:
    return [str(mail.message["Subject"]) for mail in sink.mails]


def bodies(receiver: Receiver) -> list[tuple[str, str]]:
    told = [json.loads(request.body) for request in receiver.requests]
    return [(one["type"], one["data"]["post"].get("content", {}).get("title", "")) for one in told]


def test_a_revision_reaches_all_three_outlets(
    city: config.Settings, receiver: Receiver, mail_sink: MailSink
) -> None:
    hook(receiver)
    reader()
    post = publish(title="Weinabend")
    everything()
    posts.revise(post.merchant_id, post.id, factories.event("Weinabend", days=9))
    everything()
    assert bodies(receiver) == [("post.published", "Weinabend"), ("post.revised", "Weinabend")]
    assert subjects(mail_sink) == ["Weinabend", "Geändert: Weinabend"]
    assert b"SEQUENCE:1" in feeds.document("all", "ics").body


def test_mere_wording_sends_no_second_mail(
    city: config.Settings, receiver: Receiver, mail_sink: MailSink
) -> None:
    hook(receiver)
    reader()
    starts = clock.now() + timedelta(days=3)
    draft = factories.draft({"kind": "event", "title": "Weinabend", "starts_at": starts.isoformat()})
    with db.transaction() as session:
        merchant_id = factories.merchant(session).id
    post = posts.create(merchant_id, draft)
    everything()
    posts.revise(merchant_id, post.id, draft.model_copy(update={"summary": "Mit Käse"}))
    everything()
    assert subjects(mail_sink) == ["Weinabend"]
    assert [kind for kind, _ in bodies(receiver)] == ["post.published", "post.revised"]


def test_a_withdrawal_reaches_all_three_outlets(
    city: config.Settings, receiver: Receiver, mail_sink: MailSink
) -> None:
    hook(receiver)
    reader()
    post = publish(title="Weinabend")
    everything()
    posts.withdraw(post.merchant_id, post.id)
    everything()
    assert bodies(receiver) == [("post.published", "Weinabend"), ("post.withdrawn", "")]
    assert subjects(mail_sink) == ["Weinabend", "Zurückgezogen: Weinabend"]
    assert b"Weinabend" not in feeds.document("all", "rss").body
    assert b"deleted-entry" in feeds.document("all", "atom").body


def test_a_withdrawn_post_that_nobody_heard_of_is_not_mentioned(
    city: config.Settings, mail_sink: MailSink
) -> None:
    reader()
    digest_reader("digest@example.org")
    post = publish()
    fan_out()
    posts.withdraw(post.merchant_id, post.id)
    everything()
    at_the_slot()
    assert mail_sink.mails == []


def test_a_cancelled_event_stays_in_the_calendar(city: config.Settings) -> None:
    post = publish(title="Konzert")
    everything()
    posts.revise(post.merchant_id, post.id, factories.event("Konzert", status="cancelled"))
    everything()
    calendar = feeds.document("all", "ics").body
    assert b"STATUS:CANCELLED" in calendar
    assert b"SEQUENCE:1" in calendar


def test_an_edition_is_shared_and_comes_once(city: config.Settings, mail_sink: MailSink) -> None:
    for number in range(5):
        digest_reader(f"r{number}@example.org")
    digest_reader("offers@example.org", interest=Interest(kinds=("offer",)))
    publish(title="Weinabend")
    fan_out()
    at_the_slot()
    at_the_slot()
    assert sorted(mail.recipient for mail in mail_sink.mails) == [
        f"r{number}@example.org" for number in range(5)
    ]
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Edition)) == 1


def test_no_edition_is_empty(city: config.Settings, mail_sink: MailSink) -> None:
    digest_reader()
    at_the_slot()
    assert mail_sink.mails == []
    with db.reading() as session:
        assert session.scalars(select(Reader.next_slot_at)).one() > clock.now()


def test_the_next_edition_corrects_what_was_cancelled_since(
    city: config.Settings, mail_sink: MailSink
) -> None:
    digest_reader()
    post = publish(title="Konzert", days=5)
    fan_out()
    at_the_slot()
    posts.revise(post.merchant_id, post.id, factories.event("Konzert", days=5, status="cancelled"))
    fan_out()
    later(86400)
    at_the_slot()
    assert subjects(mail_sink) == ["Konzert", "Abgesagt: Konzert"]


def test_a_post_revised_before_its_edition_is_told_once_as_it_is_now(
    city: config.Settings, mail_sink: MailSink
) -> None:
    digest_reader()
    post = publish(title="Konzert")
    fan_out()
    posts.revise(post.merchant_id, post.id, factories.event("Großes Konzert", days=6))
    fan_out()
    at_the_slot()
    assert subjects(mail_sink) == ["Großes Konzert"]


def test_what_is_over_before_the_slot_is_not_in_the_edition(
    city: config.Settings, mail_sink: MailSink
) -> None:
    digest_reader()
    publish(days=-0.1, title="Gerade noch")
    fan_out()
    later(3 * 86400)
    editions.sweep()
    drain.drain("mail")
    assert mail_sink.mails == []


def test_a_pause_of_days_ends_in_one_edition(city: config.Settings, mail_sink: MailSink) -> None:
    digest_reader()
    post = publish(title="Konzert", days=20)
    posts.create(post.merchant_id, factories.event("Lesung", days=20))
    fan_out()
    later(3 * 86400)
    at_the_slot()
    assert len(mail_sink.mails) == 1
    assert "Konzert" in subjects(mail_sink)[0]


def test_a_post_for_later_comes_at_its_time(city: config.Settings, receiver: Receiver) -> None:
    hook(receiver)
    publish(publish_at=(clock.now() + timedelta(hours=2)).isoformat(), title="Später")
    everything()
    assert receiver.requests == []
    assert b"Sp" not in feeds.document("all", "json").body
    later(7300)
    assert posts.publish_due() == 1
    everything()
    assert [kind for kind, _ in bodies(receiver)] == ["post.published"]


def test_an_offer_leaves_the_feed_when_it_is_over(city: config.Settings) -> None:
    with db.transaction() as session:
        merchant_id = factories.merchant(session).id
    posts.create(merchant_id, factories.offer("Kaffee", days=1))
    everything()
    assert b"Kaffee" in feeds.document("all", "rss").body
    later(86500)
    assert b"Kaffee" not in feeds.document("all", "rss").body


def test_a_merchants_own_outlet_gets_only_its_posts(city: config.Settings, receiver: Receiver) -> None:
    with db.transaction() as session:
        cafe = factories.merchant(session, "cafe").id
        kino = factories.merchant(session, "kino").id
    hook(receiver, merchant_id=cafe)
    posts.create(cafe, factories.event("Im Café"))
    posts.create(kino, factories.event("Im Kino"))
    everything()
    assert bodies(receiver) == [("post.published", "Im Café")]


def test_an_interest_chooses(city: config.Settings, mail_sink: MailSink) -> None:
    reader("wine@example.org", interest=Interest(topics=("wein",)))
    reader("all@example.org")
    reader("offers@example.org", interest=Interest(kinds=("offer",)))
    publish(title="Weinabend", topics=["Wein"])
    everything()
    assert sorted(mail.recipient for mail in mail_sink.mails) == ["all@example.org", "wine@example.org"]


def test_changes_of_one_post_go_out_in_their_order(city: config.Settings, receiver: Receiver) -> None:
    hook(receiver)
    post = publish(title="eins")
    posts.revise(post.merchant_id, post.id, factories.event("zwei"))
    with db.reading() as session:
        last = session.scalars(select(func.max(Change.id))).one()
    fanout.fan_out(last)  # its wake-up came first
    drain.drain("push")
    assert bodies(receiver) == [("post.revised", "zwei")]
    assert states() == ["dropped", "sent"]


@pytest.mark.parametrize("state", ["applied", "suspended"])
def test_a_merchant_who_is_not_admitted_publishes_nothing(city: config.Settings, state: str) -> None:
    with db.transaction() as session:
        merchant_id = factories.merchant(session, state=state).id
    with pytest.raises(Forbidden):
        posts.create(merchant_id, factories.event())


def test_a_suspended_merchants_later_posts_stay_back(city: config.Settings, receiver: Receiver) -> None:
    hook(receiver)
    post = publish(publish_at=(clock.now() + timedelta(hours=1)).isoformat())
    with db.transaction() as session:
        session.get_one(Merchant, post.merchant_id).state = "suspended"
    later(3700)
    posts.publish_due()
    everything()
    assert receiver.requests == []


def test_the_quota_is_a_sentence_and_counts_a_day(city: config.Settings) -> None:
    with db.transaction() as session:
        merchant_id = factories.merchant(session, posts_per_day=2).id
    for number in range(2):
        posts.create(merchant_id, factories.event(f"{number}", days=5))
    with pytest.raises(QuotaExceeded, match="2"):
        posts.create(merchant_id, factories.event("zu viel", days=5))
    later(86500)
    posts.create(merchant_id, factories.event("morgen", days=5))


def test_an_event_that_is_over_is_refused_with_its_field(city: config.Settings) -> None:
    with db.transaction() as session:
        merchant_id = factories.merchant(session).id
    with pytest.raises(Invalid):
        posts.create(merchant_id, factories.event(days=-3))


def test_every_delivery_of_a_post_can_be_told(
    city: config.Settings, receiver: Receiver, mail_sink: MailSink
) -> None:
    hook(receiver)
    reader()
    publish()
    everything()
    with db.reading() as session:
        rows = session.execute(select(Delivery.channel, Delivery.state).order_by(Delivery.channel)).all()
    assert [tuple(row) for row in rows] == [("feed", "sent"), ("newsletter", "sent"), ("webhook", "sent")]


def test_the_window_of_a_reader_who_changes_rhythm_has_no_gap(
    city: config.Settings, mail_sink: MailSink
) -> None:
    from syndication.audience import readers

    digest_reader()
    publish(title="Vorher")
    fan_out()
    token = readers.token_for("anna@example.org")
    readers.update_preferences(token, interest=Interest(), cadence="instantly", language="de")
    editions.sweep()
    publish("kino", title="Nachher")
    everything()
    assert subjects(mail_sink) == ["Vorher", "Nachher"]


def test_a_template_that_fails_holds_up_only_its_own_language(
    city: config.Settings,
    mail_sink: MailSink,
    receiver: Receiver,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = tmp_path / "templates" / "newsletter" / "edition"
    broken.mkdir(parents=True)
    (broken / "body.txt").write_text('{% if language == "en" %}{{ nothing.here }}{% endif %}{{ city.name }}')
    monkeypatch.setattr(rendering, "_TEMPLATES", [tmp_path / "templates", *rendering._TEMPLATES])
    rendering._environment.cache_clear()
    hook(receiver)
    digest_reader("de@example.org")
    digest_reader("en@example.org", language="en")
    publish(title="Weinabend")
    fan_out()
    drain.drain("push")
    at_the_slot()
    assert [mail.recipient for mail in mail_sink.mails] == ["de@example.org"]
    assert len(receiver.requests) == 1
    monkeypatch.undo()
    rendering._environment.cache_clear()
    editions.sweep()
    drain.drain("mail")
    assert sorted(mail.recipient for mail in mail_sink.mails) == ["de@example.org", "en@example.org"]
