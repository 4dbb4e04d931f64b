"""Whoever files a topic elsewhere, renames it or takes it apart is killed at each commit: all of it is done, or nothing."""

import pytest

from syndication.audience import feeds, topic_acts
from syndication.config import Settings
from syndication.infra import db
from syndication.publishing import posts
from tests import factories
from tests.audience.test_topic_acts import chosen_by, reader
from tests.killed import outcomes

#: Children for each act: one before and one behind each commit, and more than there are.
CHILDREN = 6


@pytest.mark.parametrize("act", ["merge", "rename", "split"])
def test_killed_at_any_commit_all_of_it_is_done_or_nothing(
    database: str, settings: Settings, act: str
) -> None:
    slugs = [f"thema-{number}" for number in range(CHILDREN)]
    with db.transaction() as session:
        cafe = factories.merchant(session, "cafe").id
    factories.post(cafe, factories.event(topics=["Wein"]))
    made = [factories.post(cafe, factories.event(topics=[one])) for one in slugs]
    for one in slugs:
        reader(f"{one}@example.org", one)
        feeds.document(f"topic/{one}", "rss")
    if act == "split":
        for one in slugs:
            topic_acts.merge(one, "wein")
    killed = outcomes("tests.audience.killed_while_filing", database, act, settings, slugs)
    assert killed == [True, True] + [False] * (CHILDREN - 2), "one commit holds all of it"
    before = {"split": "wein"}
    after = {"merge": lambda _: "wein", "rename": lambda slug: f"{slug}-neu", "split": lambda slug: slug}
    for number, slug in enumerate(slugs):
        stands = before.get(act, slug) if number == 0 else after[act](slug)
        assert [str(topic) for topic in posts.read(made[number].id).content.topics] == [stands], slug
        assert chosen_by(f"{slug}@example.org") == (stands,), "a post and whoever wants it are never apart"
        assert stands in {one.slug for one in topic_acts.listed()}
    if act != "split":
        assert feeds.document(f"topic/{slugs[0]}", "rss").body
        with pytest.raises(feeds.Moved):
            feeds.document(f"topic/{slugs[1]}", "rss")
    _again(act, slugs[0])


def _again(act: str, slug: str) -> None:
    """Whoever got no answer presses the button once more."""
    if act == "merge":
        topic_acts.merge(slug, "wein")
    elif act == "rename":
        assert topic_acts.rename(slug, f"{slug} neu") == f"{slug}-neu"
    else:
        topic_acts.split(slug)
