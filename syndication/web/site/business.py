"""What a page shows of a business: its hours in words, and ways to it that a tap follows."""

from typing import Any
from urllib.parse import quote, urlsplit

from syndication import clock
from syndication.config import settings
from syndication.content import opening_hours
from syndication.content.licenses import LICENSES, name_of
from syndication.publishing.merchants import MerchantRecord
from syndication.publishing.profile import dialled
from syndication.sources.opening_words import in_words


def shown(merchant: MerchantRecord, language: str) -> dict[str, Any]:
    """What the template shows; links are http(s), tel: or mailto: alone."""
    imprint = merchant.imprint or ""
    return {
        "name": merchant.name,
        "address": merchant.address,
        "url": merchant.url,
        "logo": urlsplit(merchant.logo).path if merchant.logo else "",
        "hours": hours_in_words(merchant.opening_hours, language),
        "phone": merchant.phone,
        "tel": f"tel:{dialled(merchant.phone)}" if merchant.phone else "",
        "contact": merchant.contact,
        "mailto": f"mailto:{quote(merchant.contact, safe='@')}" if merchant.contact else "",
        "links": [(one, (urlsplit(one).hostname or one).removeprefix("www.")) for one in merchant.links],
        "imprint": imprint,
        "imprint_at": imprint if _is_address(imprint) else "",
        "licenses": [
            (what, name_of(one), LICENSES[one])
            for what, one in (("texts", merchant.license_texts), ("pictures", merchant.license_pictures))
            if one
        ],
    }


def hours_in_words(text: str | None, language: str) -> tuple[str, ...]:
    """A line each for the week, public holidays, closures to come, and the business' own words; none where nothing is said."""
    if not text:
        return ()
    return in_words(opening_hours.read(text), clock.now().astimezone(settings().zone).date(), language)


def _is_address(imprint: str) -> bool:
    parts = imprint.split()
    return len(parts) == 1 and imprint.lower().startswith(("https://", "http://"))
