"""Works out where the bars of a chart stand; the template draws them, and the same numbers stand in a table."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from syndication.infra.rendering import short_day
from syndication.insight.tallies import Hour

#: Room of all bars, in units of the drawing.
WIDTH, HEIGHT = 480, 120
_GAP = 2
#: No bar with anything in it is lower.
_LEAST = 2
_LOST = ("failed", "unconfirmed")


@dataclass(frozen=True)
class Bar:
    """So many that arrived, with those that did not on top; `x` and `y` are upper left corners."""

    label: str
    short: str
    arrived: int
    lost: int
    x: float
    width: float
    y: float
    height: float
    lost_y: float
    lost_height: float

    @property
    def cells(self) -> tuple[str, int, int]:
        """The same as a row of a table."""
        return self.label, self.arrived, self.lost


def by_hour(hours: Sequence[Hour], now: datetime, zone: ZoneInfo) -> list[Bar]:
    """The last 24 hours, the one that has begun last; labelled by the city's clock."""
    last = now.replace(minute=0, second=0, microsecond=0)
    moments = [last - timedelta(hours=23 - number) for number in range(24)]
    sums = _sums((one, one.at) for one in hours)
    labels = [f"{at.astimezone(zone):%H:%M}" for at in moments]
    return _bars([(label, label, *sums[at]) for label, at in zip(labels, moments, strict=True)])


def by_day(hours: Sequence[Hour], now: datetime, zone: ZoneInfo, days: int, language: str) -> list[Bar]:
    """So many days of the city's calendar, today last."""
    last = now.astimezone(zone).date()
    found = [last - timedelta(days=days - 1 - number) for number in range(days)]
    sums = _sums((one, one.at.astimezone(zone).date()) for one in hours)
    return _bars([(short_day(day, language), f"{day.day}.{day.month}.", *sums[day]) for day in found])


def _sums(pairs: Iterable[tuple[Hour, object]]) -> Mapping[object, tuple[int, int]]:
    sums: defaultdict[object, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for hour, key in pairs:
        arrived, lost = sums[key]
        if hour.outcome == "sent":
            sums[key] = (arrived + hour.count, lost)
        elif hour.outcome in _LOST:
            sums[key] = (arrived, lost + hour.count)
    return sums


def _bars(rows: Sequence[tuple[str, str, int, int]]) -> list[Bar]:
    most = max((arrived + lost for _, _, arrived, lost in rows), default=0) or 1
    step = WIDTH / max(1, len(rows))
    bars = []
    for number, (label, short, arrived, lost) in enumerate(rows):
        height, above = _height(arrived, most), _height(lost, most)
        y = HEIGHT - height
        bars.append(
            Bar(
                label,
                short,
                arrived,
                lost,
                round(number * step, 1),
                round(step - _GAP, 1),
                y,
                height,
                y - above,
                above,
            )
        )
    return bars


def _height(count: int, most: int) -> float:
    return max(_LEAST, round(count / most * (HEIGHT - _LEAST), 1)) if count else 0
