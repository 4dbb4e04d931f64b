"""The typed values of a spreadsheet's cells as texts that are read like those of any table."""

from datetime import date, datetime, time, timedelta

#: Of a sheet, no more columns and lines are looked at; of a file, no more bytes are unpacked.
MOST_COLUMNS = 200
MOST_LINES = 100_000
MOST_UNPACKED = 100 * 1024 * 1024
#: Spreadsheets count days from here, so that a time of more than a day is one of the first days.
_FIRST = datetime(1899, 12, 31)  # noqa: DTZ001 -- cells know no zone
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)
#: Stands where a formula has no value, because no spreadsheet has calculated the file yet.
UNCALCULATED = "=…"


def text_of(value: object) -> str:
    """A cell's value as people would type it: days as ISO 8601, hours as `18:00`; `24:00` ends a day."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _number(value)
        case datetime():
            return _moment(value)
        case date():
            return value.isoformat()
        case time():
            return _clock(
                timedelta(
                    hours=value.hour,
                    minutes=value.minute,
                    seconds=value.second,
                    microseconds=value.microsecond,
                )
            )
        case timedelta():
            return _clock(value)
    return str(value)


def _number(value: float) -> str:
    """Without the dust of binary fractions; three decimals get a fourth, lest their point be taken for one of thousands."""
    text = f"{value:.10g}"
    whole, point, decimals = text.partition(".")
    return f"{whole}.{decimals}0" if point and len(decimals) == 3 and decimals.isdigit() else text


def _moment(value: datetime) -> str:
    if value.year <= 1900:
        return _clock((value - _FIRST) % _DAY if value < _FIRST else value - _FIRST)
    value = value.replace(tzinfo=None) + _MINUTE / 2  # seconds are dust of binary fractions, too
    return f"{value:%Y-%m-%d}" if (value.hour, value.minute) == (0, 0) else f"{value:%Y-%m-%d %H:%M}"


def _clock(value: timedelta) -> str:
    hours, minutes = divmod(round(value / _MINUTE), 60)
    return f"{hours:02}:{minutes:02}"
