"""The rules of delivery, as tables."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from syndication.content.cadence import Cadence, next_slot, previous_slot
from syndication.ledger import policy

BERLIN = ZoneInfo("Europe/Berlin")
SCHEDULE = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)


def test_the_default_schedule_makes_ten_tries_over_75_hours_and_35_minutes():
    delays = [policy.retry_delay(tries, SCHEDULE, chance=0.5) for tries in range(1, 11)]
    assert delays[9] is None
    assert delays[:9] == pytest.approx(SCHEDULE)
    assert timedelta(seconds=sum(SCHEDULE)) == timedelta(hours=75, minutes=35, seconds=5)


@pytest.mark.parametrize(("chance", "factor"), [(0.0, 0.8), (0.5, 1.0), (0.999999, 1.2)])
def test_jitter_stays_within_a_fifth(chance, factor):
    assert policy.retry_delay(2, SCHEDULE, chance=chance) == pytest.approx(300 * factor, rel=1e-3)


@pytest.mark.parametrize(
    ("after", "lowest", "highest"),
    [(7, 7, 8.4), (0, 5, 6), (999_999, 10, 12), (3, 5, 6)],
)
def test_retry_after_is_clamped_to_once_or_twice_the_schedule_and_never_undercut(after, lowest, highest):
    for chance in (0.0, 0.5, 0.999):
        assert lowest <= policy.retry_delay(1, SCHEDULE, after=after, slow=True, chance=chance) <= highest


def test_an_outlet_that_asks_for_less_without_saying_how_long_waits_a_minute():
    assert policy.retry_delay(1, SCHEDULE, slow=True, chance=0.5) == 60
    assert policy.retry_delay(2, SCHEDULE, slow=True, chance=0.5) == 300


@pytest.mark.parametrize(
    ("failures", "slow", "after", "seconds"),
    [
        (1, False, None, 0),
        (2, False, None, 0),
        (3, False, None, 5),
        (4, False, None, 10),
        (1, True, None, 5),
        (2, True, None, 10),
        (50, False, None, 300),
        (1, False, 30, 30),
        (1, False, 99_999, 300),
    ],
)
def test_the_breaker_opens_longer_with_each_failure_in_a_row(failures, slow, after, seconds):
    assert policy.hold(failures, after=after, slow=slow) == seconds


def test_a_failing_outlet_gets_one_delivery_as_a_probe():
    assert policy.batch(0, 20) == 20
    assert policy.batch(4, 20) == 1


def test_an_outlet_is_switched_off_after_nothing_but_failures_for_the_whole_time():
    start = datetime(2026, 5, 1, tzinfo=UTC)
    assert not policy.switched_off(start, start + timedelta(hours=119), 432_000)
    assert policy.switched_off(start, start + timedelta(hours=120), 432_000)
    assert not policy.switched_off(None, start, 432_000)


@pytest.mark.parametrize(
    ("cadence", "after", "slot"),
    [
        ("daily 07:00", "2026-11-23T05:59:59+00:00", "2026-11-23T06:00:00+00:00"),
        ("daily 07:00", "2026-11-23T06:00:00+00:00", "2026-11-24T06:00:00+00:00"),
        ("daily 00:00", "2026-11-23T22:59:00+00:00", "2026-11-23T23:00:00+00:00"),
        ("weekly thu 07:00", "2026-11-23T06:00:00+00:00", "2026-11-26T06:00:00+00:00"),
        ("weekly thu 07:00", "2026-11-26T06:00:00+00:00", "2026-12-03T06:00:00+00:00"),
        # 29 March 2026: 02:00 becomes 03:00. A skipped 02:30 falls an hour later and comes once.
        ("daily 02:30", "2026-03-28T12:00:00+00:00", "2026-03-29T01:30:00+00:00"),
        ("daily 02:30", "2026-03-29T01:30:00+00:00", "2026-03-30T00:30:00+00:00"),
        # 25 October 2026: 03:00 becomes 02:00. A doubled 02:30 counts once, the first.
        ("daily 02:30", "2026-10-24T12:00:00+00:00", "2026-10-25T00:30:00+00:00"),
        ("daily 02:30", "2026-10-25T00:30:00+00:00", "2026-10-26T01:30:00+00:00"),
    ],
)
def test_slots_follow_the_citys_wall_clock(cadence, after, slot):
    found = next_slot(Cadence.parse(cadence), datetime.fromisoformat(after), BERLIN)
    assert found == datetime.fromisoformat(slot)
    assert previous_slot(Cadence.parse(cadence), found, BERLIN) == found


def test_the_slots_of_a_year_come_once_a_day():
    moment, slots = datetime(2026, 1, 1, tzinfo=UTC), []
    for _ in range(365):
        moment = next_slot(Cadence.parse("daily 02:30"), moment, BERLIN)
        slots.append(moment.astimezone(BERLIN).date())
    assert slots == [slots[0] + timedelta(days=day) for day in range(365)]


def test_an_instant_cadence_has_no_slots():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert next_slot(Cadence.parse("instantly"), now, BERLIN) is None
    assert previous_slot(Cadence.parse("instantly"), now, BERLIN) is None


@pytest.mark.parametrize(
    ("failures", "answers", "expected"),
    [
        (0, (), (30, 30)),
        (2, (5, 5), (1, 1)),
        (0, (1, 1, 1), (200, 50)),
        (0, (80,), (37, 10)),
        (0, (9000,), (10, 10)),
    ],
)
def test_a_connection_claims_what_it_sends_in_a_few_seconds(
    failures: int, answers: tuple[int, ...], expected: tuple[int, int]
) -> None:
    assert policy.mail_batch(failures, 200, answers) == expected


@pytest.mark.parametrize(
    ("count", "ways", "most", "least", "sizes"),
    [
        (400, 2, 200, 50, [200, 200]),
        (90, 4, 200, 30, [30, 30, 30]),
        (25, 4, 37, 10, [13, 12]),
        (3, 4, 37, 10, [3]),
        (31, 1, 200, 30, [31]),
        (5, 8, 1, 1, [1, 1, 1, 1, 1]),
        (0, 4, 37, 10, []),
    ],
)
def test_what_is_claimed_at_once_is_shared_by_the_connections(
    count: int, ways: int, most: int, least: int, sizes: list[int]
) -> None:
    shares = policy.shares(count, ways, most, least)
    assert [share.stop - share.start for share in shares][:-1] == sizes[:-1]
    assert [len(range(count)[share]) for share in shares] == sizes


def test_an_outlet_that_goes_up_and_down_must_work_ever_longer_to_be_well() -> None:
    assert [policy.well_after(outages, 300) for outages in (0, 1, 2, 6, 50)] == [300, 600, 1200, 19200, 19200]
