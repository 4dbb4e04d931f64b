"""What is foreseen of a post is what is then done, at the outlets that then get it."""

import io
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import PIL.Image
import pytest
from sqlalchemy import select, update

from syndication import clock, config
from syndication.content.base import new_id
from syndication.content.interest import Interest
from syndication.content.post import Content, Image
from syndication.content.reason import Reason
from syndication.delivery.afterwards import left_there
from syndication.delivery.foreseen import Foreseen, foreseen
from syndication.errors import Conflict, NotFound
from syndication.infra import db
from syndication.models import Delivery, Destination
from syndication.publishing import posts, uploads
from syndication.stack.receiver import Receiver
from tests import factories
from tests.channels.samples import SAMPLES
from tests.town import account, fan_out, hook

PICTURE = {"url": "https://weinhaus.example/bild.jpg", "alt": "Zwei Gläser"}
MUSIC = Interest(topics=("musik",))


@pytest.fixture
def cafe(city: config.Settings) -> UUID:
    with db.transaction() as session:
        return factories.merchant(session, "cafe").id


def said(**fields: Any) -> Content:
    return factories.event(**{"topics": ["wein"], "images": [PICTURE], **fields}).content()


def publish(cafe: UUID, **fields: Any) -> posts.PostRecord:
    return posts.create(cafe, factories.event(**{"topics": ["wein"], "images": [PICTURE], **fields}))


def by_channel(found: list[Foreseen]) -> dict[str, Foreseen]:
    return {one.channel: one for one in found}


def arrived(post: posts.PostRecord) -> None:
    """As if every outlet had taken the post."""
    fan_out()
    with db.transaction() as session:
        session.execute(
            update(Delivery)
            .where(Delivery.post_id == post.id)
            .values(
                state="sent", reference="17", sent_at=clock.now(), attempts=1, link="https://there.example/17"
            )
        )


def test_it_names_the_outlets_that_then_get_the_post(cafe: UUID, receiver: Receiver) -> None:
    with db.transaction() as session:
        other = factories.merchant(session, "bar").id
    account("telegram", receiver, merchant_id=cafe)
    account("slack", receiver)
    account("mastodon", receiver, interest=MUSIC)
    account("discord", receiver, state="disabled")
    account("matrix", receiver, merchant_id=other)
    hook(receiver, alarms=True)
    expected = {one.destination_id for one in foreseen(cafe, new_id(), said())}
    post = publish(cafe)
    fan_out()
    with db.reading() as session:
        told = set(session.scalars(select(Delivery.destination_id).where(Delivery.post_id == post.id)))
    assert expected == told
    assert len(told) == 3, "telegram, slack and the feeds"


def test_a_correction_goes_to_whoever_has_the_post_whatever_interests_them(
    cafe: UUID, receiver: Receiver
) -> None:
    account("mastodon", receiver, interest=MUSIC)
    post = publish(cafe, topics=["musik"])
    arrived(post)
    found = by_channel(foreseen(cafe, post.id, said(topics=["wein"], title="Neu")))
    assert found["mastodon"].what == "changed"
    assert found["mastodon"].shown == post.content


def test_it_says_what_becomes_of_a_correction_at_each_outlet(cafe: UUID, receiver: Receiver) -> None:
    for kind in ("telegram", "slack", "instagram"):
        account(kind, receiver, merchant_id=cafe)
    post = publish(cafe)
    arrived(post)
    moved = by_channel(foreseen(cafe, post.id, said(days=9)))
    assert {kind: one.what for kind, one in moved.items()} == {
        "telegram": "changed",
        "slack": "corrected",
        "instagram": "stays",
        "feed": "changed",
    }
    assert moved["slack"].preview is not None
    assert "Termin" in moved["slack"].preview.text, "it says what changed"
    assert "by hand" in moved["instagram"].said
    wording = by_channel(foreseen(cafe, post.id, post.content.model_copy(update={"summary": "Anders"})))
    assert wording["slack"].what == "stays"
    assert "only the wording" in wording["slack"].said


def test_own_words_and_what_is_refused_are_said(cafe: UUID, receiver: Receiver) -> None:
    account("telegram", receiver, merchant_id=cafe)
    account("instagram", receiver)
    found = foreseen(cafe, new_id(), said(images=[], texts={"telegram": "Kommt heute!"}))
    assert [one.own for one in found] == [True, False, False]
    telegram, instagram = by_channel(found)["telegram"], by_channel(found)["instagram"]
    assert telegram.own_words == "Kommt heute!"
    assert telegram.preview is not None
    assert telegram.preview.text.startswith("Kommt heute!")
    assert instagram.preview is None
    assert "picture" in instagram.refused
    assert instagram.at is None


def test_settings_that_cannot_be_used_are_said(cafe: UUID, receiver: Receiver) -> None:
    identity = account("telegram", receiver)
    with db.transaction() as session:
        session.execute(update(Destination).where(Destination.id == identity).values(settings={"chat": "?"}))
    assert "enter them again" in by_channel(foreseen(cafe, new_id(), said()))["telegram"].refused


def test_quiet_hours_and_pauses_are_foreseen_at_the_moment_of_publishing(
    cafe: UUID, receiver: Receiver
) -> None:
    identity = account("telegram", receiver)
    paused = account("slack", receiver, state="paused")
    with db.transaction() as session:
        row = session.get_one(Destination, identity)
        row.settings = {**row.settings, "quiet_from": "21:00", "quiet_until": "07:00"}
    noon = (clock.now() + timedelta(days=2)).replace(hour=11, minute=0, second=0, microsecond=0)
    night = noon.replace(hour=22)
    found = by_channel(foreseen(cafe, new_id(), said(days=7), publish_at=noon))
    assert (found["telegram"].at, found["telegram"].waits) == (noon, "")
    found = by_channel(foreseen(cafe, new_id(), said(days=7), publish_at=night))
    assert found["telegram"].at is not None
    assert found["telegram"].at > night
    assert "quiet hours" in found["telegram"].waits
    assert found["slack"].destination_id == paused
    assert found["slack"].at is None
    assert "paused" in found["slack"].waits


def test_what_waits_beyond_its_end_says_that_it_will_not_go_there(cafe: UUID, receiver: Receiver) -> None:
    identity = account("telegram", receiver)
    with db.transaction() as session:
        row = session.get_one(Destination, identity)
        row.settings = {**row.settings, "gap_minutes": 1440}
    arrived(publish(cafe))
    found = by_channel(foreseen(cafe, new_id(), factories.offer(days=0.5).content()))
    assert "over by then" in found["telegram"].waits


def test_readers_are_counted_by_when_they_hear(cafe: UUID) -> None:
    with db.transaction() as session:
        factories.readers(session, [f"a{number}@example.org" for number in range(3)])
        factories.reader(session, "d@example.org", cadence="daily 07:00")
        factories.reader(session, "w1@example.org", cadence="weekly thu 07:00")
        factories.reader(session, "w2@example.org", cadence="weekly thu 07:00")
        factories.reader(session, "m@example.org", cadence="weekly thu 07:00", interest=MUSIC)
        factories.reader(session, "p@example.org", state="pending")
    monday = datetime(2026, 11, 30, 9, 0, tzinfo=UTC) + timedelta(weeks=520)
    newsletter = by_channel(foreseen(cafe, new_id(), said(days=5000), publish_at=monday))["newsletter"]
    assert [(one.rhythm, one.people) for one in newsletter.readers] == [
        ("instantly", 3),
        ("daily", 1),
        ("weekly", 2),
    ]
    assert newsletter.readers[0].at == monday
    assert newsletter.readers[2].at.astimezone(config.settings().zone).strftime("%a %H:%M") == "Thu 07:00"
    assert newsletter.preview is not None
    assert "Weinabend" in newsletter.preview.title + newsletter.preview.text
    assert "mail" in newsletter.afterwards


def test_devices_are_one_outlet_with_their_number(cafe: UUID, receiver: Receiver) -> None:
    for interest in (Interest(), Interest(), MUSIC):
        account("webpush", receiver, interest=interest)
    found = [one for one in foreseen(cafe, new_id(), said()) if one.channel == "webpush"]
    assert [Counter({one.rhythm: one.people}) for (one,) in (each.readers for each in found)] == [
        Counter(instantly=2)
    ]


def test_an_uploaded_picture_of_the_wrong_shape_or_size_is_said(cafe: UUID, receiver: Receiver) -> None:
    account("instagram", receiver)
    account("telegram", receiver)
    images = [Image(url=upload(cafe, 300, 900), alt="Turm").model_dump(mode="json")]
    found = by_channel(foreseen(cafe, new_id(), said(images=images)))
    assert found["telegram"].problems == ()
    assert (found["telegram"].frame, found["instagram"].frame) == (None, (4 / 5, 1.91))
    small, shape = found["instagram"].problems
    assert "at least 320 pixels" in small
    assert "too tall for Instagram" in shape
    fine = [Image(url=upload(cafe, 800, 800), alt="Platz").model_dump(mode="json")]
    assert by_channel(foreseen(cafe, new_id(), said(images=fine)))["instagram"].problems == ()


def upload(merchant_id: UUID, width: int, height: int) -> str:
    target = io.BytesIO()
    PIL.Image.new("RGB", (width, height), "teal").save(target, "PNG")
    return uploads.add(merchant_id, target.getvalue()).url


def test_nothing_is_sent_and_no_secret_is_shown(cafe: UUID, receiver: Receiver) -> None:
    kinds = ["telegram", "slack", "mastodon", "bluesky", "matrix", "ntfy", "facebook", "linkedin"]
    for kind in kinds:
        account(kind, receiver, merchant_id=cafe)
    shown = repr(foreseen(cafe, new_id(), said()))
    secrets = [
        value
        for kind in kinds
        for name, value in SAMPLES[kind][0].items()
        if name in ("webhook", "access_token", "bot_token", "app_password", "app_secret")
    ]
    assert not any(secret.rpartition("/")[2] in shown for secret in secrets)
    assert receiver.requests == []


def test_a_scheduled_post_is_foreseen_for_its_moment(cafe: UUID, receiver: Receiver) -> None:
    account("telegram", receiver)
    at = clock.now() + timedelta(days=2)
    post = publish(cafe, publish_at=at.isoformat())
    found = by_channel(foreseen(cafe, post.id, post.content))["telegram"]
    assert (found.what, found.at) == ("posted", post.publish_at)


def test_others_posts_and_withdrawn_ones_are_refused(cafe: UUID) -> None:
    with db.transaction() as session:
        other = factories.merchant(session, "bar").id
    post = publish(cafe)
    with pytest.raises(NotFound):
        foreseen(other, post.id, said())
    with pytest.raises(NotFound):
        foreseen(new_id(), new_id(), said())
    posts.withdraw(cafe, post.id)
    with pytest.raises(Conflict):
        foreseen(cafe, post.id, said())


def test_before_a_withdrawal_it_is_said_where_the_post_stands_and_what_can_be_done(
    cafe: UUID, receiver: Receiver
) -> None:
    for kind in ("telegram", "slack", "instagram"):
        account(kind, receiver, merchant_id=cafe)
    post = publish(cafe)
    assert left_there(post.id) == []
    arrived(post)
    found = {one.channel: one for one in left_there(post.id)}
    assert list(found) == ["instagram", "slack", "telegram", "feed"]
    assert found["telegram"].link == "https://there.example/17"
    assert "changes the post" in found["telegram"].correction
    assert "beside" in found["slack"].correction
    assert "cannot take back" in found["slack"].withdrawal
    assert "cannot change" in found["instagram"].correction
    assert found["instagram"].withdrawal == "It can be taken back there."
    assert all(isinstance(one.correction, Reason) for one in found.values())


def test_readers_who_were_told_are_counted_before_a_withdrawal(cafe: UUID) -> None:
    with db.transaction() as session:
        factories.readers(session, [f"a{number}@example.org" for number in range(3)])
    post = publish(cafe)
    fan_out()
    (mailed,) = [one for one in left_there(post.id) if one.people]
    assert (mailed.channel, mailed.people) == ("newsletter", 3)
    newsletter = by_channel(foreseen(cafe, post.id, said(days=9)))["newsletter"]
    assert [one.people for one in newsletter.readers] == [3]
    assert newsletter.what == "corrected"
