"""What search engines read of a business: schema.org's LocalBusiness in JSON-LD.

Hours by https://developers.google.com/search/docs/appearance/structured-data/local-business: closed is 00:00 to 00:00, day and
night 00:00 to 23:59, and what goes on behind midnight closes at the hour of the next day.
"""

import json
from collections.abc import Iterator
from typing import Any

from syndication import clock
from syndication.config import Settings
from syndication.content import opening_hours
from syndication.content.opening_hours import DAY, OpeningHours, Span
from syndication.publishing.merchants import MerchantRecord

_SCHEMA = "https://schema.org/"
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOURS = {"@type": "OpeningHoursSpecification"}
_CLOSED = {"opens": "00:00", "closes": "00:00"}


def described(merchant: MerchantRecord, cfg: Settings) -> str:
    """The document, safe inside a script element; empty where no more is known than posts say themselves."""
    hours = opening_hours.read(merchant.opening_hours) if merchant.opening_hours else OpeningHours()
    today = clock.now().astimezone(cfg.zone).date()
    more = {
        "openingHoursSpecification": list(_hours(hours.from_day(today))),
        "telephone": merchant.phone,
        "email": merchant.contact,
        "logo": merchant.logo,
        "image": merchant.logo,
        "sameAs": list(merchant.links),
    }
    if not any(more.values()):
        return ""
    told: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "LocalBusiness",
        "name": merchant.name,
        "address": merchant.address,
        "url": merchant.url,
        **more,
    }
    told = {name: value for name, value in told.items() if value}
    return json.dumps(told, ensure_ascii=False).replace("<", "\\u003c")


def _hours(hours: OpeningHours) -> Iterator[dict[str, Any]]:
    for stretches, spans in hours.alike():
        days = [_SCHEMA + _DAYS[day] for first, last in stretches for day in range(first, last + 1)]
        for span in spans:
            yield {**_HOURS, "dayOfWeek": days, **_span(span)}
    if hours.holidays is not None:
        for one in [_span(span) for span in hours.holidays] or [_CLOSED]:
            yield {**_HOURS, "dayOfWeek": _SCHEMA + "PublicHolidays", **one}
    for closure in hours.closures:
        valid = {"validFrom": closure.first.isoformat(), "validThrough": closure.last.isoformat()}
        yield {**_HOURS, **_CLOSED, **valid}


def _span(span: Span) -> dict[str, str]:
    begin, end = span
    opens = {"opens": opening_hours.clock(begin)}
    if end is None:
        return opens
    whole = end - begin == DAY or end == DAY
    return opens | {"closes": "23:59" if whole else opening_hours.clock(end)}
