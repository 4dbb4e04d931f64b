"""Which language a caller gets, and how the weights of what it prefers are read."""

import pytest

from syndication.web.accept import weighed
from syndication.web.language import best


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("EN-gb;q=0.8", "en"),
        ("fr, de;q=0.9, en;q=0.8", "de"),
        ("en-US,de;q=0.9,en;q=0.8", "en"),
        ("de-AT,en;q=0.9,de;q=0.8", "de"),
        ("de;q=0.5, en;q=0.7", "en"),
        ("de;q=0.5,en;q=0.5", "de"),
        ("en;q=0.5,de;q=0.5", "en"),
        ("de;q=0, en", "en"),
        ("de;q=0, *", "en"),
        ("en;q=0, *;q=0.1", "de"),
        ("de-AT;q=0, de", "de"),
        ("de-AT, de;q=0, en;q=0.1", "en"),
        ("*, de;q=0.1", "en"),
        ("*;q=0.1, de;q=0.1", "de"),
        ("*;q=0, de;q=0.001", "de"),
        ("de ; q=0.000 , en ; q=0.1", "en"),
        ("DE;Q=1", "de"),
        ("de;q=0", "en"),
        ("en;q=0", "de"),
        ("fr, de;q=0.001", "de"),
        ("de;q=nan, en;q=0.1", "en"),
        ("de;q=inf, en;q=0.1", "en"),
        ("de;q=7, en;q=0.1", "en"),
        ("de;q=-1, en;q=0.1", "en"),
        ("de;q=0.1234, en;q=0.1", "en"),
    ],
)
def test_the_language_that_is_liked_best_is_spoken(header: str, language: str) -> None:
    assert best(header, "de") == best(header, "en") == language


@pytest.mark.parametrize(
    "header",
    ["", "entire-nonsense", "den, deutsch, english", "fr", "fr, *;q=0.1", "*", "*;q=0", "de;q=0, en;q=0",
     ",;,;q=1,", ";;;===", "-de", "\udce4"],
)  # fmt: skip
def test_where_no_language_of_ours_is_liked_better_the_usual_one_is_spoken(header: str) -> None:
    assert best(header, "de") == "de"
    assert best(header, "en") == "en"


def test_other_parameters_are_no_weights() -> None:
    assert weighed("a/b;level=1;q=0.5, c/d;v=2") == {"a/b": 0.5, "c/d": 1.0}
