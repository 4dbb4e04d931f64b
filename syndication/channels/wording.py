"""A post in words that every outlet shares: its title with what happened to it, when, where, and for how much."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from syndication.content.post import Content, Matter, Place
from syndication.infra.rendering import day, gettext, moment, money, time_of_day
from syndication.kinds import dates_in_words


def _(text: str) -> str:
    """Marks a text for translation where the language is known only later."""
    return text


_MARKS = {
    "cancelled": _("Cancelled"),
    "postponed": _("Postponed"),
    "sold_out": _("Sold out"),
    "withdrawn": _("Withdrawn"),
}


def mark(status: str, language: str) -> str:
    """ "Abgesagt" for a status that people must see at once; empty for one that goes without saying."""
    return gettext(language)(_MARKS[status]) if status in _MARKS else ""


def title(content: Content, language: str) -> str:
    """The title, with "Abgesagt: " and the like in front."""
    word = mark(content.status, language)
    return f"{word}: {content.title}" if word else content.title


def news(
    changed: Sequence[Matter],
    content: Content,
    zone: ZoneInfo,
    language: str,
    *,
    before: Content | None,
    now: datetime,
) -> str:
    """ "Neuer Termin: …" for people who saw `before`; empty where nothing that matters changed."""
    say = gettext(language)
    words = {
        "status": mark(content.status, language) or say(_("Takes place as planned")),
        "time": say(_("New time: {}")).format(when(content, zone, language, now)),
        "dates": "\n".join(dates_in_words.news(before, content, zone, language, now)),
        "place": say(_("New place: {}")).format(where(content.place) or "–"),
        "price": say(_("New price: {}")).format(price(content, language) or "–"),
    }
    return "\n".join(words[matter] for matter in changed if words[matter])


def when(content: Content, zone: ZoneInfo, language: str, now: datetime) -> str:
    """When it next happens, or how long it is valid, as people hear it at `now`; empty where nothing is said."""
    if content.starts_at is None:
        return _validity(content, zone, language, now)
    return dates_in_words.when(content, zone, language, now)


def _validity(content: Content, zone: ZoneInfo, language: str, now: datetime) -> str:
    say = gettext(language)
    since = content.valid_from if content.valid_from is not None and content.valid_from > now else None
    if since and content.valid_until:
        return say(_("valid from {} to {}")).format(
            _first_day(since, zone, language), _last_day(content.valid_until, zone, language)
        )
    if content.valid_until:
        return say(_("valid until {}")).format(_last_day(content.valid_until, zone, language))
    if content.valid_from:
        return say(_("valid from {}")).format(_first_day(content.valid_from, zone, language))
    return ""


def _first_day(since: datetime, zone: ZoneInfo, language: str) -> str:
    """Any other hour than midnight is said."""
    return (
        day(since, language, zone) if time_of_day(since, zone) == "00:00" else moment(since, zone, language)
    )


def _last_day(until: datetime, zone: ZoneInfo, language: str) -> str:
    """Midnight ends the day before it; any other hour is said."""
    if time_of_day(until, zone) == "00:00":
        return day(until - timedelta(microseconds=1), language, zone)
    return (
        moment(until, zone, language) if time_of_day(until, zone) != "23:59" else day(until, language, zone)
    )


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
