"""What comes every week, in a calendar: one component with a rule, and one more for each date that is out (decision 0043).

The rule bears what all dates share: title, hours, place. What a single date says stands under its RECURRENCE-ID (RFC 5545
section 3.8.4.4) once its post is out. What falls out is an EXDATE.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from icalendar import vRecur

from syndication import kinds
from syndication.channels.built_in.feed.component import component, uid
from syndication.channels.envelope import PostView, WeeklyView
from syndication.content.post import Content
from syndication.infra.rendering import gettext
from syndication.kinds.contract import Appointment

#: Days from the one by which a date is named to the one of a component, such as 4 for the Friday of a menu from Monday on.
_Offset = int


def _(text: str) -> str:
    """Marks a text for translation where the language is known only later."""
    return text


_EVERY_WEEK = _("Every week. What there is on each date stands here once it is announced.")
_EVERY_TWO_WEEKS = _("Every two weeks. What there is on each date stands here once it is announced.")


def components(
    weekly: WeeklyView, dates: tuple[PostView, ...], host: str, base_url: str, zone: ZoneInfo
) -> bytes:
    """All components: `dates` are the posts of it that are out and not over."""
    usual = _by_offset(weekly.content, weekly.start, zone)
    said = {post.weekly_on: _matched(post, usual, zone) for post in dates if post.weekly_on is not None}
    pieces = [_rule(weekly, offset, one, said, host, base_url, zone) for offset, one in usual.items()]
    for post in dates:
        if post.weekly_on is not None:
            matched = said[post.weekly_on]
            pieces += _date(weekly, post, post.weekly_on, usual, matched, host, zone)
    return b"".join(pieces)


def _by_offset(content: Content, day: date, zone: ZoneInfo) -> dict[_Offset, Appointment]:
    found = kinds.of(content).appointments(content, zone)
    return {(_day(one.start) - day).days: one for one in found}


def _matched(
    post: PostView, usual: Mapping[_Offset, Appointment], zone: ZoneInfo
) -> dict[_Offset, Appointment]:
    """Which component of the rule each of a post's own stands for; one that was moved stands for the only one."""
    own = kinds.of(post.content).appointments(post.content, zone)
    if len(own) == len(usual) == 1 and own[0].rule is None and not own[0].added:
        return {next(iter(usual)): own[0]}
    assert post.weekly_on is not None
    return {
        offset: one
        for one in own
        if (offset := (_day(one.start) - post.weekly_on).days) in usual and one.rule is None
    }


def _rule(
    weekly: WeeklyView,
    offset: _Offset,
    one: Appointment,
    said: Mapping[date, Mapping[_Offset, Appointment]],
    host: str,
    base_url: str,
    zone: ZoneInfo,
) -> bytes:
    """What all dates share. A date that says nothing at this weekday, as a menu without its Friday, falls out there."""
    off = sorted({*weekly.off, *(day for day, matched in said.items() if offset not in matched)})
    rule = {"FREQ": ["WEEKLY"], "INTERVAL": [weekly.interval]}
    if weekly.until is not None:
        rule["UNTIL"] = [_until(one.start, weekly.until + timedelta(days=offset), zone)]
    say = gettext(weekly.content.language)
    appointment = replace(
        one,
        rule=vRecur(rule),
        excluded=[_moved(one.start, day - weekly.start) for day in off],
        text=say(_EVERY_WEEK if weekly.interval == 1 else _EVERY_TWO_WEEKS),
    )
    post = PostView(
        weekly.id,
        1,
        weekly.content,
        weekly.merchant,
        weekly.created_at,
        weekly.updated_at,
        weekly.merchant.url or base_url,
    )
    return component(post, appointment, _uid(weekly, offset, host), zone, behind=weekly.sequence)


def _date(
    weekly: WeeklyView,
    post: PostView,
    day: date,
    usual: Mapping[_Offset, Appointment],
    matched: Mapping[_Offset, Appointment],
    host: str,
    zone: ZoneInfo,
) -> Iterator[bytes]:
    """What one date says; what of it stands for nothing of the rule stands by itself."""
    for offset, one in matched.items():
        named = _moved(usual[offset].start, day - weekly.start)
        said = replace(one, recurrence_id=named)
        yield component(post, said, _uid(weekly, offset, host), zone, behind=weekly.sequence)
    for one in kinds.of(post.content).appointments(post.content, zone):
        if one not in matched.values():
            yield component(post, one, uid(post, one, host), zone)


def _uid(weekly: WeeklyView, offset: _Offset, host: str) -> str:
    return f"{weekly.id}{f'-{offset}' if offset else ''}@{host}"


def _day(start: datetime | date) -> date:
    return start.date() if isinstance(start, datetime) else start


def _moved(start: datetime | date, by: timedelta) -> datetime | date:
    """By whole days; the hour of the clock stays."""
    return start + by


def _until(start: datetime | date, day: date, zone: ZoneInfo) -> datetime | date:
    """The end of that day, of the type of DTSTART: a date for whole days, else UTC (RFC 5545 section 3.3.10)."""
    if not isinstance(start, datetime):
        return day
    return datetime.combine(day, time(23, 59, 59), zone).astimezone(UTC)
