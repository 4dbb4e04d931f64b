"""What the list of posts says of each: whether it arrived everywhere, as the newest news of each outlet has it."""

from uuid import UUID

from sqlalchemy.orm import Session

from syndication import clock, config
from syndication.content.base import new_id
from syndication.infra import db
from syndication.insight import at_a_glance
from syndication.insight.at_a_glance import Signs
from syndication.models import Delivery
from tests import factories


def delivered(session: Session, post_id: UUID, outlet: UUID | None, state: str, **fields: object) -> None:
    at = clock.now()
    values = {"channel": "webhook", "queue": "push", "key": new_id().hex, "created_at": at, "due_at": at}
    session.add(Delivery(**values | {"post_id": post_id, "destination_id": outlet, "state": state} | fields))
    session.flush()


def test_of_each_outlet_the_newest_news_counts(city: config.Settings) -> None:
    with db.transaction() as session:
        cafe = factories.merchant(session)
        outlets = [factories.destination(session, name=str(number)).id for number in range(6)]
    one, other, nowhere = (factories.post(cafe.id).id for _ in range(3))
    with db.transaction() as session:
        for outlet, states in zip(
            outlets,
            (["failed", "sent"], ["sent", "failed"], ["unconfirmed"], ["waiting"], ["sending"], ["dropped"]),
            strict=True,
        ):
            for state in states:
                delivered(session, one, outlet, state)
        delivered(session, other, outlets[0], "sent")
    assert at_a_glance.signs([one, other, nowhere]) == {
        one: Signs(arrived=1, failed=1, doubtful=1, under_way=2),
        other: Signs(arrived=1, failed=0, doubtful=0, under_way=0),
    }
    assert at_a_glance.signs([]) == {}


def test_what_goes_to_one_reader_is_no_outlet(city: config.Settings) -> None:
    with db.transaction() as session:
        cafe, reader = factories.merchant(session), factories.reader(session)
        device = factories.destination(session, "webpush").id
    post_id = factories.post(cafe.id).id
    with db.transaction() as session:
        delivered(session, post_id, None, "sent", reader_id=reader.id)
        delivered(session, post_id, device, "failed", channel="webpush")
    assert at_a_glance.signs([post_id]) == {}


def test_only_a_merchants_own_outlets_are_its_own(city: config.Settings) -> None:
    with db.transaction() as session:
        cafe, wein = factories.merchant(session), factories.merchant(session, "wein")
        own = factories.destination(session, merchant_id=cafe.id).id
        others = factories.destination(session, merchant_id=wein.id, name="theirs").id
        citys = factories.destination(session, name="the city's").id
    assert at_a_glance.owned_by(cafe.id, [own, others, citys]) == {own}
    assert at_a_glance.owned_by(cafe.id, []) == frozenset()


def test_a_draft_is_no_post(city: config.Settings) -> None:
    with db.transaction() as session:
        cafe = factories.merchant(session)
    assert at_a_glance.is_post(factories.post(cafe.id).id)
    assert not at_a_glance.is_post(new_id())
