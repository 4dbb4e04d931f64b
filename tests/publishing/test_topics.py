"""Topics from post to lists, feeds and addresses: spelled as their writers do, sorted, all of them within reach."""

from uuid import UUID

import pytest

from syndication.config import Settings
from syndication.content.post import Draft
from syndication.infra import db
from syndication.kinds.reading import draft
from syndication.models import Post, PostTopic
from syndication.publishing import posts, topics
from tests import factories


@pytest.fixture
def merchant_id(database: str, settings: Settings) -> UUID:
    with db.transaction() as session:
        return factories.merchant(session, "cafe").id


def publish(merchant_id: UUID, *names: str, title: str = "Wein") -> UUID:
    return posts.create(merchant_id, factories.event(title, topics=list(names))).id


def names(found: tuple[topics.Topic, ...]) -> list[str]:
    return [one.name for one in found]


def test_all_topics_are_listed_by_their_names_in_german_order(merchant_id: UUID) -> None:
    publish(
        merchant_id, "Zoo", "Ökologie", "Äpfel", "Bad Waldliesborn", "Kunst & Kultur", "Apfelfest", "Oper"
    )
    known = topics.known()
    assert names(known.common) == [
        "Äpfel",
        "Apfelfest",
        "Bad Waldliesborn",
        "Kunst & Kultur",
        "Ökologie",
        "Oper",
        "Zoo",
    ]
    assert known.common[3].slug == "kunst-kultur"


def test_of_several_spellings_the_commonest_is_shown_and_of_equals_the_first(merchant_id: UUID) -> None:
    publish(merchant_id, "Kunst+Kultur", "Märkte")
    publish(merchant_id, "Kunst & Kultur", "Maerkte", title="b")
    publish(merchant_id, "Kunst & Kultur", title="c")
    assert names(topics.known().common) == ["Kunst & Kultur", "Märkte"]


def test_what_is_used_seldom_stands_further_down_and_is_not_left_out(merchant_id: UUID) -> None:
    for number in range(3):
        publish(merchant_id, "Musik", f"Selten {number}", title=f"{number}")
    known = topics.known(["kunst"], most=1)
    assert names(known.common) == ["Kunst", "Musik"]
    assert names(known.further) == ["Selten 0", "Selten 1", "Selten 2"]


def test_another_spelling_is_shown_and_nobody_hears_of_it(merchant_id: UUID) -> None:
    made = publish(merchant_id, "kunst-kultur")
    with db.transaction() as session:
        session.get_one(PostTopic, (made, "kunst-kultur")).spelling = None  # as it was kept before
    again = posts.revise(merchant_id, made, _like(made, "Kunst & Kultur"))
    assert (again.what, again.post.revision) == ("unchanged", 1)
    assert names(topics.known().common) == ["Kunst & Kultur"]
    with db.reading() as session:
        assert [topic.spelling for topic in posts.content(session, session.get_one(Post, made)).topics] == [
            "Kunst & Kultur"
        ]
    assert posts.revise(merchant_id, made, _like(made, "Kunst")).what == "revised"


def _like(post_id: UUID, *names: str) -> Draft:
    """The draft of what that post says, with other topics."""
    with db.reading() as session:
        said = posts.content(session, session.get_one(Post, post_id)).model_dump(mode="json")
    return draft(said | {"topics": list(names)})


def test_who_hands_back_what_the_api_said_keeps_the_spelling(merchant_id: UUID) -> None:
    made = publish(merchant_id, "Kunst & Kultur", "Märkte")
    again = posts.revise(merchant_id, made, _like(made, "kunst-kultur", "musik", "MÄRKTE"))
    assert again.what == "revised"
    with db.reading() as session:
        kept = posts.content(session, session.get_one(Post, made)).topics
    assert [topic.spelling for topic in kept] == ["Kunst & Kultur", "musik", "MÄRKTE"]
