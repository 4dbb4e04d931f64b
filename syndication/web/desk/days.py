"""A day as people type it at the desk."""

from datetime import date, datetime

from syndication import clock
from syndication.config import settings
from syndication.content.reason import Reason
from syndication.errors import Invalid
from syndication.sources import spoken

_NO_DAY = Reason("Please name a day, such as {}.", "7.1.")


def said_day(name: str, text: str, language: str) -> date:
    """The day that somebody names. Raises Invalid at its box."""
    zone = settings().zone
    if not text:
        raise Invalid.field(name, _NO_DAY)
    try:
        heard = spoken.understood(text, clock.now(), zone, language)
    except Invalid as error:
        raise Invalid.field(name, error.faults[0].message) from error
    said = heard.start if heard.start is not None else heard.end
    if said is None:
        raise Invalid.field(name, _NO_DAY)
    return said.astimezone(zone).date() if isinstance(said, datetime) else said
