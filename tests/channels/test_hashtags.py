"""Hashtags of topics: one word, whatever the topic is made of."""

import pytest

from syndication.channels.social.words import hashtag


@pytest.mark.parametrize(
    ("topic", "tag"),
    [
        ("kinder-und-familie", "#KinderUndFamilie"), ("Kinder und Familie", "#KinderUndFamilie"), ("Münster", "#Münster"),
        ("Bad Waldliesborn", "#BadWaldliesborn"), ("Kunst & Kultur", "#KunstKultur"), ("musik", "#Musik"), ("U18", "#U18"),
    ],
)  # fmt: skip
def test_a_topic_becomes_one_word_with_capitals(topic: str, tag: str) -> None:
    assert hashtag(topic) == tag
