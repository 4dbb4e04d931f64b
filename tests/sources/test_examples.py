"""The files that merchants take as a pattern are read as they stand, apart, with nothing to be mended."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from syndication.sources import apart, examples

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.mark.parametrize("name", [name for names in examples.NAMES.values() for name in names])
def test_an_example_can_be_brought_as_it_is(name: str) -> None:
    _, data = examples.example(name, NOW.date())
    rows = apart.read(data, zone=BERLIN, now=NOW, name=name, most=10)
    assert [row.faults for row in rows] == [()] * len(rows)
    assert len(rows) >= 2
    if not name.endswith("json"):
        first = rows[0].draft
        assert first is not None
        assert first.kind == "event"
        assert first.begins is not None
        assert first.begins.astimezone(BERLIN).isoformat() == "2026-12-26T19:30:00+01:00"
        assert first.place is not None
        assert (first.place.name, first.place.address) == ("Hofgarten", "Markt 1")


def test_what_is_no_example_is_none() -> None:
    with pytest.raises(KeyError):
        examples.example("../../etc/passwd", NOW.date())
