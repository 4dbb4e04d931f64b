"""Lines that several kinds say: a place, a price, news of a time, a place or a price."""

from decimal import Decimal

from syndication.content.post import Place
from syndication.infra.rendering import gettext, money


def _(text: str) -> str:
    """Marks a text for translation where the language is known only later."""
    return text


def place(place: Place | None) -> str:
    """Name and address of a place in one line; empty for none."""
    if place is None:
        return ""
    return ", ".join(part for part in (place.name, place.address) if part)


def price(value: Decimal | None, currency: str, language: str) -> str:
    """ "7,50 €" or "kostenlos"; empty where no price is said."""
    if value is None:
        return ""
    return money(value, currency, language) if value else gettext(language)(_("free of charge"))


def new_time(when: str, language: str) -> str:
    """ "Neuer Termin: …"."""
    return gettext(language)(_("New time: {}")).format(when)


def new_place(where: str, language: str) -> str:
    """ "Neuer Ort: …"."""
    return gettext(language)(_("New place: {}")).format(where or "–")


def new_price(price: str, language: str) -> str:
    """ "Neuer Preis: …"."""
    return gettext(language)(_("New price: {}")).format(price or "–")
