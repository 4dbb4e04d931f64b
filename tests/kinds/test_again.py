"""The next dates of what was said before."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from syndication.kinds import again

ZONE = ZoneInfo("Europe/Berlin")
#: A Thursday, 20:00 in Berlin.
NOW = datetime(2026, 11, 26, 19, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "weeks"),
    [
        (datetime(2026, 11, 26, 19, 30, tzinfo=UTC), 1),
        (datetime(2026, 11, 26, 18, 30, tzinfo=UTC), 1),
        (datetime(2026, 11, 19, 18, 30, tzinfo=UTC), 2),
        (datetime(2026, 11, 19, 19, 30, tzinfo=UTC), 1),
        (datetime(2026, 12, 24, 19, 0, tzinfo=UTC), 1),
        (datetime(2025, 11, 27, 18, 30, tzinfo=UTC), 53),
        (date(2026, 11, 26), 1),
        (date(2026, 11, 19), 1),
        (date(2026, 11, 18), 2),
    ],
)
def test_weeks_until_it_comes_again(at: datetime | date, weeks: int) -> None:
    assert again.weeks_until(at, ZONE, NOW) == weeks


@pytest.mark.parametrize(
    ("at", "days", "right"),
    [
        (datetime(2026, 10, 22, 17, tzinfo=UTC), 7, datetime(2026, 10, 29, 18, tzinfo=UTC)),
        (datetime(2026, 3, 26, 18, tzinfo=UTC), 7, datetime(2026, 4, 2, 17, tzinfo=UTC)),
    ],
)
def test_the_hour_of_the_clock_stays_over_its_change(at: datetime, days: int, right: datetime) -> None:
    assert again.later(at, days, ZONE) == right
