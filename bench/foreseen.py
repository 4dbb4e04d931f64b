"""Foreseeing a post: how long the page before publishing waits, and how long pages of the desk take."""

from statistics import median, quantiles
from typing import Any

from sqlalchemy import insert, select
from starlette.testclient import TestClient

from bench.city import KEY, City, city
from bench.figures import Figure, at_most
from syndication import clock
from syndication.accounts import people, sessions
from syndication.accounts.sessions import Device
from syndication.audience import interests
from syndication.content.base import new_id
from syndication.content.interest import Interest
from syndication.delivery.foreseen import foreseen
from syndication.infra import db, signing
from syndication.models import Destination, Person, Post, Reader, Revision
from syndication.publishing import drafts, merchants
from syndication.publishing.drafts import Written
from syndication.web import signed_in
from syndication.web.app import create_app

#: Kind, settings and secrets: eight of the merchant's, then four of the city's.
_OUTLETS: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    ("telegram", {"chat": "@bench"}, {"bot_token": "1:token"}),
    ("mastodon", {"server": "https://social.example"}, {"access_token": "token"}),
    ("bluesky", {"server": "https://bsky.example", "identifier": "b.bsky.example"}, {"app_password": "word"}),
    ("discord", {}, {"webhook": "https://discord.example/api/webhooks/1/token"}),
    ("slack", {}, {"webhook": "https://slack.example/services/token"}),
    ("facebook", {"page_id": "104512345678901"}, {"access_token": "token", "app_secret": "secret"}),
    ("instagram", {"user_id": "17841400008460056"}, {"access_token": "token", "app_secret": "secret"}),
    ("ntfy", {"server": "https://ntfy.example", "topic": "bench"}, {}),
    ("telegram", {"chat": "@city"}, {"bot_token": "2:token"}),
    (
        "matrix",
        {"server": "https://matrix.example", "room": "#city:matrix.example"},
        {"access_token": "token"},
    ),
    ("teams", {}, {"webhook": "https://teams.example/workflows/token"}),
    ("mattermost", {}, {"webhook": "https://chat.example/hooks/token"}),
)
_OWN = 8
_CADENCES = ("instantly", "daily 07:00", "daily 18:30", "weekly thu 07:00", "weekly sat 09:00")
_TOPICS = ("wein", "musik", "kunst", "kinder", "sport", "markt")


def run(database: str, posts: int, readers: int, times: int) -> list[Figure]:
    """p95 of one call for a post that is not there yet, in ms."""
    with city(database) as one:
        _fill(one, posts, readers)
        post = one.publish()
        took = []
        for number in range(times):
            content = post.content.model_copy(update={"title": f"Weinabend {number}"})
            begun = clock.monotonic()
            found = foreseen(one.merchant_id, new_id(), content)
            took.append((clock.monotonic() - begun) * 1000)
        pages = _pages(one, times)
    assert len(found) >= len(_OUTLETS)
    unusable = [outlet.label for outlet in found if outlet.preview is None and outlet.channel != "instagram"]
    assert not unusable, unusable
    named = f"foresee a post at {len(found)} outlets, {posts:,} posts, {readers:,} readers ({database})"
    return [
        _figure(named, took),
        *(_figure(f"desk, {name} ({database})", times) for name, times in pages.items()),
    ]


def _figure(named: str, took: list[float]) -> Figure:
    p95 = quantiles(took, n=20)[18] if len(took) > 1 else took[0]
    return at_most(150, f"{named}: p95, ms", p95, f"median {median(took):.0f} ms, {len(took)} calls")


def _pages(one: City, times: int) -> dict[str, list[float]]:
    """How long (ms) pages of the merchant's desk take, whole, without a network: the same posts, readers and outlets."""
    slug = merchants.read(one.merchant_id).slug
    people.join("bench@merchant.example", slug, "owner", name="Bench")
    with db.transaction() as session:
        person = session.scalars(select(Person).where(Person.email == "bench@merchant.example")).one()
        secret, _ = sessions.begin(session, person, Device(), "link")
    draft = Written(new_id(), "event", {"title": "Lesung", "starts_at": "2030-12-01T19:30", "place": "own"})
    drafts.save(one.merchant_id, draft)
    at = f"/desk/merchants/{slug}"
    asked = {"my posts": at, "a new post": f"{at}/new/event", "preview": f"{at}/posts/{draft.id}/check"}
    took: dict[str, list[float]] = {name: [] for name in asked}
    with TestClient(create_app(one.cfg), headers={"Accept": "text/html"}) as client:
        client.cookies.set(signed_in._cookie(), secret)
        for _ in range(times):
            for name, address in asked.items():
                begun = clock.monotonic()
                answer = client.get(address)
                took[name].append((clock.monotonic() - begun) * 1000)
                assert answer.status_code == 200, (address, answer.status_code)
    return took


def _fill(one: City, posts: int, readers: int) -> None:
    box, now = signing.Box([KEY]), clock.now()
    first = one.publish()
    with db.transaction() as session:
        everything = interests.ensure(session, Interest())
        for number, (channel, settings, secrets) in enumerate(_OUTLETS):
            session.add(
                Destination(
                    merchant_id=one.merchant_id if number < _OWN else None, channel=channel, name=channel,
                    settings=settings, secrets=box.close(secrets), interest_id=everything, created_at=now,
                )
            )  # fmt: skip
        wanted = [everything, *(interests.ensure(session, Interest(topics=(topic,))) for topic in _TOPICS)]
        people = [
            {
                "email": f"p{number}@example.org", "language": "de", "interest_id": wanted[number % len(wanted)],
                "cadence": _CADENCES[number % len(_CADENCES)], "state": "confirmed", "created_at": now,
                "confirmed_at": now, "covered_until": now,
            }
            for number in range(readers)
        ]  # fmt: skip
        session.execute(insert(Reader), people)
        post, said = session.get_one(Post, first.id), session.get_one(Revision, (first.id, 1))
        like, alike = _columns(post), _columns(said)
        ids = [new_id() for _ in range(posts)]
        session.execute(insert(Post), [like | {"id": identity} for identity in ids])
        session.execute(insert(Revision), [alike | {"post_id": identity} for identity in ids])


def _columns(row: Any) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in type(row).__mapper__.column_attrs}
