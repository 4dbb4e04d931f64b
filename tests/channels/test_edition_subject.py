"""A subject names what comes next for its reader, whatever was posted first."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from syndication.channels.built_in.edition_view import Correction, EditionView, Entry, in_order
from syndication.channels.built_in.newsletter import compose
from syndication.channels.envelope import PostView
from tests.channels.samples import AT, CITY, SENDER, view

DAY = timedelta(days=1)
NUMBERS = iter(range(1, 10_000))


def event(title: str, start: timedelta, lasts: timedelta = timedelta(hours=2), **fields: Any) -> PostView:
    return view(next(NUMBERS), title=title, starts_at=AT + start, ends_at=AT + start + lasts, **fields)


def offer(title: str, since: timedelta | None = None, until: timedelta | None = None) -> PostView:
    return view(
        next(NUMBERS), kind="offer", title=title, starts_at=None, ends_at=None,
        valid_from=AT + since if since is not None else None, valid_until=AT + until if until is not None else None,
    )  # fmt: skip


CASES: dict[str, list[PostView]] = {
    "by their starts": [event("Bald", DAY), event("Später", 3 * DAY), event("Fern", 200 * DAY)],
    "what runs for long comes behind what begins": [
        event("Konzert", 5 * DAY),
        event("Ausstellung", -40 * DAY, 100 * DAY),
    ],
    "what runs out comes before what begins long after": [
        event("Letzte Woche der Ausstellung", -40 * DAY, 43 * DAY),
        event("Sommerfest", 250 * DAY),
    ],
    "of several that run the one that ends first": [
        event("Noch drei Tage", -9 * DAY, 12 * DAY),
        event("Noch ein Jahr", -99 * DAY, 465 * DAY),
    ],
    "a market since 2019 counts by its next date": [
        event(
            "Markt", datetime(2019, 1, 1, 8, tzinfo=UTC) - AT, recurrence="FREQ=WEEKLY"
        ),  # a Tuesday, as tomorrow
        event("Konzert", 4 * DAY),
    ],
    "a series whose next dates fall out counts by the one behind": [
        event("Konzert", 4 * DAY),
        event("Kurs", -6 * DAY, recurrence="FREQ=WEEKLY;COUNT=4", excluded=[AT + DAY]),
    ],
    "whole days": [
        event("Heute", timedelta(hours=-7), DAY, all_day=True),
        event("Morgen", timedelta(hours=17), DAY, all_day=True),
    ],
    "what began this morning": [
        event("Seit sechs Uhr", timedelta(hours=-1)),
        event("Heute abend", timedelta(hours=12)),
    ],
    "an offer by its end, and one without an end last": [
        event("Morgen", DAY),
        offer("Bis Mittwoch", until=2 * DAY),
        event("Sonntag", 6 * DAY),
        offer("Ab nächster Woche", since=8 * DAY, until=90 * DAY),
        offer("Bis zum Monatsende", until=21 * DAY),
        offer("Immer"),
    ],
}


@pytest.mark.parametrize("right", CASES.values(), ids=CASES)
@pytest.mark.parametrize("language", ["de", "en"])
def test_what_comes_next_stands_in_the_subject_first(right: list[PostView], language: str) -> None:
    for given in [*list(permutations(right))[:24], right[::-1]]:
        edition = EditionView(language, AT, tuple(map(Entry, given)), ())
        assert [one.post.content.title for one in in_order(edition, CITY).entries] == [
            one.content.title for one in right
        ]
        said = compose(edition, CITY, SENDER)["subject"]
        intro = {"de": "Neues aus Coburg: ", "en": "News from Coburg: "}[language]
        assert said.startswith(intro + right[0].content.title)


@pytest.mark.parametrize("language", ["de", "en"])
def test_what_changed_comes_before_what_is_new_and_the_soonest_of_it_first(language: str) -> None:
    soon, late = event("Bald", DAY, status="cancelled"), event("Später", 9 * DAY, status="cancelled")
    edition = EditionView(
        language,
        AT,
        (Entry(event("Neu", DAY / 2)),),
        (Correction(late, "cancelled"), Correction(soon, "cancelled")),
    )
    said = compose(edition, CITY, SENDER)["subject"]
    word = {"de": "Abgesagt", "en": "Cancelled"}[language]
    assert said.index(f"{word}: Bald") < said.index(f"{word}: Später") < said.index("Neu", 10)
