"""Says a post's facts in words: its title with its status, when, where, and how much."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from syndication.content.post import Content, Matter, Place
from syndication.infra.rendering import day, gettext, moment, money, supported_language, time_of_day

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY_NAMES = {
    "de": ("montags", "dienstags", "mittwochs", "donnerstags", "freitags", "samstags", "sonntags"),
    "en": ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays"),
}


def _(text: str) -> str:
    """Marks a text for translation where the language is known only later."""
    return text


_MARKS = {
    "cancelled": _("Cancelled"),
    "postponed": _("Postponed"),
    "sold_out": _("Sold out"),
    "withdrawn": _("Withdrawn"),
}
_RHYTHMS = {
    "DAILY": (_("every day"), _("every {} days")),
    "WEEKLY": (_("every week"), _("every {} weeks")),
    "MONTHLY": (_("every month"), _("every {} months")),
    "YEARLY": (_("every year"), _("every {} years")),
}


def mark(status: str, language: str) -> str:
    """ "Abgesagt" for a status that people must see at once; empty for one that goes without saying."""
    return gettext(language)(_MARKS[status]) if status in _MARKS else ""


def title(content: Content, language: str) -> str:
    """The title, with "Abgesagt: " and the like in front."""
    word = mark(content.status, language)
    return f"{word}: {content.title}" if word else content.title


def news(changed: Sequence[Matter], content: Content, zone: ZoneInfo, language: str) -> str:
    """ "Geändert – neue Zeit: …" for people who saw the earlier version; empty where nothing that matters changed."""
    say = gettext(language)
    words = {
        "status": mark(content.status, language) or say(_("Takes place as planned")),
        "time": say(_("New time: {}")).format(when(content, zone, language)),
        "place": say(_("New place: {}")).format(where(content.place) or "–"),
        "price": say(_("New price: {}")).format(price(content, language) or "–"),
    }
    return "\n".join(words[matter] for matter in changed if words[matter])


def when(content: Content, zone: ZoneInfo, language: str) -> str:
    """When it happens, or how long it is valid, on the wall clock of `zone`; empty where nothing is said."""
    if content.starts_at is None:
        return _validity(content, zone, language)
    text = _span(content, content.starts_at, zone, language)
    return f"{text}, {rhythm(content.recurrence, language)}" if content.recurrence else text


def _span(content: Content, starts: datetime, zone: ZoneInfo, language: str) -> str:
    ends = content.ends_at
    if content.all_day:
        last = starts + content.length() - timedelta(microseconds=1)
        first_day, last_day = day(starts, language, zone), day(last, language, zone)
        return first_day if first_day == last_day else f"{first_day} – {last_day}"
    if ends is None or ends == starts:
        return moment(starts, zone, language)
    if starts.astimezone(zone).date() == ends.astimezone(zone).date() or ends - starts < timedelta(hours=12):
        oclock = " Uhr" if supported_language(language) == "de" else ""
        return f"{day(starts, language, zone)}, {time_of_day(starts, zone)}–{time_of_day(ends, zone)}{oclock}"
    return f"{moment(starts, zone, language)} – {moment(ends, zone, language)}"


def _validity(content: Content, zone: ZoneInfo, language: str) -> str:
    say = gettext(language)
    if content.valid_from and content.valid_until:
        return say(_("valid from {} to {}")).format(
            day(content.valid_from, language, zone), _last_day(content.valid_until, zone, language)
        )
    if content.valid_until:
        return say(_("valid until {}")).format(_last_day(content.valid_until, zone, language))
    if content.valid_from:
        return say(_("valid from {}")).format(day(content.valid_from, language, zone))
    return ""


def _last_day(until: datetime, zone: ZoneInfo, language: str) -> str:
    """Midnight ends the day before it; any other hour is said."""
    if time_of_day(until, zone) == "00:00":
        return day(until - timedelta(microseconds=1), language, zone)
    return (
        moment(until, zone, language) if time_of_day(until, zone) != "23:59" else day(until, language, zone)
    )


def rhythm(rule: str, language: str) -> str:
    """ "jede Woche, freitags" for an RRULE. Ordinals and ends are left out: the calendar feed has them."""
    parts = dict(part.partition("=")[::2] for part in rule.split(";"))
    say = gettext(language)
    once, several = _RHYTHMS[parts["FREQ"]]
    interval = int(parts.get("INTERVAL", "1"))
    text = say(once) if interval == 1 else say(several).format(interval)
    days = [match.group() for match in re.finditer("|".join(_DAYS), parts.get("BYDAY", ""))]
    if parts["FREQ"] == "WEEKLY" and days:
        names = _DAY_NAMES[supported_language(language)]
        text += ", " + ", ".join(names[_DAYS.index(one)] for one in days)
    return text


def where(place: Place | None) -> str:
    """Name and address of a place in one line; empty for none."""
    if place is None:
        return ""
    return ", ".join(part for part in (place.name, place.address) if part)


def price(content: Content, language: str) -> str:
    """ "7,50 € statt 10,00 €" and the lowest price of 30 days (Directive 98/6/EC Art. 6a); empty where no price is said."""
    if content.price is None:
        return ""
    say = gettext(language)
    text = money(content.price, content.currency, language) if content.price else say(_("free of charge"))
    if content.price_before is not None:
        text = say(_("{} instead of {}")).format(
            text, money(content.price_before, content.currency, language)
        )
    if content.lowest_price_30d is not None:
        lowest = money(content.lowest_price_30d, content.currency, language)
        text += say(_(" (lowest price of the last 30 days: {})")).format(lowest)
    return text
