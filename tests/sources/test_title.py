"""What a title says of whether its event takes place."""

import pytest

from syndication.sources import title


@pytest.mark.parametrize(
    ("said", "left", "standing"),
    [
        ("Abgesagt: Chorprobe", "Chorprobe", "cancelled"),
        ("ABGESAGT - Chorprobe", "Chorprobe", "cancelled"),
        ("ABGESAGT! Chorprobe", "Chorprobe", "cancelled"),
        ("[Abgesagt] Chorprobe", "Chorprobe", "cancelled"),
        ("*** ABGESAGT *** Chorprobe", "Chorprobe", "cancelled"),
        ("❌ abgesagt – Chorprobe", "Chorprobe", "cancelled"),
        ("Leider abgesagt: Chorprobe", "Chorprobe", "cancelled"),
        ("Entfällt: Chorprobe", "Chorprobe", "cancelled"),
        ("ENTFAELLT - Chorprobe", "Chorprobe", "cancelled"),
        ("Fällt aus: Chorprobe", "Chorprobe", "cancelled"),
        ("Cancelled: Choir", "Choir", "cancelled"),
        ("Canceled: Choir: the last one", "Choir: the last one", "cancelled"),
        ("Chorprobe (abgesagt)", "Chorprobe", "cancelled"),
        ("Chorprobe – ENTFÄLLT!", "Chorprobe", "cancelled"),
        ("Abgesagt: Chorprobe (abgesagt)", "Chorprobe", "cancelled"),
        ("Abgesagt: „Faust“", "„Faust“", "cancelled"),
        ("Ausverkauft: Faust", "Faust", "sold_out"),
        ("ABGESAGT", "ABGESAGT", "cancelled"),
    ],
)
def test_a_title_that_says_it_is_off_is_the_title_and_that(said: str, left: str, standing: str) -> None:
    assert title.read(said) == (left, standing)


@pytest.mark.parametrize(
    "name",
    ["Abgesagt ist nichts", "„Abgesagt“ – ein Stück", "Abgesagt-Party", "Die Reise entfällt nicht", "Absage: ein Film", ""],
)  # fmt: skip
def test_a_title_in_which_such_a_word_means_something_else_stays(name: str) -> None:
    assert title.read(name) == (name, None)


@pytest.mark.parametrize(("name", "moved"), [("Verschoben: Markt", True), ("Der verschobene Markt", False)])
def test_that_something_was_moved_is_noticed_and_stays_in_the_title(name: str, moved: bool) -> None:
    assert title.says_moved(name) is moved
    assert title.read(name) == (name, None)
