"""Messages from the queue against real databases: each becomes a post, or a dead letter with its reason; none is lost."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select

from syndication import clock
from syndication.config import Settings
from syndication.infra import db
from syndication.models import Change, DeadLetter, Merchant, Post
from syndication.publishing import from_queue
from tests import factories

POST = {
    "kind": "event",
    "title": "Weinabend",
    "starts_at": "2096-12-05T19:00:00+01:00",
    "source_ref": "pos-4711",
}
Woken = list[tuple[str, tuple[str, ...]]]


@pytest.fixture(autouse=True)
def cafe(database: str, settings: Settings) -> None:
    with db.transaction() as session:
        factories.merchant(session, "cafe", posts_per_day=2)


def letters() -> list[DeadLetter]:
    with db.reading() as session:
        return list(session.scalars(select(DeadLetter).order_by(DeadLetter.id)))


def count(model: Any) -> int:
    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def sent(**message: Any) -> Any:
    return from_queue.submit((), message)


def test_a_good_message_becomes_a_published_post_and_wakes_once(woken: Woken) -> None:
    outcome = sent(merchant="cafe", post=POST)
    assert outcome.what == "created"
    assert (outcome.post.source_ref, outcome.post.state) == ("pos-4711", "published")
    assert [name for name, _ in woken] == ["fanout"]
    assert letters() == []


def test_positions_do_as_well_as_names() -> None:
    assert from_queue.submit(("cafe", POST), {}).what == "created"  # type: ignore[union-attr]  # None would fail here, too
    assert from_queue.submit(("cafe",), {"post": POST}).what == "unchanged"  # type: ignore[union-attr]  # the same


def test_a_message_that_comes_twice_makes_one_post_and_a_changed_one_revises_it(woken: Woken) -> None:
    whats = [sent(merchant="cafe", post=POST | more).what for more in ({}, {}, {"title": "Weinabend im Hof"})]
    assert whats == ["created", "unchanged", "revised"]
    assert (count(Post), count(Change), len(woken)) == (1, 2, 2)


def test_a_message_that_comes_eight_times_at_once_makes_one_post() -> None:
    with db.transaction() as session:
        merchant = session.scalars(select(Merchant)).one()
        merchant.posts_per_day = 100
    together = Barrier(8)

    def one(post: dict[str, str]) -> str:
        together.wait(timeout=20)
        outcome = sent(merchant="cafe", post=post)
        return outcome.what if outcome else "dead letter"

    for reference in ("pos-1", "pos-2", "pos-3", "pos-4", "pos-5"):
        with ThreadPoolExecutor(8) as pool:
            whats = sorted(pool.map(one, 8 * [POST | {"source_ref": reference}]))
        assert whats == ["created"] + 7 * ["unchanged"]
    assert (count(Post), letters()) == (5, [])


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({}, "merchant: must be the merchant's slug"),
        ({"merchant": 7, "post": POST}, "merchant: must be the merchant's slug"),
        ({"merchant": "nobody", "post": POST}, "There is no merchant called 'nobody'."),
        ({"merchant": "cafe"}, "post: must be an object with the fields of a post"),
        ({"merchant": "cafe", "post": "words"}, "post: must be an object with the fields of a post"),
        ({"merchant": "cafe", "post": [POST]}, "post: must be an object with the fields of a post"),
        ({"merchant": "cafe", "post": POST | {"source_ref": ""}}, "post.source_ref: is needed in a message"),
        ({"merchant": "cafe", "post": POST | {"colour": "red"}}, "colour: is no field here"),
        ({"merchant": "cafe", "post": POST | {"title": "a\x00b"}}, "title: must be one line without control"),
        ({"merchant": "cafe", "post": POST | {"title": "\ud800"}}, "title: "),
        ({"merchant": "cafe", "post": POST | {"starts_at": "2096-12-05T19:00:00"}}, "starts_at: "),
        ({"merchant": "cafe", "post": POST | {"ends_at": "2096-12-05T17:00:00Z"}}, "ends_at: must not be before starts_at"),
        ({"merchant": "cafe", "post": POST | {"starts_at": "2006-12-05T19:00:00Z"}}, "lies before the post would be"),
        ({"merchant": "cafe", "post": POST, "priority": 1}, "priority: is not known; a message holds merchant and post"),
    ],
)  # fmt: skip
def test_a_bad_message_becomes_a_dead_letter_with_its_reason_and_no_post(
    message: dict[str, Any], reason: str, woken: Woken
) -> None:
    assert from_queue.submit((), message) is None
    (letter,) = letters()
    assert reason in letter.reason
    assert letter.source == "queue"
    assert json.loads(letter.payload) == {"args": [], "kwargs": message}
    assert abs((clock.now() - letter.created_at).total_seconds()) < 60
    assert (count(Post), count(Change), woken) == (0, 0, [])


@pytest.mark.parametrize(
    "message",
    [
        {"merchant": "ca\x00fe", "post": POST},
        {"merchant": "\ud800", "post": POST},
        {"merchant": "x" * 1_000_000, "post": POST},
        {"merchant": "cafe", "post": POST | {"a\x00b": 1}},
        {"merchant": "cafe", "post": POST | {"\ud800": 1}},
        {"merchant": "cafe", "post": POST | {"x" * 1_000_000: 1}},
        {"merchant": "cafe", "post": POST, "a\x00b": 1},
        {"merchant": "cafe", "post": POST | {"source_ref": "\x00"}},
        {"merchant": "cafe", "post": POST | {"title": ["\x00"]}},
    ],
)
def test_what_no_database_can_hold_becomes_a_dead_letter_and_no_error(message: dict[str, Any]) -> None:
    assert from_queue.submit((), message) is None
    (letter,) = letters()
    assert letter.reason.isprintable()
    assert len(letter.reason) <= 2000
    assert count(Post) == 0


def test_too_many_positions_are_a_dead_letter() -> None:
    assert from_queue.submit(("cafe", POST, "more"), {}) is None
    assert len(letters()) == 1


def test_every_fault_of_a_message_stands_in_the_reason() -> None:
    sent(merchant="cafe", post={"kind": "sale", "title": "", "source_ref": "x"})
    (letter,) = letters()
    assert "kind: " in letter.reason
    assert "title: " in letter.reason


@pytest.mark.parametrize("state", ["applied", "suspended"])
def test_a_merchant_who_may_not_publish_gets_a_dead_letter_that_says_so(state: str) -> None:
    with db.transaction() as session:
        session.scalars(select(Merchant)).one().state = state
    assert sent(merchant="cafe", post=POST) is None
    (letter,) = letters()
    assert "cannot publish. Please ask the city's operator." in letter.reason


def test_the_quota_holds_for_messages_and_a_revision_does_not_count() -> None:
    for number in (1, 2):
        assert sent(merchant="cafe", post=POST | {"source_ref": f"pos-{number}"}).what == "created"
    assert sent(merchant="cafe", post=POST | {"source_ref": "pos-3"}) is None
    assert sent(merchant="cafe", post=POST | {"source_ref": "pos-1", "title": "Neu"}).what == "revised"
    (letter,) = letters()
    assert "may create 2 posts in 24 hours, and has" in letter.reason


def test_one_merchant_cannot_revise_anothers_post_by_its_reference() -> None:
    with db.transaction() as session:
        factories.merchant(session, "bar")
    first, second = sent(merchant="cafe", post=POST), sent(merchant="bar", post=POST | {"title": "Unseres"})
    assert (first.what, second.what) == ("created", "created")
    assert first.post.id != second.post.id


def test_a_huge_message_is_kept_in_its_beginning_only() -> None:
    assert sent(merchant="cafe", post={"title": "x" * 1_000_000}) is None
    (letter,) = letters()
    assert len(letter.payload) == 20_000
    assert len(letter.reason) < 500


def test_what_is_no_message_at_all_can_be_buried_with_a_reason() -> None:
    from_queue.bury(b"\xff\x00\x80", "is not JSON")
    from_queue.bury({"nested": {1, 2}}, "holds what JSON cannot say")
    assert [letter.reason for letter in letters()] == ["is not JSON", "holds what JSON cannot say"]
    assert "\\\\xff\\\\x00\\\\x80" in letters()[0].payload


def test_a_bad_message_among_good_ones_stops_none_of_them() -> None:
    posts = [POST | {"source_ref": "a"}, {"title": "bad"}, POST | {"source_ref": "b"}]
    assert [bool(sent(merchant="cafe", post=post)) for post in posts] == [True, False, True]
    assert (count(Post), len(letters())) == (2, 1)


def test_a_message_may_say_that_nobody_is_told() -> None:
    assert sent(merchant="cafe", post=POST, tell="nobody").post.quiet
    assert not sent(merchant="cafe", post=POST | {"source_ref": "2"}, tell="each").post.quiet
    assert sent(merchant="cafe", post=POST | {"source_ref": "3"}, tell="everybody") is None
    assert "nobody or each" in letters()[-1].reason
