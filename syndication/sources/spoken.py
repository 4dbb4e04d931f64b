"""When something is, as people type it into a form: `morgen 18-22`, `bis Samstag`, `jeden Donnerstag 19 Uhr`.

Days that are reckoned from today become dates here (`sources.near_days`); the rest is read as in tables (`sources.when`).
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import NoReturn
from zoneinfo import ZoneInfo

from syndication.content.reason import Reason
from syndication.errors import Invalid
from syndication.infra.languages import supported_language
from syndication.infra.rendering import full_day, time_of_day
from syndication.sources import near_days, when
from syndication.sources.near_days import Dated
from syndication.sources.pieces import HOURS, MIDNIGHT, Order, weekday_of
from syndication.sources.when import Frame, Said

#: What ends before it begins goes on over midnight, if it is no longer than this (minutes).
_LONGEST_NIGHT = 12 * 60
_LONG_PAST, _FAR = timedelta(days=31), timedelta(days=183)
_MOST_CHARACTERS = 200
_DAY = timedelta(days=1)
#: Words that the reader knows; those of pages may change.
_UNTIL = {"de": "bis {}", "en": "until {}"}
_TO = {"de": "{} bis {}", "en": "{} to {}"}


@dataclass(frozen=True)
class Heard:
    """What was understood. Moments bear the zone that was asked for; whole days are dates, and `end` is the last of them.

    `start` is None where only an end was named (`bis Samstag`), `end` where none was. `rule` is an RRULE (RFC 5545 section
    3.3.10) of which `start` is the first date. `remarks` say what was assumed, to be shown beside it.
    """

    start: datetime | date | None
    end: datetime | date | None
    whole_days: bool
    rule: str | None = None
    remarks: tuple[Reason, ...] = ()


def understood(
    text: str,
    now: datetime,
    zone: ZoneInfo,
    language: str,
    *,
    near: datetime | None = None,
    past: bool = False,
) -> Heard:
    """When `text` says that something is, in German or English whatever the `language`, on the clock of `zone`.

    `language` is that of the remarks; `en-US` reads 1/2 as January 2nd, all others as 1 February. `near`: a moment already
    known, such as the start where the end is asked for; days and hours are then the next ones after it, and not after `now`.
    `past`: what is over long since is meant, too.
    Raises Invalid with one sentence, for no field, that says what was not understood and what would be.
    """
    plain = " ".join(text.split())
    if not plain:
        _refuse(Reason("Please say when, such as {}.", _examples(language)))
    if len(plain) > _MOST_CHARACTERS:
        _not_understood(plain[:60] + "…", language)
    since = (near or now).astimezone(zone)
    heard = _heard(plain, since, now, zone, language, near is not None)
    over = heard.end if heard.end is not None else heard.start
    if (
        not past
        and heard.rule is None
        and over is not None
        and _day_of(over, zone) < since.date() - _LONG_PAST
    ):
        told = said(heard.start, heard.end, heard.whole_days, zone, language)
        _refuse(Reason("That is long past: {}. Please name a day to come.", told))
    return heard


def said(
    start: datetime | date | None,
    end: datetime | date | None,
    whole_days: bool,
    zone: ZoneInfo,
    language: str,
) -> str:
    """ "Samstag, 28. November 2026, 19:30 bis 22:00 Uhr"; midnight as an end is 24:00 of the day before.

    Of `whole_days` no hour is said, also where moments stand for them. `understood` reads it as what it was made of. Empty
    where neither start nor end is known.
    """
    if whole_days:
        start, end = (value if value is None else _day_of(value, zone) for value in (start, end))
    if start is None:
        return (
            _UNTIL[supported_language(language)].format(_one(end, zone, language, ends=True)) if end else ""
        )
    first = _one(start, zone, language)
    if end is None or end == start:
        return first
    to = _TO[supported_language(language)]
    if isinstance(start, datetime) and isinstance(end, datetime):
        day, hour = _ending(end, zone)
        if day == start.astimezone(zone).date():
            first = f"{full_day(day, language)}, {time_of_day(start, zone)}"
            return to.format(first, hour + _oclock(language))
    return to.format(first, _one(end, zone, language, ends=True))


# Reading


def _heard(plain: str, since: datetime, now: datetime, zone: ZoneInfo, language: str, near: bool) -> Heard:
    order: Order = "month/day" if language.lower().startswith("en-us") else "day/month"
    day = since.date()
    try:
        if when.is_moment(plain):
            return Heard(datetime.fromisoformat(plain).astimezone(zone), None, whole_days=False)
        dated = near_days.dated(plain, now.astimezone(zone), day, order, language)
        heard = _joined(dated, plain, since, zone, language, near, order)
        over = heard.end or heard.start
        if dated.weekdays and isinstance(over, datetime) and over <= since:
            # The hour of this weekday is over: that of next week is meant.
            dated = near_days.dated(plain, now.astimezone(zone), day + _DAY, order, language)
            heard = _joined(dated, plain, since, zone, language, near, order)
    except (ValueError, OverflowError) as error:
        _explain(error, plain, language)
    return heard


def _joined(
    dated: Dated, plain: str, since: datetime, zone: ZoneInfo, language: str, near: bool, order: Order
) -> Heard:
    found = when.said(dated.text, Frame(since.date(), order=order), hours=True, after=since.date())
    told = [Reason.quoted(one) for one in found.remarks if not one.startswith("the day of the week")]
    remarks = [*dated.remarks, *told, *_doubts(dated.text, found, language)]
    remarks += [Reason("Not taken for when it is: {}.", note) for note in found.notes]
    found = _this_season(found, plain, since.date(), language, remarks)
    if dated.rule is not None and found.last is not None and found.first is not None:
        until = when.at(found.last, MIDNIGHT, zone) - timedelta(seconds=1)
        shown = until.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        if found.whole or found.begins is None:
            shown = found.last.strftime("%Y%m%d")
        dated = replace(dated, rule=f"{dated.rule};UNTIL={shown}")
        found = replace(found, last=None)
    if found.first is None and (found.begins is not None or (found.last is None and found.ends is not None)):
        found = _with_day(found, since, zone, language, near, remarks)
    start, end = _bounds(found, plain, zone, language, remarks)
    whole_days = not isinstance(start, datetime) and not isinstance(end, datetime)
    return Heard(start, end, whole_days, dated.rule, tuple(remarks))


def _this_season(found: Said, plain: str, today: date, language: str, remarks: list[Reason]) -> Said:
    """Of days without a year, those of a span that has begun are not the next; one that is far off is told."""
    first, last = found.first, found.last
    if first is None or first <= today + _FAR or any(f"{first:{year}}" in plain for year in ("%Y", "%y")):
        return found
    try:
        if last is not None and (before := last.replace(year=last.year - 1)) >= today:
            first = first.replace(year=first.year - 1)
            remarks.append(Reason("It has begun on {}.", full_day(first, language)))
            return replace(found, first=first, last=before)
    except ValueError:  # 29 February
        pass
    remarks.append(Reason("No year was named; understood as {}.", full_day(first, language)))
    return found


def _with_day(
    found: Said, since: datetime, zone: ZoneInfo, language: str, near: bool, remarks: list[Reason]
) -> Said:
    """An hour without a day is the next such hour."""
    until_only, minutes = found.begins is None, found.begins if found.begins is not None else found.ends
    day = since.date()
    over = minutes if until_only or found.ends is None or found.ends <= (minutes or 0) else found.ends
    if when.at(day, over or 0, zone) < since:
        day += _DAY
    # Midnight ends its day; as a beginning it is shown under the next.
    shown = day if until_only else when.at(day, minutes or 0, zone).date()
    if not near:
        word = Reason("today") if shown == since.date() else Reason("tomorrow")
        remarks.append(Reason("No day was named; understood as {}, {}.", word, full_day(shown, language)))
    elif day != since.date():
        remarks.append(Reason("Understood as the next day, {}.", full_day(shown, language)))
    return replace(found, last=day) if until_only else replace(found, first=day)


def _bounds(
    found: Said, plain: str, zone: ZoneInfo, language: str, remarks: list[Reason]
) -> tuple[datetime | date | None, datetime | date | None]:
    first, last, begins, ends = found.first, found.last, found.begins, found.ends
    if begins is None and first is not None and ends is not None:  # `Sa bis 18 Uhr`
        first, last = None, last or first
    if first is None:
        if ends is None or last is None:
            return None, last
        return None, _moment(last, ends, zone, language, remarks)
    if found.whole or begins is None:
        if last is not None and last < first:
            _refuse(Reason("It would end before it begins: {}.", plain))
        return first, last if last != first else None
    start = _moment(first, begins, zone, language, remarks)
    if last is None and ends is None:
        return start, None
    if last is None or last == first:
        if ends is None:
            return start, None
        last = _night(first, begins, ends, plain, language, remarks)
    end = _moment(last, MIDNIGHT if ends is None else ends, zone, language, remarks)
    if end <= start:
        _refuse(Reason("It would end before it begins: {}.", plain))
    return start, end


def _night(first: date, begins: int, ends: int, plain: str, language: str, remarks: list[Reason]) -> date:
    """The day on which it ends that names one day and two hours."""
    if ends > begins:
        return first
    if ends == begins or ends + MIDNIGHT - begins > _LONGEST_NIGHT:
        _refuse(Reason("It would end before it begins: {}.", plain))
    next_day = first + _DAY
    remarks.append(Reason("It ends on the next day, {}, at {}.", full_day(next_day, language), _clock(ends)))
    return next_day


def _moment(day: date, minutes: int, zone: ZoneInfo, language: str, remarks: list[Reason]) -> datetime:
    """That hour of that day. One that the clocks leave out is an hour later, of one that they show twice it is the first."""
    meant = when.at(day, minutes, zone)
    real = meant.astimezone(UTC).astimezone(zone)
    if real.replace(tzinfo=None) != meant.replace(tzinfo=None):
        remarks.append(
            Reason(
                "At {} on {} the clocks are put forward; understood as {}.",
                _clock(minutes), full_day(day, language), time_of_day(real, zone),
            )
        )  # fmt: skip
    elif meant.utcoffset() != meant.replace(fold=1).utcoffset():
        remarks.append(
            Reason(
                "{} comes twice on {}, when the clocks are put back; the first was taken.",
                _clock(minutes), full_day(day, language),
            )
        )  # fmt: skip
    return real


def _doubts(text: str, found: Said, language: str) -> list[Reason]:
    """A weekday that does not fit the date beside it: the date counts. Hours that may be those of each of several days."""
    parts = when.pieces_of(text)
    named = [weekday_of(token) for sort, token in parts if sort == "weekday"]
    days = [day for day in (found.first, found.last) if day is not None]
    doubts = []
    if len(named) == len(days):
        doubts = [
            Reason("The day of the week does not fit; understood as {}.", full_day(day, language))
            for day, weekday in zip(days, named, strict=True)
            if day.weekday() != weekday
        ]
    sorts = ["hour" if sort in (*HOURS, "bare", "year") else sort for sort, _ in parts]
    if len(days) == 2 and "hour to hour" in " ".join(sorts):
        doubts.append(Reason("Understood as one span, from the first day to the last."))
    return doubts


# Saying


def _one(value: datetime | date, zone: ZoneInfo, language: str, *, ends: bool = False) -> str:
    if not isinstance(value, datetime):
        return full_day(value, language)
    day, hour = _ending(value, zone) if ends else (value.astimezone(zone).date(), time_of_day(value, zone))
    return f"{full_day(day, language)}, {hour}{_oclock(language)}"


def _ending(end: datetime, zone: ZoneInfo) -> tuple[date, str]:
    local = end.astimezone(zone)
    if (local.hour, local.minute) == (0, 0):
        return local.date() - _DAY, "24:00"
    return local.date(), time_of_day(end, zone)


def _oclock(language: str) -> str:
    return " Uhr" if supported_language(language) == "de" else ""


def _clock(minutes: int) -> str:
    return "{:02}:{:02}".format(*divmod(minutes, 60))


def _day_of(value: datetime | date, zone: ZoneInfo) -> date:
    return value.astimezone(zone).date() if isinstance(value, datetime) else value


# Refusing


def _explain(error: Exception, plain: str, language: str) -> NoReturn:
    """What the reader of tables says is worded for a column; here it is a sentence for itself."""
    reason = error.args[0] if error.args else ""
    if reason.startswith("says "):
        _refuse(Reason("At what hour? Please name it, such as {}.", "19:00"), error)
    if reason.startswith("names several"):
        _refuse(Reason("Several times stand there: {}. Please name one beginning and one end.", plain), error)
    _not_understood(plain, language, error)


def _not_understood(plain: str, language: str, cause: Exception | None = None) -> NoReturn:
    _refuse(
        Reason("We do not understand “{}”. What works, for example: {}.", plain, _examples(language)), cause
    )


def _examples(language: str) -> str:
    if supported_language(language) == "de":
        return "bis 31.12. · morgen 18–22 Uhr · 29.11. 11:00 bis 13:00 · Sa 19:30"
    return "Sat 7:30pm · tomorrow 6–10pm · 29 November 11:00 to 13:00 · until 31 December"


def _refuse(reason: Reason, cause: Exception | None = None) -> NoReturn:
    raise Invalid.field("", reason) from cause
