"""Topics are shown as they are spelled, and known by their slugs."""

import pytest

from syndication.content import topics
from syndication.content.interest import Interest
from syndication.content.post import Content
from syndication.errors import Invalid
from syndication.kinds.reading import draft, kept

OFFER = {"kind": "offer", "title": "Brot"}


def content(*said: str) -> Content:
    return draft(OFFER | {"topics": list(said)}).content()


@pytest.mark.parametrize(
    ("said", "spelled"),
    [
        (
            ["Bad Waldliesborn", "Münster", "Kunst & Kultur"],
            ["Bad Waldliesborn", "Münster", "Kunst & Kultur"],
        ),
        (["Kunst & Kultur", "kunst-kultur", "KUNST  Kultur"], ["Kunst & Kultur"]),
        (["  Kunst   &\tKultur ", "#Musik"], ["Kunst & Kultur", "Musik"]),
        (["musik"], ["musik"]),
    ],
)
def test_a_topic_keeps_its_spelling_and_comes_once(said: list[str], spelled: list[str]) -> None:
    assert [topic.spelling for topic in content(*said).topics] == spelled


def test_a_spelling_survives_the_table_and_is_nothing_new() -> None:
    one, plain = content("Kunst & Kultur", "musik"), content("kunst-kultur", "musik")
    assert one.document()["spellings"] == {"kunst-kultur": "Kunst & Kultur"}
    assert [topic.spelling for topic in kept(one.document()).topics] == ["Kunst & Kultur", "musik"]
    assert kept(one.document()) == one == plain
    assert one.digest() == plain.digest()
    assert one.model_dump(mode="json") == plain.model_dump(mode="json") == plain.document()


@pytest.mark.parametrize("said", ["!", "", "#", "x" * 61])
def test_what_is_no_word_is_no_topic(said: str) -> None:
    with pytest.raises(Invalid, match="topics"):
        content(said)


def test_whoever_wants_a_topic_gets_it_in_every_spelling() -> None:
    for asked in ("kunst-kultur", "Kunst & Kultur", "KUNST KULTUR"):
        assert Interest(topics=(asked,)).matches(content("Kunst & Kultur"), merchant="cafe", district=None)
    assert not Interest(topics=("kunst",)).matches(content("Kunst & Kultur"), merchant="cafe", district=None)


def test_words_stand_as_in_a_german_dictionary() -> None:
    words = ["Zoo", "Äpfel", "Apfel", "Straße", "Strasse", "apfelmus", "Öl", "Ofen", "Über"]
    assert sorted(words, key=topics.collated) == [
        "Apfel", "Äpfel", "apfelmus", "Ofen", "Öl", "Strasse", "Straße", "Über", "Zoo",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("slug", "spelling", "name"),
    [
        ("muenster", "Münster", "Münster"),
        ("kinder-familie", None, "Kinder familie"),
        ("musik", "musik", "Musik"),
    ],
)
def test_a_topic_has_a_name_for_people(slug: str, spelling: str | None, name: str) -> None:
    assert topics.name(slug, spelling) == name
