"""Which language a caller gets, and how the weights of what it prefers are read."""

import pytest

from syndication.web.accept import weighed
from syndication.web.language import preferred


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("EN-gb;q=0.8", "en"),
        ("fr, de;q=0.9, en;q=0.8", "de"),
        ("de;q=0.5, en;q=0.7", "en"),
        ("de;q=0.5,en;q=0.5", "de"),
        ("de;q=0, en", "en"),
        ("de ; q=0.000 , en ; q=0.1", "en"),
        ("de;q=0", None),
        ("entire-nonsense", None),
        ("den, deutsch, english", None),
        ("fr, *;q=0.1", None),
        ("de;q=nan, en;q=0.1", "en"),
        ("de;q=inf, en;q=0.1", "en"),
        ("de;q=7, en;q=0.1", "en"),
        ("", None),
        (",;,;q=1,", None),
    ],
)
def test_the_language_that_is_liked_best_is_spoken(header: str, language: str | None) -> None:
    assert preferred(header) == language


def test_other_parameters_are_no_weights() -> None:
    assert weighed("a/b;level=1;q=0.5, c/d;v=2") == {"a/b": 0.5, "c/d": 1.0}
