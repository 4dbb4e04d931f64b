"""When an event takes place, in words: the next date, what comes behind it, what falls out; and what became of one date."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from babel import dates as babel_dates
from babel.lists import format_list

from syndication.content import date_news, recurrence, schedule
from syndication.content.date_news import DateNews
from syndication.content.schedule import Occurrence
from syndication.infra.languages import supported_language
from syndication.infra.rendering import day, gettext, locale, moment, money, time_of_day
from syndication.kinds.contract import DateLine
from syndication.kinds.event_content import EventContent
from syndication.kinds.single import single

#: So many later dates, and exceptions, are named; the rest is counted.
_NAMED, _EXCEPTIONS, _NEWS = 5, 3, 6
#: What ends so soon after its start is one evening, whatever midnight says.
_EVENING = timedelta(hours=12)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def _(text: str) -> str:
    """Marks a text for translation where the language is known only later."""
    return text


_PLACES = {
    1: _("first"),
    2: _("second"),
    3: _("third"),
    4: _("fourth"),
    5: _("fifth"),
    -1: _("last"),
    -2: _("last but one"),
}
_EVERY = {
    "DAILY": (_("every day"), _("every {} days")),
    "WEEKLY": (_("every week"), _("every {} weeks")),
    "MONTHLY": (_("every month"), _("every {} months")),
    "YEARLY": (_("every year"), _("every {} years")),
}
_NEWS_OF = {
    "off": _("The date on {} is cancelled"),
    "on": _("The date on {} takes place"),
    "added": _("One more date: {}"),
    "postponed": _("The date on {} is postponed"),
    "moved": _("The date on {} was moved: {}"),
    "sold_out": _("The date on {} is sold out"),
    "place": _("The date on {} has a new place: {}"),
    "price": _("The date on {} has a new price: {}"),
}
_STATES = {"cancelled": _("cancelled"), "postponed": _("postponed"), "sold_out": _("sold out")}


def when(content: EventContent, zone: ZoneInfo, language: str, now: datetime) -> str:
    """ "Sa., 28. November 2026, dann jeden Samstag, 07:00–13:00 Uhr": the next date at `now`, and its rhythm.

    On `zone`'s clock. What runs for days reads "noch bis 31. Januar"; what is over, when it was.
    """
    return _said(content, zone, language, _stands(content, zone, now))


@dataclass(frozen=True)
class _Standing:
    """All that the words depend on beside the content, so that they are made once for as long as they are true."""

    first: Occurrence | None
    running: bool
    later: tuple[Occurrence, ...]
    off: tuple[datetime, ...]
    year: int


def _stands(content: EventContent, zone: ZoneInfo, now: datetime) -> _Standing:
    places = (one for one in schedule.dates(content, zone, after=now) if one.takes_place)
    first, *later = tuple(islice(places, 2 if content.recurrence else None)) or (None,)
    own = [one for one in schedule.own_dates(content, zone) if one.ends_at > now and one != first]
    off = [one.starts_at for one in own if not one.takes_place]
    off += [moment for moment in content.excluded if moment > now]
    if content.recurrence:
        later = [*[one for one in own if one.takes_place], *later][: _EXCEPTIONS + 1]
    return _Standing(
        first,
        first is not None and first.starts_at <= now,
        tuple(one for one in later if one is not None),
        tuple(sorted(off)),
        now.astimezone(zone).year,
    )


@lru_cache(maxsize=2000)
def _said(content: EventContent, zone: ZoneInfo, language: str, stands: _Standing) -> str:
    at = stands.first.starts_at if stands.first is not None else _LONG_AGO
    words = _Words(content, zone, language, at if stands.running else at - timedelta(seconds=1), stands.year)
    return words.whole(stands)


@lru_cache(maxsize=2000)
def _last(content: EventContent, zone: ZoneInfo) -> Occurrence | None:
    return schedule.last_date(content, zone)


@dataclass(frozen=True)
class _Words:
    """What is said of one content in one language at one moment."""

    content: EventContent
    zone: ZoneInfo
    language: str
    now: datetime
    year: int

    def say(self, text: str, *values: str) -> str:
        return gettext(self.language)(text).format(*values)

    def whole(self, stands: _Standing) -> str:
        first = stands.first
        if first is None:
            return self.span(self.last())
        more = self.rhythm() if self.content.recurrence and stands.later else ""
        if not self.content.recurrence:
            said = (self.noted(first), self.listed(stands.later), *self.off(stands))
            return ", ".join(part for part in said if part)
        usual = first.own is None or not (first.own.starts_at or first.own.ends_at)
        hours = (
            self.hours(first)
            if usual and more and not self.running(first) and self.days_of(first) == 1
            else ""
        )
        begin = (
            day(first.starts_at, self.language, self.zone) + self.notes(first) if hours else self.noted(first)
        )
        return ", ".join(part for part in (begin, more, hours, *self.exceptions(first, stands)) if part)

    def last(self) -> Occurrence:
        """Where nothing comes: the last date, called off or not."""
        starts = self.content.starts_at
        assert starts is not None
        return _last(self.content, self.zone) or Occurrence(starts, starts, starts + self.content.length())

    # One date

    def days_of(self, one: Occurrence) -> int:
        first, last = (moment.astimezone(self.zone).date() for moment in (one.starts_at, self.until(one)))
        return (last - first).days + 1

    def until(self, one: Occurrence) -> datetime:
        """Its last moment; of an evening, that of its day."""
        if not self.stated(one) or (one.ends_at - one.starts_at < _EVENING and not self.content.all_day):
            return one.starts_at
        return one.ends_at - timedelta(microseconds=1)

    def stated(self, one: Occurrence) -> bool:
        """Whether its end was said."""
        said = self.content.ends_at is not None or (one.own is not None and one.own.ends_at is not None)
        return self.content.all_day or (said and one.ends_at > one.starts_at)

    def running(self, one: Occurrence) -> bool:
        return one.starts_at <= self.now and self.days_of(one) > 1

    def span(self, one: Occurrence) -> str:
        """Day and hours of one date; of one that runs for days, its end."""
        starts, ends, language, zone = one.starts_at, one.ends_at, self.language, self.zone
        if self.running(one):
            hours = "" if self.content.all_day or ends.astimezone(zone).hour == 0 else f", {self.clock(ends)}"
            return self.say(_("until {}"), f"{self.short(self.until(one))}{hours}")
        if self.content.all_day:
            first, last = (day(moment, language, zone) for moment in (starts, self.until(one)))
            return first if first == last else f"{first} – {last}"
        if self.days_of(one) > 1:
            return f"{moment(starts, zone, language)} – {moment(ends, zone, language)}"
        return f"{day(starts, language, zone)}, {self.hours(one)}"

    def hours(self, one: Occurrence) -> str:
        if self.content.all_day:
            return ""
        if not self.stated(one):
            return self.clock(one.starts_at)
        return f"{time_of_day(one.starts_at, self.zone)}–{self.clock(one.ends_at)}"

    def clock(self, at: datetime) -> str:
        return time_of_day(at, self.zone) + (" Uhr" if supported_language(self.language) == "de" else "")

    def short(self, at: datetime | date) -> str:
        """ "31. Januar", with its year where that is not this one."""
        local = at.astimezone(self.zone).date() if isinstance(at, datetime) else at
        shape = "d. MMMM" if supported_language(self.language) == "de" else "d MMMM"
        year = "" if local.year == self.year else " y"
        return str(babel_dates.format_date(local, shape + year, locale=locale(self.language)))

    def state(self, one: Occurrence) -> str:
        """ " (ausverkauft)" and the like, in a list; what is more different stands on the post's page."""
        told = self.states(one)
        return f" ({', '.join(told)})" if told else ""

    def states(self, one: Occurrence) -> list[str]:
        """Whether it takes place, and in place of which day."""
        own = one.own
        told = (
            [gettext(self.language)(_STATES[own.status])] if own is not None and own.status in _STATES else []
        )
        usual, day_ = (moment.astimezone(self.zone).date() for moment in (one.recurrence_id, one.starts_at))
        return [*told, self.say(_("instead of {}"), self.short(usual))] if usual != day_ else told

    def title(self, one: Occurrence) -> str:
        """Its own title; empty for that of the others."""
        alone = single(self.content, one).title
        return alone if alone != self.content.title else ""

    def circumstances(self, one: Occurrence) -> list[str]:
        """Where and for how much, where that is not as with the others."""
        alone, content, told = single(self.content, one), self.content, list[str]()
        if alone.place != content.place and alone.place is not None:
            told.append(", ".join(part for part in (alone.place.name, alone.place.address) if part))
        if alone.price != content.price and alone.price is not None:
            told.append(money(alone.price, content.currency, self.language))
        return told

    def noted(self, one: Occurrence) -> str:
        """One date with all that is different about it."""
        return self.span(one) + self.notes(one)

    def notes(self, one: Occurrence) -> str:
        """ " (ausverkauft, „Nikolausmarkt“)"."""
        quoted = ["„{}“" if supported_language(self.language) == "de" else "“{}”"] if self.title(one) else []
        told = [
            *self.states(one),
            *(mark.format(self.title(one)) for mark in quoted),
            *self.circumstances(one),
        ]
        return f" ({', '.join(told)})" if told else ""

    # What comes behind it

    def listed(self, later: Sequence[Occurrence]) -> str:
        """The other dates of a list, where no rule says them."""
        if not later:
            return ""
        most = _NAMED if len(later) > _NAMED + 1 else len(later)
        named = [self.short(one.starts_at) + self.state(one) for one in later[:most]]
        if len(later) > most:
            named.append(self.say(_("{} more"), str(len(later) - most)))
        return self.say(_("more dates: {}"), self.both(named))

    def both(self, parts: Sequence[str]) -> str:
        return str(format_list(list(parts), locale=locale(self.language)))

    def rhythm(self) -> str:
        """ "dann jeden Samstag bis 20. Dezember"; empty for a rule that cannot be read."""
        try:
            rule = recurrence.parsed(self.content.recurrence or "")
        except ValueError:  # kept from a time when less was refused
            return ""
        every = self.every(rule, self.content.starts_at.astimezone(self.zone).date())
        if (last := _last(self.content, self.zone)) is not None:
            every = self.say(_("{} until {}"), every, self.short(last.starts_at))
        return self.say(_("then {}"), every)

    def every(self, rule: recurrence.Rule, first: date) -> str:
        once, several = _EVERY[rule.frequency]
        often = self.say(once) if rule.interval == 1 else self.say(several, str(rule.interval))
        days = self.on_days(rule, first)
        if days and rule.interval > 1:
            text = f"{often} {self.say(_('on {}'), days)}" if rule.frequency == "WEEKLY" else often
        elif rule.frequency in ("DAILY", "WEEKLY"):
            text = self.weekdays(rule, first) or often
        elif rule.frequency == "MONTHLY":
            text = self.in_month(rule, first) or often
        else:
            text = often
        return text + (self.months(rule) if rule.frequency != "YEARLY" else "")

    def on_days(self, rule: recurrence.Rule, first: date) -> str:
        numbers = sorted({weekday for _place, weekday in rule.days}) or [first.weekday()]
        return self.both([self.weekday(number) for number in numbers])

    def weekday(self, number: int) -> str:
        return str(babel_dates.get_day_names("wide", locale=locale(self.language))[number])

    def weekdays(self, rule: recurrence.Rule, first: date) -> str:
        numbers = sorted({weekday for _place, weekday in rule.days})
        if rule.frequency == "WEEKLY" and not numbers and not rule.month_days:
            numbers = [first.weekday()]
        if not numbers or rule.month_days or rule.positions:
            return ""
        if len(numbers) == 7:
            every_day, _several = _EVERY["DAILY"]
            return self.say(every_day)
        if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1)):
            return self.say(_("every day from {} to {}"), self.weekday(numbers[0]), self.weekday(numbers[-1]))
        return self.say(_("every {}"), self.both([self.weekday(number) for number in numbers]))

    def in_month(self, rule: recurrence.Rule, first: date) -> str:
        if rule.days and not rule.month_days:
            placed = {
                weekday: [place for place, other in rule.days if other == weekday]
                for _p, weekday in rule.days
            }
            if rule.positions and len(rule.days) == 1:
                placed = {rule.days[0][1]: list(rule.positions)}
            elif rule.positions:
                return ""
            places = {tuple(found) for found in placed.values()}
            if len(places) > 1 or any(place not in _PLACES for found in places for place in found if place):
                return ""
            names = self.both([self.weekday(number) for number in sorted(placed)])
            (found,) = places
            if 0 in found:
                return self.say(_("every {}"), names)
            ordinals = self.both([gettext(self.language)(_PLACES[place]) for place in found])
            return self.say(_("every {} {} of the month"), ordinals, names)
        if rule.days or rule.positions:
            return ""
        days = rule.month_days or (first.day,)
        if days == (-1,):
            return self.say(_("on the last day of every month"))
        if any(number < 0 for number in days):
            return ""
        return self.say(
            _("on day {} of every month"),
            self.both(
                [
                    f"{number}." if supported_language(self.language) == "de" else str(number)
                    for number in sorted(days)
                ]
            ),
        )

    def months(self, rule: recurrence.Rule) -> str:
        names = babel_dates.get_month_names("wide", locale=locale(self.language))
        numbers = sorted(set(rule.months))
        if not numbers or len(numbers) == 12:
            return ""
        if len(numbers) > 1 and numbers == list(range(numbers[0], numbers[-1] + 1)):
            return " " + self.say(_("from {} to {}"), names[numbers[0]], names[numbers[-1]])
        return " " + self.say(_("in {}"), self.both([names[number] for number in numbers]))

    def exceptions(self, first: Occurrence, stands: _Standing) -> list[str]:
        """What of the dates is not as the others: those that fall out, and those that moved or are full."""
        others = [one for one in stands.later if one != first and self.state(one)]
        return self.off(stands) + [
            self.short(one.starts_at) + self.state(one) for one in others[:_EXCEPTIONS]
        ]

    def off(self, stands: _Standing) -> list[str]:
        """ "nicht am 26. Dezember und 2. Januar 2027"."""
        most = _EXCEPTIONS if len(stands.off) > _EXCEPTIONS + 1 else len(stands.off)
        named = [self.short(one) for one in stands.off[:most]]
        if len(stands.off) > most:
            named.append(self.say(_("on {} more days"), str(len(stands.off) - most)))
        return [self.say(_("not on {}"), self.both(named))] if named else []


def coming(
    content: EventContent, zone: ZoneInfo, language: str, now: datetime, most: int = 8
) -> list[DateLine]:
    """The next dates of an event that has several, each with what is different about it; empty for one that has one."""
    if not schedule.repeats(content):
        return []
    words = _Words(content, zone, language, now, now.astimezone(zone).year)
    return [_line(words, one) for one in islice(schedule.dates(content, zone, after=now), most)]


def _line(words: _Words, one: Occurrence) -> DateLine:
    title = words.title(one)
    told = [*([title] if title else []), *words.states(one), *words.circumstances(one)]
    image = one.own.image if one.own is not None else None
    return DateLine(words.span(one), " · ".join(told), not one.takes_place, image)


def news(
    before: EventContent | None, content: EventContent, zone: ZoneInfo, language: str, now: datetime
) -> list[str]:
    """ "Der Termin am 24.12. fällt aus": a sentence for each date to come that is another one since `before`."""
    if before is None:
        return []
    words = _Words(content, zone, language, now, now.astimezone(zone).year)
    found = date_news.between(before, content, now)
    lines = [_news(words, one) for one in found[:_NEWS]]
    if len(found) > _NEWS:
        lines.append(words.say(_("and {} more dates"), str(len(found) - _NEWS)))
    return lines


def _news(words: _Words, one: DateNews) -> str:
    stands = schedule.date(words.content, words.zone, one.recurrence_id)
    alone: Any = single(words.content, stands)
    values = {
        "added": [words.span(stands)],
        "moved": [_number(words, one.told_at), words.span(stands)],
        "place": [_number(words, one.told_at), alone.place.name if alone.place else "–"],
        "price": [
            _number(words, one.told_at),
            money(alone.price, alone.currency, words.language) if alone.price is not None else "–",
        ],
    }
    return words.say(_NEWS_OF[one.what], *values.get(one.what, [_number(words, one.told_at)]))


def _number(words: _Words, at: datetime) -> str:
    """ "24.12." and "24 December"."""
    local = at.astimezone(words.zone)
    if supported_language(words.language) != "de":
        return words.short(local)
    return f"{local.day}.{local.month}." + ("" if local.year == words.year else str(local.year))
