"""Events: when they take place, in words."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from syndication.content.post import Content
from syndication.infra.rendering import day, gettext, moment, spoken, time_of_day

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY_NAMES = {
    "de": ("montags", "dienstags", "mittwochs", "donnerstags", "freitags", "samstags", "sonntags"),
    "en": ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays"),
}


def _(text: str) -> str:
    """Marks a text for translation where the language is known only later."""
    return text


_RHYTHMS = {
    "DAILY": (_("every day"), _("every {} days")),
    "WEEKLY": (_("every week"), _("every {} weeks")),
    "MONTHLY": (_("every month"), _("every {} months")),
    "YEARLY": (_("every year"), _("every {} years")),
}


def when(content: Content, zone: ZoneInfo, language: str) -> str:
    """When it happens, on the wall clock of `zone`; empty where no start is said."""
    if content.starts_at is None:
        return ""
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
        oclock = " Uhr" if spoken(language) == "de" else ""
        return f"{day(starts, language, zone)}, {time_of_day(starts, zone)}–{time_of_day(ends, zone)}{oclock}"
    return f"{moment(starts, zone, language)} – {moment(ends, zone, language)}"


def rhythm(rule: str, language: str) -> str:
    """ "jede Woche, freitags" for an RRULE. Ordinals and ends are left out: the calendar feed has them."""
    parts = dict(part.partition("=")[::2] for part in rule.split(";"))
    say = gettext(language)
    once, several = _RHYTHMS[parts["FREQ"]]
    interval = int(parts.get("INTERVAL", "1"))
    text = say(once) if interval == 1 else say(several).format(interval)
    days = [match.group() for match in re.finditer("|".join(_DAYS), parts.get("BYDAY", ""))]
    if parts["FREQ"] == "WEEKLY" and days:
        names = _DAY_NAMES[spoken(language)]
        text += ", " + ", ".join(names[_DAYS.index(one)] for one in days)
    return text
