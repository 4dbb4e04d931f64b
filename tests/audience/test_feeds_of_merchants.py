"""What is amended of a merchant stands in every feed that names it, and builds nobody else's anew."""

from uuid import UUID

import pytest
from sqlalchemy import select

from syndication import config
from syndication.audience import feeds
from syndication.audience.feeds import FORMATS
from syndication.infra import db
from syndication.models import FeedDocument
from syndication.publishing import merchants, posts
from tests import factories

THEIRS = ["all", "kind/event", "topic/literatur", "merchant/cafe", "kind/event/topic/literatur/merchant/cafe"]
OTHERS = ["topic/mode", "kind/offer", "merchant/hut"]


@pytest.fixture
def cafe(database: str, settings: config.Settings) -> UUID:
    """A merchant with the slug `cafe`, and one event at its own address."""
    with db.transaction() as session:
        found = factories.merchant(session, "cafe").id
    posts.create(found, factories.event("Lesung", topics=["literatur"], place=None, days=30))
    return found


@pytest.fixture
def hut(database: str, cafe: UUID) -> UUID:
    """Another merchant, with an offer."""
    with db.transaction() as session:
        found = factories.merchant(session, "hut").id
    posts.create(found, factories.offer("Hüte", topics=["mode"]))
    return found


def wanted(scopes: list[str]) -> list[int]:
    """How often the documents of these scopes were asked for anew."""
    with db.reading() as session:
        chosen = select(FeedDocument.wanted).where(FeedDocument.scope.in_(scopes))
        return list(session.scalars(chosen.order_by(FeedDocument.id)))


@pytest.mark.parametrize(
    "amended",
    [{"name": "Café Süß"}, {"address": "Neue Gasse 5, Coburg"}, {"url": "https://neu.example/"}],
    ids=lambda amended: next(iter(amended)),
)
def test_what_is_amended_stands_in_every_feed(cafe: UUID, hut: UUID, amended: dict[str, str]) -> None:
    shows = {"name": ("atom", "json"), "address": ("json",), "url": ("atom", "json")}
    for scope in THEIRS + OTHERS:
        for form in ("atom", "json"):
            feeds.document(scope, form)
    others = wanted(OTHERS)
    merchants.update(cafe, merchants.Amendment.model_validate(amended))
    ((what, said),) = amended.items()
    for scope in THEIRS:
        for form in FORMATS:
            if form in shows[what]:
                assert said in feeds.document(scope, form).body.decode(), (scope, form)
    assert wanted(OTHERS) == others, "nobody else's are built again"


def test_an_empty_feed_of_a_merchant_bears_its_new_name(cafe: UUID) -> None:
    feeds.document("kind/offer/merchant/cafe", "atom")
    merchants.update(cafe, merchants.Amendment(name="Café Süß"))
    assert "Café Süß" in feeds.document("kind/offer/merchant/cafe", "atom").body.decode()


def test_what_no_feed_shows_of_a_merchant_builds_none(cafe: UUID) -> None:
    feeds.document("all", "json")
    before = wanted(["all"])
    merchants.update(cafe, merchants.Amendment(email="neu@example.org", posts_per_day=7))
    merchants.update(cafe, merchants.Amendment(name=merchants.read(cafe).name))
    assert wanted(["all"]) == before
