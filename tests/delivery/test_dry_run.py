"""A dry run shows what is then sent, for every channel, and sends nothing."""

import json
import re
from email import message_from_bytes
from email.policy import SMTP
from typing import Any

import pytest
from sqlalchemy import select

from syndication import channels, config, destinations
from syndication.audience import feeds
from syndication.content.interest import Interest
from syndication.delivery import drain, dry_run
from syndication.errors import Conflict, NotFound
from syndication.infra import db
from syndication.models import Delivery, Destination
from syndication.publishing import posts
from syndication.stack.mail_sink import MailSink
from syndication.stack.receiver import Receiver, Request
from tests import factories
from tests.channels.samples import SAMPLES, content
from tests.remotes import REMOTES
from tests.town import account, deliveries, fan_out, hook, keep_pictures, later, publish

pytestmark = pytest.mark.enough("sqlite")  # what is rendered; nothing is kept


@pytest.fixture
def post(city: config.Settings) -> posts.PostRecord:
    keep_pictures(city)
    said = content().model_dump(
        mode="json", exclude={"kind", "title", "starts_at", "ends_at"}, exclude_none=True
    )
    return publish(title="Weinabend", **said)


def asked(request: Request) -> tuple[str, str]:
    return request.method, request.path.partition("?")[0]


@pytest.mark.parametrize("kind", sorted(REMOTES))
def test_it_shows_what_is_then_sent(
    kind: str, city: config.Settings, receiver: Receiver, post: posts.PostRecord
) -> None:
    remote = REMOTES[kind]()
    receiver.answer = remote.answer
    identity = account(kind, receiver)
    shown = dry_run.rehearse(identity, post.id, drain.tools())
    assert receiver.requests == [], "nothing was sent"
    assert (shown.action, shown.state) == ("published", "sent"), shown.reason
    assert shown.preview is not None
    assert "Weinabend" in shown.preview.title + shown.preview.text
    fan_out()
    drain.drain("push")
    with db.reading() as session:
        (delivery,) = session.scalars(select(Delivery).where(Delivery.destination_id == identity))
    assert (delivery.state, delivery.reason) == ("sent", shown.reason)
    real = [request for request in receiver.requests if request.method != "GET"]
    said = [one for one in shown.requests if one.method != "GET"]
    assert [one.method for one in said] == [request.method for request in real]
    secrets = [one for one in SAMPLES[kind][0].values() if isinstance(one, str) and "token" in one]
    assert not any(secret in f"{one.url}{one.headers}{one.body!r}" for one in said for secret in secrets)
    if kind not in ("webpush", "apprise"):  # encrypted anew each time; with a moment of its own
        assert len(said[-1].body) == pytest.approx(len(real[-1].body), abs=200)


def test_what_would_not_be_sent_says_why(
    city: config.Settings, receiver: Receiver, post: posts.PostRecord
) -> None:
    receiver.answer = REMOTES["slack"]().answer
    identity = account("slack", receiver)
    shown = dry_run.rehearse(identity, post.id, drain.tools(), action="withdrawn")
    assert (shown.state, shown.requests) == ("dropped", ())
    assert "never had" in shown.reason
    fan_out()
    drain.drain("push")
    assert dry_run.rehearse(identity, post.id, drain.tools()).action == "revised"
    assert "by hand" in dry_run.rehearse(identity, post.id, drain.tools(), action="withdrawn").reason


def test_a_webhook_is_shown_to_the_byte(
    city: config.Settings, receiver: Receiver, post: posts.PostRecord
) -> None:
    identity = hook(receiver)
    (shown,) = dry_run.rehearse(identity, post.id, drain.tools()).requests
    assert shown.url == receiver.url("/hook")
    fan_out()
    drain.drain("push")
    sent = receiver.requests[-1].body
    assert shown.body.partition(b'"post"')[2] == sent.partition(b'"post"')[2]


def built_in(kind: str) -> Any:
    with db.reading() as session:
        return session.query(Destination).filter_by(channel=kind).one().id


def test_the_newsletter_is_shown_as_the_mail_that_is_then_sent(
    city: config.Settings, mail_sink: MailSink, post: posts.PostRecord
) -> None:
    with db.transaction() as session:
        for number, cadence in enumerate(["instantly", "daily 07:00", "daily 09:00"]):
            factories.reader(session, f"r{number}@example.org", cadence=cadence)
        factories.reader(session, "else@example.org", interest=Interest(topics=("sport",)))
    shown = dry_run.rehearse(built_in("newsletter"), post.id, drain.tools(), owner=post.merchant_id)
    assert shown.readers == {"instantly": 1, "daily": 2}
    assert mail_sink.mails == [], "nothing was sent"
    german, english = (message_from_bytes(one.body, policy=SMTP) for one in shown.requests)
    assert "Get the news" not in str(german)
    assert english["Content-Language"] == "en"
    fan_out()
    drain.drain("mail")
    (mail,) = mail_sink.await_mails(1)
    assert german["Subject"] == mail.message["Subject"]
    text, sent = (str(one.get_body(("plain",)).get_content()) for one in (german, mail.message))
    own = re.compile(r"/(preferences|leave)/\S+")
    assert own.sub("", text) == own.sub("", sent)


def test_a_withdrawal_is_shown_as_the_newsletter_would_tell_it(
    city: config.Settings, post: posts.PostRecord
) -> None:
    shown = dry_run.rehearse(built_in("newsletter"), post.id, drain.tools(), action="withdrawn")
    assert "Zurückgezogen" in str(message_from_bytes(shown.requests[0].body, policy=SMTP)["Subject"])


def test_feeds_are_shown_with_the_post_as_they_then_hold_it(
    city: config.Settings, post: posts.PostRecord
) -> None:
    shown = dry_run.rehearse(built_in("feed"), post.id, drain.tools())
    assert [one.url.rpartition(".")[2] for one in shown.requests] == ["rss", "atom", "json", "ics"]
    by_form = {one.url.rpartition(".")[2]: one.body for one in shown.requests}
    said = json.loads(by_form["json"])["items"]
    assert said == json.loads(feeds.document("all", "json").body)["items"]
    gone = dry_run.rehearse(built_in("feed"), post.id, drain.tools(), action="withdrawn")
    assert b"deleted-entry" in gone.requests[1].body


def test_what_tells_of_no_posts_has_nothing_to_show(city: config.Settings, post: posts.PostRecord) -> None:
    with db.transaction() as session:
        letters = factories.destination(session, "letter").id
    with pytest.raises(Conflict, match="tells of no posts"):
        dry_run.rehearse(letters, post.id, drain.tools())


def test_it_is_for_the_owner_alone(city: config.Settings, receiver: Receiver, post: posts.PostRecord) -> None:
    identity = account("slack", receiver)
    with pytest.raises(NotFound, match="destination"):
        dry_run.rehearse(identity, post.id, drain.tools(), owner=post.merchant_id)
    with pytest.raises(NotFound, match="post"):
        dry_run.rehearse(identity, identity, drain.tools())


@pytest.mark.parametrize("kind", sorted(REMOTES))
def test_a_test_delivery_reaches_every_network(kind: str, city: config.Settings, receiver: Receiver) -> None:
    remote = REMOTES[kind]()
    receiver.answer = remote.answer
    identity = account(kind, receiver)
    destinations.test(identity)
    drain.drain("push")
    delivery, *after = deliveries(kind)
    assert (delivery.state, delivery.reason) == ("sent", ""), delivery.reason
    able = channels.by_kind(kind).abilities
    assert len(after) == (able.withdraw and able.keeps_track), "it is taken back from where people see it"
    assert any(
        "Probebeitrag" in request.body.decode("utf-8", "replace") for request in receiver.requests
    ) or (
        kind == "webpush"  # encrypted for the browser
    )


def test_a_test_stands_for_five_minutes_where_people_see_it(
    city: config.Settings, receiver: Receiver
) -> None:
    remote: Any = REMOTES["mastodon"]()
    receiver.answer = remote.answer
    identity = account("mastodon", receiver)
    destinations.test(identity)
    drain.drain("push")
    assert len(remote.statuses) == 1
    destinations.test(identity)  # what takes the first back does not stand in the way of a second
    drain.drain("push")
    later(299)
    drain.drain("push")
    assert len(remote.statuses) == 2
    later(2)
    drain.drain("push")
    assert remote.statuses == {}
    assert [(one.state, one.reason) for one in deliveries("mastodon")] == [("sent", "")] * 4


def test_a_browser_that_left_is_switched_off_without_a_letter(
    city: config.Settings, receiver: Receiver
) -> None:
    remote: Any = REMOTES["webpush"]()
    remote.subscribed = False
    receiver.answer = remote.answer
    identity = account("webpush", receiver)
    destinations.test(identity)
    drain.drain("push")
    with db.reading() as session:
        assert session.get_one(Destination, identity).state == "disabled"
    assert deliveries("letter") == []
